// SPDX-License-Identifier: GPL-2.0
//! Snapshots: a machine that has booted, without a GPU, kept as a file from which any number of runs begin.
//!
//! A kernel takes some 6 s to boot here, and does the same each time. One machine does it for all: `nvkm-waiter` loads the
//! modules that nouveau needs, says that it waits, and QEMU writes the machine's memory to a file (`mapped-ram`: sparse, each
//! page at a place of its own). A run is the same command line with the GPU and a second device, which holds the files of the
//! run; it reads that memory and goes on. All runs from one snapshot go on at the same instruction.
//!
//! A snapshot is a directory of the cache, `snapshots/<slot>-<key>`: the slot says which kernel and command line, the key what
//! went into it. A slot has one snapshot: making another one removes the last.

use std::collections::HashMap;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use anyhow::bail;
use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use crate::vm::clock::Clock;
use crate::vm::cpio::Cpio;
use crate::vm::digest;
use crate::vm::digest::Digest;
use crate::vm::guest::Guest;
use crate::vm::module;
use crate::vm::place;
use crate::vm::process::Process;
use crate::vm::qemu;
use crate::vm::qmp;
use crate::vm::qmp::Qmp;

/// Changes when a snapshot that an older runner made is of no use to this one.
const FORMAT: &str = "1";
/// Own time in which a machine must have booted: ten times what the kernel with KASAN takes.
const BOOT: Duration = Duration::from_secs(300);
/// How long the memory may take to be written, or read.
const STREAM: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(5);
/// Snapshots that are kept, those that were used last: kernels and command lines come and go.
const MOST: usize = 12;

/// What a snapshot is made of.
pub struct Recipe<'a> {
    /// Where unpacked files, and snapshots, are kept.
    pub cache: &'a Path,
    /// The prepared kernel's directory, for the slot.
    pub kernel: &'a Path,
    /// The kernel's image.
    pub image: &'a Path,
    /// `nvkm-waiter`.
    pub waiter: &'a Path,
    /// The modules to load, in order.
    pub modules: &'a [PathBuf],
    /// QEMU.
    pub qemu: &'a Path,
    /// More words of the kernel's command line.
    pub append: &'a str,
    /// Guest memory in MiB.
    pub memory_mb: u32,
}

/// A snapshot that is there and whole.
#[derive(Clone, Debug)]
pub struct Snapshot {
    dir: PathBuf,
    /// What tells it from every other one, also from one that was made of the same things.
    pub id: String,
}

/// What is known of a snapshot's file.
#[derive(Deserialize, Serialize)]
struct Made {
    size: u64,
    crc: u32,
}

impl Snapshot {
    /// The initramfs that it was booted with, which QEMU wants to see again.
    pub fn initramfs(&self) -> PathBuf {
        self.dir.join("initramfs.cpio")
    }

    fn memory(&self) -> PathBuf {
        self.dir.join("memory")
    }

    /// Reads the memory into a QEMU that was started with [`qemu::Machine::restored`], which then stands still.
    ///
    /// # Errors
    ///
    /// QEMU does not take it: the snapshot is of no use.
    pub fn restore(&self, monitor: &mut Qmp) -> Result<()> {
        mapped(monitor)?;
        let uri = format!("file:{}", self.memory().display());
        monitor.execute("migrate-incoming", json!({"uri": uri}))?;
        let end = Instant::now() + STREAM;
        loop {
            let status = monitor.execute("query-status", json!({}))?;
            match status["status"].as_str() {
                Some("inmigrate") if Instant::now() < end => thread::sleep(POLL),
                Some("paused") => return Ok(()),
                other => bail!(
                    "the machine is '{}', not 'paused'",
                    other.unwrap_or_default()
                ),
            }
        }
    }

