// SPDX-License-Identifier: GPL-2.0

//! An image into a falcon: word by word through its ports, by a loader that is put there so, or by
//! the falcon's DMA.
//!
//! What is wrong with an image is found out before anything is touched: the `check_*` come first,
//! with the sizes that the falcon says its memories have.

use super::error::BootError;
use super::falcon::{halves, Falcon, Limits};
use super::image::Image;
use super::registers::*;
use crate::fw::core::falcon::{Falcon as Layout, BLOCK};

/// Bytes of a word.
const WORD: u32 = 4;
/// How long a transfer may take (`nvkm_falcon_dma_wr`).
const TRANSFER: u32 = 2_000_000;
/// DMA has that many bits of address less one: 8 are 0, 32 in one register, 9 in another.
const ADDRESS_BITS: u32 = 49;

/// A part of an image, and where it goes.
#[derive(Clone, Copy)]
struct Part {
    what: &'static str,
    from: u32,
    to: u32,
    size: u32,
}

impl Part {
    /// Code that is not secure.
    fn plain(layout: &Layout) -> Self {
        Self {
            what: "code",
            from: layout.nmem_base_img,
            to: layout.nmem_base,
            size: layout.nmem_size,
        }
    }

    /// Secure code.
    fn secure(layout: &Layout) -> Self {
        Self {
            what: "secure code",
            from: layout.imem_base_img,
            to: layout.imem_base,
            size: layout.imem_size,
        }
    }

    /// Data.
    fn data(layout: &Layout) -> Self {
        Self {
            what: "data",
            from: layout.dmem_base_img,
            to: layout.dmem_base,
            size: layout.dmem_size,
        }
    }

    /// It lies in an image of that size.
    fn within(&self, image: u32) -> Result<(), BootError> {
        within(self.what, self.from, self.size, image)
    }

    /// It lies in an image of that size, fits a memory of that size, and is of whole units.
    fn check(&self, image: u32, memory: u32, unit: u32) -> Result<(), BootError> {
        self.within(image)?;
        within(self.what, self.to, self.size, memory)?;
        multiple(self.what, self.to, unit)?;
        some(self.what, self.size, unit)
    }
}

/// `size` bytes at `start` lie in `len` bytes.
fn within(what: &'static str, start: u32, size: u32, len: u32) -> Result<(), BootError> {
    match start.checked_add(size) {
        Some(end) if end <= len => Ok(()),
        _ => Err(BootError::Outside {
            what,
            start,
            size,
            len,
        }),
    }
}

/// A multiple of `of`, a power of two.
fn multiple(what: &'static str, found: u32, of: u32) -> Result<(), BootError> {
    match found & of.wrapping_sub(1) {
        0 => Ok(()),
        _ => Err(BootError::Multiple { what, found, of }),
    }
}

/// The same, and not nothing: C's loaders fail then (`nvkm_falcon_pio_wr`, `nvkm_falcon_dma_wr`).
fn some(what: &'static str, found: u32, of: u32) -> Result<(), BootError> {
    match found {
        0 => Err(BootError::Multiple { what, found, of }),
        _ => multiple(what, found, of),
    }
}

/// Refuses what [`pio`] could not load.
///
/// # Errors
///
/// A part lies outside of the image or of the falcon's memory, or is not of whole blocks (data:
/// words).
pub fn check_pio(image: &dyn Image, limits: Limits) -> Result<(), BootError> {
    let layout = image.layout();
    if let Some(size) = image.loader_size() {
        some("loader", size, BLOCK)?;
        within("loader", 0, size, limits.imem)?;
        // What it loads, by DMA: code from where it lies in the falcon's memory, counted from the
        // image's beginning.
        for (what, start, size) in [
            ("code", layout.nmem_base, layout.nmem_size),
            ("secure code", layout.imem_base, layout.imem_size),
            ("data", layout.dmem_base_img, layout.dmem_size),
        ] {
            within(what, start, size, image.len())?;
        }
        return within("loader's arguments", 0, Arguments::SIZE, limits.dmem);
    }
    Part::plain(&layout).check(image.len(), limits.imem, BLOCK)?;
    Part::secure(&layout).check(image.len(), limits.imem, BLOCK)?;
    Part::data(&layout).check(image.len(), limits.dmem, WORD)
}

