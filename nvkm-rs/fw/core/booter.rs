// SPDX-License-Identifier: GPL-2.0

//! Booters (load, unload) and other images for a falcon's secure mode: `nvfw_hs_header_v2` and what
//! it points at.
//!
//! The header says where in the file four words lie, and they say what matters: where in the image
//! the signature goes (`patch_loc`), where the signatures begin (`patch_sig`), how many there are
//! (`num_sig`), and for which fuse they are (`meta_data_offset`). Layouts: `include/nvfw/hs.h`.

use super::container::Container;
use super::error::{FwError, Reason};
use super::falcon::{Falcon, Signatures, BLOCK};
use super::read::{len64, place, Field, View};

const HEADER: &str = "HS header v2";
const SIG_PROD_OFFSET: Field = Field::new("sig_prod_offset", 0x00);
const SIG_PROD_SIZE: Field = Field::new("sig_prod_size", 0x04);
const PATCH_LOC: Field = Field::new("patch_loc", 0x08);
const PATCH_SIG: Field = Field::new("patch_sig", 0x0c);
const META_DATA_OFFSET: Field = Field::new("meta_data_offset", 0x10);
const META_DATA_SIZE: Field = Field::new("meta_data_size", 0x14);
const NUM_SIG: Field = Field::new("num_sig", 0x18);
const HEADER_OFFSET: Field = Field::new("header_offset", 0x1c);
const HEADER_SIZE: Field = Field::new("header_size", 0x20);

const META: &str = "HS meta data";
const FUSE_VER: Field = Field::new("fuse_ver", 0x00);
const ENGINE_ID: Field = Field::new("engine_id", 0x04);
const UCODE_ID: Field = Field::new("ucode_id", 0x08);
/// Bytes of the three.
const META_SIZE: u64 = 0x0c;

const LOAD: &str = "HS load header v2";
const OS_CODE_OFFSET: Field = Field::new("os_code_offset", 0x00);
const OS_CODE_SIZE: Field = Field::new("os_code_size", 0x04);
const OS_DATA_OFFSET: Field = Field::new("os_data_offset", 0x08);
const OS_DATA_SIZE: Field = Field::new("os_data_size", 0x0c);
const NUM_APPS: Field = Field::new("num_apps", 0x10);
const APP_OFFSET: Field = Field::new("app[0].offset", 0x14);
const APP_SIZE: Field = Field::new("app[0].size", 0x18);
/// Bytes in front of the applications, and of each.
const LOAD_SIZE: u64 = 0x14;
const LOAD_APP_SIZE: u64 = 0x10;

/// Most signatures: one for each fuse bit, and the fuses have 16.
const SIGNATURES_MAX: u64 = 16;
/// Most applications. C uses the first one; every file has one.
const APPS_MAX: u64 = 16;

/// How an image gets into the falcon.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Word by word, not secure code first (`tu102_gsp_booter_ctor`: Turing and GA100).
    Turing,
    /// By DMA, checked by the falcon's boot ROM (`ga102_gsp_booter_ctor`: GA10x and AD10x).
    Brom,
}

/// A parsed file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Booter<'a> {
    /// The image.
    pub image: &'a [u8],
    /// Its signatures.
    pub signatures: Signatures<'a>,
    /// What of it goes where.
    pub falcon: Falcon,
}

/// A word that another word points at.
struct Indirect {
    value: u32,
    field: Field,
}

fn indirect(header: &View<'_>, file: &[u8], pointer: Field) -> Result<Indirect, FwError> {
    let at = header.u32(pointer)?;
    // The pointer is what is wrong when there is no word where it points.
    header.part(pointer, file, at.into(), 4)?;
    let field = Field::new(pointer.name, place(at.into()));
    let value = View::new(HEADER, file, 0).u32(field)?;
    Ok(Indirect { value, field })
}

impl<'a> Booter<'a> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Anything that would have C, or the loader of that kind of image, read outside of the file or
    /// of the image; no signatures, or a table that their number does not divide into words.
    pub fn parse(file: &'a [u8], kind: Kind) -> Result<Self, FwError> {
        let container = Container::parse(file)?;
        let header = View::new(HEADER, file, container.header_offset);
        let image = container.data;
        let (signatures, loc) = signatures(&header, file, image)?;
        let mut falcon = falcon(&header, file, image, &loc, kind)?;
        if kind == Kind::Brom {
            let at = header.u32(META_DATA_OFFSET)?;
            let size = header.u32(META_DATA_SIZE)?;
            header.within(META_DATA_SIZE, size.into(), META_SIZE, u32::MAX.into())?;
            header.part(META_DATA_OFFSET, file, at.into(), META_SIZE)?;
            let meta = View::new(META, file, place(at.into()));
            falcon.fuse_ver = meta.u32(FUSE_VER)?;
            falcon.engine_id = meta.u32(ENGINE_ID)?;
            falcon.ucode_id = meta.u32(UCODE_ID)?;
        }
        Ok(Self {
            image,
            signatures,
            falcon,
        })
    }
}

