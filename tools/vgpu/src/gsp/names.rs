// SPDX-License-Identifier: GPL-2.0
//! Names of RPC functions and events (nvrm/rpcfn.h and nvrm/msgfn.h of r535 and r570).

/// The functions and events that drivers or the model use; anything else is named by its kind.
pub fn function(function: u32) -> &'static str {
    match function {
        0 => "NOP",
        4 => "ALLOC_MEMORY",
        10 => "FREE",
        11 => "LOG",
        21 => "DUP_OBJECT",
        47 => "UNLOADING_GUEST_DRIVER",
        54 => "SET_PAGE_DIRECTORY",
        65 => "GET_GSP_STATIC_INFO",
        70 => "UPDATE_BAR_PDE",
        71 => "CONTINUATION_RECORD",
        72 => "GSP_SET_SYSTEM_INFO",
        73 => "SET_REGISTRY",
        76 => "GSP_RM_CONTROL",
        79 => "UNSET_PAGE_DIRECTORY",
        103 => "GSP_RM_ALLOC",
        200 => "INVALIDATE_TLB",
        0x1001 => "GSP_INIT_DONE",
        0x1002 => "GSP_RUN_CPU_SEQUENCER",
        0x1003 => "POST_EVENT",
        0x1004 => "RC_TRIGGERED",
        0x1005 => "MMU_FAULT_QUEUED",
        0x1006 => "OS_ERROR_LOG",
        0x1007 => "RG_LINE_INTR",
        0x100c => "UCODE_LIBOS_PRINT",
        0x100f => "PERF_BRIDGELESS_INFO_UPDATE",
        0x1010..=0x1fff => "EVENT",
        _ => "UNKNOWN",
    }
}
