// SPDX-License-Identifier: GPL-2.0

//! Which of its signatures goes into an image, and putting it there.
//!
//! An image is signed once for each version of a fuse. The fuse says which versions the chip still
//! takes, so the driver reads it, and not the image's own word for it.

use super::error::{BootError, Seen};
use super::falcon::Falcon;
use super::image::Image;
use super::registers::*;
use super::run::Kind;
use crate::fw::core::falcon::Falcon as Layout;

/// Engines that an image can be for (`engine_id`), in the order in which C asks.
const SEC2: u32 = 0x0001;
const NVDEC: u32 = 0x0004;
const GSP: u32 = 0x0400;

/// Puts a signature into the image, if it wants one (`nvkm_falcon_fw_patch`).
///
/// # Errors
///
/// The chip takes none of them; the one that it takes is not there; there is no room for it.
pub fn patch(falcon: &mut Falcon<'_>, kind: Kind, image: &mut dyn Image) -> Result<(), BootError> {
    let Some(table) = image.signatures() else {
        return Ok(());
    };
    if table.size == 0 || table.size & 3 != 0 {
        let (what, found) = ("signature", table.size);
        return Err(BootError::Multiple { what, found, of: 4 });
    }
    if table.image_offset & 3 != 0 {
        let (what, found) = ("place of the signature", table.image_offset);
        return Err(BootError::Multiple { what, found, of: 4 });
    }
    let outside = BootError::Outside {
        what: "signature",
        start: table.image_offset,
        size: table.size,
        len: image.len(),
    };
    let end = table.image_offset.checked_add(table.size).ok_or(outside)?;
    if end > image.len() {
        return Err(outside);
    }
    let hal = falcon.hal();
    hal.prepare_signature(falcon, kind)?;
    let index = hal.signature(falcon, kind, &image.layout(), table.count)?;
    let count = table.count;
    let missing = BootError::Signature { index, count };
    if index >= count {
        return Err(missing);
    }
    let start = index.checked_mul(table.size).ok_or(missing)?;
    let from = (0..table.size).step_by(4).map(|at| start.checked_add(at));
    for (from, to) in from.zip((table.image_offset..end).step_by(4)) {
        let word = from.and_then(|from| image.signature_word(from));
        if !image.set_word(to, word.ok_or(missing)?) {
            return Err(outside);
        }
    }
    image.drop_signatures();
    Ok(())
}

/// One for chips as they are sold, or one for those that are fused for debugging
/// (`gm200_flcn_fw_signature`). The falcon is enabled.
pub fn by_debug_fuse(falcon: &mut Falcon<'_>) -> u32 {
    let state: NV_PSEC_SCP_CTL_STAT = falcon.read();
    state.get(NV_PSEC_SCP_CTL_STAT::DEBUG_MODE)
}

/// Reads an engine's fuse.
fn fuse<R: Array>(falcon: &mut Falcon<'_>, layout: &Layout) -> Result<Seen, BootError> {
    layout
        .ucode_id
        .checked_sub(1)
        .and_then(|index| falcon.see_at::<R>(index))
        .ok_or(BootError::Engine {
            engines: layout.engine_id,
            ucode: layout.ucode_id,
        })
}

/// The number of a fuse's highest bit, from 1; 0 for none (`fls`).
fn highest(fuse: u32) -> u32 {
    u32::BITS.wrapping_sub(fuse.leading_zeros())
}

/// By versions, of which the image's is the highest, that of its first signature
/// (`ga100_flcn_fw_signature`).
///
/// # Errors
///
/// The image is for no engine that is known, or too old for the chip.
pub fn by_version(falcon: &mut Falcon<'_>, layout: &Layout, count: u32) -> Result<u32, BootError> {
    let seen = match layout.engine_id {
        id if id & SEC2 != 0 => fuse::<NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION>(falcon, layout)?,
        id if id & NVDEC != 0 => fuse::<NV_FUSE_OPT_FPF_NVDEC_UCODE1_VERSION>(falcon, layout)?,
        id if id & GSP != 0 => fuse::<NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION>(falcon, layout)?,
        engines => {
            let ucode = layout.ucode_id;
            return Err(BootError::Engine { engines, ucode });
        }
    };
    let versions = layout.fuse_ver;
    let index = match highest(seen.value) {
        // The chip takes every version: the oldest, which is the last.
        0 => count.checked_sub(1),
        version => versions.checked_sub(version),
    };
    index.ok_or(BootError::Fuse { seen, versions })
}

/// By versions, of which the image has a bit and a signature each, in the same order
/// (`ga102_gsp_fwsec_signature`).
///
/// # Errors
///
/// The image is not for the GSP, or has no signature for the version that the chip wants.
pub fn by_version_mask(falcon: &mut Falcon<'_>, layout: &Layout) -> Result<u32, BootError> {
    if layout.engine_id & GSP == 0 {
        return Err(BootError::Engine {
            engines: layout.engine_id,
            ucode: layout.ucode_id,
        });
    }
    let seen = fuse::<NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION>(falcon, layout)?;
    // There is no 33rd version, which C would look for with a fuse of 32 bits.
    let wanted = 1u32.checked_shl(highest(seen.value)).unwrap_or(0);
    let versions = layout.fuse_ver;
    if versions & wanted == 0 {
        return Err(BootError::Fuse { seen, versions });
    }
    Ok((versions & wanted.wrapping_sub(1)).count_ones())
}
