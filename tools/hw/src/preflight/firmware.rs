// SPDX-License-Identifier: GPL-2.0
//! Whether the card's firmware is there, where the kernel looks for it (Documentation/driver-api/firmware/fw_search_path.rst).

use crate::chips::Chip;
use crate::preflight::Check;
use crate::root::Root;

/// The versions that nouveau tries, newest first (nvkm/subdev/gsp/tu102.c and the like: `fwif` tables).
pub const VERSIONS: [&str; 2] = ["570.144", "535.113.01"];

/// Firmware that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firmware {
    /// Its version.
    pub version: String,
    /// The directory.
    pub dir: String,
    /// Its files are packed, so that the kernel holds them unpacked beside what it read.
    pub compressed: bool,
}

fn directories(root: &Root) -> Vec<String> {
    let release = root.text("/proc/sys/kernel/osrelease").unwrap_or_default();
    let given = root
        .text("/sys/module/firmware_class/parameters/path")
        .unwrap_or_default();
    let mut list = vec![
        format!("/lib/firmware/updates/{release}"),
        "/lib/firmware/updates".into(),
        format!("/lib/firmware/{release}"),
        "/lib/firmware".into(),
    ];
    if !given.is_empty() {
        list.insert(0, given);
    }
    list
}

/// Looks for the newest version.
pub fn look(root: &Root, chip: Option<Chip>) -> (Option<Firmware>, Check) {
    let Some(chip) = chip else {
        return (
            None,
            Check::warn("firmware", "not looked for: the chip is not known yet", ""),
        );
    };
    for version in VERSIONS {
        for dir in directories(root) {
            let dir = format!("{dir}/nvidia/{}/gsp", chip.name);
            for ending in ["", ".zst", ".xz"] {
                let there =
                    |part: &str| root.exists(&format!("{dir}/{part}-{version}.bin{ending}"));
                if there("gsp") && there("bootloader") {
                    let text = format!("{version}, {dir}/gsp-{version}.bin{ending}");
                    let firmware = Firmware {
                        version: version.into(),
                        dir,
                        compressed: !ending.is_empty(),
                    };
                    return (Some(firmware), Check::ok("firmware", text));
                }
            }
        }
    }
    let versions = VERSIONS.join(" or ");
    let text = format!(
        "no GSP firmware {versions} for {} in /lib/firmware/nvidia/{}/gsp",
        chip.name, chip.name
    );
    let advice = "install it: Debian's package firmware-nvidia-graphics (section non-free-firmware), elsewhere linux-firmware";
    (None, Check::no("firmware", text, advice))
}
