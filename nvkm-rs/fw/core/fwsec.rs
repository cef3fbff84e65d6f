// SPDX-License-Identifier: GPL-2.0

//! FWSEC, NVIDIA's code in the VBIOS: its descriptor, its image, and the command that is patched
//! into the image.
//!
//! The driver finds the descriptor (application 0x85 of the VBIOS' ucode table) and hands over the
//! VBIOS from there to its end. Version 2 is Turing's and GA100's, to be run by `acr/bl.bin`;
//! version 3 is that of GA10x and later, to be run by the falcon's boot ROM, and has signatures.
//! Layouts: `nvkm/subdev/gsp/fwsec.c`. That the descriptor's size takes in the signatures is from
//! NVIDIA's own driver (`s_vbiosFillFlcnUcodeFromDescV3`, `kernel_gsp_fwsec.c`).

use super::error::{Errno, FwError, Reason};
use super::falcon::{Falcon, Signatures, BLOCK};
use super::read::{len64, place, put_words, slice, Field, View};

const HDR: Field = Field::new("Hdr", 0x00);

const V2: &str = "FWSEC descriptor v2";
const V2_SIZE: u32 = 0x3c;
const V2_INTERFACE_OFFSET: Field = Field::new("InterfaceOffset", 0x10);
const V2_IMEM_PHYS_BASE: Field = Field::new("IMEMPhysBase", 0x14);
const V2_IMEM_LOAD_SIZE: Field = Field::new("IMEMLoadSize", 0x18);
const V2_IMEM_VIRT_BASE: Field = Field::new("IMEMVirtBase", 0x1c);
const V2_IMEM_SEC_BASE: Field = Field::new("IMEMSecBase", 0x20);
const V2_IMEM_SEC_SIZE: Field = Field::new("IMEMSecSize", 0x24);
const V2_DMEM_OFFSET: Field = Field::new("DMEMOffset", 0x28);
const V2_DMEM_PHYS_BASE: Field = Field::new("DMEMPhysBase", 0x2c);
const V2_DMEM_LOAD_SIZE: Field = Field::new("DMEMLoadSize", 0x30);

const V3: &str = "FWSEC descriptor v3";
const V3_SIZE: u32 = 0x2c;
const V3_PKC_DATA_OFFSET: Field = Field::new("PKCDataOffset", 0x08);
const V3_INTERFACE_OFFSET: Field = Field::new("InterfaceOffset", 0x0c);
const V3_IMEM_PHYS_BASE: Field = Field::new("IMEMPhysBase", 0x10);
const V3_IMEM_LOAD_SIZE: Field = Field::new("IMEMLoadSize", 0x14);
const V3_DMEM_PHYS_BASE: Field = Field::new("DMEMPhysBase", 0x1c);
const V3_DMEM_LOAD_SIZE: Field = Field::new("DMEMLoadSize", 0x20);
const V3_ENGINE_ID_MASK: Field = Field::new("EngineIdMask", 0x24);
const V3_UCODE_ID: Field = Field::new("UcodeId", 0x26);
const V3_SIGNATURE_COUNT: Field = Field::new("SignatureCount", 0x27);
const V3_SIGNATURE_VERSIONS: Field = Field::new("SignatureVersions", 0x28);
/// Bytes of an RSA-3K signature.
const V3_SIGNATURE_SIZE: u32 = 384;

const INTERFACE: &str = "FWSEC interface table";
const IF_VERSION: Field = Field::new("ver", 0x00);
const IF_HEADER_SIZE: Field = Field::new("hdr", 0x01);
const IF_ENTRY_SIZE: Field = Field::new("len", 0x02);
const IF_COUNT: Field = Field::new("cnt", 0x03);
const APP_ID: Field = Field::new("id", 0x00);
const APP_DMEM_BASE: Field = Field::new("dmem_base", 0x04);
/// `NVFW_FALCON_APPIF_ID_DMEMMAPPER`
const APP_DMEM_MAPPER: u32 = 4;

const MAPPER: &str = "FWSEC DMEM mapper";
const CMD_IN_OFFSET: Field = Field::new("cmd_in_buffer_offset", 0x08);
const INIT_CMD: Field = Field::new("init_cmd", 0x2c);

