// SPDX-License-Identifier: GPL-2.0

//! What C makes of firmware files and of the VBIOS, beside what Rust would.

use kernel::{
    error::code::*,
    prelude::*, //
};

use super::{
    wide,
    Shadow, //
};
use crate::{
    boot::core::image::Image as _,
    bridge::{
        boot::{
            fields::Memory,
            io::Loadable, //
        },
        firmware::File,
        handle::Subsystem,
        pages::SharedPages,
        shadow::{
            ledger::{
                word,
                Ledger, //
            },
            seen::SeenRadix3,
        },
    },
    fw::core::{
        bl::Bl,
        booter::{
            self,
            Kind, //
        },
        bootloader::Bootloader,
        elf64,
        falcon::{
            Falcon,
            Signatures, //
        },
        fwsec::{
            Command,
            Fwsec, //
        },
        radix3::{
            Level,
            Radix3,
            Table,
            PAGE_SIZE, //
        },
    },
};

/// The section that holds GSP-RM's image.
const IMAGE: &[u8] = b".fwimage";
/// What the memory of its signature is rounded up to (`r535_gsp_oneinit()`).
const SIGNATURE_ALIGN: usize = 256;

/// A booter's file, and what C has made of it.
pub(crate) struct Booter<'a> {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// Nothing on chips that have none.
    pub(crate) file: &'a [u8],
    /// None if C has made none.
    pub(crate) image: Option<Loadable>,
}

/// The files that C holds.
pub(crate) struct Files<'a> {
    /// GSP-RM.
    pub(crate) rm: &'a [u8],
    /// Name of the section of its signature.
    pub(crate) signature: &'a [u8],
    /// Its first code.
    pub(crate) bootloader: &'a [u8],
    /// What loads and unloads it.
    pub(crate) booters: [Booter<'a>; 2],
    /// How these are made.
    pub(crate) kind: Kind,
}

/// The VBIOS, and what is wanted of its FWSEC.
pub(crate) struct Vbios<'a> {
    /// From its beginning to its end.
    pub(crate) bytes: &'a [u8],
    /// Where the descriptor is.
    pub(crate) offset: usize,
    /// The command.
    pub(crate) command: Command,
}

impl Shadow {
    /// What the files became, but for GSP-RM's image.
    pub(crate) fn files(&self, files: &Files<'_>) {
        let ledger = self.ledger(Subsystem::Fw);
        if let Err(error) = self.signature_section(ledger, files) {
            ledger.refused("sig", "section", error);
        }
        if let Err(error) = self.bootloader(ledger, files.bootloader) {
            ledger.refused("bootloader", "file", error);
        }
        for booter in &files.booters {
            if booter.file.is_empty() {
                continue;
            }
            let parsed = booter::Booter::parse(booter.file, files.kind).ok();
            let (Some(parsed), Some(image)) = (parsed, &booter.image) else {
                ledger.refused(booter.name, "file", EINVAL);
                continue;
            };
            placed(ledger, booter.name, image, &parsed.falcon);
            content(ledger, booter.name, image, parsed.image.len(), parsed.image);
            signed(ledger, booter.name, image, Some(&parsed.signatures));
        }
    }

    /// The signature of GSP-RM's image.
    fn signature_section(&self, ledger: Ledger, files: &Files<'_>) -> Result {
        let section = elf64::section(files.rm, files.signature).map_err(|_| EINVAL)?;
        let size = section
            .len()
            .checked_next_multiple_of(SIGNATURE_ALIGN)
            .ok_or(EINVAL)?;
        let memory = self.gsp.memory(Memory::Signature);
        ledger.same("sig", "size", memory.size, wide(size));
        self.gsp.look(Memory::Signature, |memory| {
            ledger.bytes("sig", "content", memory, 0, section);
        })
    }

    /// GSP-RM's first code.
    fn bootloader(&self, ledger: Ledger, file: &[u8]) -> Result {
        let parsed = Bootloader::parse(file).map_err(|_| EINVAL)?;
        let desc = self.abi.ucode_desc(parsed.desc).map_err(|_| EINVAL)?;
        let c = self.gsp.ucode();
        for (field, c, rust) in [
            ("app_version", c.app_version, desc.app_version),
            ("code_offset", c.code_offset, desc.code_offset),
            ("data_offset", c.data_offset, desc.data_offset),
            ("manifest_offset", c.manifest_offset, desc.manifest_offset),
        ] {
            ledger.same("bootloader", field, c.into(), rust.into());
        }
        let memory = self.gsp.memory(Memory::Bootloader);
        ledger.same("bootloader", "size", memory.size, wide(parsed.image.len()));
        self.gsp.look(Memory::Bootloader, |memory| {
            ledger.bytes("bootloader", "content", memory, 0, parsed.image);
        })
    }

