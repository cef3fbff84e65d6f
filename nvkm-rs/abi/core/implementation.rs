// SPDX-License-Identifier: GPL-2.0

//! One implementation of [`Abi`] a version, expanded from one text. What versions do not have in
//! common is marked at its place, with the version where it changed: `[since r570]` and `[until
//! r570]` at a field, `pick!` elsewhere.
//!
//! Items of a list are counted by a range: `enumerate()` can overflow, if only on paper, and then
//! it would panic.

use super::arguments::{FmcBootParams, LibosRegion, RmArgs, SrMeta, UcodeDesc, WprMeta};
use super::field::{copy, Decoder, Encoder, Fault, Place};
use super::interface::Abi;
use super::names::{self, Event, Function};
use super::services::{
    FbRegion, Graphics, InitStep, RegistryEntry, RegistryValue, StaticInfo, SystemInfo, WprLayout,
    ACPI_DISPLAYS, FB_REGIONS,
};
use super::sizing::{Heap, Sizing};
use super::versions;

/// Values of `REGISTRY_TABLE_ENTRY_TYPE_*` (rm/r535/gsp.c, `enum registry_type`).
fn registry_type(value: &RegistryValue<'_>) -> u8 {
    match value {
        RegistryValue::Dword(_) => 1,
        RegistryValue::Binary(_) => 2,
        RegistryValue::Text(_) => 3,
    }
}

/// Bytes of a value that do not fit in its entry.
fn registry_bytes<'a>(value: &RegistryValue<'a>) -> &'a [u8] {
    match value {
        RegistryValue::Dword(_) => &[],
        RegistryValue::Binary(bytes) | RegistryValue::Text(bytes) => bytes,
    }
}

