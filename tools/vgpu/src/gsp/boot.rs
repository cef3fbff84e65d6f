// SPDX-License-Identifier: GPL-2.0
//! What the driver hands over at boot: WPR metadata, firmware by way of radix3, libos arguments, RM arguments.
//!
//! Shapes: `GspFwWprMeta`, `GspFwSRMeta`, `LibosMemoryRegionInitArgument`, `GSP_ARGUMENTS_CACHED` of nvrm/gsp.h.

use sha2::{Digest, Sha256};

use crate::mem::{le32, le64, Bus};
use crate::trace::push_hex;

/// `GSP_FW_WPR_META_MAGIC`.
pub const WPR_META_MAGIC: u64 = 0xdc3a_ae21_371a_60b3;
/// `GSP_FW_SR_META_MAGIC`.
pub const SR_META_MAGIC: u64 = 0x8a3b_b9e6_c6c3_9d93;

const PAGE: u64 = 0x1000;
/// Largest firmware image that radix3 can describe with one page of level 1.
const MAX_IMAGE: u64 = 512 * 512 * PAGE;

/// Versions whose ABI the model knows.
const VERSIONS: [&str; 2] = ["570.144", "535.113.01"];

/// A buffer and its digest.
#[derive(Debug, Clone)]
pub struct Buffer {
    /// What it is.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// The first page in hexadecimal, without trailing zeros (empty for what is firmware): addresses are in there,
    /// which a comparison has to treat as such.
    pub head: String,
    /// SHA-256 of what is behind the first page.
    pub tail_sha256: String,
}

/// The part of the WPR metadata that the model uses.
#[derive(Debug, Clone, Default)]
pub struct WprMeta {
    /// Address of level 0 of the firmware's radix3 table.
    pub radix3: u64,
    /// Bytes of the firmware image.
    pub image_size: u64,
    /// First byte that is not RM's to hand out.
    pub rsvd_start: u64,
    /// WPR2's first byte.
    pub wpr_start: u64,
    /// Byte behind WPR2.
    pub wpr_end: u64,
    /// WPR heap.
    pub heap: (u64, u64),
    /// FRTS region.
    pub frts: (u64, u64),
    /// Frame buffer size as the driver read it.
    pub fb_size: u64,
}

/// All that the booter reads.
#[derive(Debug, Clone, Default)]
pub struct Handover {
    /// Metadata.
    pub meta: WprMeta,
    /// Everything that was handed over, with digests.
    pub buffers: Vec<Buffer>,
    /// Firmware version found in the image.
    pub version: Option<&'static str>,
    /// What does not make sense.
    pub complaints: Vec<String>,
}

fn digest(name: &str, data: &[u8]) -> Buffer {
    const FIRMWARE: [&str; 3] = ["radix3", "bootloader", "signature"];
    let hex = |bytes: &[u8]| {
        let mut text = String::with_capacity(bytes.len() * 2);
        push_hex(&mut text, bytes);
        text
    };
    let (first, rest) = data.split_at(data.len().min(4096));
    let used = first.iter().rposition(|b| *b != 0).map_or(0, |n| n + 1);
    let driver_made = !FIRMWARE.contains(&name);
    Buffer {
        name: name.into(),
        size: data.len() as u64,
        sha256: hex(&Sha256::digest(data)),
        head: if driver_made {
            hex(&first[..used])
        } else {
            String::new()
        },
        tail_sha256: if driver_made {
            hex(&Sha256::digest(rest))
        } else {
            String::new()
        },
    }
}

/// Reads one buffer of guest memory and digests it.
///
/// # Errors
/// A sentence, when the size is absurd or the memory is not there.
pub fn buffer(bus: &Bus, name: &str, addr: u64, size: u64) -> Result<Buffer, String> {
    if size > MAX_IMAGE {
        return Err(format!("{name}: {size:#x} bytes"));
    }
    let mut data = vec![0; size as usize];
    bus.mem
        .read(addr, &mut data)
        .map_err(|e| format!("{name}: {e}"))?;
    Ok(digest(name, &data))
}

/// Follows a radix3 table.
///
/// # Errors
/// A sentence that says where it ends.
pub fn radix3(bus: &Bus, level0: u64, size: u64) -> Result<Vec<u8>, String> {
    if size == 0 || size > MAX_IMAGE {
        return Err(format!("radix3: image of {size:#x} bytes"));
    }
    let word = |addr: u64| -> Result<u64, String> {
        let mut b = [0; 8];
        bus.mem
            .read(addr, &mut b)
            .map_err(|e| format!("radix3: {e}"))?;
        Ok(u64::from_le_bytes(b))
    };
    let level1 = word(level0)?;
    let mut image = vec![0; size as usize];
    let mut level2 = vec![0; PAGE as usize];
    for (n, page) in image.chunks_mut(PAGE as usize).enumerate() {
        let (i, j) = (n as u64 / 512, n % 512);
        if j == 0 {
            let at = word(level1.wrapping_add(i * 8))?;
            bus.mem
                .read(at, &mut level2)
                .map_err(|e| format!("radix3 level 2, page {i}: {e}"))?;
        }
        bus.mem
            .read(le64(&level2, j * 8), page)
            .map_err(|e| format!("radix3 image, page {n}: {e}"))?;
    }
    Ok(image)
}

/// The version that a firmware image names most often, of those the model knows.
fn find_version(image: &[u8]) -> Option<&'static str> {
    VERSIONS
        .iter()
        .map(|v| {
            let first = v.as_bytes()[0];
            let count = image
                .windows(v.len())
                .filter(|w| w[0] == first && *w == v.as_bytes())
                .take(64)
                .count();
            (count, *v)
        })
        .filter(|(count, _)| *count > 0)
        .max_by_key(|(count, _)| *count)
        .map(|(_, v)| v)
}

