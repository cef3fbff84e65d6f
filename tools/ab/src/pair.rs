// SPDX-License-Identifier: GPL-2.0
//! Pairs of C runs that serve several cells of one command.
//!
//! Two cells with the same C side (same chip, firmware, module, plan, parameters) would run the same pair twice. The first of
//! them runs it, and the others are compared with it. What makes a run what it is, is hashed ([`Prepared::inputs`]); the two
//! runs of a pair are two executions always.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use anyhow::Context;
use anyhow::Result;

use crate::vm::run::Outcome;
use crate::vm::run::Prepared;
use crate::vm::run::Setup;

/// What both runs of a pair came to.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The cell that ran them.
    pub of: String,
    /// The hash of all that went into each.
    pub inputs: String,
    /// Outcomes of the first and the second run.
    pub outcomes: [Outcome; 2],
    dirs: [PathBuf; 2],
}

type Place = Arc<Mutex<Option<Arc<Pair>>>>;

/// The pairs of a command, by the hash of what went into them.
#[derive(Default)]
pub struct Pairs(Mutex<HashMap<String, Place>>);

impl Pairs {
    /// The pair of a cell: run by it, or by another cell before. What the runs left is in the cell's directories in any case.
    ///
    /// # Errors
    ///
    /// A machine could not be set up at all.
    pub fn of(
        &self,
        cell: &str,
        setups: [&Setup; 2],
        run: impl FnOnce() -> Result<[Outcome; 2]>,
    ) -> Result<Arc<Pair>> {
        let inputs = Prepared::new(setups[0])?.inputs()?;
        let place = {
            let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            places.entry(inputs.clone()).or_default().clone()
        };
        // Whoever wants the same pair waits for it here.
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pair) = place.as_ref() {
            for (from, to) in pair.dirs.iter().zip(setups) {
                link(from, &to.out)?;
            }
            return Ok(pair.clone());
        }
        let pair = Arc::new(Pair {
            of: cell.to_string(),
            inputs,
            outcomes: run()?,
            dirs: setups.map(|s| s.out.clone()),
        });
        *place = Some(pair.clone());
        Ok(pair)
    }
}

/// Makes a directory with the same files. They are never written again: a run removes what an older one left.
fn link(from: &Path, to: &Path) -> Result<()> {
    let why = || format!("{} cannot be filled", to.display());
    if to.exists() {
        fs::remove_dir_all(to).with_context(why)?;
    }
    fs::create_dir_all(to).with_context(why)?;
    for entry in fs::read_dir(from).with_context(why)?.flatten() {
        if entry.path().is_file() {
            fs::hard_link(entry.path(), to.join(entry.file_name())).with_context(why)?;
        }
    }
    Ok(())
}
