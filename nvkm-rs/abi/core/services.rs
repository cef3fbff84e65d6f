// SPDX-License-Identifier: GPL-2.0

//! What RM is told, and asked, by message while it comes up: the same for all versions, in the
//! driver's words.

/// What RM learns of the system: `GspSystemInfo`. What is not here is sent as 0, as nouveau does.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SystemInfo<'a> {
    /// `gpuPhysAddr`: BAR0
    pub registers: u64,
    /// `gpuPhysFbAddr`: BAR1
    pub frame_buffer: u64,
    /// `gpuPhysInstAddr`: BAR2
    pub instance: u64,
    /// `nvDomainBusDeviceFunc`
    pub pci: u64,
    /// `maxUserVa`
    pub max_user_va: u64,
    /// `pciConfigMirrorBase` and `pciConfigMirrorSize`
    pub config_mirror: (u32, u32),
    /// `PCIDeviceID` and `PCISubDeviceID` (device in the upper half), `PCIRevisionID`
    pub ids: (u32, u32, u32),
    /// `bIsPrimary`: the firmware drew the console on this device
    pub primary: bool,
    /// `acpiMethodData`, if the device has an ACPI node.
    pub acpi: Option<Acpi<'a>>,
}

/// Most displays that the ACPI part has room for (`NV0073_CTRL_SYSTEM_ACPI_ID_MAP_MAX_DISPLAYS`).
pub const ACPI_DISPLAYS: usize = 16;

/// What ACPI methods said: `ACPI_METHOD_DATA`, as `r535_gsp_acpi_info()` fills it. A status is
/// RM's, 0 for success.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Acpi<'a> {
    /// `_DOD`: status, and the displays' ACPI ids.
    pub dod: (u32, &'a [u32]),
    /// The multiplexers of these displays; versions that do not want them do not get them.
    pub mux: &'a [Mux],
    /// `JT`: status, capabilities, revision.
    pub jt: (u32, u32, u16),
    /// Optimus capabilities: status and value.
    pub caps: (u32, u32),
}

/// What the two MUX methods of one display said: `MUX_METHOD_DATA_ELEMENT`, twice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mux {
    /// `MXDM`: the display's ACPI id, mode, status.
    pub mode: (u32, u32, u32),
    /// `MXDS`: the display's ACPI id, part, status.
    pub part: (u32, u32, u32),
}

/// A value of RM's registry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RegistryValue<'a> {
    /// A number.
    Dword(u32),
    /// Bytes.
    Binary(&'a [u8]),
    /// A text, terminated.
    Text(&'a [u8]),
}

/// A key and its value: one `PACKED_REGISTRY_ENTRY`, with the key's terminated name and what does
/// not fit in the entry behind the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegistryEntry<'a> {
    /// Its name, without the terminating 0.
    pub key: &'a [u8],
    /// Its value.
    pub value: RegistryValue<'a>,
}

/// Most regions of frame buffer that RM reports
/// (`NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_MAX_ENTRIES`).
pub const FB_REGIONS: usize = 16;

/// A region of frame buffer: `NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FbRegion {
    /// First byte.
    pub base: u64,
    /// Last byte.
    pub limit: u64,
    /// `reserved`
    pub reserved: u64,
    /// `performance`
    pub performance: u32,
    /// `supportCompressed`
    pub compressed: bool,
    /// `supportISO`
    pub iso: bool,
    /// `bProtected`
    pub protected: bool,
}

/// What RM says of the GPU: `GspStaticConfigInfo`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StaticInfo {
    /// `hInternalClient`
    pub client: u32,
    /// `hInternalDevice`
    pub device: u32,
    /// `hInternalSubdevice`
    pub subdevice: u32,
    /// `bar1PdeBase`
    pub bar1_pdb: u64,
    /// `bar2PdeBase`
    pub bar2_pdb: u64,
    /// The first [`StaticInfo::region_count`] are valid.
    pub regions: [FbRegion; FB_REGIONS],
    /// How many; a number above [`FB_REGIONS`] is an error.
    pub region_count: usize,
    /// GPCs and all their TPCs, where the version says so here and not by a control of its own
    /// ([`InitStep::GpcTpcMasks`]).
    pub graphics: Option<Graphics>,
    /// `fwWprLayoutOffset`: where RM put the heap outside of WPR2 and FRTS; only versions that move
    /// them say so.
    pub wpr_layout: Option<WprLayout>,
}

/// What of the graphics engine is there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Graphics {
    /// GPCs.
    pub gpcs: u32,
    /// TPCs of all of them.
    pub tpcs: u32,
}

/// `FW_WPR_LAYOUT_OFFSET`
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WprLayout {
    /// `nonWprHeapOffset`
    pub non_wpr_heap: u64,
    /// `frtsOffset`
    pub frts: u64,
}

/// What the driver does, in order, once the firmware has said INIT_DONE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InitStep {
    /// Ask for [`StaticInfo`].
    StaticInfo,
    /// Ask for the mask of GPCs, then for each GPC's mask of TPCs.
    GpcTpcMasks,
    /// Ask how compression tags are allocated.
    MemsysConfig,
    /// Ask for the interrupt table.
    InterruptTable,
}
