// SPDX-License-Identifier: GPL-2.0
//! What the driver hands over at boot: WPR metadata, firmware by way of radix3, libos arguments, RM arguments.
//!
//! Shapes: `GspFwWprMeta`, `GspFwSRMeta`, `LibosMemoryRegionInitArgument`, `GSP_ARGUMENTS_CACHED` of nvrm/gsp.h.

use crate::buffer::{Buffer, Content};
use crate::chips::Chip;
use crate::gsp::radix3::{self, Depth, MAX_IMAGE};
use crate::mem::{le32, le64, Bus};

/// `GSP_FW_WPR_META_MAGIC`.
pub const WPR_META_MAGIC: u64 = 0xdc3a_ae21_371a_60b3;
/// `GSP_FW_SR_META_MAGIC`.
pub const SR_META_MAGIC: u64 = 0x8a3b_b9e6_c6c3_9d93;

const PAGE: u64 = 0x1000;

/// Versions whose ABI the model knows.
const VERSIONS: [&str; 2] = ["570.144", "535.113.01"];

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

/// Reads one buffer of guest memory and digests it.
///
/// # Errors
/// A sentence, when the size is absurd or the memory is not there.
pub fn buffer(
    bus: &Bus,
    name: &str,
    addr: u64,
    size: u64,
    content: Content,
) -> Result<Buffer, String> {
    if size > MAX_IMAGE {
        return Err(format!("{name}: {size:#x} bytes"));
    }
    let mut data = vec![0; size as usize];
    bus.mem
        .read(addr, &mut data)
        .map_err(|e| format!("{name}: {e}"))?;
    Ok(Buffer::of(name, &data, content))
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
pub fn read_wpr_meta(bus: &Bus, addr: u64, chip: &Chip) -> Result<Handover, String> {
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
    h.buffers.push(Buffer::of("wpr_meta", &m, Content::Driver));
    match radix3::follow(bus, "radix3", meta.radix3, meta.image_size, Depth::Image) {
        Ok(found) => {
            h.version = find_version(&found.image);
            h.buffers.extend(found.tables);
            let image = Buffer::of("radix3", &found.image, Content::Firmware);
            let zero = found.padding.iter().all(|b| *b == 0);
            h.buffers.push(
                image
                    .with("padding", found.padding.len())
                    .with("padding_zero", zero),
            );
        }
        Err(e) => h.complaints.push(e),
    }
    for (name, addr, size) in [
        ("bootloader", le64(&m, 32), le64(&m, 40)),
        ("signature", le64(&m, 72), le64(&m, 80)),
    ] {
        match buffer(bus, name, addr, size, Content::Firmware) {
            Ok(b) => h.buffers.push(b),
            Err(e) => h.complaints.push(e),
        }
    }
    check_layout(&meta, chip, &mut h.complaints);
    Ok(h)
}

/// The order in which the pieces must lie in video memory (tu102_gsp_oneinit() in nvkm/subdev/gsp/tu102.c): all of it below what
/// is locked, and a region for FRTS only where FWSEC makes one.
fn check_layout(m: &WprMeta, chip: &Chip, complaints: &mut Vec<String>) {
    if m.fb_size != chip.vram {
        complaints.push(format!("WPR metadata: fbSize {:#x}", m.fb_size));
    }
    if (m.frts.1 != 0) != chip.family.has_frts() {
        complaints.push(format!("WPR metadata: frtsSize {:#x}", m.frts.1));
    }
    let frts_end = m.frts.0.checked_add(m.frts.1);
    let heap_end = m.heap.0.checked_add(m.heap.1);
    let in_order = m.rsvd_start < m.wpr_start
        && m.wpr_start < m.heap.0
        && heap_end.is_some_and(|e| e <= m.frts.0)
        && frts_end.is_some_and(|e| e <= m.wpr_end)
        && m.wpr_end <= chip.memory_end();
    if !in_order {
        complaints.push(format!("WPR metadata: layout {m:x?}"));
    }
}

/// The booter's argument is the metadata of a suspended RM (`GspFwSRMeta`).
pub fn is_suspended(bus: &Bus, addr: u64) -> bool {
    let mut magic = [0; 8];
    bus.mem.read(addr, &mut magic).is_ok() && u64::from_le_bytes(magic) == SR_META_MAGIC
}

/// What a suspended RM is kept by: its metadata, and the tables to the memory that it goes to. The data in there is
/// GSP's own.
///
/// # Errors
/// A sentence, when the tables do not lead to memory.
pub fn suspended(bus: &Bus, addr: u64) -> Result<Vec<Buffer>, String> {
    let mut m = [0; 256];
    bus.mem
        .read(addr, &mut m)
        .map_err(|e| format!("suspend metadata: {e}"))?;
    let mut buffers = vec![Buffer::of("sr_meta", &m, Content::Driver)];
    let (table, size) = (le64(&m, 16), le64(&m, 24));
    buffers.extend(radix3::follow(bus, "suspend radix3", table, size, Depth::Tables)?.tables);
    Ok(buffers)
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
