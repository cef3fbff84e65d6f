// SPDX-License-Identifier: GPL-2.0
//! What the guest's phase `hw` needs: the program for real cards, which is static as the guest's own.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;

/// Its place in the guest.
const PLACE: &str = "bin/nvkm-hw";

/// Whether a phase is the one.
pub fn wanted(phases: &[String]) -> bool {
    phases.iter().any(|p| p.split('=').next() == Some("hw"))
}

/// The program, which lies beside the guest's.
///
/// # Errors
///
/// It is not there.
pub fn program(guest: &Path) -> Result<(String, Vec<u8>)> {
    let path = guest.with_file_name("nvkm-hw");
    let bytes = fs::read(&path).with_context(|| {
        format!(
            "{}, which the phase hw needs, cannot be read",
            path.display()
        )
    })?;
    Ok((PLACE.into(), bytes))
}
