// SPDX-License-Identifier: GPL-2.0
//! C and Rust in turns on one device: who serves after each bind, and what is kept behind after many.
//!
//! Counted is while nothing is bound. What messages went is the driver's own account, which the runner holds against the
//! device's.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use nvkm_guest::sys;

use crate::memory;
use crate::memory::Held;
use crate::pci::Gpu;

/// Swaps before the first count: caches, and what the kernel keeps of a device from its first use on.
pub const WARM_UP: u32 = 4;
/// What an unbind leaves to others is done after this time.
const SETTLE: Duration = Duration::from_millis(50);
/// The setting that is none: the distribution's own module has neither the parameter nor the counters.
const STOCK: &str = "stock";

/// What of the phases a swap needs.
pub struct Steps<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// The parameter's file.
    pub selector: &'a str,
    /// The directory of the driver's counters.
    pub counters: &'a str,
    /// The node that a client opens.
    pub node: &'a str,
    /// A client's copy.
    pub copy: fn() -> Result<Value>,
}

impl Steps<'_> {
    fn counts(&self) -> Result<String> {
        let file = Path::new(self.counters).join(&self.gpu.address);
        fs::read_to_string(&file).with_context(|| format!("{}", file.display()))
    }

    /// Binds with a setting, uses the device, unbinds it. Gives the driver's counters after that.
    fn swap(&self, setting: &str) -> Result<String> {
        if setting != STOCK {
            fs::write(self.selector, setting).with_context(|| format!("rust_gsp={setting}"))?;
        }
        self.gpu.bind()?;
        if !sys::wait_for(Path::new(self.node), Duration::from_secs(10)) {
            bail!("{} did not appear", self.node);
        }
        if setting != STOCK {
            serves(&self.counts()?, setting)?;
        }
        (self.copy)()?;
        self.gpu.unbind()?;
        thread::sleep(SETTLE);
        if setting == STOCK {
            return Ok(String::new());
        }
        let text = self.counts()?;
        serves(&text, setting)?;
        Ok(text)
    }

    /// `swap=N`, or `swap=N:SETTING:SETTING…` for other settings than 0 and 1 in turns (`+` stands for a comma).
    ///
    /// # Errors
    ///
    /// A step failed, or another served than was asked for.
    pub fn run(&self, arg: &str) -> Result<Value> {
        let mut words = arg.split(':');
        let count: u32 = match words.next().and_then(|w| w.parse().ok()) {
            Some(n @ 1..) => n,
            _ => bail!("swap=N wants a number of swaps, 1 or more"),
        };
        let settings: Vec<String> = words.map(|w| w.replace('+', ",")).collect();
        let settings = match settings.is_empty() {
            true => vec!["0".to_string(), "1".to_string()],
            false => settings,
        };
        if self.gpu.bound() {
            self.gpu.unbind()?;
            thread::sleep(SETTLE);
        }
        // The counters go on from bind to bind.
        let start = self.counts().unwrap_or_default();
        let mut binds = Vec::new();
        let mut turns = |n: u32| -> Result<()> {
            for turn in 0..n {
                let setting = &settings[turn as usize % settings.len()];
                let counters = self
                    .swap(setting)
                    .with_context(|| format!("swap {}, rust_gsp={setting}", binds.len()))?;
                binds.push(json!({"rust_gsp": setting, "counters": counters}));
            }
            Ok(())
        };
        turns(WARM_UP)?;
        // The first count makes what counting needs.
        Held::count()?;
        let before = Held::count()?;
        turns(count)?;
        let after = Held::count()?;
        Ok(json!({
            "swaps": count,
            "warm_up": WARM_UP,
            "start": start,
            "binds": binds,
            "before": before.kib,
            "after": after.kib,
            "grown": memory::growth(&before, &after),
            "kmemleak": memory::leaks()?,
        }))
    }
}

/// Whether the driver's file says what was set: C for everything with 0, Rust for something with anything else.
fn serves(counters: &str, setting: &str) -> Result<()> {
    let requested = counters
        .lines()
        .find_map(|l| l.strip_prefix("requested: "))
        .unwrap_or_default();
    let rust = counters.contains("owner=rust");
    if requested != setting || rust != (setting != "0") {
        bail!("rust_gsp={setting} was set, and the driver says: {counters}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::serves;

    #[test]
    fn the_owner_must_be_what_was_set() {
        let says = |requested: &str, owner: &str| {
            format!("bind: 3\nrequested: {requested}\nfirmware: 570.144\nrpc: owner={owner} c_calls=1\nfw: owner=c\n")
        };
        assert!(serves(&says("0", "c"), "0").is_ok());
        assert!(serves(&says("1", "rust"), "1").is_ok());
        assert!(serves(&says("0", "rust"), "0").is_err());
        assert!(serves(&says("1", "c"), "1").is_err());
        assert!(serves(&says("0", "c"), "1").is_err());
        assert!(serves("", "0").is_err());
    }
}
