// SPDX-License-Identifier: GPL-2.0
//! The device's power: suspend of the whole machine, and runtime power management of the one device.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use crate::pci::Gpu;

const RUNPM: &str = "/sys/module/nouveau/parameters/runpm";
/// What the phase sets for the device to be idle that long before it is suspended, in milliseconds.
const DELAY_MS: &str = "50";
/// Guest time until it must be suspended: an EBUSY of the driver's costs another delay.
const SUSPEND_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks. Looks are at sysfs only: a read of config space may wake the device.
const LOOK: Duration = Duration::from_millis(10);

/// All of suspend to memory that concerns drivers, and all of resume (Documentation/power/basic-pm-debugging.rst).
///
/// # Errors
///
/// The kernel did not go down, or not up again.
pub fn suspend() -> Result<Value> {
    // The kernel would wait, by counting, between down and up; there is nothing to wait for.
    fs::write("/sys/module/suspend/parameters/pm_test_delay", "0").context("pm_test_delay")?;
    fs::write("/sys/power/pm_test", "devices").context("pm_test")?;
    fs::write("/sys/power/state", "mem").context("suspend failed")?;
    Ok(json!({}))
}

/// The files of one device (Documentation/ABI/testing/sysfs-devices-power).
struct Power(PathBuf);

impl Power {
    fn read(&self, name: &str) -> Result<String> {
        let file = self.0.join(name);
        let text = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        Ok(text.trim().to_owned())
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let file = self.0.join(name);
        fs::write(&file, text).with_context(|| format!("'{text}' to {}", file.display()))
    }

    fn status(&self) -> Result<String> {
        self.read("power/runtime_status")
    }

    /// Waits until it is suspended.
    fn fall_asleep(&self) -> Result<()> {
        let mut waited = Duration::ZERO;
        loop {
            let status = self.status()?;
            match status.as_str() {
                "suspended" => return Ok(()),
                "active" | "suspending" if waited < SUSPEND_LIMIT => {}
                _ => bail!(
                    "the device is '{status}' {} ms after it was let go, and was to be 'suspended'",
                    waited.as_millis()
                ),
            }
            thread::sleep(LOOK);
            waited += LOOK;
        }
    }
}

/// `runtime-suspend`: the idle device is suspended by its driver, and woken. It stays awake for the phases behind, until the
/// driver is bound anew.
///
/// # Errors
///
/// The driver does no such thing (parameter `runpm`), the device did not go down in time, or not up again.
pub fn runtime_suspend(gpu: &Gpu) -> Result<Value> {
    let runpm = fs::read_to_string(RUNPM).context("nouveau is not loaded")?;
    if runpm.trim() != "1" {
        bail!(
            "runtime power management is off: nouveau was loaded with runpm={}, and 1 is needed",
            runpm.trim()
        );
    }
    if !gpu.bound() {
        bail!("runtime-suspend: no driver has the device");
    }
    let power = Power(gpu.dir.clone());
    let delay = power.read("power/autosuspend_delay_ms")?;
    power.write("power/autosuspend_delay_ms", DELAY_MS)?;
    power.write("power/control", "auto")?;
    let slept = power.fall_asleep().and_then(|()| power.read("power_state"));
    // Woken in any case: what comes behind is to find the device as it was.
    power.write("power/control", "on")?;
    power.write("power/autosuspend_delay_ms", &delay)?;
    let state = slept?;
    let status = power.status()?;
    if status != "active" {
        bail!("the device is '{status}' after it was woken, and was to be 'active'");
    }
    Ok(json!({"power": {"asleep": state, "awake": power.read("power_state")?}}))
}