    /// Removes it: it was found to be of no use.
    pub fn discard(&self) {
        if let Some(known) = KNOWN.lock().ok().as_mut().and_then(|k| k.as_mut()) {
            known.retain(|_, it| it.dir != self.dir);
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// The snapshots that this process has looked at, by key.
static KNOWN: Mutex<Option<HashMap<String, Snapshot>>> = Mutex::new(None);

/// The snapshot of a recipe; made if there is none, or a broken one.
///
/// # Errors
///
/// Something that it is made of is missing, or the machine does not boot.
pub fn of(recipe: &Recipe) -> Result<Snapshot> {
    let initramfs = initramfs(recipe)?;
    let key = key(recipe, &initramfs)?;
    let mut known = KNOWN.lock().map_err(|_| anyhow::anyhow!("a thread died"))?;
    let known = known.get_or_insert_default();
    if let Some(it) = known.get(&key) {
        return Ok(it.clone());
    }
    let place = recipe.cache.join("snapshots");
    fs::create_dir_all(&place).with_context(|| format!("{} cannot be made", place.display()))?;
    let slot = slot(recipe);
    let dir = place.join(format!("{slot}-{key}"));
    // Another runner may want the same one at the same time: whoever comes second finds it made.
    let _lock = lock(&place.join(format!("{slot}.lock")))?;
    let it = match whole(&dir) {
        Ok(it) => it,
        Err(why) => {
            if dir.exists() {
                eprintln!(
                    "snapshot: {} is broken ({why:#}); it is made again",
                    dir.display()
                );
            }
            make(recipe, &initramfs, &place, &slot, &dir)
                .with_context(|| format!("no snapshot of {}", recipe.kernel.display()))?;
            whole(&dir)?
        }
    };
    known.insert(key, it.clone());
    Ok(it)
}

fn slot(recipe: &Recipe) -> String {
    let place = recipe.kernel.canonicalize();
    let place = place.unwrap_or_else(|_| recipe.kernel.to_path_buf());
    let name = place
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut digest = Digest::new();
    digest.text(&place.display().to_string());
    digest.text(recipe.append);
    // Those of one kernel and command line may differ by the modules that are there.
    for path in recipe.modules {
        digest.text(&module::stem(path));
    }
    format!("{name}-{}", &digest.end()[..8])
}

fn key(recipe: &Recipe, initramfs: &[u8]) -> Result<String> {
    let nothing = Path::new("");
    let args = qemu::arguments(&qemu::Machine {
        kernel: nothing,
        initramfs: nothing,
        gpu: None,
        placeholder: true,
        files: None,
        monitor: None,
        restored: false,
        console: nothing,
        report: nothing,
        append: recipe.append,
        memory_mb: recipe.memory_mb,
    });
    let mut digest = Digest::new();
    digest.text(FORMAT);
    args.iter().for_each(|arg| digest.text(arg));
    digest.text(&digest::file(recipe.image)?);
    digest.text(&digest::program(recipe.qemu)?);
    digest.bytes(initramfs);
    Ok(digest.end()[..32].to_string())
}

fn initramfs(recipe: &Recipe) -> Result<Vec<u8>> {
    let mut cpio = Cpio::new();
    let waiter = fs::read(recipe.waiter).with_context(|| {
        format!(
            "{} cannot be read; build nvkm-guest first",
            recipe.waiter.display()
        )
    })?;
    cpio.executable("init", &waiter);
    let mut list = String::new();
    for path in recipe.modules {
        let place = format!("modules/{}.ko", module::stem(path));
        cpio.file(&place, &module::prepared(path, recipe.cache, false)?);
        list += &format!("/{place}\n");
    }
    cpio.file("modules.list", list.as_bytes());
    Ok(cpio.finish())
}

/// Takes a lock that lives as long as the file is open.
fn lock(path: &Path) -> Result<File> {
    let file = File::options().append(true).create(true).open(path);
    let file = file.with_context(|| format!("{} cannot be made", path.display()))?;
    // SAFETY: the descriptor is open; no memory is passed.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) } != 0 {
        bail!(
            "{} cannot be locked: {}",
            path.display(),
            std::io::Error::last_os_error()
        );
    }
    Ok(file)
}

/// Holds a snapshot against what was noted when it was made.
fn whole(dir: &Path) -> Result<Snapshot> {
    let text = fs::read_to_string(dir.join("made.json")).context("it was never finished")?;
    let made: Made = serde_json::from_str(&text).context("made.json")?;
    let memory = dir.join("memory");
    let now = measure(&memory)?;
    ensure!(
        now.size == made.size,
        "{} bytes, and {} were written",
        now.size,
        made.size
    );
    ensure!(
        now.crc == made.crc,
        "its sum is {:#x}, and {:#x} was written",
        now.crc,
        made.crc
    );
    // It is known by that when it was used last.
    let _ = File::options()
        .append(true)
        .open(dir.join("made.json"))
        .and_then(|f| f.set_modified(SystemTime::now()));
    ensure!(
        dir.join("initramfs.cpio").is_file(),
        "its initramfs is not there"
    );
    Ok(Snapshot {
        dir: dir.to_path_buf(),
        id: format!("{:08x}-{}", made.crc, made.size),
    })
}

/// Size and sum of a sparse file: of the places that are written, and what is there.
fn measure(path: &Path) -> Result<Made> {
    let mut file =
        File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let size = file.metadata()?.len();
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    let mut at = 0;
    while at < size {
        // SAFETY: the descriptor is open; no memory is passed.
        let seek = |from, what| unsafe { libc::lseek(file.as_raw_fd(), from as i64, what) };
        let start = seek(at, libc::SEEK_DATA);
        // ENXIO: nothing but a hole to the end.
        let Ok(start) = u64::try_from(start) else {
            break;
        };
        let end = u64::try_from(seek(start, libc::SEEK_HOLE)).unwrap_or(size);
        file.seek(SeekFrom::Start(start))?;
        let mut left = end - start;
        while left > 0 {
            let part = &mut buffer[..left.min(1 << 20) as usize];
            file.read_exact(part)?;
            hash_pages(&mut hasher, start + (end - start - left), part);
            left -= part.len() as u64;
        }
        at = end;
    }
    let crc = hasher.finalize();
    Ok(Made { size, crc })
}

/// Pages of zeroes do not count: whether they are holes is the file system's business.
fn hash_pages(hasher: &mut crc32fast::Hasher, at: u64, bytes: &[u8]) {
    for (n, page) in bytes.chunks(4096).enumerate() {
        if page.iter().any(|b| *b != 0) {
            hasher.update(&(at + 4096 * n as u64).to_le_bytes());
            hasher.update(page);
        }
    }
}

fn mapped(monitor: &mut Qmp) -> Result<()> {
    let on = json!({"capabilities": [{"capability": "mapped-ram", "state": true}]});
    monitor.execute("migrate-set-capabilities", on)?;
    Ok(())
}

/// Boots the machine and writes its snapshot beside its place; then it takes that place.
fn make(recipe: &Recipe, initramfs: &[u8], place: &Path, slot: &str, dir: &Path) -> Result<()> {
    let start = Instant::now();
    let part = place.join(format!("{slot}.part"));
    for old in [&part, dir] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| format!("{}", old.display()))?;
        }
    }
    fs::create_dir(&part).with_context(|| format!("{} cannot be made", part.display()))?;
    let (archive, report) = (part.join("initramfs.cpio"), part.join("guest.jsonl"));
    fs::write(&archive, initramfs)?;
    let (mut monitor, theirs) = qmp::pair()?;
    let args = qemu::arguments(&qemu::Machine {
        kernel: recipe.image,
        initramfs: &archive,
        gpu: None,
        placeholder: true,
        files: None,
        monitor: Some(theirs.number()),
        restored: false,
        console: &part.join("console.log"),
        report: &report,
        append: recipe.append,
        memory_mb: recipe.memory_mb,
    });
    let at = place::take();
    let mut qemu = Process::start(recipe.qemu, &args, &part.join("qemu.log"), |command| {
        theirs.inherit(command);
        if let Some(at) = &at {
            place::pin(command, at.processor);
        }
    })?;
    drop(theirs);
    let boot = booted(&mut qemu, &report);
    boot.with_context(|| format!("logs are in {}", part.display()))?;
    monitor.greet()?;
    monitor.execute("stop", json!({}))?;
    mapped(&mut monitor)?;
    let memory = part.join("memory");
    monitor.execute(
        "migrate",
        json!({"uri": format!("file:{}", memory.display())}),
    )?;
    let end = Instant::now() + STREAM;
    loop {
        let status = monitor.execute("query-migrate", json!({}))?;
        match status["status"].as_str() {
            Some("completed") => break,
            Some("failed" | "cancelled") => bail!("the memory cannot be written: {status}"),
            _ if Instant::now() > end => bail!("the memory takes too long to be written"),
            _ => thread::sleep(POLL),
        }
    }
    qemu.kill();
    let made = measure(&memory)?;
    fs::write(part.join("made.json"), serde_json::to_string(&made)?)?;
    fs::rename(&part, dir)?;
    remove_old(place, slot, dir)?;
    eprintln!(
        "snapshot of {}: made in {:.1} s",
        slot,
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Removes what is of no use: of this kernel and command line there is one snapshot, and of all not more than [`MOST`]. Who is about to
/// restore one of them makes it again.
fn remove_old(place: &Path, slot: &str, made: &Path) -> Result<()> {
    let mut others = Vec::new();
    for entry in fs::read_dir(place)?.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let used = fs::metadata(path.join("made.json")).and_then(|m| m.modified());
        let Ok(used) = used else { continue };
        if path == made {
            continue;
        }
        match name.to_string_lossy().starts_with(&format!("{slot}-")) {
            true => fs::remove_dir_all(&path)?,
            false => others.push((used, path)),
        }
    }
    others.sort();
    for (_, path) in others.iter().rev().skip(MOST - 1) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

/// Waits until the machine says that it waits.
fn booted(qemu: &mut Process, report: &Path) -> Result<()> {
    let mut clock = Clock::new(vec![qemu.id()]);
    let mut guest = Guest::default();
    let mut reader = None;
    loop {
        let ended = qemu.ended()?;
        if reader.is_none() {
            reader = File::open(report).ok();
        }
        let mut bytes = Vec::new();
        if let Some(file) = &mut reader {
            file.read_to_end(&mut bytes)?;
        }
        guest.feed(&bytes);
        if guest.waiting {
            return Ok(());
        }
        if let Some(Err(why)) = &guest.end {
            bail!("the machine cannot wait: {why}");
        }
        if let Some(status) = ended {
            bail!("QEMU ended ({status}): {}", qemu.last_words());
        }
        if clock.now() > BOOT {
            bail!(
                "the machine has not booted within {} s of its own time",
                BOOT.as_secs()
            );
        }
        thread::sleep(POLL);
    }
}