/// Bytes of a table whose header has `header` bytes and whose entries have `entry`.
fn registry_size(entries: &[RegistryEntry<'_>], header: usize, entry: usize) -> Option<usize> {
    entries.iter().try_fold(header, |sum, one| {
        sum.checked_add(entry)?
            .checked_add(one.key.len())?
            .checked_add(1)?
            .checked_add(registry_bytes(&one.value).len())
    })
}

/// Copies bytes to a place that was reckoned before; gives the place behind them.
fn append(out: &mut [u8], at: usize, bytes: &[u8]) -> Result<usize, Fault> {
    let given = out.len();
    let end = at.saturating_add(bytes.len());
    let to = out.get_mut(at..end).ok_or(Fault::Short {
        what: "PACKED_REGISTRY_TABLE",
        needed: end,
        given,
    })?;
    copy(to, bytes);
    Ok(end)
}

/// A size as the ABI's fields have it; one that is too large for any field is caught there.
pub(super) fn wide(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Refuses a count above its table.
pub(super) fn bounded(field: &'static str, count: usize, most: usize) -> Result<usize, Fault> {
    if count > most {
        return Err(Fault::Value {
            field,
            value: wide(count),
            most: wide(most),
        });
    }
    Ok(count)
}

macro_rules! implementation {
    ($v:ident, $version:literal) => {
        super::super::paste! {
    #[doc = concat!("Firmware ", $version, ".")]
    pub struct [<$v:upper>];

    /// Made of the version's headers: (number, name), in the order of numbers.
    mod [<names_ $v>] {
        include!(concat!(env!("NVKM_GENERATED"), "/abi/", stringify!($v), "_names.rs"));
    }

    impl [<$v:upper>] {
        const SIZING: Sizing = {
            use versions::$v;
            Sizing {
                libos2: Heap {
                    os_carveout: $v::GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS2 as u64,
                    least: ($v::GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS2_MIN_MB as u64) << 20_u32,
                },
                libos3: Heap {
                    os_carveout: pick!(since r550 at $v
                        { $v::GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3_BAREMETAL } else
                        { $v::GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3 }) as u64,
                    least: (pick!(since r570 at $v { $v::LIBOS3_BAREMETAL_MIN_MB } else
                        { $v::GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS3_BAREMETAL_MIN_MB }) as u64)
                        << 20_u32,
                },
                base_tu10x: $v::GSP_FW_HEAP_PARAM_BASE_RM_SIZE_TU10X as u64,
                base_gh100: pick!(since r550 at $v
                    { Some($v::GSP_FW_HEAP_PARAM_BASE_RM_SIZE_GH100 as u64) } else { None }),
                per_gb: $v::GSP_FW_HEAP_PARAM_SIZE_PER_GB_FB as u64,
                client: $v::GSP_FW_HEAP_PARAM_CLIENT_ALLOC_SIZE as u64,
            }
        };

        /// The level from which one comes, and what RM may keep: `GSP_SR_INIT_ARGUMENTS`.
        const RESUME: (u32, u32) = (
            versions::$v::NV2080_CTRL_GPU_SET_POWER_STATE_GPU_LEVEL_3,
            pick!(since r570 at $v { versions::$v::RESUME_FLAGS } else { 0 }),
        );

        fn acpi(info: &SystemInfo<'_>, out: &mut Encoder<'_>) -> Result<(), Fault> {
            use versions::$v;
            let Some(acpi) = &info.acpi else {
                return Ok(());
            };
            let mut put = |place: Place, value: u64| out.put(place, value);
            let (status, ids) = acpi.dod;
            let count = bounded("acpiIdList", ids.len(), ACPI_DISPLAYS)?;
            put(place!($v::GspSystemInfo, acpiMethodData.bValid), 1)?;
            put(place!($v::GspSystemInfo, acpiMethodData.dodMethodData.status), status.into())?;
            put(
                place!($v::GspSystemInfo, acpiMethodData.dodMethodData.acpiIdListLen),
                wide(count.saturating_mul(size_of::<u32>())),
            )?;
            let list =
                ::core::mem::offset_of!($v::GspSystemInfo, acpiMethodData.dodMethodData.acpiIdList);
            let id = Place { offset: 0, width: size_of::<u32>(), name: "acpiIdList" };
            for (n, value) in (0..ids.len()).zip(ids) {
                put(id.element(list, n, id.width).unwrap_or(id), u64::from(*value))?;
            }
            // RM of 570 asks for no multiplexers any more (`r570_gsp_acpi_info()`).
            pick!(since r570 at $v {} else {
                bounded("acpiIdMuxModeTable", acpi.mux.len(), ACPI_DISPLAYS)?;
                put(
                    place!($v::GspSystemInfo, acpiMethodData.muxMethodData.tableLen),
                    wide(acpi.mux.len()),
                )?;
                macro_rules! table {
                    ($table:ident) => {
                        ::core::mem::offset_of!(
                            $v::GspSystemInfo,
                            acpiMethodData.muxMethodData.$table
                        )
                    };
                }
                let modes = table!(acpiIdMuxModeTable);
                let parts = table!(acpiIdMuxPartTable);
                for (n, mux) in (0..acpi.mux.len()).zip(acpi.mux) {
                    for (table, (id, value, status)) in [(modes, mux.mode), (parts, mux.part)] {
                        for (place, value) in [
                            (place!($v::MUX_METHOD_DATA_ELEMENT, acpiId), id),
                            (place!($v::MUX_METHOD_DATA_ELEMENT, mode), value),
                            (place!($v::MUX_METHOD_DATA_ELEMENT, status), status),
                        ] {
                            let stride = size_of::<$v::MUX_METHOD_DATA_ELEMENT>();
                            put(place.element(table, n, stride).unwrap_or(place), value.into())?;
                        }
                    }
                }
            });
            let (status, caps, revision) = acpi.jt;
            put(place!($v::GspSystemInfo, acpiMethodData.jtMethodData.status), status.into())?;
            put(place!($v::GspSystemInfo, acpiMethodData.jtMethodData.jtCaps), caps.into())?;
            put(place!($v::GspSystemInfo, acpiMethodData.jtMethodData.jtRevId), revision.into())?;
            let (status, caps) = acpi.caps;
            put(place!($v::GspSystemInfo, acpiMethodData.capsMethodData.status), status.into())?;
            put(place!($v::GspSystemInfo, acpiMethodData.capsMethodData.optimusCaps), caps.into())
        }
    }

    impl Abi for [<$v:upper>] {
        fn version(&self) -> &'static str {
            $version
        }

        fn sizing(&self) -> &'static Sizing {
            &Self::SIZING
        }

        fn function(&self, function: Function) -> u32 {
            use versions::$v;
            match function {
                Function::Nop => $v::NV_VGPU_MSG_FUNCTION_NOP,
                Function::AllocMemory => $v::NV_VGPU_MSG_FUNCTION_ALLOC_MEMORY,
                Function::Free => $v::NV_VGPU_MSG_FUNCTION_FREE,
                Function::UnloadingGuestDriver => $v::NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER,
                Function::GetGspStaticInfo => $v::NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO,
                Function::UpdateBarPde => $v::NV_VGPU_MSG_FUNCTION_UPDATE_BAR_PDE,
                Function::ContinuationRecord => $v::NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD,
                Function::GspSetSystemInfo => $v::NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO,
                Function::SetRegistry => $v::NV_VGPU_MSG_FUNCTION_SET_REGISTRY,
                Function::GspRmControl => $v::NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL,
                Function::GspRmAlloc => $v::NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC,
            }
        }

        fn event_number(&self, event: Event) -> Option<u32> {
            use versions::$v;
            Some(match event {
                Event::GspInitDone => $v::NV_VGPU_MSG_EVENT_GSP_INIT_DONE,
                Event::GspRunCpuSequencer => $v::NV_VGPU_MSG_EVENT_GSP_RUN_CPU_SEQUENCER,
                Event::Posted => $v::NV_VGPU_MSG_EVENT_POST_EVENT,
                Event::RcTriggered => $v::NV_VGPU_MSG_EVENT_RC_TRIGGERED,
                Event::MmuFaultQueued => $v::NV_VGPU_MSG_EVENT_MMU_FAULT_QUEUED,
                Event::OsErrorLog => $v::NV_VGPU_MSG_EVENT_OS_ERROR_LOG,
                Event::UcodeLibosPrint => $v::NV_VGPU_MSG_EVENT_UCODE_LIBOS_PRINT,
                Event::PerfBridgelessInfoUpdate => {
                    $v::NV_VGPU_MSG_EVENT_PERF_BRIDGELESS_INFO_UPDATE
                }
                Event::GspSendUserSharedData => pick!(since r550 at $v
                    { return None } else { $v::NV_VGPU_MSG_EVENT_GSP_SEND_USER_SHARED_DATA }),
                Event::GspLockdownNotice => $v::NV_VGPU_MSG_EVENT_GSP_LOCKDOWN_NOTICE,
                Event::GspPostNocatRecord => pick!(since r550 at $v
                    { $v::NV_VGPU_MSG_EVENT_GSP_POST_NOCAT_RECORD } else { return None }),
            })
        }

        fn event(&self, number: u32) -> Option<Event> {
            let has = |event: &&Event| self.event_number(**event) == Some(number);
            Event::ALL.iter().find(has).copied()
        }

        fn name(&self, number: u32) -> Option<&'static str> {
            let table = if names::is_event(number) {
                [<names_ $v>]::EVENTS
            } else {
                [<names_ $v>]::FUNCTIONS
            };
            names::lookup(table, number)
        }

        fn init_steps(&self) -> &'static [InitStep] {
            pick!(since r570 at $v {
                &[
                    InitStep::StaticInfo,
                    InitStep::GpcTpcMasks,
                    InitStep::MemsysConfig,
                    InitStep::InterruptTable,
                ]
            } else {
                &[InitStep::StaticInfo, InitStep::InterruptTable]
            })
        }

        fn ucode_desc(&self, bytes: &[u8]) -> Result<UcodeDesc, Fault> {
            use versions::$v;
            // Older bootloaders have a shorter one; what is read of it they all have.
            let size = bytes.len().min(size_of::<$v::RM_RISCV_UCODE_DESC>());
            let desc = Decoder::new("RM_RISCV_UCODE_DESC", bytes, size)?;
            Ok(UcodeDesc {
                app_version: desc.get(place!($v::RM_RISCV_UCODE_DESC, appVersion))?,
                code_offset: desc.get(place!($v::RM_RISCV_UCODE_DESC, monitorCodeOffset))?,
                data_offset: desc.get(place!($v::RM_RISCV_UCODE_DESC, monitorDataOffset))?,
                manifest_offset: desc.get(place!($v::RM_RISCV_UCODE_DESC, manifestOffset))?,
            })
        }

        fn wpr_meta(&self, meta: &WprMeta, out: &mut [u8]) -> Result<usize, Fault> {
            use versions::$v;
            pick!(since r570 at $v {} else {
                if meta.pmu_reserved != 0 {
                    return Err(Fault::Value {
                        field: "pmuReservedSize",
                        value: meta.pmu_reserved.into(),
                        most: 0,
                    });
                }
            });
            // CAST (magic): bindgen makes a signed number of a constant with its highest
            // bit set.
            encode!($v, out, GspFwWprMeta {
                magic = $v::GSP_FW_WPR_META_MAGIC as u64;
                revision = $v::GSP_FW_WPR_META_REVISION;
                sysmemAddrOfRadix3Elf = meta.radix3.addr;
                sizeOfRadix3Elf = meta.radix3.size;
                sysmemAddrOfBootloader = meta.bootloader.addr;
                sizeOfBootloader = meta.bootloader.size;
                bootloaderCodeOffset = meta.ucode.code_offset;
                bootloaderDataOffset = meta.ucode.data_offset;
                bootloaderManifestOffset = meta.ucode.manifest_offset;
                union __bindgen_anon_1(__bindgen_anon_1::GspFwWprMeta__bindgen_ty_1__bindgen_ty_1)
                    sysmemAddrOfSignature = meta.signature.addr;
                union __bindgen_anon_1(__bindgen_anon_1::GspFwWprMeta__bindgen_ty_1__bindgen_ty_1)
                    sizeOfSignature = meta.signature.size;
                gspFwRsvdStart = meta.reserved_start;
                nonWprHeapOffset = meta.non_wpr_heap.addr;
                nonWprHeapSize = meta.non_wpr_heap.size;
                gspFwWprStart = meta.wpr_start;
                gspFwHeapOffset = meta.heap.addr;
                gspFwHeapSize = meta.heap.size;
                gspFwOffset = meta.image_offset;
                bootBinOffset = meta.bootloader_offset;
                frtsOffset = meta.frts.addr;
                frtsSize = meta.frts.size;
                gspFwWprEnd = meta.wpr_end;
                fbSize = meta.frame_buffer;
                vgaWorkspaceOffset = meta.vga_workspace.addr;
                vgaWorkspaceSize = meta.vga_workspace.size;
                [since r570] pmuReservedSize = meta.pmu_reserved;
            })
        }

        fn sr_meta(&self, meta: &SrMeta, out: &mut [u8]) -> Result<usize, Fault> {
            use versions::$v;
            encode!($v, out, GspFwSRMeta {
                magic = $v::GSP_FW_SR_META_MAGIC as u64;
                revision = $v::GSP_FW_SR_META_REVISION;
                sysmemAddrOfSuspendResumeData = meta.data.addr;
                sizeOfSuspendResumeData = meta.data.size;
            })
        }

        fn sr_data_size(&self, meta: &WprMeta) -> Option<u64> {
            pick!(since r570 at $v { {
                let start = meta.non_wpr_heap.addr.checked_add(meta.non_wpr_heap.size)?;
                meta.frts.addr.checked_add(meta.frts.size)?.checked_sub(start)
            } } else {
                meta.wpr_end.checked_sub(meta.wpr_start)
            })
        }

        fn unloading(&self, suspend: bool, out: &mut [u8]) -> Result<usize, Fault> {
            use versions::$v;
            let level = if suspend { Self::RESUME.0 } else { 0 };
            encode!($v, out, rpc_unloading_guest_driver_v1F_07 {
                bInPMTransition = suspend;
                bGc6Entering = false;
                newLevel = level;
            })
        }

        fn unloading_size(&self) -> usize {
            use versions::$v;
            size_of::<$v::rpc_unloading_guest_driver_v1F_07>()
        }

        fn rm_args(&self, args: &RmArgs, out: &mut [u8]) -> Result<usize, Fault> {
            use versions::$v;
            let (level, flags) = if args.resume { Self::RESUME } else { (0, 0) };
            encode!($v, out, GSP_ARGUMENTS_CACHED {
                messageQueueInitArguments.sharedMemPhysAddr = args.shared;
                messageQueueInitArguments.pageTableEntryCount = args.pages;
                messageQueueInitArguments.cmdQueueOffset = args.commands;
                messageQueueInitArguments.statQueueOffset = args.messages;
                srInitArguments.oldLevel = level;
                srInitArguments.flags = flags;
                srInitArguments.bInPMTransition = args.resume;
                [since r570] bDmemStack = true;
            })
        }

        fn libos_region(&self, region: &LibosRegion, out: &mut [u8]) -> Result<usize, Fault> {
            use versions::$v;
            encode!($v, out, LibosMemoryRegionInitArgument {
                id8 = region.id8();
                pa = region.memory.addr;
                size = region.memory.size;
                kind = $v::LibosMemoryRegionKind_LIBOS_MEMORY_REGION_CONTIGUOUS;
                loc = $v::LibosMemoryRegionLoc_LIBOS_MEMORY_REGION_LOC_SYSMEM;
            })
        }

        fn fmc_boot_params(
            &self,
            params: &FmcBootParams,
            out: &mut [u8],
        ) -> Result<Option<usize>, Fault> {
            pick!(since r550 at $v { {
                use versions::$v;
                let size: Result<usize, Fault> = encode!($v, out, GSP_FMC_BOOT_PARAMS {
                    bootGspRmParams.gspRmDescOffset = params.meta.addr;
                    bootGspRmParams.gspRmDescSize = params.meta.size;
                    bootGspRmParams.target = $v::GSP_DMA_TARGET_GSP_DMA_TARGET_COHERENT_SYSTEM;
                    bootGspRmParams.bIsGspRmBoot = true;
                    gspRmParams.target = $v::GSP_DMA_TARGET_GSP_DMA_TARGET_NONCOHERENT_SYSTEM;
                    gspRmParams.bootArgsOffset = params.libos;
                });
                size.map(Some)
            } } else {
                {
                    let _ = (params, out);
                    Ok(None)
                }
            })
        }

        fn system_info(&self, info: &SystemInfo<'_>, out: &mut [u8]) -> Result<usize, Fault> {
            use versions::$v;
            let size: Result<usize, Fault> = encode!($v, &mut *out, GspSystemInfo {
                gpuPhysAddr = info.registers;
                gpuPhysFbAddr = info.frame_buffer;
                gpuPhysInstAddr = info.instance;
                nvDomainBusDeviceFunc = info.pci;
                maxUserVa = info.max_user_va;
                pciConfigMirrorBase = info.config_mirror.0;
                pciConfigMirrorSize = info.config_mirror.1;
                [since r570] PCIDeviceID = info.ids.0;
                [since r570] PCISubDeviceID = info.ids.1;
                [since r570] PCIRevisionID = info.ids.2;
                [since r570] bIsPrimary = info.primary;
            });
            let size = size?;
            Self::acpi(info, &mut Encoder::resume("GspSystemInfo", out, size)?)?;
            Ok(size)
        }

        fn system_info_size(&self) -> usize {
            size_of::<versions::$v::GspSystemInfo>()
        }

        fn registry(&self, entries: &[RegistryEntry<'_>], out: &mut [u8]) -> Result<usize, Fault> {
            use versions::$v;
            const HEADER: usize = size_of::<$v::PACKED_REGISTRY_TABLE>();
            const ENTRY: usize = size_of::<$v::PACKED_REGISTRY_ENTRY>();
            let given = out.len();
            let size = self.registry_size(entries).ok_or(Fault::Short {
                what: "PACKED_REGISTRY_TABLE",
                needed: usize::MAX,
                given,
            })?;
            let mut behind = entries.len().saturating_mul(ENTRY).saturating_add(HEADER);
            let mut table = Encoder::new("PACKED_REGISTRY_TABLE", &mut *out, size)?;
            table.put(place!($v::PACKED_REGISTRY_TABLE, size), wide(size))?;
            table.put(place!($v::PACKED_REGISTRY_TABLE, numEntries), wide(entries.len()))?;
            for (n, entry) in (0..entries.len()).zip(entries) {
                let name_at = behind;
                let bytes = registry_bytes(&entry.value);
                let mut table = Encoder::resume("PACKED_REGISTRY_TABLE", &mut *out, size)?;
                let mut put = |place: Place, value: u64| {
                    table.put(place.element(HEADER, n, ENTRY).unwrap_or(place), value)
                };
                put(place!($v::PACKED_REGISTRY_ENTRY, nameOffset), wide(name_at))?;
                put(place!($v::PACKED_REGISTRY_ENTRY, type_), registry_type(&entry.value).into())?;
                // The name and its 0, then the value.
                let value_at = name_at.saturating_add(entry.key.len()).saturating_add(1);
                let (data, length) = match entry.value {
                    RegistryValue::Dword(value) => (u64::from(value), size_of::<u32>()),
                    _ => (wide(value_at), bytes.len()),
                };
                put(place!($v::PACKED_REGISTRY_ENTRY, data), data)?;
                put(place!($v::PACKED_REGISTRY_ENTRY, length), wide(length))?;
                append(out, name_at, entry.key)?;
                behind = append(out, value_at, bytes)?;
            }
            Ok(size)
        }

        fn registry_size(&self, entries: &[RegistryEntry<'_>]) -> Option<usize> {
            use versions::$v;
            registry_size(
                entries,
                size_of::<$v::PACKED_REGISTRY_TABLE>(),
                size_of::<$v::PACKED_REGISTRY_ENTRY>(),
            )
        }

        fn static_info(&self, bytes: &[u8]) -> Result<StaticInfo, Fault> {
            use versions::$v;
            let info = decoder!($v, bytes, GspStaticConfigInfo);
            let count: usize =
                info.get(place!($v::GspStaticConfigInfo, fbRegionInfoParams.numFBRegions))?;
            let mut found = StaticInfo {
                client: info.get(place!($v::GspStaticConfigInfo, hInternalClient))?,
                device: info.get(place!($v::GspStaticConfigInfo, hInternalDevice))?,
                subdevice: info.get(place!($v::GspStaticConfigInfo, hInternalSubdevice))?,
                bar1_pdb: info.get(place!($v::GspStaticConfigInfo, bar1PdeBase))?,
                bar2_pdb: info.get(place!($v::GspStaticConfigInfo, bar2PdeBase))?,
                region_count: bounded("numFBRegions", count, FB_REGIONS)?,
                ..StaticInfo::default()
            };
            let list =
                ::core::mem::offset_of!($v::GspStaticConfigInfo, fbRegionInfoParams.fbRegion);
            for (n, region) in (0..count).zip(&mut found.regions) {
                let at = |place: Place| {
                    let stride = size_of::<$v::NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO>();
                    place.element(list, n, stride).unwrap_or(place)
                };
                macro_rules! of {
                    ($field:ident) => {
                        at(place!($v::NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO, $field))
                    };
                }
                *region = FbRegion {
                    base: info.get(of!(base))?,
                    limit: info.get(of!(limit))?,
                    reserved: info.get(of!(reserved))?,
                    performance: info.get(of!(performance))?,
                    compressed: info.flag(of!(supportCompressed))?,
                    iso: info.flag(of!(supportISO))?,
                    protected: info.flag(of!(bProtected))?,
                };
            }
            found.graphics = pick!(since r570 at $v { None } else { {
                let mask: u32 = info.get(place!($v::GspStaticConfigInfo, gpcInfo.gpcMask))?;
                let list = ::core::mem::offset_of!($v::GspStaticConfigInfo, tpcInfo);
                let mut graphics = Graphics { gpcs: mask.count_ones(), tpcs: 0 };
                for gpc in (0..u32::BITS).filter(|gpc| mask.wrapping_shr(*gpc) & 1 != 0) {
                    let place = place!($v::NV2080_CTRL_GPU_GET_FERMI_TPC_INFO_PARAMS, tpcMask);
                    let stride = size_of::<$v::NV2080_CTRL_GPU_GET_FERMI_TPC_INFO_PARAMS>();
                    let gpc = usize::try_from(gpc).unwrap_or(0);
                    let tpcs: u32 = info.get(place.element(list, gpc, stride).unwrap_or(place))?;
                    graphics.tpcs = graphics.tpcs.saturating_add(tpcs.count_ones());
                }
                Some(graphics)
            } });
            found.wpr_layout = pick!(since r570 at $v {
                Some(WprLayout {
                    non_wpr_heap: info.get(place!(
                        $v::GspStaticConfigInfo,
                        fwWprLayoutOffset.nonWprHeapOffset
                    ))?,
                    frts: info.get(place!($v::GspStaticConfigInfo, fwWprLayoutOffset.frtsOffset))?,
                })
            } else { None });
            Ok(found)
        }

        fn static_info_size(&self) -> usize {
            size_of::<versions::$v::GspStaticConfigInfo>()
        }
    }
        }
    };
}

implementation!(r535, "535.113.01");
#[cfg(feature = "r550")]
implementation!(r550, "550.163.01");
implementation!(r570, "570.144");

/// Every version that is built in, oldest first.
pub const VERSIONS: &[&dyn Abi] = &[
    &R535,
    #[cfg(feature = "r550")]
    &R550,
    &R570,
];

/// The interface of a firmware version: exactly that one, since a near miss is a miss.
#[must_use]
pub fn select(version: &[u8]) -> Option<&'static dyn Abi> {
    VERSIONS
        .iter()
        .find(|abi| abi.version().as_bytes() == version)
        .copied()
}
