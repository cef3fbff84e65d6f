// SPDX-License-Identifier: GPL-2.0
//! nouveau's object interface (include/nvif/ioctl.h), as far as a client needs it to find and make an engine object.

use anyhow::bail;
use anyhow::Result;

use crate::drm::Client;

/// `DRM_NOUVEAU_NVIF` (include/uapi/drm/nouveau_drm.h).
const NVIF: u8 = 0x07;
const V0_SCLASS: u8 = 0x01;
const V0_NEW: u8 = 0x02;
/// `NVIF_IOCTL_V0_ROUTE_HIDDEN`: the request is about a channel, whose number is the token.
const ROUTE_CHANNEL: u8 = 0xff;
const OWNER_ANY: u8 = 0xff;
/// How many classes a reply has room for; a channel of one engine offers a handful.
const MAX_CLASSES: u8 = 64;

/// struct nvif_ioctl_v0: version, type, pad\[4\], owner, route, token, object.
fn header(kind: u8, channel: i32) -> Vec<u8> {
    let mut bytes = vec![0, kind, 0, 0, 0, 0, OWNER_ANY, ROUTE_CHANNEL];
    bytes.extend((channel as u64).to_le_bytes());
    bytes.extend(0u64.to_le_bytes());
    bytes
}

/// The classes that can be made on a channel.
///
/// # Errors
///
/// The driver refused the question.
pub fn classes(client: &Client, channel: i32) -> Result<Vec<u32>> {
    let mut bytes = header(V0_SCLASS, channel);
    let body = bytes.len();
    // struct nvif_ioctl_sclass_v0: version, count, pad[6], then (oclass s32, minver s16, maxver s16) each.
    bytes.extend([0, MAX_CLASSES, 0, 0, 0, 0, 0, 0]);
    bytes.resize(body + 8 + usize::from(MAX_CLASSES) * 8, 0);
    client.ioctl_bytes(NVIF, &mut bytes, "NVIF SCLASS")?;
    let count = usize::from(bytes[body + 1].min(MAX_CLASSES));
    Ok(bytes[body + 8..]
        .chunks_exact(8)
        .take(count)
        .map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]]))
        .collect())
}

/// Makes an engine object on a channel.
///
/// # Errors
///
/// The driver could not make it.
pub fn new_object(client: &Client, channel: i32, handle: u32, class: u32) -> Result<()> {
    let mut bytes = header(V0_NEW, channel);
    // struct nvif_ioctl_new_v0: version, pad[6], route, token, object, handle, oclass.
    bytes.extend([0; 8]);
    bytes.extend(0u64.to_le_bytes());
    bytes.extend(u64::from(handle).to_le_bytes());
    bytes.extend(handle.to_le_bytes());
    bytes.extend(class.to_le_bytes());
    client.ioctl_bytes(NVIF, &mut bytes, "NVIF NEW")
}

/// Picks the DMA copy class: every generation's ends in b5 (include/nvif/class.h, *_DMA_COPY_*).
///
/// # Errors
///
/// The channel offers none.
pub fn copy_class(classes: &[u32]) -> Result<u32> {
    match classes.iter().copied().filter(|c| c & 0xff == 0xb5).max() {
        Some(class) => Ok(class),
        None => bail!("the channel offers no copy class, only {classes:x?}"),
    }
}
