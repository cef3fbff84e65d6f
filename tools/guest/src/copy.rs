// SPDX-License-Identifier: GPL-2.0
//! A user's client that copies: VM_INIT, channel, GEM, mmap, VM_BIND, EXEC, syncobj.

use anyhow::bail;
use anyhow::Result;
use serde_json::json;
use serde_json::Value;

use crate::drm::Client;
use crate::drm::Domain;
use crate::nvif;

/// Two pages more than a power of two: a copy that stops at a round number is noticed.
const COPY_BYTES: usize = (64 + 2) * 4096;
/// One line of the pitch copy; the class wants a multiple of nothing, so an odd number of lines results.
const LINE: u32 = 8192;
/// GPU addresses, each on a 2 MiB border so that the driver may use any page size.
const VA_PUSH: u64 = 0x1000_0000;
const VA_SOURCE: u64 = 0x1020_0000;
const VA_VRAM: u64 = 0x1040_0000;
const VA_BACK: u64 = 0x1060_0000;
/// Subchannel for copies (`NvSubCopy`, nouveau_dma.h).
const SUBC: u32 = 4;

/// A method header that writes `values` to consecutive methods (NV906F DMA_INCR, nvhw/class/cl906f.h).
fn methods(push: &mut Vec<u32>, method: u32, values: &[u32]) {
    push.push(0x2000_0000 | ((values.len() as u32) << 16) | (SUBC << 13) | (method >> 2));
    push.extend(values);
}

/// One pitch copy of whole lines.  Methods: NVA0B5 OFFSET_IN_UPPER…LINE_COUNT 0x400, LAUNCH_DMA 0x300 (cla0b5.h).
fn push_copy(push: &mut Vec<u32>, from: u64, to: u64) {
    let (hi, lo) = (|a: u64| (a >> 32) as u32, |a: u64| a as u32);
    let lines = COPY_BYTES as u32 / LINE;
    methods(
        push,
        0x400,
        &[hi(from), lo(from), hi(to), lo(to), LINE, LINE, LINE, lines],
    );
    // NON_PIPELINED, FLUSH_ENABLE, both sides PITCH, MULTI_LINE_ENABLE, virtual addresses.
    methods(
        push,
        0x300,
        &[2 | (1 << 2) | (1 << 7) | (1 << 8) | (1 << 9)],
    );
}

/// System memory -> VRAM -> system memory by the copy engine of the card whose render node this is, then compared.
///
/// # Errors
///
/// A request failed, or a byte that came back is another.
pub fn run(node: &str) -> Result<Value> {
    let client = Client::open(node)?;
    let channel = client.copy_channel()?;
    let class = nvif::copy_class(&nvif::classes(&client, channel)?)?;
    nvif::new_object(&client, channel, 0xce00, class)?;

    let mut push_bo = client.buffer(Domain::Gart, 4096, VA_PUSH, true)?;
    let mut source = client.buffer(Domain::Gart, COPY_BYTES, VA_SOURCE, true)?;
    let _vram = client.buffer(Domain::Vram, COPY_BYTES, VA_VRAM, false)?;
    let mut back = client.buffer(Domain::Gart, COPY_BYTES, VA_BACK, true)?;

    // A multiplicative pattern: no two words alike, so that data in the wrong place is seen too.
    for (n, word) in source.bytes().chunks_exact_mut(4).enumerate() {
        word.copy_from_slice(
            &(n as u32)
                .wrapping_mul(0x9e37_79b1)
                .wrapping_add(1)
                .to_le_bytes(),
        );
    }
    back.bytes().fill(0);

    let mut push = Vec::new();
    methods(&mut push, 0x000, &[class]);
    push_copy(&mut push, VA_SOURCE, VA_VRAM);
    push_copy(&mut push, VA_VRAM, VA_BACK);
    for (word, to) in push.iter().zip(push_bo.bytes().chunks_exact_mut(4)) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    client.execute(channel, VA_PUSH, push.len() as u32 * 4, 10)?;

    let wrong = source
        .bytes()
        .iter()
        .zip(back.bytes().iter())
        .position(|(a, b)| a != b);
    if let Some(at) = wrong {
        let (a, b) = (source.bytes()[at], back.bytes()[at]);
        bail!("the copy is wrong at byte {at}: {b:#04x} instead of {a:#04x}");
    }
    client.free_channel(channel)?;
    Ok(json!({"class": format!("{class:#06x}"), "bytes": COPY_BYTES}))
}
