// SPDX-License-Identifier: GPL-2.0
//! Bringing a card back: the C side, or as it was. Every step is bounded, because a driver that hangs holds locks.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::anyhow;
use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde::Serialize;

use crate::card;
use crate::card::Card;
use crate::counters;
use crate::root::Root;

/// The parameter of the loaded module.
pub const PARAMETER: &str = "/sys/module/nouveau/parameters/rust_gsp";

/// How a card was before anything was done to it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct Before {
    /// `rust_gsp`, if the module was loaded.
    pub setting: Option<String>,
    /// The driver that had the card.
    pub driver: Option<String>,
    /// Whether the kernel may put it to sleep (`power/control`).
    pub power: Option<String>,
}

impl Before {
    /// As it is now.
    pub fn of(root: &Root, card: &Card) -> Self {
        Self {
            setting: root.text(PARAMETER),
            driver: card.driver(root),
            power: root.text(&card.file("power/control")),
        }
    }
}

/// Runs a step in a thread of its own and waits for it at most `limit`.
///
/// # Errors
///
/// The step failed, or is still not through.
pub fn bounded<T: Send + 'static>(
    what: &str,
    limit: Duration,
    step: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        // Nobody listens after the limit.
        let _ = tx.send(step());
    });
    match rx.recv_timeout(limit) {
        Ok(outcome) => outcome,
        Err(_) => Err(anyhow!(
            "{what} is not through after {} s: the driver hangs",
            limit.as_secs_f64()
        )),
    }
}

/// Takes the card from whoever has it and gives it to `driver`, whose counters must then say `setting`.
fn rebind(
    root: &Root,
    card: &Card,
    driver: Option<&str>,
    setting: Option<&str>,
    limit: Duration,
    say: &mut dyn FnMut(String),
) -> Result<()> {
    /// A bind that was under way when its program died ends after ours began: once more then, and no more.
    const TRIES: u32 = 3;
    let mut last = None;
    for _ in 0..TRIES {
        let (r, c) = (root.clone(), card.clone());
        let had = card.driver(root);
        bounded("unbind", limit, move || c.unbind(&r))?;
        if let Some(had) = had {
            say(format!("nvkm-hw: {} taken from {had}", card.address));
        }
        let Some(driver) = driver else {
            return Ok(());
        };
        let (r, c, d) = (root.clone(), card.clone(), driver.to_string());
        let bound = bounded("bind", limit, move || c.bind(&r, &d));
        match (bound, setting.map(|s| (s, served(root, card)))) {
            // A bind that hangs does not end by another.
            (Err(e), _) if card.driver(root).is_none() => return Err(e),
            (Err(e), _) => last = Some(e),
            (Ok(()), Some((want, Some(is)))) if want != is => {
                last = Some(anyhow!("it was bound with rust_gsp={is}, not {want}"));
            }
            (Ok(()), _) => {
                say(format!("nvkm-hw: {} given to {driver}", card.address));
                return Ok(());
            }
        }
    }
    Err(last.unwrap_or_else(|| anyhow!("the card changes its driver again and again")))
}

/// The setting with which the card was bound at last, by the driver's own account; none if it gives none.
fn served(root: &Root, card: &Card) -> Option<String> {
    let text = counters::read(root, card)?;
    let line = text.lines().find_map(|l| l.strip_prefix("requested:"))?;
    Some(line.trim().to_string())
}

/// Makes the card nouveau's again, served by C.
///
/// # Errors
///
/// A step failed or hangs.
pub fn to_c(
    root: &Root,
    address: &str,
    limit: Duration,
    say: &mut dyn FnMut(String),
) -> Result<()> {
    let cards = card::all(root);
    let card = card::select(&cards, Some(address))?;
    if root.exists(PARAMETER) {
        root.write(PARAMETER, "0\n")?;
        let is = root.text(PARAMETER).unwrap_or_default();
        if is != "0" {
            bail!("rust_gsp reads '{is}' after 0 was written");
        }
        say("nvkm-hw: rust_gsp=0".into());
    }
    rebind(root, &card, Some("nouveau"), Some("0"), limit, say)
}

/// Makes everything as it was.
///
/// # Errors
///
/// A step failed or hangs.
pub fn as_it_was(
    root: &Root,
    card: &Card,
    before: &Before,
    limit: Duration,
    say: &mut dyn FnMut(String),
) -> Result<()> {
    if let Some(setting) = &before.setting {
        root.write(PARAMETER, &format!("{setting}\n"))
            .context("the old setting")?;
    }
    let setting = before.setting.as_deref();
    rebind(root, card, before.driver.as_deref(), setting, limit, say)?;
    if let Some(power) = &before.power {
        root.write(&card.file("power/control"), power)?;
    }
    Ok(())
}
