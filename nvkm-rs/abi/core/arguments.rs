// SPDX-License-Identifier: GPL-2.0

//! What is handed over at boot: the same for all versions, in the driver's words.
//!
//! Each type says which of NVIDIA's it becomes. Addresses are bus addresses, sizes bytes, unless
//! something else is said.

use super::versions;

/// A range of memory.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Range {
    /// First byte.
    pub addr: u64,
    /// Bytes.
    pub size: u64,
}

/// Where the RISC-V bootloader's pieces are: `RM_RISCV_UCODE_DESC`. Offsets count from the image's
/// beginning.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UcodeDesc {
    /// `appVersion`, to be written to the falcon's OS register.
    pub app_version: u32,
    /// `monitorCodeOffset`
    pub code_offset: u32,
    /// `monitorDataOffset`
    pub data_offset: u32,
    /// `manifestOffset`
    pub manifest_offset: u32,
}

/// For the booter: `GspFwWprMeta`. All in the frame buffer but `radix3`, `bootloader` and
/// `signature`, which are in system memory.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WprMeta {
    /// Level 0 of the image's page table, and bytes of the image.
    pub radix3: Range,
    /// The RISC-V bootloader.
    pub bootloader: Range,
    /// Its pieces.
    pub ucode: UcodeDesc,
    /// The image's signature.
    pub signature: Range,
    /// `gspFwRsvdStart`
    pub reserved_start: u64,
    /// Heap outside of WPR2.
    pub non_wpr_heap: Range,
    /// `gspFwWprStart`
    pub wpr_start: u64,
    /// `gspFwWprEnd`
    pub wpr_end: u64,
    /// Heap in WPR2.
    pub heap: Range,
    /// `gspFwOffset`
    pub image_offset: u64,
    /// `bootBinOffset`
    pub bootloader_offset: u64,
    /// FRTS region.
    pub frts: Range,
    /// `fbSize`
    pub frame_buffer: u64,
    /// VGA workspace.
    pub vga_workspace: Range,
    /// `pmuReservedSize`; an error where the version has no such field and it is not 0.
    pub pmu_reserved: u32,
}

/// Bytes of `GspFwWprMeta`: all versions', by assertion.
pub const WPR_META_SIZE: usize = size_of::<versions::r535::GspFwWprMeta>();
const _: () = {
    #[cfg(feature = "r550")]
    assert!(size_of::<versions::r550::GspFwWprMeta>() == WPR_META_SIZE);
    assert!(size_of::<versions::r570::GspFwWprMeta>() == WPR_META_SIZE);
};

/// For the booter, to resume: `GspFwSRMeta`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SrMeta {
    /// Level 0 of the saved data's page table, and bytes of the data.
    pub data: Range,
}

/// Where the queues are: `MESSAGE_QUEUE_INIT_ARGUMENTS` of `GSP_ARGUMENTS_CACHED`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RmArgs {
    /// Shared memory.
    pub shared: u64,
    /// Entries of the page table at its beginning.
    pub pages: u32,
    /// Offset of the command queue in it.
    pub commands: u64,
    /// Offset of the message queue in it.
    pub messages: u64,
    /// Whether the firmware comes back from suspend.
    pub resume: bool,
}

/// A region of memory for libos: `LibosMemoryRegionInitArgument`, contiguous, in system memory.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LibosRegion {
    /// Its name, at most eight characters.
    pub name: &'static str,
    /// Where it is.
    pub memory: Range,
}

impl LibosRegion {
    /// The name as `id8`: the first character in the highest byte used (`r535_gsp_libos_id8()`).
    #[must_use]
    pub fn id8(&self) -> u64 {
        let mut id = 0_u64;
        for byte in self.name.bytes().take(8) {
            id = (id << 8_u32) | u64::from(byte);
        }
        id
    }
}

/// For GSP-FMC, from Hopper on: `GSP_FMC_BOOT_PARAMS`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FmcBootParams {
    /// `GspFwWprMeta`, or `GspFwSRMeta` to resume.
    pub meta: Range,
    /// The libos arguments.
    pub libos: u64,
}