    /// GSP-RM's image: `seen` is where C has copied it to.
    pub(crate) fn image(&self, files: &Files<'_>, seen: Option<&SharedPages>) {
        let ledger = self.ledger(Subsystem::Fw);
        let (Ok(section), Some(seen)) = (elf64::section(files.rm, IMAGE), seen) else {
            return ledger.refused("image", "section", EINVAL);
        };
        let size = wide(section.len());
        if ledger.same("image", "size", self.gsp.image_size(), size) {
            ledger.bytes("image", "content", seen, 0, section);
        }
    }

    /// The table through which GSP sees that image; `addrs` finds its pages.
    pub(crate) fn image_table(
        &self,
        table: Result<SeenRadix3>,
        addrs: impl FnOnce(usize) -> Result<KVVec<u64>>,
    ) {
        self.table("radix3", self.gsp.image_size(), table, addrs);
    }

    /// The same of what is saved at suspend.
    pub(crate) fn saved_table(
        &self,
        size: u64,
        table: Result<SeenRadix3>,
        addrs: impl FnOnce(usize) -> Result<KVVec<u64>>,
    ) {
        self.table("sr_radix3", size, table, addrs);
    }

    fn table(
        &self,
        group: &str,
        size: u64,
        table: Result<SeenRadix3>,
        addrs: impl FnOnce(usize) -> Result<KVVec<u64>>,
    ) {
        let ledger = self.ledger(Subsystem::Fw);
        let Ok(radix3) = Radix3::new(size) else {
            return ledger.refused(group, "size", EINVAL);
        };
        let pages = addrs(radix3.image_pages());
        let (table, pages) = match (table, pages) {
            (Ok(table), Ok(pages)) => (table, pages),
            (Err(error), _) | (_, Err(error)) => return ledger.refused(group, "pages", error),
        };
        let seen = table.level2_pages();
        if seen != radix3.pages(Level::L2) && seen == pages_in_c(size) {
            // C's table lacks the image's last page: different on purpose.
            return;
        }
        ledger.same(
            group,
            "level2_pages",
            wide(seen),
            wide(radix3.pages(Level::L2)),
        );
        let level1 = [table.level1_addr()];
        let levels: [(Level, &str, &[u64]); 3] = [
            (Level::L0, "level0", &level1),
            (Level::L1, "level1", table.level2_addrs()),
            (Level::L2, "level2", &pages),
        ];
        for (level, field, addrs) in levels {
            let mut entries = Entries {
                table: &table,
                level,
                used: radix3.entries(level),
                difference: None,
            };
            let filled = radix3.fill(level, &mut entries, addrs.iter().copied());
            ledger.compared();
            match (filled, entries.difference) {
                (_, Some((c, rust))) => ledger.report(group, field, c, rust),
                (Err(_), None) => ledger.report(group, field, 0, wide(radix3.entries(level))),
                (Ok(()), None) => {}
            }
        }
    }

    /// FWSEC, with a command in it.
    pub(crate) fn fwsec(&self, name: &str, image: Result<Loadable>, vbios: Result<Vbios<'_>>) {
        let ledger = self.ledger(Subsystem::Fw);
        let compared = vbios.and_then(|vbios| self.compare_fwsec(ledger, name, &image?, &vbios));
        if let Err(error) = compared {
            ledger.refused(name, "vbios", error);
        }
    }

    fn compare_fwsec(
        &self,
        ledger: Ledger,
        name: &str,
        image: &Loadable,
        vbios: &Vbios<'_>,
    ) -> Result {
        let rest = vbios.bytes.get(vbios.offset..).ok_or(EINVAL)?;
        let found = Fwsec::parse(rest).map_err(|_| EINVAL)?;
        let mut copy = KVVec::with_capacity(found.image.len(), GFP_KERNEL)?;
        copy.extend_from_slice(found.image, GFP_KERNEL)?;
        found.patch(&mut copy, vbios.command).map_err(|_| EINVAL)?;

        let mut falcon = found.falcon;
        if found.signatures.is_none() {
            let file = File::get(self.gsp, c"acr/bl")?;
            let bl = Bl::parse(file.bytes()).map_err(|_| EINVAL)?;
            falcon.boot_addr = bl.boot_addr();
            let size = image.loader_size().map_or(0, u64::from);
            ledger.same(name, "loader_size", size, wide(bl.code.len()));
            words(ledger, name, "loader", bl.code, |at| image.loader_word(at));
        }
        placed(ledger, name, image, &falcon);
        content(ledger, name, image, found.image.len(), &copy);
        signed(ledger, name, image, found.signatures.as_ref());
        Ok(())
    }
}

