// SPDX-License-Identifier: GPL-2.0
//! What the kernel holds, counted so that two counts can be compared: objects by cache, and pages that are in no cache.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io::Write;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

/// What frees later (RCU, work, the kernel's own timers) has done so after this time. An idle machine skips it.
const SETTLE: Duration = Duration::from_secs(2);
/// Rounds of settling and giving back: what one round frees (an inode's data) may free more in the next.
const ROUNDS: usize = 3;
const SLABS: &str = "/sys/kernel/slab";
const TRACES: &str = "/sys/kernel/debug/slab";
/// Functions of a stack that are told.
const STACK: usize = 8;
/// Callers that are told of a cache that grew.
const CALLERS: usize = 4;
const KMEMLEAK: &str = "/sys/kernel/debug/kmemleak";
/// Lines of /proc/meminfo, in KiB.
const LINES: [&str; 7] = [
    "MemFree",
    "MemAvailable",
    "Slab",
    "SUnreclaim",
    "VmallocUsed",
    "Percpu",
    "KernelStack",
];
/// Of x86-64.
const KIB_PER_PAGE: u64 = 4;

/// What was held at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Objects in use, by cache.
    pub objects: BTreeMap<String, u64>,
    /// Bytes of one object.
    pub size: BTreeMap<String, u64>,
    /// KiB, by line of /proc/meminfo; `Pages` is what is free, on processors' own lists, too.
    pub kib: BTreeMap<String, u64>,
    /// Objects by cache and who allocated them, where the kernel keeps that (slab_debug=U on its command line).
    pub callers: BTreeMap<(String, String), u64>,
}

impl Held {
    /// Gives back all that can be given back, and counts the rest.
    ///
    /// # Errors
    ///
    /// The kernel does not count, or not as we know it.
    pub fn count() -> Result<Self> {
        // Open until all is counted: closing such a file frees something later.
        let mut caches = caches()?;
        for _ in 0..ROUNDS {
            thread::sleep(SETTLE);
            fs::write("/proc/sys/vm/drop_caches", "3").context("drop_caches")?;
            for cache in &mut caches {
                cache.write_all(b"1").context("shrink")?;
            }
        }
        // What a cache gives back may wait for RCU.
        thread::sleep(SETTLE);
        let slabinfo = fs::read_to_string("/proc/slabinfo").context("/proc/slabinfo")?;
        let meminfo = fs::read_to_string("/proc/meminfo").context("/proc/meminfo")?;
        let zoneinfo = fs::read_to_string("/proc/zoneinfo").context("/proc/zoneinfo")?;
        let mut held = Self::parse(&slabinfo, &meminfo, &zoneinfo)?;
        for name in held.objects.keys() {
            if let Ok(text) = fs::read_to_string(format!("{TRACES}/{name}/alloc_traces")) {
                for (caller, count) in callers(&text) {
                    *held.callers.entry((name.clone(), caller)).or_insert(0) += count;
                }
            }
        }
        Ok(held)
    }

    fn parse(slabinfo: &str, meminfo: &str, zoneinfo: &str) -> Result<Self> {
        let mut held = Self::default();
        for line in slabinfo.lines().skip(2) {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap_or_default().to_string();
            let mut number = || words.next().and_then(|w| w.parse().ok());
            let (Some(used), Some(_), Some(size)) = (number(), number(), number()) else {
                bail!("/proc/slabinfo is not understood: {line}");
            };
            held.size.insert(name.clone(), size);
            held.objects.insert(name, used);
        }
        if held.objects.is_empty() {
            bail!("/proc/slabinfo has no caches");
        }
        for name in LINES {
            let line = meminfo.lines().find(|l| l.split(':').next() == Some(name));
            let number = line.and_then(|l| l.split_whitespace().nth(1)?.parse().ok());
            held.kib
                .insert(name.into(), number.with_context(|| name.to_string())?);
        }
        let listed = zoneinfo
            .lines()
            .filter_map(|l| l.trim_start().strip_prefix("count:"))
            .filter_map(|n| n.trim().parse::<u64>().ok());
        let free = held.kib["MemFree"] + listed.sum::<u64>() * KIB_PER_PAGE;
        held.kib.insert("Pages".into(), free);
        Ok(held)
    }
}

