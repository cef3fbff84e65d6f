// SPDX-License-Identifier: GPL-2.0
//! The subsystems, by their names.

use anyhow::bail;
use anyhow::Result;

use crate::verdict::SHADOW;

/// The subsystems that can be named, in the driver's order: those in the making, too.
pub const NAMED: [&str; 4] = ["rpc", "fw", "boot", "gsp"];
/// Those that `--seams 1` means.  A test of the driver's own list is in the report: what was asked and not served makes
/// the verdict `failed`.
pub const READY: [&str; 4] = ["rpc", "fw", "boot", "gsp"];

/// The subsystems that a `--seams` means, in the driver's order.
///
/// # Errors
///
/// There is no subsystem of that name.
pub fn list(text: &str) -> Result<Vec<String>> {
    match text.trim() {
        "none" | "0" | "" => return Ok(Vec::new()),
        "1" | "all" => return Ok(READY.iter().map(|s| s.to_string()).collect()),
        SHADOW => return Ok(vec![SHADOW.to_string()]),
        _ => {}
    }
    let words = text.split(',').map(str::trim).filter(|w| !w.is_empty());
    let mut list: Vec<String> = words.map(String::from).collect();
    for seam in &list {
        if !NAMED.contains(&seam.as_str()) {
            bail!(
                "there is no subsystem '{seam}'; there is: {}; or {SHADOW}, by itself",
                NAMED.join(", ")
            );
        }
    }
    // However they were named: the driver says them in its own order.
    list.sort_by_key(|seam| NAMED.iter().position(|n| n == seam));
    list.dedup();
    Ok(list)
}
