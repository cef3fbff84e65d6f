// SPDX-License-Identifier: GPL-2.0

//! One implementation of [`Running`] a version, expanded from one text; see `implementation.rs`.

use super::field::{Decoder, Encoder, Fault, Place};
use super::implementation::{bounded, wide, R535, R570};
use super::names::Event;
use super::running::{
    Control, Engine, Engines, Gcx, Interrupt, LibosPrint, OsError, Posted, Running, Shape,
};
use super::services::WprLayout;
use super::versions;

#[cfg(feature = "r550")]
use super::implementation::R550;

/// `struct rpc_ucode_libos_print_v1e_08`, which the kernel has in rm/r535/gsp.c alone: two words,
/// then the text.
const LIBOS_WORDS: [Place; 2] = [
    Place {
        offset: 0,
        width: 4,
        name: "ucode_eng_desc",
    },
    Place {
        offset: 4,
        width: 4,
        name: "libos_print_buf_size",
    },
];
const LIBOS_TEXT: usize = 8;

/// Bytes from a place on, as many as are said to be there.
fn behind(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..)?.get(..len)
}

/// The bytes of a text before its end.
fn terminated(text: &[u8]) -> &[u8] {
    let len = text.iter().take_while(|byte| **byte != 0).count();
    text.get(..len).unwrap_or(text)
}