/// A record is `COUNT FUNCTION+OFFSET/SIZE [MODULE] age=…` and the stack below it, from the allocator up.
fn callers(text: &str) -> Vec<(String, u64)> {
    let record = |record: &str| {
        let mut lines = record.lines();
        let mut head = lines.next()?.split_whitespace();
        let count = head.next()?.parse().ok()?;
        let function = |line: &str| line.split(['+', ' ']).next().unwrap_or("").to_string();
        let mut stack = vec![function(head.next()?)];
        stack.extend(lines.map(|l| function(l.trim())).filter(|f| !f.is_empty()));
        stack.truncate(STACK);
        Some((stack.join(" < "), count))
    };
    text.split("\n\n").filter_map(record).collect()
}

/// Objects that are free but kept by processors count as used; a cache that is told to shrink gives them back. The files
/// that take that order.
fn caches() -> Result<Vec<File>> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for entry in fs::read_dir(SLABS).context(SLABS)?.flatten() {
        // Several names may lead to one cache.
        let Ok(place) = fs::canonicalize(entry.path()) else {
            continue;
        };
        let path = place.join("shrink");
        if seen.insert(place) {
            let file = File::options().write(true).open(&path);
            files.push(file.with_context(|| path.display().to_string())?);
        }
    }
    Ok(files)
}

/// Objects that nobody points to any more, each with the stack of its allocation; nothing where the kernel has no kmemleak. It reports
/// what is older than five seconds.
///
/// # Errors
///
/// It is there and cannot be asked.
pub fn leaks() -> Result<Option<Vec<String>>> {
    if fs::metadata(KMEMLEAK).is_err() {
        return Ok(None);
    }
    let scan = || fs::write(KMEMLEAK, "scan").context(KMEMLEAK);
    scan()?;
    thread::sleep(Duration::from_secs(6));
    // What the first look only suspects may have been a pointer in a register.
    scan()?;
    scan()?;
    let text = fs::read_to_string(KMEMLEAK)?;
    let found = text.split("unreferenced object ").skip(1);
    Ok(Some(found.map(|it| it.trim_end().to_string()).collect()))
}

/// The same, and they are not reported again. Many take long: each read of the file begins to look from the first object of all.
///
/// # Errors
///
/// As [`leaks`].
pub fn take_leaks() -> Result<Option<Vec<String>>> {
    let found = leaks()?;
    if found.is_some() {
        fs::write(KMEMLEAK, "clear").context(KMEMLEAK)?;
    }
    Ok(found)
}

/// Whether Rust is on the stack that allocated it: rustc's symbols begin with `_R`, the bridge's exports with `nvkm_rs_`. (Its bytes
/// stand there, too, as text.)
pub fn of_rust(leak: &str) -> bool {
    let mut lines = leak.lines().map(str::trim_start);
    lines.any(|line| line.starts_with("_R") || line.starts_with("nvkm_rs_"))
}

/// Who allocated what a cache has more of, most first.
fn from(before: &Held, after: &Held, cache: &str) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = after
        .callers
        .iter()
        .filter(|((name, _), _)| name == cache)
        .map(|(key, now)| {
            let was = before.callers.get(key).copied().unwrap_or(0);
            (key.1.clone(), now.saturating_sub(was))
        })
        .filter(|(_, more)| *more > 0)
        .collect();
    all.sort_by_key(|(_, more)| std::cmp::Reverse(*more));
    all
}

/// What grew, and by how much.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Growth {
    /// A cache, or a line of /proc/meminfo.
    pub name: String,
    /// Bytes of one object, or of a KiB.
    pub size: u64,
    /// Objects, or KiB.
    pub more: i64,
    /// Who allocated them, most first, where the kernel knows.
    pub from: Vec<(String, u64)>,
}

