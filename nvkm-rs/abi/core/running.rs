// SPDX-License-Identifier: GPL-2.0

//! What is asked of a running RM by control, and what it says by event: the same for all versions,
//! in the driver's words.

use ::core::ops::Range;

use super::field::Fault;
use super::names::Event;
use super::services::WprLayout;

/// What raises interrupts, of what the driver has a part for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Engine {
    /// The GSP itself.
    Gsp,
    /// Displays; the second is for what must not wait, where the chip has such.
    Disp,
    /// Copy engines.
    Ce,
    /// Graphics.
    Gr,
    /// Video decoders.
    Nvdec,
    /// Video encoders.
    Nvenc,
    /// JPEG decoders.
    Nvjpg,
    /// Optical flow.
    Ofa,
}

/// Engines of a kind, whose indices follow one another: the first and the last index, the kind, the
/// first's number.
pub(super) type Engines = (u32, u32, Engine, u32);

/// One line of RM's interrupt table: `NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Interrupt {
    /// `engineIdx`, for [`Running::engine`]
    pub index: u32,
    /// `pmcIntrMask`
    pub pmc_mask: u32,
    /// `vectorStall`; all ones if there is none.
    pub stall: u32,
    /// `vectorNonStall`
    pub nonstall: u32,
}

/// Controls of RM's own subdevice.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Control {
    /// Which vectors engines interrupt by.
    InterruptTable,
    /// How compression tags are allocated, and more that the driver does not want to know.
    MemsysConfig,
    /// Which GPCs are there.
    GpcMask,
    /// Which TPCs of a GPC are there.
    TpcMask,
    /// Whether the GPU could be put to sleep.
    GcxPrerequisites,
}

impl Control {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::InterruptTable,
        Self::MemsysConfig,
        Self::GpcMask,
        Self::TpcMask,
        Self::GcxPrerequisites,
    ];
}

/// A control's number, and the bytes of its parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shape {
    /// `NV2080_CTRL_CMD_…`
    pub command: u32,
    /// The same in both directions.
    pub size: usize,
}

/// Which ways of sleeping the GPU is ready for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gcx {
    /// `bIsGC6Satisfied`
    pub gc6: bool,
    /// `bIsGCOFFSatisfied`
    pub gcoff: bool,
}

/// An event of an object: `rpc_post_event`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Posted {
    /// `hClient`
    pub client: u32,
    /// `hEvent`
    pub event: u32,
    /// `notifyIndex`
    pub notify_index: u32,
    /// `data`
    pub word: u32,
    /// `status`
    pub status: u32,
    /// `bNotifyList`
    pub notify_list: u8,
    /// Where in the message `eventData` is, `eventDataSize` bytes of it
    pub data: Range<usize>,
}

/// An error that RM has written into its log: `rpc_os_error_log`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OsError<'a> {
    /// `exceptType`: an Xid
    pub xid: u32,
    /// `errString`, up to its end or the field's.
    pub text: &'a [u8],
}

/// The class of libos prints that are the PMU's (rm/r535/gsp.c,
/// `NV_GSP_MSG_EVENT_UCODE_LIBOS_CLASS_PMU`).
pub const LIBOS_CLASS_PMU: u32 = 0xf3_d722;

/// What a microcontroller printed: `rpc_ucode_libos_print`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LibosPrint<'a> {
    /// Whose it is: the upper part of `ucode_eng_desc`.
    pub class: u32,
    /// `libos_print_buf_size`
    pub size: u32,
    /// `libos_print_buf`; none if the message has fewer bytes than it says.
    pub text: Option<&'a [u8]>,
}

/// One firmware version's interface to a running RM.
///
/// # Errors
///
/// As for [`Abi`](super::Abi).
pub trait Running {
    /// The engine of an index in the interrupt table, and which of its kind; none that the driver
    /// has a part for.
    fn engine(&self, index: u32) -> Option<(Engine, u32)>;

    /// A control's number and size; none if the version has no such control, or is not asked by it.
    fn control(&self, control: Control) -> Option<Shape>;

    /// How many lines the interrupt table has.
    #[allow(clippy::missing_errors_doc)]
    fn interrupts(&self, table: &[u8]) -> Result<usize, Fault>;

    /// One of them.
    #[allow(clippy::missing_errors_doc)]
    fn interrupt(&self, table: &[u8], line: usize) -> Result<Interrupt, Fault>;

    /// Of the memory system's configuration: whether compression tags are allocated in raw mode.
    #[allow(clippy::missing_errors_doc)]
    fn raw_comptags(&self, config: &[u8]) -> Result<bool, Fault>;

    /// The mask of GPCs.
    #[allow(clippy::missing_errors_doc)]
    fn gpc_mask(&self, info: &[u8]) -> Result<u32, Fault>;

    /// Writes the question for a GPC's TPCs.
    #[allow(clippy::missing_errors_doc)]
    fn tpc_question(&self, gpc: u32, out: &mut [u8]) -> Result<usize, Fault>;

    /// The mask of TPCs.
    #[allow(clippy::missing_errors_doc)]
    fn tpc_mask(&self, info: &[u8]) -> Result<u32, Fault>;

    /// What the GPU is ready for. Versions without [`Control::GcxPrerequisites`] are ready.
    #[allow(clippy::missing_errors_doc)]
    fn gcx(&self, answer: &[u8]) -> Result<Gcx, Fault>;

    /// Writes into `GspFwWprMeta` where RM has put what the driver had left open; the rest stays.
    #[allow(clippy::missing_errors_doc)]
    fn wpr_moved(&self, layout: &WprLayout, meta: &mut [u8]) -> Result<usize, Fault>;

    /// Whether RM wants to know of the displays' multiplexers.
    fn wants_mux(&self) -> bool;

    /// Events that are dropped in silence, besides those that are so with all versions. With
    /// `debug` those are left out that a person who looks for trouble wants to see.
    fn dropped(&self, debug: bool) -> &'static [Event];

    /// Reads `rpc_post_event`: [`Fault::Value`] if there is more or less data than it says.
    #[allow(clippy::missing_errors_doc)]
    fn posted(&self, message: &[u8]) -> Result<Posted, Fault>;

    /// Reads `rpc_os_error_log`.
    #[allow(clippy::missing_errors_doc)]
    fn os_error<'a>(&self, message: &'a [u8]) -> Result<OsError<'a>, Fault>;

    /// Reads `rpc_ucode_libos_print`.
    #[allow(clippy::missing_errors_doc)]
    fn libos_print<'a>(&self, message: &'a [u8]) -> Result<LibosPrint<'a>, Fault>;
}