/// Loads an image through the falcon's ports (`gm200_flcn_fw_load`).
///
/// # Errors
///
/// The image has fewer words than it had.
pub fn pio(falcon: &mut Falcon<'_>, image: &dyn Image, limits: Limits) -> Result<(), BootError> {
    let layout = image.layout();
    falcon.allow_physical();
    if let Some(size) = image.loader_size() {
        // At the end of memory, so that it is not in the way of what it loads.
        let loader = Part {
            what: "loader",
            from: 0,
            to: limits.imem.saturating_sub(size),
            size,
        };
        let tag = blocks(layout.boot_addr);
        write_code(falcon, loader, tag, false, |at| image.loader_word(at))?;
        return write_arguments(falcon, image, &layout);
    }
    let from = |at| image.word(at);
    let (plain, secure) = (Part::plain(&layout), Part::secure(&layout));
    write_code(falcon, plain, blocks(plain.to), false, from)?;
    write_code(falcon, secure, blocks(secure.to), true, from)?;
    write_data(falcon, Part::data(&layout), from)
}

/// Blocks in front of an address.
fn blocks(addr: u32) -> u32 {
    addr.checked_div(BLOCK).unwrap_or(0)
}

/// Offsets up to `size`, one a word.
fn words(size: u32) -> impl Iterator<Item = u32> {
    (0..size).step_by(WORD as usize)
}

/// The word of a part that is that far in it, or what is wrong when there is none.
fn word(part: Part, at: u32, from: &impl Fn(u32) -> Option<u32>) -> Result<u32, BootError> {
    let place = part.from.checked_add(at);
    place.and_then(from).ok_or(BootError::Outside {
        what: part.what,
        start: part.from,
        size: part.size,
        len: at,
    })
}

/// Words into code's memory, each block with its virtual address.
fn write_code(
    falcon: &mut Falcon<'_>,
    part: Part,
    first_tag: u32,
    secure: bool,
    from: impl Fn(u32) -> Option<u32>,
) -> Result<(), BootError> {
    falcon.write(
        NV_PFALCON_FALCON_IMEMC::default()
            .with(NV_PFALCON_FALCON_IMEMC::ADDRESS, part.to)
            .with(NV_PFALCON_FALCON_IMEMC::AINCW, 1)
            .with(NV_PFALCON_FALCON_IMEMC::SECURE, secure.into()),
    );
    for block in (0..part.size).step_by(BLOCK as usize) {
        let tag = first_tag.wrapping_add(blocks(block));
        falcon.write(NV_PFALCON_FALCON_IMEMT::default().with(NV_PFALCON_FALCON_IMEMT::TAG, tag));
        for at in words(BLOCK) {
            let word = word(part, block.wrapping_add(at), &from)?;
            falcon.write(NV_PFALCON_FALCON_IMEMD::new(word));
        }
    }
    Ok(())
}

/// Words into data's memory.
fn write_data(
    falcon: &mut Falcon<'_>,
    part: Part,
    from: impl Fn(u32) -> Option<u32>,
) -> Result<(), BootError> {
    falcon.write(
        NV_PFALCON_FALCON_DMEMC::default()
            .with(NV_PFALCON_FALCON_DMEMC::ADDRESS, part.to)
            .with(NV_PFALCON_FALCON_DMEMC::AINCW, 1),
    );
    for at in words(part.size) {
        falcon.write(NV_PFALCON_FALCON_DMEMD::new(word(part, at, &from)?));
    }
    Ok(())
}

/// What the loader is told, at the beginning of data's memory: `struct flcn_bl_dmem_desc_v2`
/// (`nvfw/flcn.h`).
struct Arguments {
    /// Its words; the first eight are reserved, and for a signature that there is not.
    words: [u32; 21],
}

impl Arguments {
    const SIZE: u32 = 21 * WORD;

    /// As `tu102_gsp_fwsec_load_bld` fills it in.
    fn new(image: &dyn Image, layout: &Layout) -> Self {
        let (code_low, code_high) = halves(image.addr());
        let data = image.addr().wrapping_add(layout.dmem_base_img.into());
        let (data_low, data_high) = halves(data);
        let (entry, argc, argv) = (0, 0, 0);
        Self {
            words: [
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                NV_PFALCON_FBIF_TRANSCFG::PHYS_SYS_NCOH,
                code_low,
                code_high,
                layout.nmem_base,
                layout.nmem_size,
                layout.imem_base,
                layout.imem_size,
                entry,
                data_low,
                data_high,
                layout.dmem_size,
                argc,
                argv,
            ],
        }
    }
}