/// Reads what the metadata at `addr` points to.
///
/// # Errors
/// A sentence, when there is no metadata there at all.
pub fn read_wpr_meta(bus: &Bus, addr: u64, vram: u64) -> Result<Handover, String> {
    let mut m = [0; 256];
    bus.mem
        .read(addr, &mut m)
        .map_err(|e| format!("WPR metadata: {e}"))?;
    let (magic, revision) = (le64(&m, 0), le64(&m, 8));
    if magic != WPR_META_MAGIC || revision != 1 {
        return Err(format!(
            "WPR metadata at {addr:#x} begins with {magic:#x}, revision {revision}"
        ));
    }
    let meta = WprMeta {
        radix3: le64(&m, 16),
        image_size: le64(&m, 24),
        rsvd_start: le64(&m, 88),
        wpr_start: le64(&m, 112),
        wpr_end: le64(&m, 168),
        heap: (le64(&m, 120), le64(&m, 128)),
        frts: (le64(&m, 152), le64(&m, 160)),
        fb_size: le64(&m, 176),
    };
    let mut h = Handover {
        meta: meta.clone(),
        ..Handover::default()
    };
    h.buffers.push(digest("wpr_meta", &m));
    match radix3(bus, meta.radix3, meta.image_size) {
        Ok(image) => {
            h.version = find_version(&image);
            h.buffers.push(digest("radix3", &image));
        }
        Err(e) => h.complaints.push(e),
    }
    for (name, addr, size) in [
        ("bootloader", le64(&m, 32), le64(&m, 40)),
        ("signature", le64(&m, 72), le64(&m, 80)),
    ] {
        match buffer(bus, name, addr, size) {
            Ok(b) => h.buffers.push(b),
            Err(e) => h.complaints.push(e),
        }
    }
    check_layout(&meta, vram, &mut h.complaints);
    Ok(h)
}

/// The order in which the pieces must lie in video memory (tu102_gsp_oneinit() in nvkm/subdev/gsp/tu102.c).
fn check_layout(m: &WprMeta, vram: u64, complaints: &mut Vec<String>) {
    if m.fb_size != vram {
        complaints.push(format!("WPR metadata: fbSize {:#x}", m.fb_size));
    }
    let frts_end = m.frts.0.checked_add(m.frts.1);
    let heap_end = m.heap.0.checked_add(m.heap.1);
    let in_order = m.rsvd_start < m.wpr_start
        && m.wpr_start < m.heap.0
        && heap_end.is_some_and(|e| e <= m.frts.0)
        && frts_end.is_some_and(|e| e <= m.wpr_end)
        && m.wpr_end <= vram;
    if !in_order {
        complaints.push(format!("WPR metadata: layout {m:x?}"));
    }
}

/// The booter's argument is the metadata of a suspended RM (`GspFwSRMeta`).
pub fn is_suspended(bus: &Bus, addr: u64) -> bool {
    let mut magic = [0; 8];
    bus.mem.read(addr, &mut magic).is_ok() && u64::from_le_bytes(magic) == SR_META_MAGIC
}

/// libos arguments: name and memory of each region.
#[derive(Debug, Clone, Default)]
pub struct Libos {
    /// (name, address, bytes)
    pub regions: Vec<(String, u64, u64)>,
}

impl Libos {
    /// Reads the array at `addr`; it ends at an empty name.
    ///
    /// # Errors
    /// A sentence, when there is no memory.
    pub fn read(bus: &Bus, addr: u64) -> Result<Self, String> {
        let mut d = [0; PAGE as usize];
        bus.mem
            .read(addr, &mut d)
            .map_err(|e| format!("libos arguments: {e}"))?;
        let regions = d
            .chunks_exact(32)
            .take_while(|a| le64(a, 0) != 0)
            .take(16)
            .map(|a| {
                let id = le64(a, 0).to_be_bytes();
                let name = id
                    .iter()
                    .filter(|b| **b != 0)
                    .map(|b| {
                        if b.is_ascii_graphic() {
                            *b as char
                        } else {
                            '?'
                        }
                    })
                    .collect();
                (name, le64(a, 8), le64(a, 16))
            })
            .collect();
        Ok(Self { regions })
    }

    /// Address of a region.
    pub fn find(&self, name: &str) -> Option<(u64, u64)> {
        self.regions
            .iter()
            .find(|r| r.0 == name)
            .map(|r| (r.1, r.2))
    }
}

/// RM arguments: where the queues are. The same in r535 and r570 up to offset 32.
#[derive(Debug, Clone, Copy, Default)]
pub struct RmArgs {
    /// Bus address of the shared memory.
    pub shared: u64,
    /// Entries of the page table at its beginning.
    pub ptes: u32,
    /// Offset of the command queue.
    pub cmdq: u64,
    /// Offset of the message (status) queue.
    pub msgq: u64,
}

impl RmArgs {
    /// Reads the arguments at `addr`.
    ///
    /// # Errors
    /// A sentence, when there is no memory.
    pub fn read(bus: &Bus, addr: u64) -> Result<Self, String> {
        let mut d = [0; 32];
        bus.mem
            .read(addr, &mut d)
            .map_err(|e| format!("RM arguments: {e}"))?;
        Ok(Self {
            shared: le64(&d, 0),
            ptes: le32(&d, 8),
            cmdq: le64(&d, 16),
            msgq: le64(&d, 24),
        })
    }
}