/// The table of signatures, and where one goes.
fn signatures<'a>(
    header: &View<'_>,
    file: &'a [u8],
    image: &[u8],
) -> Result<(Signatures<'a>, Indirect), FwError> {
    let whole = View::new(HEADER, file, 0);
    let loc = indirect(header, file, PATCH_LOC)?;
    let first = indirect(header, file, PATCH_SIG)?;
    let count = indirect(header, file, NUM_SIG)?;
    whole.within(count.field, count.value.into(), 1, SIGNATURES_MAX)?;

    // Copied word by word, so each is words (C: `len = fw->sig_size / 4`).
    let bytes = header.u32(SIG_PROD_SIZE)?;
    let size = bytes.checked_div(count.value).unwrap_or(0);
    if bytes == 0 || size & 3 != 0 || size.checked_mul(count.value) != Some(bytes) {
        let of = u64::from(count.value).saturating_mul(4);
        let found = bytes.into();
        return Err(header.error(SIG_PROD_SIZE, Reason::Multiple { found, of }));
    }
    let start = u64::from(header.u32(SIG_PROD_OFFSET)?).saturating_add(first.value.into());
    let table = header.part(SIG_PROD_OFFSET, file, start, bytes.into())?;
    whole.part(loc.field, image, loc.value.into(), size.into())?;
    let signatures = Signatures {
        table,
        offset: place(start),
        size: place(size.into()),
        count: place(count.value.into()),
        image_offset: place(loc.value.into()),
    };
    Ok((signatures, loc))
}

/// What of the image goes where: all of it lies in the image, in blocks that can be loaded.
fn falcon(
    header: &View<'_>,
    file: &[u8],
    image: &[u8],
    loc: &Indirect,
    kind: Kind,
) -> Result<Falcon, FwError> {
    let at = header.u32(HEADER_OFFSET)?;
    let size = header.u32(HEADER_SIZE)?;
    header.part(HEADER_OFFSET, file, at.into(), size.into())?;
    let load = View::new(LOAD, file, place(at.into()));
    let apps = load.u32(NUM_APPS)?;
    load.within(NUM_APPS, apps.into(), 1, APPS_MAX)?;
    let needed = u64::from(apps)
        .saturating_mul(LOAD_APP_SIZE)
        .saturating_add(LOAD_SIZE);
    header.within(HEADER_SIZE, size.into(), needed, u32::MAX.into())?;

    let (app_offset, app_size) = (load.u32(APP_OFFSET)?, load.u32(APP_SIZE)?);
    load.multiple(APP_SIZE, app_size, BLOCK)?;
    let (data_offset, data_size) = (load.u32(OS_DATA_OFFSET)?, load.u32(OS_DATA_SIZE)?);
    load.part(OS_DATA_OFFSET, image, data_offset.into(), data_size.into())?;

    let mut falcon = Falcon {
        imem_size: app_size,
        dmem_base_img: data_offset,
        dmem_size: data_size,
        ..Falcon::default()
    };
    match kind {
        Kind::Turing => {
            let code_size = load.u32(OS_CODE_SIZE)?;
            load.multiple(OS_CODE_SIZE, code_size, BLOCK)?;
            load.part(OS_CODE_SIZE, image, 0, code_size.into())?;
            load.part(APP_SIZE, image, code_size.into(), app_size.into())?;
            load.within(OS_DATA_SIZE, data_size.into(), 1, u32::MAX.into())?;
            falcon.nmem_base = load.u32(OS_CODE_OFFSET)?;
            falcon.nmem_size = code_size;
            falcon.imem_base_img = code_size;
            falcon.imem_base = app_offset;
            falcon.boot_addr = falcon.nmem_base;
        }
        Kind::Brom => {
            load.part(APP_OFFSET, image, app_offset.into(), app_size.into())?;
            // Bits below a block's size are lost on the way into the DMA's base register.
            load.multiple(OS_DATA_OFFSET, data_offset, BLOCK)?;
            load.multiple(OS_DATA_SIZE, data_size, BLOCK)?;
            falcon.imem_base_img = app_offset;
            falcon.boot_addr = app_offset;
        }
    }
    falcon.dmem_sign = loc.value.checked_sub(data_offset).ok_or_else(|| {
        View::new(HEADER, file, 0).error(
            loc.field,
            Reason::Value {
                found: loc.value.into(),
                min: data_offset.into(),
                max: len64(image),
            },
        )
    })?;
    Ok(falcon)
}
