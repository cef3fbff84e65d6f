// SPDX-License-Identifier: GPL-2.0
//! The card as a PCI device in sysfs.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use crate::chips;
use crate::chips::Found;
use crate::root::Root;

/// PCI vendor id of NVIDIA, and the base class of display controllers.
const NVIDIA: &str = "0x10de";
const DISPLAY: &str = "0x03";

/// A card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Bus address as the kernel writes it, like `0000:01:00.0`.
    pub address: String,
    /// PCI device id, like `0x2503`.
    pub device: String,
    /// Subsystem vendor and device, like `0x1458:0x4074`.
    pub subsystem: String,
    /// Revision.
    pub revision: String,
    /// The firmware of the machine showed its screens on it.
    pub boot_vga: bool,
}

/// All of NVIDIA's display controllers.
pub fn all(root: &Root) -> Vec<Card> {
    const DEVICES: &str = "/sys/bus/pci/devices";
    let mut cards = Vec::new();
    for address in root.names(DEVICES) {
        let of = |name: &str| {
            root.text(&format!("{DEVICES}/{address}/{name}"))
                .unwrap_or_default()
        };
        if of("vendor") != NVIDIA || !of("class").starts_with(DISPLAY) {
            continue;
        }
        cards.push(Card {
            device: of("device"),
            subsystem: format!("{}:{}", of("subsystem_vendor"), of("subsystem_device")),
            revision: of("revision"),
            boot_vga: of("boot_vga") == "1",
            address,
        });
    }
    cards
}

/// The card that is meant: the one that was named, or the only one.
///
/// # Errors
///
/// There is none, or more than one and none was named, or none of that name.
pub fn select(cards: &[Card], wanted: Option<&str>) -> Result<Card> {
    let addresses: Vec<&str> = cards.iter().map(|c| c.address.as_str()).collect();
    let list = addresses.join(", ");
    match (wanted, cards) {
        (_, []) => bail!("no NVIDIA card on the PCI bus of this machine"),
        (None, [one]) => Ok(one.clone()),
        (None, _) => bail!("more than one NVIDIA card ({list}): name one with --device"),
        (Some(name), _) => {
            let is = |c: &&Card| c.address == name || c.address == format!("0000:{name}");
            cards
                .iter()
                .find(is)
                .cloned()
                .with_context(|| format!("no NVIDIA card at {name}; there is {list}"))
        }
    }
}

impl Card {
    /// A file of the device in sysfs.
    pub fn file(&self, name: &str) -> String {
        format!("/sys/bus/pci/devices/{}/{name}", self.address)
    }

    /// The driver that has it.
    pub fn driver(&self, root: &Root) -> Option<String> {
        root.link(&self.file("driver"))
    }

    /// Has nouveau take it.
    ///
    /// # Errors
    ///
    /// The driver's probe failed.
    pub fn bind(&self, root: &Root, driver: &str) -> Result<()> {
        root.write(
            &format!("/sys/bus/pci/drivers/{driver}/bind"),
            &self.address,
        )
        .with_context(|| format!("{driver} did not take the card"))?;
        if !wait(Duration::from_secs(2), || {
            self.driver(root).as_deref() == Some(driver)
        }) {
            bail!("{driver} did not take the card: its probe failed");
        }
        Ok(())
    }

    /// Takes it from its driver; nothing if none has it.
    ///
    /// # Errors
    ///
    /// The kernel refused it.
    pub fn unbind(&self, root: &Root) -> Result<()> {
        let Some(driver) = self.driver(root) else {
            return Ok(());
        };
        root.write(
            &format!("/sys/bus/pci/drivers/{driver}/unbind"),
            &self.address,
        )
        .with_context(|| format!("{driver} did not give the card up"))?;
        if !wait(Duration::from_secs(2), || self.driver(root).is_none()) {
            bail!("{driver} still has the card after it was unbound");
        }
        Ok(())
    }

    /// Its nodes in /dev/dri: `card0`, `renderD128`.
    pub fn nodes(&self, root: &Root) -> Vec<String> {
        let mut names = root.names(&self.file("drm"));
        names.retain(|n| n.starts_with("card") || n.starts_with("renderD"));
        names
    }

    /// The chip, read from PMC_BOOT_0 in BAR0; nothing is written, and only a card that is nouveau's or nobody's is asked.
    ///
    /// # Errors
    ///
    /// The register cannot be read: not root, or the kernel is locked down.
    pub fn boot0(&self, root: &Root) -> Result<Found> {
        match self.driver(root).as_deref() {
            None | Some("nouveau") => {}
            Some(other) => bail!("the driver {other} has it"),
        }
        if root.text(&self.file("power/runtime_status")).as_deref() == Some("suspended") {
            return Ok(Found::Asleep);
        }
        Ok(chips::of_boot0(first_word(
            &root.path(&self.file("resource0")),
        )?))
    }
}

/// The first dword of a BAR.
fn first_word(path: &Path) -> Result<u32> {
    const LEN: usize = 4096;
    let file = File::open(path).with_context(|| path.display().to_string())?;
    // SAFETY: a fresh shared mapping, for reading only, of a file that is open; the kernel checks the rest.
    let at = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            LEN,
            libc::PROT_READ,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if at == libc::MAP_FAILED {
        return Err(std::io::Error::last_os_error())
            .with_context(|| format!("{} cannot be mapped", path.display()));
    }
    // SAFETY: the mapping is page aligned and has at least a dword; BARs are never shorter than 16 bytes.
    let value = unsafe { at.cast::<u32>().read_volatile() };
    // SAFETY: mapped above with this length, and nothing points into it any more.
    unsafe { libc::munmap(at, LEN) };
    Ok(u32::from_le(value))
}

/// Waits until something is so, at most `limit`.
pub fn wait(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + limit;
    loop {
        if is_so() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