/// `tu102_gsp_fwsec_load_bld`
fn write_arguments(
    falcon: &mut Falcon<'_>,
    image: &dyn Image,
    layout: &Layout,
) -> Result<(), BootError> {
    let arguments = Arguments::new(image, layout);
    falcon.update_at(
        NV_PFALCON_FBIF_TRANSCFG::PHYS_SYS_NCOH,
        |target: NV_PFALCON_FBIF_TRANSCFG| {
            target
                .with(
                    NV_PFALCON_FBIF_TRANSCFG::TARGET,
                    NV_PFALCON_FBIF_TRANSCFG::TARGET_COHERENT_SYSMEM,
                )
                .with(
                    NV_PFALCON_FBIF_TRANSCFG::MEM_TYPE,
                    NV_PFALCON_FBIF_TRANSCFG::MEM_TYPE_PHYSICAL,
                )
        },
    );
    let part = Part {
        what: "loader's arguments",
        from: 0,
        to: 0,
        size: Arguments::SIZE,
    };
    write_data(falcon, part, |at| {
        let index = usize::try_from(at.checked_div(WORD)?).ok()?;
        arguments.words.get(index).copied()
    })
}

/// Refuses what [`dma`] could not load.
///
/// # Errors
///
/// A part lies outside of the image or of the falcon's memory, or is not of whole blocks; DMA
/// cannot read from where the image is; it comes with a loader.
pub fn check_dma(image: &dyn Image, limits: Limits) -> Result<(), BootError> {
    if image.loader_size().is_some() {
        return Err(BootError::Loader);
    }
    let layout = image.layout();
    for (part, memory) in [
        (Part::secure(&layout), limits.imem),
        (Part::data(&layout), limits.dmem),
    ] {
        part.check(image.len(), memory, BLOCK)?;
        multiple(part.what, part.from, BLOCK)?;
    }
    let addr = image.addr();
    let end = addr.checked_add(image.len().into());
    let (low, _) = halves(addr);
    if low & BLOCK.wrapping_sub(1) != 0 || end.is_none_or(|end| end > 1u64 << ADDRESS_BITS) {
        return Err(BootError::Address { addr });
    }
    Ok(())
}

/// Loads an image by the falcon's DMA (`ga102_flcn_fw_load`).
///
/// # Errors
///
/// A transfer does not end in time.
pub fn dma(falcon: &mut Falcon<'_>, image: &dyn Image) -> Result<(), BootError> {
    let layout = image.layout();
    falcon.allow_physical();
    falcon.update_at(
        NV_PFALCON_FBIF_TRANSCFG::UCODE,
        |target: NV_PFALCON_FBIF_TRANSCFG| {
            target
                .with(
                    NV_PFALCON_FBIF_TRANSCFG::ENGINE_ID_FLAG,
                    NV_PFALCON_FBIF_TRANSCFG::ENGINE_ID_FLAG_BAR2_FN0,
                )
                .with(
                    NV_PFALCON_FBIF_TRANSCFG::MEM_TYPE,
                    NV_PFALCON_FBIF_TRANSCFG::MEM_TYPE_PHYSICAL,
                )
                .with(
                    NV_PFALCON_FBIF_TRANSCFG::TARGET,
                    NV_PFALCON_FBIF_TRANSCFG::TARGET_COHERENT_SYSMEM,
                )
        },
    );
    let command = NV_PFALCON_FALCON_DMATRFCMD::default().with(
        NV_PFALCON_FALCON_DMATRFCMD::SIZE,
        NV_PFALCON_FALCON_DMATRFCMD::SIZE_256B,
    );
    let code = command
        .with(NV_PFALCON_FALCON_DMATRFCMD::IMEM, 1)
        .with(NV_PFALCON_FALCON_DMATRFCMD::SEC, 1);
    transfer(falcon, image.addr(), Part::secure(&layout), code)?;
    // Where code is read from is also its virtual address; data has none, and its place counts as
    // the base.
    let data = Part::data(&layout);
    let base = image.addr().wrapping_add(data.from.into());
    transfer(falcon, base, Part { from: 0, ..data }, command)
}

/// `nvkm_falcon_dma_wr`
fn transfer(
    falcon: &mut Falcon<'_>,
    base: u64,
    part: Part,
    command: NV_PFALCON_FALCON_DMATRFCMD,
) -> Result<(), BootError> {
    let (low, high) = halves(base.wrapping_shr(8));
    falcon.write(NV_PFALCON_FALCON_DMATRFBASE::new(low));
    falcon.write(
        NV_PFALCON_FALCON_DMATRFBASE1::default().with(NV_PFALCON_FALCON_DMATRFBASE1::BASE, high),
    );
    for at in (0..part.size).step_by(BLOCK as usize) {
        falcon.write(NV_PFALCON_FALCON_DMATRFMOFFS::new(part.to.wrapping_add(at)));
        falcon.write(NV_PFALCON_FALCON_DMATRFFBOFFS::new(
            part.from.wrapping_add(at),
        ));
        falcon.write(command);
        falcon.wait(TRANSFER, |state: NV_PFALCON_FALCON_DMATRFCMD| {
            state.is(NV_PFALCON_FALCON_DMATRFCMD::IDLE)
        })?;
    }
    Ok(())
}
