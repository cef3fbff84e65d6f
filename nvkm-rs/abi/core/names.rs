// SPDX-License-Identifier: GPL-2.0

//! Function and event numbers.
//!
//! Numbers are those of `NV_VGPU_MSG_FUNCTION_*` and `NV_VGPU_MSG_EVENT_*` (nvrm/rpcfn.h,
//! nvrm/msgfn.h), names those without the prefix. The tables of all names are made of the same
//! headers at build time.

use ::core::fmt;

use super::versions;

/// Declares numbers that the driver uses, by NVIDIA's names.
macro_rules! numbers {
    ($(#[$meta:meta])* $type:ident { $($(#[$doc:meta])* $variant:ident = $name:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $type {
            $($(#[$doc])* $variant,)*
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// NVIDIA's name, without its prefix.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($name),)*
                }
            }
        }
    };
}

numbers! {
    /// Functions that the driver calls.
    Function {
        /// None (see `r535_gsp_msg_recv`).
        Nop = NOP,
        /// Allocates memory that the driver describes.
        AllocMemory = ALLOC_MEMORY,
        /// Frees an object.
        Free = FREE,
        /// Says that the driver goes.
        UnloadingGuestDriver = UNLOADING_GUEST_DRIVER,
        /// Asks for `GspStaticConfigInfo`.
        GetGspStaticInfo = GET_GSP_STATIC_INFO,
        /// Gives BAR1's or BAR2's page directory.
        UpdateBarPde = UPDATE_BAR_PDE,
        /// More of the command or reply before it.
        ContinuationRecord = CONTINUATION_RECORD,
        /// Gives `GspSystemInfo`.
        GspSetSystemInfo = GSP_SET_SYSTEM_INFO,
        /// Gives `PACKED_REGISTRY_TABLE`.
        SetRegistry = SET_REGISTRY,
        /// Calls a control.
        GspRmControl = GSP_RM_CONTROL,
        /// Allocates an object.
        GspRmAlloc = GSP_RM_ALLOC,
    }
}

numbers! {
    /// Events that the driver knows.
    Event {
        /// The firmware has come up.
        GspInitDone = GSP_INIT_DONE,
        /// Registers to be accessed on the firmware's behalf.
        GspRunCpuSequencer = GSP_RUN_CPU_SEQUENCER,
        /// An event of an object.
        Posted = POST_EVENT,
        /// A channel has failed.
        RcTriggered = RC_TRIGGERED,
        /// A fault was queued.
        MmuFaultQueued = MMU_FAULT_QUEUED,
        /// An Xid.
        OsErrorLog = OS_ERROR_LOG,
        /// libos prints.
        UcodeLibosPrint = UCODE_LIBOS_PRINT,
        /// Dropped.
        PerfBridgelessInfoUpdate = PERF_BRIDGELESS_INFO_UPDATE,
        /// Dropped.
        GspSendUserSharedData = GSP_SEND_USER_SHARED_DATA,
        /// Dropped.
        GspLockdownNotice = GSP_LOCKDOWN_NOTICE,
        /// Dropped.
        GspPostNocatRecord = GSP_POST_NOCAT_RECORD,
    }
}

/// Numbers that all versions agree on, by assertion: for the queues, which work below any version.
macro_rules! common {
    ($($(#[$meta:meta])* $constant:ident = $name:ident;)*) => {
        $(
            $(#[$meta])*
            pub const $constant: u32 = versions::r535::$name;
            #[cfg(feature = "r550")]
            const _: () = assert!(versions::r550::$name == $constant);
            const _: () = assert!(versions::r570::$name == $constant);
        )*
    };
}

common! {
    /// [`Function::Nop`]
    NOP = NV_VGPU_MSG_FUNCTION_NOP;
    /// [`Function::ContinuationRecord`]
    CONTINUATION_RECORD = NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD;
    /// Numbers from here on are events.
    FIRST_EVENT = NV_VGPU_MSG_EVENT_FIRST_EVENT;
    /// [`Event::GspInitDone`]
    GSP_INIT_DONE = NV_VGPU_MSG_EVENT_GSP_INIT_DONE;
    /// [`Event::GspRunCpuSequencer`]
    GSP_RUN_CPU_SEQUENCER = NV_VGPU_MSG_EVENT_GSP_RUN_CPU_SEQUENCER;
}

/// Whether a number is an event's, that is nobody's reply.
#[must_use]
pub fn is_event(number: u32) -> bool {
    number >= FIRST_EVENT
}

/// The name of a number, if all versions that have it call it so: for those who do not know the
/// version.
#[must_use]
pub fn common_name(number: u32) -> Option<&'static str> {
    let mut common = None;
    for abi in super::VERSIONS {
        match (common, abi.name(number)) {
            (_, None) => {}
            (None, name) => common = name,
            (Some(a), Some(b)) if a == b => {}
            _ => return None,
        }
    }
    common
}

/// Looks a number up in a generated table, which is in the order of numbers.
#[must_use]
pub fn lookup(table: &[(u32, &'static str)], number: u32) -> Option<&'static str> {
    let at = table.binary_search_by_key(&number, |(n, _)| *n).ok()?;
    table.get(at).map(|(_, name)| *name)
}

/// Displays a function as in `72 GSP_SET_SYSTEM_INFO`, an event as in `0x1001 GSP_INIT_DONE`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FunctionName(pub u32);

impl fmt::Display for FunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(function) = *self;
        if is_event(function) {
            write!(f, "{function:#x}")?;
        } else {
            write!(f, "{function}")?;
        }
        match common_name(function) {
            Some(name) => write!(f, " {name}"),
            None => Ok(()),
        }
    }
}
