// SPDX-License-Identifier: GPL-2.0
//! What identifies this machine, its user, its screens: collected, so that none of it leaves with a report.

use std::env;

use serde::Deserialize;
use serde::Serialize;

use crate::edid;
use crate::root::Root;

/// Shorter words are no names.
const SHORTEST: usize = 3;
/// Words that identify nobody: what machines and users are called by default, what firmware says where nobody filled it in,
/// and words that every report has.
const COMMON: [&str; 47] = [
    "localhost",
    "localdomain",
    "none",
    "(none)",
    "root",
    "user",
    "users",
    "guest",
    "test",
    "admin",
    "debian",
    "ubuntu",
    "fedora",
    "archlinux",
    "arch",
    "linux",
    "live",
    "home",
    "desktop",
    "laptop",
    "server",
    "computer",
    "machine",
    "nouveau",
    "nvidia",
    "kernel",
    "rust",
    "gpu",
    "card",
    "default string",
    "default",
    "not specified",
    "not applicable",
    "unknown",
    "to be filled by o.e.m.",
    "system serial number",
    "system manufacturer",
    "system product name",
    "system version",
    "asset-1234567890",
    "no asset tag",
    "o.e.m.",
    "empty",
    "invalid",
    "n/a",
    "x.x",
    "00:00:00:00:00:00",
];

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Name of the machine or its domain.
    Host,
    /// Name of a person.
    User,
    /// Hardware address of a network interface.
    Mac,
    /// Network address.
    Ip,
    /// Serial number of anything.
    Serial,
    /// Universally unique identifier.
    Uuid,
    /// What the machine's firmware calls it.
    Dmi,
}

impl Kind {
    /// What stands in a text instead.
    pub fn placeholder(self) -> &'static str {
        match self {
            Kind::Host => "<host>",
            Kind::User => "<user>",
            Kind::Mac => "<mac>",
            Kind::Ip => "<ip>",
            Kind::Serial => "<serial>",
            Kind::Uuid => "<uuid>",
            Kind::Dmi => "<dmi>",
        }
    }
}

/// A value that is not to leave.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct Secret {
    /// What it is.
    pub kind: Kind,
    /// The value.
    pub value: String,
}