/// `read_vbios` of `struct nvfw_fwsec_frts_cmd`: version, its own size, where the VBIOS is (FWSEC
/// knows), flags.
const READ_VBIOS: [u32; 6] = [1, 24, 0, 0, 0, 2];
/// Bytes of it, and of `frts_region` behind it.
const READ_VBIOS_SIZE: usize = 24;
const FRTS_REGION_SIZE: u32 = 20;
/// `NVFW_FRTS_CMD_REGION_TYPE_FB`
const REGION_TYPE_FB: u32 = 2;
/// Addresses and sizes are in pages.
const FRTS_UNIT: u64 = 0x1000;

/// What FWSEC is to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Command {
    /// Make the FRTS region, at that place in video memory
    /// (`NVFW_FALCON_APPIF_DMEMMAPPER_CMD_FRTS`).
    Frts {
        /// First byte.
        addr: u64,
        /// Bytes.
        size: u64,
    },
    /// Clean up after a secure boot (`NVFW_FALCON_APPIF_DMEMMAPPER_CMD_SB`).
    Sb,
}

impl Command {
    const fn code(self) -> u32 {
        match self {
            Self::Frts { .. } => 0x15,
            Self::Sb => 0x19,
        }
    }
}

/// A descriptor's version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// To be run by a loader, `acr/bl.bin`.
    V2,
    /// To be run by the boot ROM.
    V3,
}

/// A parsed descriptor. Offsets count from the descriptor's beginning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fwsec<'a> {
    /// The descriptor's version.
    pub version: Version,
    /// The image: code and data.
    pub image: &'a [u8],
    /// Where it lies.
    pub image_offset: usize,
    /// What of it goes where. For version 3 `dmem_size` is rounded up to a block, as in C, and so
    /// may end past the image: put the image into a buffer of whole blocks.
    pub falcon: Falcon,
    /// Version 3's signatures.
    pub signatures: Option<Signatures<'a>>,
    /// Where in the image's data the interface table lies.
    pub interface_offset: u32,
    /// Bytes of data in the image, not rounded.
    pub dmem_load_size: u32,
}

impl<'a> Fwsec<'a> {
    /// Reads the descriptor at the beginning of `vbios`, which reaches to the VBIOS' end.
    ///
    /// # Errors
    ///
    /// Not valid, or of an unknown version; image, code, data or signatures outside of where they
    /// belong; no signatures (version 3), or fewer than versions that they are for.
    pub fn parse(vbios: &'a [u8]) -> Result<Self, FwError> {
        let view = View::new("FWSEC descriptor", vbios, 0);
        let header = view.u32(HDR)?;
        // Bit 0: there is a version. Then bits 15:8 are it.
        match header & 0xff01 {
            0x0201 => Self::v2(vbios, header >> 16),
            0x0301 => Self::v3(vbios, header >> 16),
            found => {
                let (min, max) = (0x0201, 0x0301);
                let found = found.into();
                Err(view.error(HDR, Reason::Value { found, min, max }))
            }
        }
    }

