// SPDX-License-Identifier: GPL-2.0
//! The GPU as a PCI device: its sysfs directory, and the model's command capability in its config space.

use std::fs;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use nvkm_guest::parcel;

/// PCI vendor id of NVIDIA.
const NVIDIA: &str = "0x10de";
/// Capability pointer and vendor-specific capability id (PCI Local Bus Specification 3.0, 6.7 and appendix H).
const CAPABILITY_LIST: u64 = 0x34;
const VENDOR_SPECIFIC: u8 = 0x09;

/// Status bits of the command dword.
const BUSY: u32 = 1 << 0;
const ERROR: u32 = 1 << 1;

/// The GPU's place in sysfs.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// Its directory there.
    pub dir: PathBuf,
    /// Bus address as the kernel writes it, like `0000:00:04.0`.
    pub address: String,
    /// Offset of the command dword, if the device is the virtual one.
    command: Option<u64>,
}

impl Gpu {
    /// Finds the first NVIDIA device.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn find() -> Result<Self> {
        let mut dirs: Vec<PathBuf> = fs::read_dir("/sys/bus/pci/devices")?
            .flatten()
            .map(|e| e.path())
            .collect();
        dirs.sort();
        for dir in dirs {
            if fs::read_to_string(dir.join("vendor")).is_ok_and(|v| v.trim() == NVIDIA) {
                let address = dir
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let command = find_capability(&dir.join("config"))?.map(|cap| cap + 4);
                return Ok(Self {
                    dir,
                    address,
                    command,
                });
            }
        }
        bail!("no NVIDIA device on the PCI bus: the virtual GPU is not plugged in")
    }

    /// Whether a driver has it.
    pub fn bound(&self) -> bool {
        self.dir.join("driver").exists()
    }

    /// Binds nouveau to it.
    ///
    /// # Errors
    ///
    /// The driver's probe failed.
    pub fn bind(&self) -> Result<()> {
        self.bind_to("nouveau")
    }

    /// Binds a driver to it, named as it is on the PCI bus.
    ///
    /// # Errors
    ///
    /// The driver's probe failed.
    pub fn bind_to(&self, driver: &str) -> Result<()> {
        let bind = Path::new("/sys/bus/pci/drivers").join(driver).join("bind");
        fs::write(bind, &self.address).with_context(|| format!("{driver} did not bind"))
    }

    /// Takes its driver from it.
    ///
    /// # Errors
    ///
    /// No driver has it.
    pub fn unbind(&self) -> Result<()> {
        fs::write(self.dir.join("driver/unbind"), &self.address)
            .context("the driver did not unbind")
    }

    /// Whether there is a model to talk to behind the driver's back.
    pub fn has_command(&self) -> bool {
        self.command.is_some()
    }

    /// The model's status dword.
    ///
    /// # Errors
    ///
    /// The device has no command capability.
    pub fn status(&self) -> Result<u32> {
        let offset = self
            .command
            .context("the GPU has no command capability: it is not the virtual one")?;
        let mut status = [0; 4];
        fs::File::open(self.dir.join("config"))?.read_exact_at(&mut status, offset)?;
        Ok(u32::from_le_bytes(status))
    }

    /// Gives the model a command (`0x01NN_xxxx` mark, `0x02NN_xxxx` event) and waits until it was taken.
    ///
    /// # Errors
    ///
    /// The device has no command capability (it is a real card), or the model refused the command.
    pub fn command(&self, command: u32) -> Result<()> {
        let Some(offset) = self.command else {
            bail!("the GPU has no command capability: it is not the virtual one")
        };
        let config = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.dir.join("config"))?;
        config.write_all_at(&command.to_le_bytes(), offset)?;
        for _ in 0..200 {
            let status = self.status()?;
            if status & ERROR != 0 {
                bail!("the model refused command {command:#010x} (status {status:#x})");
            }
            if status & BUSY == 0 {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(1));
        }
        bail!("the model is still busy with command {command:#010x}")
    }
}

/// Takes the GPU off the bus, if there is one, and finds it again, so that Linux says where its BARs are: where firmware puts
/// them at boot, and Linux in a device that comes later, are different places. It is left enabled, as firmware leaves it.
///
/// # Errors
///
/// The kernel refused it.
pub fn replug() -> Result<()> {
    parcel::unplug()?;
    let Ok(gpu) = Gpu::find() else { return Ok(()) };
    fs::write(gpu.dir.join("remove"), "1").context("the GPU cannot be taken off the bus")?;
    fs::write("/sys/bus/pci/rescan", "1").context("the PCI bus cannot be scanned again")?;
    // The scan finds that, too.
    parcel::unplug()?;
    let gpu = Gpu::find().context("after a new scan of the bus")?;
    for on in ["1", "0"] {
        fs::write(gpu.dir.join("enable"), on).context("the GPU cannot be enabled")?;
    }
    Ok(())
}

fn find_capability(config: &Path) -> Result<Option<u64>> {
    let bytes = fs::read(config).context("PCI config space")?;
    let at = |offset: u64| bytes.get(offset as usize).copied().unwrap_or(0);
    let mut pointer = u64::from(at(CAPABILITY_LIST) & 0xfc);
    // A list longer than the space it lives in is a loop.
    for _ in 0..48 {
        if pointer == 0 {
            break;
        }
        if at(pointer) == VENDOR_SPECIFIC {
            return Ok(Some(pointer));
        }
        pointer = u64::from(at(pointer + 1) & 0xfc);
    }
    Ok(None)
}
