// SPDX-License-Identifier: GPL-2.0
//! Where firmware versions differ: sizes and offsets in bytes, as a C compiler lays the structures of nvrm/*.h out.

/// One firmware ABI.
#[derive(Debug)]
pub struct Layout {
    /// Version of the firmware.
    pub version: &'static str,
    /// sizeof(GspSystemInfo), nvrm/gsp.h.
    pub system_info: usize,
    /// sizeof(GspStaticConfigInfo) and offsets in it, nvrm/gsp.h.
    pub static_info: StaticInfo,
    /// sizeof(NV0000_ALLOC_PARAMETERS): 108 in nvrm/client.h of r535, 120 in r570's.
    pub client: usize,
    /// sizeof(NV_CHANNEL_ALLOC_PARAMS), nvrm/fifo.h.
    pub channel: usize,
    /// sizeof(rpc_os_error_log_v17_00), nvrm/gsp.h.
    pub os_error_log: usize,
    /// sizeof(rpc_rc_triggered_v17_02), nvrm/fifo.h.
    pub rc_triggered: usize,
    /// Offset of exceptType in it (scope follows).
    pub rc_except_type: usize,
    /// Entries of a GR engine's context buffer table, nvrm/gr.h.
    pub ctx_buffers: usize,
    /// Control that lists the constructed Falcons.
    pub constructed_falcons: u32,
    /// MC_ENGINE_IDX_* of nvrm/engine.h.
    pub mc: McIndex,
    /// RM_ENGINE_TYPE_SW of nvrm/engine.h.
    pub engine_sw: u32,
    /// Suspend is told of each region of video memory to keep (FBSR_SEND_REGION_INFO, nvrm/fbsr.h).
    pub fbsr_regions: bool,
    /// An event that only this version has, and its drivers drop (nvrm/msgfn.h).
    pub notice_event: u32,
}

/// Offsets in GspStaticConfigInfo.
#[derive(Debug)]
pub struct StaticInfo {
    /// Size.
    pub size: usize,
    /// gpcInfo and tpcInfo, which moved to controls in r570.
    pub gpc_tpc: Option<(usize, usize)>,
    /// fbRegionInfoParams.
    pub fb_regions: usize,
    /// engineCaps.
    pub engine_caps: usize,
    /// fb_length.
    pub fb_length: usize,
    /// fb_bus_width.
    pub fb_bus_width: usize,
    /// fb_ram_type.
    pub fb_ram_type: usize,
    /// l2_cache_size.
    pub l2_cache_size: usize,
    /// gpuNameString.
    pub name: usize,
    /// gpuShortNameString.
    pub short_name: usize,
    /// gpuNameString_Unicode.
    pub unicode_name: usize,
    /// bar1PdeBase; bar2PdeBase follows.
    pub bar1_pde: usize,
    /// bVbiosValid.
    pub vbios_valid: usize,
    /// hInternalClient; device and subdevice follow.
    pub internal_client: usize,
}

/// Interrupt table indices.
#[derive(Debug)]
pub struct McIndex {
    /// GSP.
    pub gsp: u16,
    /// GR0.
    pub gr: u16,
    /// CE0.
    pub ce: u16,
    /// NVDEC0 (BSP).
    pub nvdec: u16,
    /// NVENC0 (MSENC).
    pub nvenc: u16,
}

/// 535.113.01
pub static R535: Layout = Layout {
    version: "535.113.01",
    system_info: 664,
    static_info: StaticInfo {
        size: 2168,
        gpc_tpc: Some((292, 296)),
        fb_regions: 840,
        engine_caps: 1700,
        fb_length: 1752,
        fb_bus_width: 1764,
        fb_ram_type: 1768,
        l2_cache_size: 1776,
        name: 1820,
        short_name: 1884,
        unicode_name: 1948,
        bar1_pde: 2088,
        vbios_valid: 2104,
        internal_client: 2152,
    },
    client: 108,
    channel: 360,
    os_error_log: 268,
    rc_triggered: 20,
    rc_except_type: 8,
    ctx_buffers: 0x19,
    constructed_falcons: 0x2080_0a42,
    mc: McIndex {
        gsp: 49,
        gr: 82,
        ce: 15,
        nvdec: 64,
        nvenc: 38,
    },
    engine_sw: 0x2c,
    fbsr_regions: true,
    notice_event: 0x101b,
};

/// 570.144
pub static R570: Layout = Layout {
    version: "570.144",
    system_info: 928,
    static_info: StaticInfo {
        size: 1656,
        gpc_tpc: None,
        fb_regions: 344,
        engine_caps: 1204,
        fb_length: 1224,
        fb_bus_width: 1240,
        fb_ram_type: 1244,
        l2_cache_size: 1256,
        name: 1260,
        short_name: 1324,
        unicode_name: 1388,
        bar1_pde: 1536,
        vbios_valid: 1552,
        internal_client: 1600,
    },
    client: 120,
    channel: 368,
    os_error_log: 272,
    rc_triggered: 48,
    rc_except_type: 16,
    ctx_buffers: 0x1a,
    constructed_falcons: 0x2080_01b0,
    mc: McIndex {
        gsp: 50,
        gr: 84,
        ce: 15,
        nvdec: 65,
        nvenc: 38,
    },
    engine_sw: 0x2d,
    fbsr_regions: false,
    notice_event: 0x101c,
};

impl Layout {
    /// The ABI of a version.
    pub fn of(version: &str) -> Option<&'static Layout> {
        [&R535, &R570].into_iter().find(|l| l.version == version)
    }

    /// The ABI whose system info has that size.
    pub fn by_system_info(len: usize) -> Option<&'static Layout> {
        [&R535, &R570].into_iter().find(|l| l.system_info == len)
    }
}