    fn v2(vbios: &'a [u8], size: u32) -> Result<Self, FwError> {
        let view = View::new(V2, vbios, 0);
        view.within(HDR, size.into(), V2_SIZE.into(), u16::MAX.into())?;
        let imem_size = view.u32(V2_IMEM_LOAD_SIZE)?;
        let dmem_size = view.u32(V2_DMEM_LOAD_SIZE)?;
        let image = image(
            &view,
            vbios,
            size,
            (V2_IMEM_LOAD_SIZE, imem_size),
            dmem_size,
        )?;

        let sec_size = view.u32(V2_IMEM_SEC_SIZE)?;
        let Some(nmem_size) = imem_size.checked_sub(sec_size) else {
            let (found, max) = (sec_size.into(), imem_size.into());
            return Err(view.error(V2_IMEM_SEC_SIZE, Reason::Value { found, min: 0, max }));
        };
        // Both are virtual addresses (so NVIDIA's driver and nova-core); C's loader is told the
        // second as it is.
        let virt_base = view.u32(V2_IMEM_VIRT_BASE)?;
        let sec_base = view.u32(V2_IMEM_SEC_BASE)?;
        let Some(sec_start) = sec_base.checked_sub(virt_base) else {
            let (found, min, max) = (sec_base.into(), virt_base.into(), u32::MAX.into());
            return Err(view.error(V2_IMEM_SEC_BASE, Reason::Value { found, min, max }));
        };
        view.part(V2_IMEM_SEC_BASE, image, sec_start.into(), sec_size.into())?;
        let dmem_offset = view.u32(V2_DMEM_OFFSET)?;
        view.part(V2_DMEM_OFFSET, image, dmem_offset.into(), dmem_size.into())?;
        Ok(Self {
            version: Version::V2,
            image,
            image_offset: place(size.into()),
            falcon: Falcon {
                nmem_base: view.u32(V2_IMEM_PHYS_BASE)?,
                nmem_size,
                imem_base: sec_base,
                imem_size: sec_size,
                dmem_base_img: dmem_offset,
                dmem_base: view.u32(V2_DMEM_PHYS_BASE)?,
                dmem_size,
                ..Falcon::default()
            },
            signatures: None,
            interface_offset: view.u32(V2_INTERFACE_OFFSET)?,
            dmem_load_size: dmem_size,
        })
    }

    fn v3(vbios: &'a [u8], size: u32) -> Result<Self, FwError> {
        let view = View::new(V3, vbios, 0);
        view.within(HDR, size.into(), V3_SIZE.into(), u16::MAX.into())?;
        let imem_size = view.u32(V3_IMEM_LOAD_SIZE)?;
        view.multiple(V3_IMEM_LOAD_SIZE, imem_size, BLOCK)?;
        let dmem_size = view.u32(V3_DMEM_LOAD_SIZE)?;
        let image = image(
            &view,
            vbios,
            size,
            (V3_IMEM_LOAD_SIZE, imem_size),
            dmem_size,
        )?;
        let Some(dmem_blocks) = dmem_size.checked_next_multiple_of(BLOCK) else {
            let (found, of) = (dmem_size.into(), BLOCK.into());
            return Err(view.error(V3_DMEM_LOAD_SIZE, Reason::Multiple { found, of }));
        };

        // Each version has a signature, in order of their bits.
        let versions = view.u16(V3_SIGNATURE_VERSIONS)?;
        let count = view.u8(V3_SIGNATURE_COUNT)?;
        let least = u64::from(versions.count_ones()).max(1);
        view.within(V3_SIGNATURE_COUNT, count.into(), least, u8::MAX.into())?;
        let table_size = u32::from(count).saturating_mul(V3_SIGNATURE_SIZE);
        let descriptor = slice(vbios, 0, size.into()).unwrap_or(vbios);
        let table = view.part(
            V3_SIGNATURE_COUNT,
            descriptor,
            V3_SIZE.into(),
            table_size.into(),
        )?;
        let pkc = view.u32(V3_PKC_DATA_OFFSET)?;
        let data = slice(image, imem_size.into(), dmem_size.into()).unwrap_or(&[]);
        view.part(
            V3_PKC_DATA_OFFSET,
            data,
            pkc.into(),
            V3_SIGNATURE_SIZE.into(),
        )?;
        Ok(Self {
            version: Version::V3,
            image,
            image_offset: place(size.into()),
            falcon: Falcon {
                imem_base: view.u32(V3_IMEM_PHYS_BASE)?,
                imem_size,
                dmem_base_img: imem_size,
                dmem_base: view.u32(V3_DMEM_PHYS_BASE)?,
                dmem_size: dmem_blocks,
                dmem_sign: pkc,
                fuse_ver: versions.into(),
                engine_id: view.u16(V3_ENGINE_ID_MASK)?.into(),
                ucode_id: view.u8(V3_UCODE_ID)?.into(),
                ..Falcon::default()
            },
            signatures: Some(Signatures {
                table,
                offset: place(V3_SIZE.into()),
                size: place(V3_SIGNATURE_SIZE.into()),
                count: usize::from(count),
                image_offset: place(u64::from(imem_size).saturating_add(pkc.into())),
            }),
            interface_offset: view.u32(V3_INTERFACE_OFFSET)?,
            dmem_load_size: dmem_size,
        })
    }

