// SPDX-License-Identifier: GPL-2.0

//! [`Abi`]: everything that a firmware version decides.

use super::arguments::{FmcBootParams, LibosRegion, RmArgs, SrMeta, UcodeDesc, WprMeta};
use super::field::Fault;
use super::names::{Event, Function};
use super::running::Running;
use super::services::{InitStep, RegistryEntry, StaticInfo, SystemInfo};
use super::sizing::Sizing;

/// One firmware version's interface. Functions that write give the number of bytes that they wrote,
/// which is the size of NVIDIA's type; what they do not set is 0.
///
/// # Errors
///
/// Those that write: [`Fault::Short`] (`out` is smaller than the type), [`Fault::Large`] (a value
/// does not fit the version's field). Those that read: [`Fault::Short`], [`Fault::Value`] (a count
/// above its table).
pub trait Abi: Running + Sync {
    /// The version, as in the firmware files' names.
    fn version(&self) -> &'static str;

    /// Memory that the firmware wants.
    fn sizing(&self) -> &'static Sizing;

    /// A function's number.
    fn function(&self, function: Function) -> u32;

    /// An event's number; none if the version has no such event.
    fn event_number(&self, event: Event) -> Option<u32>;

    /// The event of a number; none if it is no event that the driver knows.
    fn event(&self, number: u32) -> Option<Event>;

    /// The name of a function or event number.
    fn name(&self, number: u32) -> Option<&'static str>;

    /// What to do once the firmware has said INIT_DONE.
    fn init_steps(&self) -> &'static [InitStep];

    /// Reads `RM_RISCV_UCODE_DESC`.
    #[allow(clippy::missing_errors_doc)]
    fn ucode_desc(&self, bytes: &[u8]) -> Result<UcodeDesc, Fault>;

    /// Writes `GspFwWprMeta`.
    #[allow(clippy::missing_errors_doc)]
    fn wpr_meta(&self, meta: &WprMeta, out: &mut [u8]) -> Result<usize, Fault>;

    /// Writes `GspFwSRMeta`.
    #[allow(clippy::missing_errors_doc)]
    fn sr_meta(&self, meta: &SrMeta, out: &mut [u8]) -> Result<usize, Fault>;

    /// Bytes that the firmware saves at suspend: of WPR2 as it was laid out.
    fn sr_data_size(&self, meta: &WprMeta) -> Option<u64>;

    /// Writes `GSP_ARGUMENTS_CACHED`.
    #[allow(clippy::missing_errors_doc)]
    fn rm_args(&self, args: &RmArgs, out: &mut [u8]) -> Result<usize, Fault>;

    /// Writes `rpc_unloading_guest_driver`: the driver goes, or (`suspend`) sleeps.
    #[allow(clippy::missing_errors_doc)]
    fn unloading(&self, suspend: bool, out: &mut [u8]) -> Result<usize, Fault>;

    /// Bytes of `rpc_unloading_guest_driver`.
    fn unloading_size(&self) -> usize;

    /// Writes one `LibosMemoryRegionInitArgument`.
    #[allow(clippy::missing_errors_doc)]
    fn libos_region(&self, region: &LibosRegion, out: &mut [u8]) -> Result<usize, Fault>;

    /// Writes `GSP_FMC_BOOT_PARAMS`; none if the version knows no chip that has GSP-FMC.
    #[allow(clippy::missing_errors_doc)]
    fn fmc_boot_params(
        &self,
        params: &FmcBootParams,
        out: &mut [u8],
    ) -> Result<Option<usize>, Fault>;

    /// Writes `GspSystemInfo`.
    #[allow(clippy::missing_errors_doc)]
    fn system_info(&self, info: &SystemInfo<'_>, out: &mut [u8]) -> Result<usize, Fault>;

    /// Bytes of `GspSystemInfo`.
    fn system_info_size(&self) -> usize;

    /// Writes `PACKED_REGISTRY_TABLE` with these entries, all their names and values behind them.
    #[allow(clippy::missing_errors_doc)]
    fn registry(&self, entries: &[RegistryEntry<'_>], out: &mut [u8]) -> Result<usize, Fault>;

    /// Bytes of that table; none if they are absurdly many.
    fn registry_size(&self, entries: &[RegistryEntry<'_>]) -> Option<usize>;

    /// Reads `GspStaticConfigInfo`.
    #[allow(clippy::missing_errors_doc)]
    fn static_info(&self, bytes: &[u8]) -> Result<StaticInfo, Fault>;

    /// Bytes of `GspStaticConfigInfo`.
    fn static_info_size(&self) -> usize;
}
