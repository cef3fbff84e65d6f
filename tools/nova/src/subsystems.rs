// SPDX-License-Identifier: GPL-2.0
//! nvkm's subsystems, what of a boot is whose, and nova-core's modules beside them (`data/subsystems.json`).

use std::path::Path;

use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;

use crate::item::Area;

/// One subsystem.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subsystem {
    /// Its name.
    pub name: String,
    /// nova-core's modules that do the same, below its directory; none if it has none.
    pub nova: Vec<String>,
    /// Its messages by title; `?` stands for any character.
    #[serde(default)]
    pub messages: Vec<String>,
    /// Its buffers by name; `*` at the end stands for anything.
    #[serde(default)]
    pub buffers: Vec<String>,
    /// Its steps of the register traces.
    #[serde(default)]
    pub registers: Vec<String>,
    /// What nova-core must have before nvkm's can go.
    pub remains: String,
}

#[derive(Deserialize)]
struct File {
    subsystems: Vec<Subsystem>,
}

/// Those that this program was built with.
///
/// # Errors
///
/// The file is broken.
pub fn committed() -> Result<Vec<Subsystem>> {
    let file: File = serde_json::from_str(include_str!("../data/subsystems.json"))
        .context("tools/nova/data/subsystems.json")?;
    Ok(file.subsystems)
}

impl Subsystem {
    /// Whether something is this subsystem's.
    pub fn has(&self, area: Area, of: &str) -> bool {
        match area {
            Area::Message => {
                let title = of.split(" (").next().unwrap_or(of);
                self.messages.iter().any(|p| like(p, title))
            }
            Area::Buffer => {
                let name = of.split('#').next().unwrap_or(of);
                self.buffers.iter().any(|p| match p.strip_suffix('*') {
                    Some(start) => name.starts_with(start),
                    None => name == p,
                })
            }
            Area::Register => self.registers.iter().any(|s| s == of),
            Area::Complaint => false,
        }
    }
}

/// Whose something is.
///
/// # Errors
///
/// Nobody's.
pub fn owner<'a>(all: &'a [Subsystem], area: Area, of: &str) -> Result<&'a Subsystem> {
    all.iter().find(|s| s.has(area, of)).with_context(|| {
        format!("'{of}' belongs to no subsystem of tools/nova/data/subsystems.json")
    })
}

/// Looks whether nova-core of a kernel's source has the modules that are named.
///
/// # Errors
///
/// One is not there: the file is older than the kernel.
pub fn check(all: &[Subsystem], kernel: &Path) -> Result<()> {
    for s in all {
        for module in &s.nova {
            let path = kernel.join("drivers/gpu/nova-core").join(module);
            ensure!(
                path.exists(),
                "nova-core has no {module}, which tools/nova/data/subsystems.json names for {}",
                s.name
            );
        }
    }
    Ok(())
}

fn like(pattern: &str, text: &str) -> bool {
    let same = |(p, t): (char, char)| p == '?' || p == t;
    pattern.chars().count() == text.chars().count() && pattern.chars().zip(text.chars()).all(same)
}

#[cfg(test)]
mod tests {
    use super::committed;
    use super::like;
    use super::owner;
    use crate::item::Area;

    #[test]
    fn patterns() {
        assert!(like("class 0x??6f", "class 0xc46f"));
        assert!(!like("class 0x??6f", "class 0xc46e") && !like("a", "ab"));
    }

    #[test]
    fn everything_has_one_owner() {
        let all = committed().unwrap();
        let of = |area, text| owner(&all, area, text).map(|s| s.name.clone());
        assert_eq!(
            of(Area::Message, "GSP_RM_ALLOC class 0xc56f").unwrap(),
            "fifo"
        );
        assert_eq!(
            of(Area::Message, "UNLOADING_GUEST_DRIVER (reply)").unwrap(),
            "boot"
        );
        assert_eq!(of(Area::Buffer, "radix3 level 1").unwrap(), "fw");
        assert_eq!(of(Area::Register, "libos").unwrap(), "boot");
        assert!(of(Area::Message, "GSP_RM_CONTROL 0x12345678").is_err());
    }
}