macro_rules! running {
    ($v:ident, $abi:ident) => {
        impl $abi {
            const ENGINES: &'static [Engines] = {
                use versions::$v;
                const fn one(index: u32, engine: Engine) -> Engines {
                    (index, index, engine, 0)
                }
                pick!(since r570 at $v {
                    &[
                        one($v::MC_ENGINE_IDX_GSP, Engine::Gsp),
                        one($v::MC_ENGINE_IDX_DISP, Engine::Disp),
                        ($v::MC_ENGINE_IDX_DISP_LOW, $v::MC_ENGINE_IDX_DISP_LOW, Engine::Disp, 1),
                        ($v::MC_ENGINE_IDX_CE0, $v::MC_ENGINE_IDX_CE19, Engine::Ce, 0),
                        one($v::MC_ENGINE_IDX_GR0, Engine::Gr),
                        ($v::MC_ENGINE_IDX_NVDEC0, $v::MC_ENGINE_IDX_NVDEC7, Engine::Nvdec, 0),
                        ($v::MC_ENGINE_IDX_NVENC, $v::MC_ENGINE_IDX_NVENC3, Engine::Nvenc, 0),
                        ($v::MC_ENGINE_IDX_NVJPEG0, $v::MC_ENGINE_IDX_NVJPEG7, Engine::Nvjpg, 0),
                        ($v::MC_ENGINE_IDX_OFA0, $v::MC_ENGINE_IDX_OFA1, Engine::Ofa, 0),
                    ]
                } else {
                    // Numbers are macros, of which an object tells nothing: of 550 few are known,
                    // so it cannot be driven.
                    pick!(since r550 at $v {
                        &[
                            one($v::MC_ENGINE_IDX_DISP, Engine::Disp),
                            ($v::MC_ENGINE_IDX_CE0, $v::MC_ENGINE_IDX_CE9, Engine::Ce, 0),
                        ]
                    } else {
                        &[
                            one($v::MC_ENGINE_IDX_GSP, Engine::Gsp),
                            one($v::MC_ENGINE_IDX_DISP, Engine::Disp),
                            ($v::MC_ENGINE_IDX_CE0, $v::MC_ENGINE_IDX_CE9, Engine::Ce, 0),
                            one($v::MC_ENGINE_IDX_GR0, Engine::Gr),
                            ($v::MC_ENGINE_IDX_NVDEC0, $v::MC_ENGINE_IDX_NVDEC7, Engine::Nvdec, 0),
                            ($v::MC_ENGINE_IDX_MSENC, $v::MC_ENGINE_IDX_MSENC2, Engine::Nvenc, 0),
                            (
                                $v::MC_ENGINE_IDX_NVJPEG0,
                                $v::MC_ENGINE_IDX_NVJPEG7,
                                Engine::Nvjpg,
                                0,
                            ),
                            one($v::MC_ENGINE_IDX_OFA0, Engine::Ofa),
                        ]
                    })
                })
            };
        }

        impl Running for $abi {
            fn engine(&self, index: u32) -> Option<(Engine, u32)> {
                let has = |row: &&Engines| (row.0..=row.1).contains(&index);
                let (first, _, engine, number) = Self::ENGINES.iter().find(has)?;
                Some((*engine, index.checked_sub(*first)?.checked_add(*number)?))
            }

            fn control(&self, control: Control) -> Option<Shape> {
                use versions::$v;
                let (command, size) = match control {
                    Control::InterruptTable => (
                        $v::NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE,
                        size_of::<$v::NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS>(),
                    ),
                    Control::MemsysConfig => (
                        $v::NV2080_CTRL_CMD_INTERNAL_MEMSYS_GET_STATIC_CONFIG,
                        size_of::<$v::NV2080_CTRL_INTERNAL_MEMSYS_GET_STATIC_CONFIG_PARAMS>(),
                    ),
                    Control::GpcMask => pick!(since r550 at $v {
                        (
                            $v::NV2080_CTRL_CMD_GPU_GET_FERMI_GPC_INFO,
                            size_of::<$v::NV2080_CTRL_GPU_GET_FERMI_GPC_INFO_PARAMS>(),
                        )
                    } else { return None }),
                    Control::TpcMask => pick!(since r550 at $v {
                        (
                            $v::NV2080_CTRL_CMD_GPU_GET_FERMI_TPC_INFO,
                            size_of::<$v::NV2080_CTRL_GPU_GET_FERMI_TPC_INFO_PARAMS>(),
                        )
                    } else { return None }),
                    Control::GcxPrerequisites => pick!(since r570 at $v {
                        (
                            $v::NV2080_CTRL_CMD_INTERNAL_GCX_ENTRY_PREREQUISITE,
                            size_of::<$v::NV2080_CTRL_INTERNAL_GCX_ENTRY_PREREQUISITE_PARAMS>(),
                        )
                    } else { return None }),
                };
                Some(Shape { command, size })
            }

            fn interrupts(&self, table: &[u8]) -> Result<usize, Fault> {
                use versions::$v;
                let table = decoder!($v, table, NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS);
                let count = table.get(place!(
                    $v::NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS,
                    tableLen
                ))?;
                bounded("tableLen", count, $v::NV2080_CTRL_INTERNAL_INTR_MAX_TABLE_SIZE as usize)
            }

            fn interrupt(&self, table: &[u8], line: usize) -> Result<Interrupt, Fault> {
                use versions::$v;
                let table = decoder!($v, table, NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS);
                let most = $v::NV2080_CTRL_INTERNAL_INTR_MAX_TABLE_SIZE as usize;
                bounded("table", line.saturating_add(1), most)?;
                let base = ::core::mem::offset_of!(
                    $v::NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS,
                    table
                );
                let get = |place: Place| {
                    let stride = size_of::<$v::NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY>();
                    table.get::<u32>(place.element(base, line, stride).unwrap_or(place))
                };
                macro_rules! of {
                    ($field:ident) => {
                        get(place!($v::NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY, $field))?
                    };
                }
                Ok(Interrupt {
                    index: of!(engineIdx),
                    pmc_mask: of!(pmcIntrMask),
                    stall: of!(vectorStall),
                    nonstall: of!(vectorNonStall),
                })
            }

            fn raw_comptags(&self, config: &[u8]) -> Result<bool, Fault> {
                use versions::$v;
                let config =
                    decoder!($v, config, NV2080_CTRL_INTERNAL_MEMSYS_GET_STATIC_CONFIG_PARAMS);
                config.flag(place!(
                    $v::NV2080_CTRL_INTERNAL_MEMSYS_GET_STATIC_CONFIG_PARAMS,
                    bUseRawModeComptaglineAllocation
                ))
            }

            fn gpc_mask(&self, info: &[u8]) -> Result<u32, Fault> {
                use versions::$v;
                let info = decoder!($v, info, NV2080_CTRL_GPU_GET_FERMI_GPC_INFO_PARAMS);
                info.get(place!($v::NV2080_CTRL_GPU_GET_FERMI_GPC_INFO_PARAMS, gpcMask))
            }

            fn tpc_question(&self, gpc: u32, out: &mut [u8]) -> Result<usize, Fault> {
                use versions::$v;
                encode!($v, out, NV2080_CTRL_GPU_GET_FERMI_TPC_INFO_PARAMS {
                    gpcId = gpc;
                })
            }

            fn tpc_mask(&self, info: &[u8]) -> Result<u32, Fault> {
                use versions::$v;
                let info = decoder!($v, info, NV2080_CTRL_GPU_GET_FERMI_TPC_INFO_PARAMS);
                info.get(place!($v::NV2080_CTRL_GPU_GET_FERMI_TPC_INFO_PARAMS, tpcMask))
            }

            fn gcx(&self, answer: &[u8]) -> Result<Gcx, Fault> {
                pick!(since r570 at $v { {
                    use versions::$v;
                    let answer =
                        decoder!($v, answer, NV2080_CTRL_INTERNAL_GCX_ENTRY_PREREQUISITE_PARAMS);
                    macro_rules! flag {
                        ($field:ident) => {
                            answer.flag(place!(
                                $v::NV2080_CTRL_INTERNAL_GCX_ENTRY_PREREQUISITE_PARAMS,
                                $field
                            ))?
                        };
                    }
                    Ok(Gcx { gc6: flag!(bIsGC6Satisfied), gcoff: flag!(bIsGCOFFSatisfied) })
                } } else { {
                    let _ = answer;
                    Ok(Gcx { gc6: true, gcoff: true })
                } })
            }

            fn wpr_moved(&self, layout: &WprLayout, meta: &mut [u8]) -> Result<usize, Fault> {
                use versions::$v;
                const SIZE: usize = size_of::<$v::GspFwWprMeta>();
                let mut meta = Encoder::resume("GspFwWprMeta", meta, SIZE)?;
                meta.put(place!($v::GspFwWprMeta, nonWprHeapOffset), layout.non_wpr_heap)?;
                meta.put(place!($v::GspFwWprMeta, frtsOffset), layout.frts)?;
                Ok(SIZE)
            }

            fn wants_mux(&self) -> bool {
                pick!(since r570 at $v { false } else { true })
            }

            fn dropped(&self, debug: bool) -> &'static [Event] {
                pick!(since r550 at $v {
                    if debug {
                        &[]
                    } else {
                        &[Event::GspPostNocatRecord, Event::GspLockdownNotice]
                    }
                } else { {
                    let _ = debug;
                    &[Event::GspSendUserSharedData]
                } })
            }

            fn posted(&self, message: &[u8]) -> Result<Posted, Fault> {
                use versions::$v;
                const HEADER: usize = size_of::<$v::rpc_post_event_v17_00>();
                // Not behind the padding that the size counts.
                const DATA: usize = ::core::mem::offset_of!($v::rpc_post_event_v17_00, eventData);
                let post = decoder!($v, message, rpc_post_event_v17_00);
                macro_rules! get {
                    ($field:ident) => {
                        post.get(place!($v::rpc_post_event_v17_00, $field))?
                    };
                }
                let size: usize = get!(eventDataSize);
                let given = message.len().saturating_sub(HEADER);
                if size != given {
                    return Err(Fault::Value {
                        field: "eventDataSize",
                        value: wide(size),
                        most: wide(given),
                    });
                }
                Ok(Posted {
                    client: get!(hClient),
                    event: get!(hEvent),
                    notify_index: get!(notifyIndex),
                    word: get!(data),
                    status: get!(status),
                    notify_list: get!(bNotifyList),
                    data: DATA..DATA.saturating_add(size),
                })
            }

            fn os_error<'a>(&self, message: &'a [u8]) -> Result<OsError<'a>, Fault> {
                use versions::$v;
                // Whatever is behind the text is not looked at: the driver's C knows less of it
                // than RM.
                const TEXT: usize = ::core::mem::offset_of!($v::rpc_os_error_log_v17_00, errString);
                const LEN: usize =
                    super::field::width(|it: &$v::rpc_os_error_log_v17_00| &it.errString);
                let needed = TEXT.saturating_add(LEN);
                let log = Decoder::new("rpc_os_error_log_v17_00", message, needed)?;
                let short = Fault::Short { what: "errString", needed, given: message.len() };
                Ok(OsError {
                    xid: log.get(place!($v::rpc_os_error_log_v17_00, exceptType))?,
                    text: terminated(behind(message, TEXT, LEN).ok_or(short)?),
                })
            }

            fn libos_print<'a>(&self, message: &'a [u8]) -> Result<LibosPrint<'a>, Fault> {
                let print = Decoder::new("rpc_ucode_libos_print_v1e_08", message, LIBOS_TEXT)?;
                let [desc, size] = LIBOS_WORDS;
                let size: u32 = print.get(size)?;
                Ok(LibosPrint {
                    class: print.get::<u32>(desc)?.wrapping_shr(8),
                    size,
                    text: usize::try_from(size)
                        .ok()
                        .and_then(|len| behind(message, LIBOS_TEXT, len)),
                })
            }
        }
    };
}

running!(r535, R535);
#[cfg(feature = "r550")]
running!(r550, R550);
running!(r570, R570);