/// All that is more or less than it was.
pub fn growth(before: &Held, after: &Held) -> Vec<Growth> {
    let mut all = Vec::new();
    for (name, now) in &after.objects {
        let was = before.objects.get(name).copied().unwrap_or(0);
        let more = *now as i64 - was as i64;
        if more != 0 {
            let mut from = from(before, after, name);
            from.truncate(CALLERS);
            all.push(Growth {
                name: name.clone(),
                size: after.size.get(name).copied().unwrap_or(0),
                more,
                from,
            });
        }
    }
    for (name, sign) in [("Pages", -1), ("VmallocUsed", 1), ("Percpu", 1)] {
        let of = |held: &Held| held.kib.get(name).copied().unwrap_or(0) as i64;
        let more = (of(after) - of(before)) * sign;
        if more != 0 {
            all.push(Growth {
                name: name.into(),
                size: 1024,
                more,
                from: Vec::new(),
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLABINFO: &str = "slabinfo - version: 2.1\n\
        # name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit>\n\
        kmalloc-64 100 128 64 64 1 : tunables 0 0 0 : slabdata 2 2 0\n\
        dentry 50 60 192 21 1 : tunables 0 0 0 : slabdata 3 3 0\n";
    const MEMINFO: &str = "MemTotal: 9 kB\nMemFree: 1000 kB\nMemAvailable: 2000 kB\nSlab: 300 kB\n\
        SUnreclaim: 100 kB\nVmallocUsed: 64 kB\nPercpu: 32 kB\nKernelStack: 16 kB\n";
    const ZONEINFO: &str = "Node 0, zone DMA\n   pagesets\n      count: 5\n      high: 6\n";

    fn held() -> Held {
        Held::parse(SLABINFO, MEMINFO, ZONEINFO).unwrap()
    }

    #[test]
    fn files_are_understood() {
        let held = held();
        assert_eq!(
            (held.objects["kmalloc-64"], held.size["dentry"]),
            (100, 192)
        );
        assert_eq!((held.kib["Pages"], held.kib["VmallocUsed"]), (1020, 64));
        assert!(Held::parse("a\nb\n", MEMINFO, ZONEINFO).is_err());
        assert!(Held::parse(SLABINFO, "MemFree: 1 kB", ZONEINFO).is_err());
    }

    #[test]
    fn callers_are_counted() {
        let text = "      3 nvkm_one+0x1/0x2 [nouveau] age=1 pid=2 cpus=0\n\tnvkm_one+0x1/0x2\n\ttwo+0x3/0x4\n\n\
            1 other age=1\n\n";
        let found = callers(text);
        assert_eq!(
            found,
            [
                ("nvkm_one < nvkm_one < two".to_string(), 3),
                ("other".to_string(), 1)
            ]
        );
        let before = held();
        let mut after = before.clone();
        after.objects.insert("kmalloc-64".into(), 120);
        after
            .callers
            .insert(("kmalloc-64".into(), "f < g".into()), 20);
        let told = growth(&before, &after);
        assert_eq!(told[0].from, [("f < g".to_string(), 20)]);
    }

    #[test]
    fn the_stack_says_whose_a_leak_is() {
        let leak = |text: &str, function: &str| {
            format!(
                "0xffff88800a31c2c0 (size 32):\n  comm \"guest\", pid 1, jiffies 4294892112\n  \
                 hex dump (first 32 bytes):\n    5f 52 00 00 00 00 00 00  {text}\n  backtrace (crc 0):\n    \
                 __kmalloc_noprof+0x2ab/0x3e0\n    {function}+0x10/0x20 [nouveau]"
            )
        };
        assert!(of_rust(&leak("........", "_RNvNtC7nvkm_rs3rpc3new")));
        assert!(of_rust(&leak("........", "nvkm_rs_rpc_new")));
        assert!(!of_rust(&leak("_R......", "r535_gsp_rpc_get")));
    }

    #[test]
    fn growth_is_told() {
        let before = held();
        let mut after = before.clone();
        assert_eq!(growth(&before, &after), []);
        after.objects.insert("kmalloc-64".into(), 111);
        after.objects.insert("dentry".into(), 40);
        after.kib.insert("Pages".into(), 1020 - 64);
        after.kib.insert("VmallocUsed".into(), 64 + 4);
        let told: Vec<_> = growth(&before, &after)
            .into_iter()
            .map(|g| (g.name, g.more))
            .collect();
        let expected = [
            ("dentry", -10),
            ("kmalloc-64", 11),
            ("Pages", 64),
            ("VmallocUsed", 4),
        ];
        assert_eq!(told, expected.map(|(name, more)| (name.to_string(), more)));
    }
}