/// All that were found.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// Adds a value, if it is one that identifies anything.
    pub fn add(&mut self, kind: Kind, value: &str) {
        let value = value.trim().trim_matches('\0').trim();
        let zero = value.chars().all(|c| "0:-. ".contains(c));
        if value.len() < SHORTEST || zero || COMMON.contains(&value.to_lowercase().as_str()) {
            return;
        }
        let secret = Secret {
            kind,
            value: value.to_string(),
        };
        if !self.0.contains(&secret) {
            self.0.push(secret);
        }
    }

    /// Adds those of another collection.
    pub fn merge(&mut self, other: &Self) {
        for secret in &other.0 {
            self.add(secret.kind, &secret.value);
        }
    }

    /// Leaves values out that whoever sends the report knows to be none.
    pub fn allow(&mut self, allowed: &[String]) {
        self.0
            .retain(|s| !allowed.iter().any(|a| a.eq_ignore_ascii_case(&s.value)));
    }

    /// All, the longest first: a name may be a part of another.
    pub fn list(&self) -> Vec<Secret> {
        let mut list = self.0.clone();
        list.sort_by(|a, b| b.value.len().cmp(&a.value.len()).then(a.cmp(b)));
        list
    }

    /// Looks at the machine.
    pub fn collect(root: &Root) -> Self {
        let mut found = Self::default();
        found.names(root);
        found.network(root);
        found.firmware(root);
        found.disks(root);
        found.screens(root);
        for address in root.names("/sys/bus/pci/devices") {
            let text = root.text(&format!("/sys/bus/pci/devices/{address}/serial_number"));
            found.add(Kind::Serial, &text.unwrap_or_default());
        }
        found
    }

    fn names(&mut self, root: &Root) {
        for file in [
            "/proc/sys/kernel/hostname",
            "/etc/hostname",
            "/proc/sys/kernel/domainname",
        ] {
            let text = root.text(file).unwrap_or_default();
            self.add(Kind::Host, &text);
            self.add(Kind::Host, text.split('.').next().unwrap_or_default());
        }
        for file in [
            "/etc/machine-id",
            "/var/lib/dbus/machine-id",
            "/proc/sys/kernel/random/boot_id",
        ] {
            self.add(Kind::Uuid, &root.text(file).unwrap_or_default());
        }
        if root.is_real() {
            for name in ["SUDO_USER", "DOAS_USER", "USER", "LOGNAME"] {
                self.add(Kind::User, &env::var(name).unwrap_or_default());
            }
        }
        // People's ids begin at 1000, and end before those that are given out for one service each (login.defs(5)).
        for line in root.text("/etc/passwd").unwrap_or_default().lines() {
            let fields: Vec<&str> = line.split(':').collect();
            let id = fields.get(2).and_then(|id| id.parse::<u32>().ok());
            if id.is_some_and(|id| (1000..60000).contains(&id)) {
                self.add(Kind::User, fields[0]);
                let full = fields.get(4).and_then(|gecos| gecos.split(',').next());
                self.add(Kind::User, full.unwrap_or_default());
            }
        }
    }

    fn network(&mut self, root: &Root) {
        for name in root.names("/sys/class/net") {
            let address = root
                .text(&format!("/sys/class/net/{name}/address"))
                .unwrap_or_default();
            if address != "ff:ff:ff:ff:ff:ff" {
                self.add(Kind::Mac, &address);
            }
        }
        // An address is on the line before `/32 host LOCAL`.
        let mut last = String::new();
        for line in root.text("/proc/net/fib_trie").unwrap_or_default().lines() {
            if line.contains("/32 host LOCAL") && !last.starts_with("127.") {
                self.add(Kind::Ip, &last);
            }
            if let Some((_, address)) = line.split_once("-- ") {
                last = address.trim().into();
            }
        }
        for line in root.text("/proc/net/if_inet6").unwrap_or_default().lines() {
            let digits = line.split_whitespace().next().unwrap_or_default();
            if digits.len() == 32 && !digits.starts_with("0000000000000000") {
                let groups: Vec<&str> = (0..8)
                    .filter_map(|n| digits.get(n * 4..n * 4 + 4))
                    .collect();
                self.add(Kind::Ip, &groups.join(":"));
                if let Ok(address) = groups.join(":").parse::<std::net::Ipv6Addr>() {
                    self.add(Kind::Ip, &address.to_string());
                }
            }
        }
    }

    fn firmware(&mut self, root: &Root) {
        for name in root.names("/sys/class/dmi/id") {
            let kind = match name.as_str() {
                n if n.ends_with("_serial") || n.ends_with("_asset_tag") => Kind::Serial,
                "product_uuid" => Kind::Uuid,
                n if n.starts_with("product_")
                    || n.starts_with("board_")
                    || n.starts_with("chassis_") =>
                {
                    Kind::Dmi
                }
                n if n.starts_with("bios_") || n.starts_with("ec_") || n == "sys_vendor" => {
                    Kind::Dmi
                }
                _ => continue,
            };
            let text = root
                .text(&format!("/sys/class/dmi/id/{name}"))
                .unwrap_or_default();
            // A version like '1.0' or a type like '3' says nothing, and is everywhere.
            if kind != Kind::Dmi || text.len() >= 6 {
                self.add(kind, &text);
            }
        }
    }

    fn disks(&mut self, root: &Root) {
        for disk in root.names("/sys/class/block") {
            for file in ["device/serial", "device/wwid", "wwid", "uuid"] {
                let text = root.text(&format!("/sys/class/block/{disk}/{file}"));
                self.add(Kind::Serial, &text.unwrap_or_default());
            }
        }
        for dir in ["/dev/disk/by-uuid", "/dev/disk/by-partuuid"] {
            for name in root.names(dir) {
                self.add(Kind::Uuid, &name);
            }
        }
        for name in root.names("/dev/disk/by-label") {
            self.add(Kind::Host, &name);
        }
    }

    fn screens(&mut self, root: &Root) {
        for connector in root.names("/sys/class/drm") {
            let path = root.path(&format!("/sys/class/drm/{connector}/edid"));
            for serial in edid::serials(&std::fs::read(path).unwrap_or_default()) {
                self.add(Kind::Serial, &serial);
            }
        }
    }
}

/// A value's bytes as a machine would keep them, where it is written in hexadecimal: a MAC, a UUID.
pub fn raw(secret: &Secret) -> Vec<Vec<u8>> {
    if !matches!(secret.kind, Kind::Mac | Kind::Uuid) {
        return Vec::new();
    }
    let digits: String = secret
        .value
        .chars()
        .filter(|c| !"-:".contains(*c))
        .collect();
    let Some(bytes) = nvkm_ab::trace::from_hex(&digits).filter(|b| b.len() >= 6) else {
        return Vec::new();
    };
    let mut forms = vec![bytes.clone()];
    if let (Kind::Uuid, 16) = (secret.kind, bytes.len()) {
        // SMBIOS keeps the first three fields little-endian (System Management BIOS reference specification, 7.2.1).
        let mut mixed = bytes;
        mixed[..4].reverse();
        mixed[4..6].reverse();
        mixed[6..8].reverse();
        forms.push(mixed);
    }
    forms
}
