// SPDX-License-Identifier: GPL-2.0

//! Memory that the firmware wants in the frame buffer.
//!
//! Source: `GSP_FW_HEAP_PARAM_*` of nvrm/gsp.h, and how `tu102_gsp_wpr_heap_size()`
//! (nvkm/subdev/gsp/tu102.c) adds them up.

/// Which operating system the firmware runs on: chips differ.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Libos {
    /// libos 2: Turing and GA100.
    Two,
    /// libos 3 on the bare GPU: GA102 and later.
    Three,
}

/// Which RM is in the firmware.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rm {
    /// Turing to Ada.
    Tu10x,
    /// Hopper and later.
    Gh100,
}

/// What one libos wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Heap {
    /// Bytes for the operating system (`GSP_FW_HEAP_PARAM_OS_SIZE_*`).
    pub os_carveout: u64,
    /// Least bytes of the whole heap (`GSP_FW_HEAP_SIZE_OVERRIDE_*_MIN_MB`, which counts
    /// megabytes).
    pub least: u64,
}

/// A version's parameters; all sizes are bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sizing {
    /// For [`Libos::Two`].
    pub libos2: Heap,
    /// For [`Libos::Three`].
    pub libos3: Heap,
    /// RM's own, Turing to Ada.
    pub base_tu10x: u64,
    /// RM's own, Hopper and later; none where the version does not know such chips.
    pub base_gh100: Option<u64>,
    /// For each gigabyte of frame buffer, begun ones included.
    pub per_gb: u64,
    /// For channels and other objects of clients.
    pub client: u64,
}

const MEGABYTE: u64 = 1 << 20;

impl Sizing {
    /// Bytes of the heap in WPR2 for a frame buffer of `frame_buffer` bytes, without what rounding
    /// its place adds.
    ///
    /// `None`: the version has no such RM, or the frame buffer is absurd.
    #[must_use]
    pub fn wpr_heap(&self, libos: Libos, rm: Rm, frame_buffer: u64) -> Option<u64> {
        let heap = match libos {
            Libos::Two => &self.libos2,
            Libos::Three => &self.libos3,
        };
        let base = match rm {
            Rm::Tu10x => self.base_tu10x,
            Rm::Gh100 => self.base_gh100?,
        };
        let frames = self
            .per_gb
            .checked_mul(frame_buffer.div_ceil(1 << 30))?
            .checked_next_multiple_of(MEGABYTE)?;
        let sum = heap
            .os_carveout
            .checked_add(base)?
            .checked_add(frames)?
            .checked_add(self.client.checked_next_multiple_of(MEGABYTE)?)?;
        Some(sum.max(heap.least))
    }
}
