// SPDX-License-Identifier: GPL-2.0
//! Changing payloads: what lies outside of one is not written.

use super::Scene;
use crate::gsp::element::Element;

/// Bytes of the control header in front of the parameters (`rpc_gsp_rm_control_v03_00`).
pub const CONTROL: usize = 24;

/// The honest reply with its payload changed.
pub fn changed(scene: &Scene<'_>, change: impl FnOnce(&mut Vec<u8>)) -> Vec<Element> {
    let mut rpc = scene.rpc.clone();
    change(&mut rpc.payload);
    vec![Element::of(rpc)]
}

/// Sets a 16-bit word.
pub fn set16(p: &mut [u8], at: usize, value: u16) {
    set(p, at, &value.to_le_bytes());
}

/// Sets a 32-bit word.
pub fn set32(p: &mut [u8], at: usize, value: u32) {
    set(p, at, &value.to_le_bytes());
}

/// Sets a 64-bit word.
pub fn set64(p: &mut [u8], at: usize, value: u64) {
    set(p, at, &value.to_le_bytes());
}

fn set(p: &mut [u8], at: usize, bytes: &[u8]) {
    let end = at.saturating_add(bytes.len());
    if let Some(place) = p.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
}