/// Pages that C gives to level 2: `nvkm_gsp_radix3_sg()` forgets a last page that is not full.
fn pages_in_c(size: u64) -> usize {
    let pages = usize::try_from(size).map_or(0, |size| size / PAGE_SIZE);
    pages.saturating_mul(8).div_ceil(PAGE_SIZE)
}

/// A level as C has filled it. Entries that are not used are not compared: C leaves in them what
/// was there.
struct Entries<'a> {
    table: &'a SeenRadix3,
    level: Level,
    used: usize,
    difference: Option<(u64, u64)>,
}

impl Table for Entries<'_> {
    fn set(&mut self, index: usize, entry: [u8; 8]) -> bool {
        if index >= self.used {
            return true;
        }
        let Some(c) = self.table.entry(self.level, index) else {
            return false;
        };
        let rust = u64::from_le_bytes(entry);
        if c != rust {
            self.difference.get_or_insert((c, rust));
        }
        true
    }
}

/// What of an image goes where.
fn placed(ledger: Ledger, name: &str, image: &Loadable, rust: &Falcon) {
    let c = image.layout();
    for (field, c, rust) in [
        ("nmem_base_img", c.nmem_base_img, rust.nmem_base_img),
        ("nmem_base", c.nmem_base, rust.nmem_base),
        ("nmem_size", c.nmem_size, rust.nmem_size),
        ("imem_base_img", c.imem_base_img, rust.imem_base_img),
        ("imem_base", c.imem_base, rust.imem_base),
        ("imem_size", c.imem_size, rust.imem_size),
        ("dmem_base_img", c.dmem_base_img, rust.dmem_base_img),
        ("dmem_base", c.dmem_base, rust.dmem_base),
        ("dmem_size", c.dmem_size, rust.dmem_size),
        ("dmem_sign", c.dmem_sign, rust.dmem_sign),
        ("boot_addr", c.boot_addr, rust.boot_addr),
        ("fuse_ver", c.fuse_ver, rust.fuse_ver),
        ("engine_id", c.engine_id, rust.engine_id),
        ("ucode_id", c.ucode_id, rust.ucode_id),
    ] {
        ledger.same(name, field, c.into(), rust.into());
    }
}

/// An image's bytes.
fn content(ledger: Ledger, name: &str, image: &Loadable, len: usize, rust: &[u8]) {
    if ledger.same(name, "len", image.bytes(), wide(len)) {
        words(ledger, name, "content", rust, |at| image.word(at));
    }
}

/// An image's signatures; none where it has none.
fn signed(ledger: Ledger, name: &str, image: &Loadable, rust: Option<&Signatures<'_>>) {
    let c = image.signatures();
    let (count, size, at) = c.map_or((0, 0, 0), |c| (c.count, c.size, c.image_offset));
    let (rust_count, rust_size, rust_at) =
        rust.map_or((0, 0, 0), |rust| (rust.count, rust.size, rust.image_offset));
    let alike = [
        ledger.same(name, "sig_nr", count.into(), wide(rust_count)),
        ledger.same(name, "sig_size", size.into(), wide(rust_size)),
        ledger.same(name, "sig_base_img", at.into(), wide(rust_at)),
    ];
    if let (Some(rust), [true, true, true]) = (rust, alike) {
        words(ledger, name, "sigs", rust.table, |at| {
            image.signature_word(at)
        });
    }
}

/// Bytes that C's side gives word by word.
fn words(
    ledger: Ledger,
    name: &str,
    field: &str,
    rust: &[u8],
    c: impl Fn(u32) -> Option<u32>,
) -> bool {
    ledger.compared();
    let mut at = 0_u32;
    for expected in rust.chunks(4) {
        let found = c(at).map(u32::to_le_bytes);
        let found = found.as_ref().and_then(|found| found.get(..expected.len()));
        if found != Some(expected) {
            ledger.report(name, field, word(found.unwrap_or(&[])), word(expected));
            return false;
        }
        at = at.saturating_add(4);
    }
    true
}
