// SPDX-License-Identifier: GPL-2.0
//! Who uses the card, what it shows, and how else one could reach the machine.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process;

use crate::card::Card;
use crate::preflight::Check;
use crate::root::Root;

/// A program that holds the card open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: String,
}

/// What a run would disturb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Programs that hold it open.
    pub processes: Vec<Process>,
    /// Connectors with a screen that is lit.
    pub screens: Vec<String>,
    /// The text console is on it.
    pub console: bool,
}

impl Usage {
    /// Whether anybody would notice.
    pub fn in_use(&self) -> bool {
        !self.processes.is_empty() || !self.screens.is_empty() || self.console
    }

    /// Who, in words.
    pub fn words(&self) -> String {
        let mut parts: Vec<String> = self
            .processes
            .iter()
            .map(|p| format!("{} (process {})", p.name, p.id))
            .collect();
        parts.extend(self.screens.iter().map(|s| format!("the screen at {s}")));
        if self.console {
            parts.push("the text console".into());
        }
        parts.join(", ")
    }

    /// The checks `in use` and `other way in`.
    pub fn checks(&self, root: &Root, card: &Card, by_ssh: bool) -> Vec<Check> {
        let mut checks = vec![match self.in_use() {
            false => Check::ok("in use", "nothing uses the card"),
            true => Check::warn(
                "in use",
                format!("the card is in use: {}", self.words()),
                "log out of the desktop and stop it (systemctl isolate multi-user.target); a run goes on only with --even-if-in-use",
            ),
        }];
        checks.push(match other_way(root, card, by_ssh) {
            Some(way) => Check::ok("other way in", way),
            None if !self.in_use() && !card.boot_vga => {
                Check::ok("other way in", "not needed: the card shows nothing")
            }
            None => Check::warn(
                "other way in",
                "if the card stays dark, this machine cannot be reached",
                "come by ssh, or have a serial console or a screen at another card",
            ),
        });
        checks
    }
}

/// Looks who uses the card.
pub fn look(root: &Root, card: &Card) -> Usage {
    let mut usage = Usage {
        processes: processes(root, card),
        ..Usage::default()
    };
    for node in card.nodes(root).iter().filter(|n| n.starts_with("card")) {
        let dir = card.file(&format!("drm/{node}"));
        for connector in root
            .names(&dir)
            .iter()
            .filter(|c| c.starts_with(&format!("{node}-")))
        {
            let is = |name: &str, value: &str| {
                root.text(&format!("{dir}/{connector}/{name}")).as_deref() == Some(value)
            };
            if is("status", "connected") && is("enabled", "enabled") {
                usage
                    .screens
                    .push(connector.trim_start_matches(&format!("{node}-")).into());
            }
        }
    }
    // The card has a frame buffer device, and a text console is on frame buffers.
    let framebuffer = !root.names(&card.file("graphics")).is_empty();
    usage.console = framebuffer
        && root.names("/sys/class/vtconsole").iter().any(|console| {
            let of = |name: &str| {
                root.text(&format!("/sys/class/vtconsole/{console}/{name}"))
                    .unwrap_or_default()
            };
            of("name").contains("frame buffer") && of("bind") == "1"
        });
    usage
}

fn processes(root: &Root, card: &Card) -> Vec<Process> {
    let nodes: Vec<String> = card
        .nodes(root)
        .iter()
        .map(|n| format!("/dev/dri/{n}"))
        .collect();
    // A program in a container has the same node under another name: the device number decides where there is one.
    let number = |path: &std::path::Path| {
        fs::metadata(path)
            .ok()
            .map(|m| m.rdev())
            .filter(|n| *n != 0)
    };
    let numbers: Vec<u64> = nodes.iter().filter_map(|n| number(&root.path(n))).collect();
    let mut found = Vec::new();
    for id in root
        .names("/proc")
        .iter()
        .filter_map(|n| n.parse::<u32>().ok())
    {
        if id == process::id() {
            continue;
        }
        let dir = format!("/proc/{id}/fd");
        let holds = root.names(&dir).iter().any(|fd| {
            let path = root.path(&format!("{dir}/{fd}"));
            let named = fs::read_link(&path)
                .is_ok_and(|t| nodes.iter().any(|n| t.as_os_str() == n.as_str()));
            named || number(&path).is_some_and(|n| numbers.contains(&n))
        });
        if holds {
            let name = root.text(&format!("/proc/{id}/comm")).unwrap_or_default();
            found.push(Process { id, name });
        }
    }
    found
}

/// Another way to this machine than the card's screens.
fn other_way(root: &Root, card: &Card, by_ssh: bool) -> Option<String> {
    if by_ssh || came_by_ssh(root) {
        return Some("this is an ssh session".into());
    }
    let consoles = root.text("/proc/consoles").unwrap_or_default();
    let serial = |l: &str| {
        let name = l.split_whitespace().next()?;
        (name.starts_with("ttyS") || name.starts_with("ttyAMA") || name.starts_with("hvc"))
            .then(|| name.to_string())
    };
    if let Some(name) = consoles.lines().find_map(serial) {
        return Some(format!("there is a serial console ({name})"));
    }
    let other = root
        .names("/sys/bus/pci/devices")
        .into_iter()
        .find(|address| {
            let of = |name: &str| {
                root.text(&format!("/sys/bus/pci/devices/{address}/{name}"))
                    .unwrap_or_default()
            };
            *address != card.address && of("class").starts_with("0x03") && of("boot_vga") == "1"
        });
    other.map(|address| format!("the machine's screen is at another card ({address})"))
}

/// Whether one of this process's ancestors is sshd (sudo hides the variable that says so).
fn came_by_ssh(root: &Root) -> bool {
    let mut id = process::id().to_string();
    // A line of ancestors is short; the limit is against a process table that changes meanwhile.
    for _ in 0..64 {
        let Some(stat) = root.text(&format!("/proc/{id}/stat")) else {
            return false;
        };
        // The name stands in parentheses and may hold any character (proc_pid_stat(5)).
        let Some((head, tail)) = stat.rsplit_once(')') else {
            return false;
        };
        if head.contains("(sshd") {
            return true;
        }
        match tail.split_whitespace().nth(1) {
            Some(parent) if parent != "0" => id = parent.into(),
            _ => return false,
        }
    }
    false
}