    /// Writes a command into a copy of the image, as `nvkm_gsp_fwsec_patch` does; nothing is
    /// written on error.
    ///
    /// # Errors
    ///
    /// The copy is shorter than the image; an unknown interface table, none for DMEM, or any of
    /// what they point at outside of the image's data; an FRTS region that the command has no bits
    /// for. Offsets in these count from the image's beginning.
    pub fn patch(&self, copy: &mut [u8], command: Command) -> Result<(), FwError> {
        let start = place(self.falcon.dmem_base_img.into());
        let size = place(self.dmem_load_size.into());
        let data = start
            .checked_add(size)
            .and_then(|end| copy.get_mut(start..end));
        let Some(data) = data else {
            let (start, size) = (self.falcon.dmem_base_img.into(), self.dmem_load_size.into());
            let len = len64(copy);
            let outside = Reason::Outside { start, size, len };
            return Err(FwError::new("FWSEC image", "copy", 0, outside));
        };
        let mapper = find_mapper(data, start, self.interface_offset)?;
        let view = View::of_part(MAPPER, data, mapper, start);
        // It must be there before anything is written.
        view.u32(INIT_CMD)?;
        let buffer = view.u32(CMD_IN_OFFSET)?;

        let frts = match command {
            Command::Frts { addr, size } => {
                let words = [pages(&view, addr)?, pages(&view, size)?];
                Some([1, FRTS_REGION_SIZE, words[0], words[1], REGION_TYPE_FB])
            }
            Command::Sb => None,
        };
        let needed = match frts {
            Some(_) => 44,
            None => 24,
        };
        view.part(CMD_IN_OFFSET, data, buffer.into(), needed)?;

        let buffer = place(buffer.into());
        put_words(data, mapper.saturating_add(INIT_CMD.at), &[command.code()]);
        put_words(data, buffer, &READ_VBIOS);
        if let Some(frts) = frts {
            put_words(data, buffer.saturating_add(READ_VBIOS_SIZE), &frts);
        }
        Ok(())
    }
}

/// The image behind a descriptor of `size` bytes.
fn image<'a>(
    view: &View<'_>,
    vbios: &'a [u8],
    size: u32,
    imem: (Field, u32),
    dmem_size: u32,
) -> Result<&'a [u8], FwError> {
    let bytes = u64::from(imem.1).saturating_add(dmem_size.into());
    // C counts in 32 bits, and an int after that.
    view.within(imem.0, bytes, 1, 0x7fff_ffff)?;
    view.part(imem.0, vbios, size.into(), bytes)
}

/// Where in DMEM the mapper is that the interface table tells of.
fn find_mapper(data: &[u8], file: usize, interface: u32) -> Result<usize, FwError> {
    let table = place(interface.into());
    let view = View::of_part(INTERFACE, data, table, file);
    view.within(IF_VERSION, view.u8(IF_VERSION)?.into(), 1, 1)?;
    let header = usize::from(view.u8(IF_HEADER_SIZE)?);
    let step = usize::from(view.u8(IF_ENTRY_SIZE)?);
    for index in 0..usize::from(view.u8(IF_COUNT)?) {
        let at = index
            .saturating_mul(step)
            .saturating_add(header)
            .saturating_add(table);
        let entry = View::of_part(INTERFACE, data, at, file);
        if entry.u32(APP_ID)? == APP_DMEM_MAPPER {
            return Ok(place(entry.u32(APP_DMEM_BASE)?.into()));
        }
    }
    let missing = view.error(IF_COUNT, Reason::Missing);
    Err(missing.with_errno(Errno::Invalid))
}

/// Bytes in the command's unit. C drops the bits that do not fit.
fn pages(view: &View<'_>, bytes: u64) -> Result<u32, FwError> {
    let max = u64::from(u32::MAX);
    let found = bytes >> FRTS_UNIT.trailing_zeros();
    u32::try_from(found).map_err(|_| view.error(INIT_CMD, Reason::Value { found, min: 0, max }))
}
