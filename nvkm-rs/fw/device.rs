// SPDX-License-Identifier: GPL-2.0

//! One device's firmware: files read, parsed by tier 0, and put where C expects them.

use core::fmt::{
    self,
    Write as _, //
};

use kernel::{
    error::code::*,
    new_mutex,
    prelude::{
        fmt,
        *, //
    },
    str::CString,
    sync::Mutex, //
};

use super::core::{
    bl::Bl,
    booter::{
        Booter,
        Kind, //
    },
    bootloader::{
        Bootloader,
        UcodeDesc, //
    },
    elf32::Fmc,
    elf64::{
        self,
        Elf64Header,
        SectionTable, //
    },
    error::{
        Errno,
        FwError, //
    },
    falcon::BLOCK,
    fwsec::{
        Command,
        Fwsec, //
    },
    radix3::{
        Level,
        Radix3,
        Table, //
    },
};
use crate::{
    abi::core::Abi,
    bridge::{
        compat,
        falcon::FalconImage,
        firmware::{
            self,
            File,
            Head,
            Image,
            Open, //
        },
        handle::{
            Count,
            Gsp,
            Level as LogLevel, //
        },
        memory::{
            DeviceMemory,
            DevicePages, //
        },
        pages::SharedPages,
    },
};

/// The section that holds GSP-RM's image.
const IMAGE: &[u8] = b".fwimage";

/// Most bytes of another section (the signatures have 4 KiB): it is read into memory as large as it
/// says it is.
const SECTION_MAX: u64 = 1 << 20;

/// A GSP-RM file of which only what is needed is in memory.
struct Pieces {
    head: Head,
    table: KVec<u8>,
    names: KVec<u8>,
    /// Gone once C has taken it over.
    image: Option<Image>,
    /// Other sections that were asked for.
    sections: KVec<KVec<u8>>,
}

impl Pieces {
    fn table(&self) -> Result<SectionTable<'_>, FwError> {
        SectionTable::parse(&Elf64Header::parse(self.head.bytes())?, &self.table, None)
    }
}

/// How the GSP-RM file is held.
enum Held {
    /// Not yet, or not any more.
    Nothing,
    /// Piece by piece: the image is there once.
    Pieces(Pieces),
    /// As a whole, by C.
    Whole,
}

/// A file's name, as messages have it.
struct FileName<'a> {
    name: &'a str,
    version: &'static str,
}

impl fmt::Display for FileName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.name.chars() {
            f.write_char(if c == '-' { '_' } else { c })?;
        }
        write!(f, "-{}.bin", self.version)
    }
}

/// The state for one firmware version.
#[pin_data]
pub(crate) struct Fw {
    gsp: Gsp,
    abi: &'static dyn Abi,
    #[pin]
    held: Mutex<Held>,
}

impl Table for SharedPages {
    fn set(&mut self, index: usize, entry: [u8; 8]) -> bool {
        index
            .checked_mul(8)
            .is_some_and(|at| self.write(at, &entry))
    }
}

/// The kernel's errno for what is wrong with a file.
fn errno(error: &FwError) -> Error {
    match error.errno() {
        Errno::Invalid => EINVAL,
        Errno::NoEntry => ENOENT,
        Errno::NoData => compat::enodata(),
    }
}

impl Fw {
    /// The state for the version that `abi` is the interface of.
    pub(crate) fn new(gsp: Gsp, abi: &'static dyn Abi) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            pin_init!(Self {
                gsp,
                abi,
                held <- new_mutex!(Held::Nothing),
            }),
            GFP_KERNEL,
        )
    }

    /// Says what is wrong with a file, and gives its errno.
    fn bad(&self, file: &dyn fmt::Display, error: &FwError) -> Error {
        self.gsp
            .log(LogLevel::Error, format_args!("rust: fw: {file}: {error}"));
        errno(error)
    }

    /// The same for a firmware file: C's name of it, of which an image's may differ in its hyphens.
    fn bad_file(&self, name: &str, error: &FwError) -> Error {
        let version = self.abi.version();
        self.bad(&FileName { name, version }, error)
    }

    /// The name under which C looks for a file: `gsp/<name>-<version>`.
    fn name(&self, name: &str) -> Result<CString> {
        CString::try_from_fmt(fmt!("gsp/{name}-{}", self.abi.version()))
    }

    /// Reads a file other than GSP-RM's.
    pub(crate) fn load(&self, name: &str) -> Result<File> {
        File::get(self.gsp, &self.name(name)?)
    }

    /// Reads GSP-RM's file.
    ///
    /// The reading of parts cannot be told to be quiet, and a version that is not there is nothing
    /// to complain of. So the bootloader, which comes with it and is small, is asked for first.
    pub(crate) fn load_rm(&self) -> Result<Open> {
        let name = self.name("gsp")?;
        drop(self.load("bootloader")?);
        match Head::read(self.gsp, &name, elf64::HEADER_SIZE) {
            Ok((head, open)) => {
                let pieces = self.pieces(&name, head)?;
                *self.held.lock() = Held::Pieces(pieces);
                Ok(open)
            }
            Err(error) if error == ENOMEM => Err(error),
            Err(_) => {
                let file = File::get(self.gsp, &name)?;
                let bad = |error| self.bad_file("gsp", &error);
                let len = elf64::section(file.bytes(), IMAGE).map_err(bad)?.len() as u64;
                // C counts its bytes in an int.
                Radix3::new(len).map_err(bad)?;
                self.gsp.tally(Count::Bytes, len);
                *self.held.lock() = Held::Whole;
                Ok(file.into_open())
            }
        }
    }

    /// Reads what is needed of a file whose first bytes are `head`.
    fn pieces(&self, name: &CStr, head: Head) -> Result<Pieces> {
        let bad = |error| self.bad_file("gsp", &error);
        let header = Elf64Header::parse(head.bytes()).map_err(bad)?;
        let table = self.part(name, header.table_offset(), header.table_size())?;
        let parsed = SectionTable::parse(&header, &table, None).map_err(bad)?;
        let names = parsed.names();
        let names = self.part(name, names.offset, usize::try_from(names.size)?)?;
        let image = parsed.find(&names, IMAGE).map_err(bad)?;
        // Bounds what is allocated, too.
        Radix3::new(image.size).map_err(bad)?;
        let (offset, len) = (usize::try_from(image.offset)?, usize::try_from(image.size)?);
        let image = Image::read(self.gsp, name, offset, len)
            .map_err(|error| self.unread(name, offset, len, error))?;
        self.gsp.tally(Count::Bytes, len as u64);
        Ok(Pieces {
            head,
            table,
            names,
            image: Some(image),
            sections: KVec::new(),
        })
    }

    /// Reads a part of a file.
    fn part(&self, name: &CStr, offset: u64, len: usize) -> Result<KVec<u8>> {
        let offset = usize::try_from(offset)?;
        let mut part = KVec::from_elem(0, len, GFP_KERNEL)?;
        firmware::read(self.gsp, name, offset, &mut part)
            .map_err(|error| self.unread(name, offset, len, error))?;
        Ok(part)
    }

    /// Says that a part of a file that is there could not be read, and gives the errno: the
    /// kernel's is that of a missing file when it is the part that is missing.
    fn unread(&self, name: &CStr, offset: usize, len: usize, error: Error) -> Error {
        if error == ENOMEM {
            return error;
        }
        self.gsp.log(
            LogLevel::Error,
            format_args!(
                "rust: fw: {}.bin: {len:#x} bytes at {offset:#x} cannot be read: {}",
                name.to_str().unwrap_or("gsp"),
                error.to_errno()
            ),
        );
        EIO
    }

    /// Lets go of what is held of files.
    pub(crate) fn release(&self) {
        *self.held.lock() = Held::Nothing;
    }

    /// Where a section of GSP-RM's file is in memory, and its bytes; `whole` looks at the file that
    /// C holds, if it is that and not the file's header alone.
    pub(crate) fn section<'a>(
        &self,
        whole: impl FnOnce() -> &'a [u8],
        wanted: &[u8],
    ) -> Result<(*const u8, usize)> {
        let mut held = self.held.lock();
        let pieces = match &mut *held {
            Held::Nothing => return Err(ENOENT),
            Held::Whole => {
                let section = elf64::section(whole(), wanted);
                let section = section.map_err(|error| self.bad_file("gsp", &error))?;
                return Ok((section.as_ptr(), section.len()));
            }
            Held::Pieces(pieces) => pieces,
        };
        if wanted == IMAGE {
            return pieces.image.as_ref().map(Image::place).ok_or(ENOENT);
        }
        let found = pieces
            .table()
            .and_then(|table| table.bounded(table.find(&pieces.names, wanted)?, SECTION_MAX))
            .map_err(|error| self.bad_file("gsp", &error))?;
        let len = usize::try_from(found.size)?;
        let section = self.part(&self.name("gsp")?, found.offset, len)?;
        let place = (section.as_ptr(), section.len());
        pieces.sections.push(section, GFP_KERNEL)?;
        Ok(place)
    }

    /// The image, if that is what lies at `place`; what does not come from here, C copies.
    pub(crate) fn take(&self, place: *const u8, len: usize) -> Option<Image> {
        let taken = match &mut *self.held.lock() {
            Held::Pieces(pieces) => pieces.image.take_if(|image| image.place() == (place, len)),
            _ => None,
        };
        if taken.is_none() {
            self.gsp.tally(Count::Copies, 1);
        }
        taken
    }

    /// The table through which GSP sees an image of `size` bytes; `addrs` finds its pages.
    pub(crate) fn radix3(
        &self,
        size: u64,
        addrs: impl FnOnce(usize) -> Result<KVVec<u64>>,
    ) -> Result<(DeviceMemory, DeviceMemory, DevicePages)> {
        let bad = |error| self.bad(&"an image of GSP-RM", &error);
        let radix3 = Radix3::new(size).map_err(bad)?;
        let image = addrs(radix3.image_pages())?;
        let mut level0 = DeviceMemory::new(self.gsp, radix3.size(Level::L0))?;
        let mut level1 = DeviceMemory::new(self.gsp, radix3.size(Level::L1))?;
        let mut level2 = DevicePages::new(self.gsp, radix3.pages(Level::L2))?;
        let below = [level1.addr()];
        radix3
            .fill(Level::L0, &mut level0.pages()?, below)
            .map_err(bad)?;
        let below = level2.addrs().iter().copied();
        radix3
            .fill(Level::L1, &mut level1.pages()?, below)
            .map_err(bad)?;
        radix3
            .fill(Level::L2, &mut level2, image.iter().copied())
            .map_err(bad)?;
        Ok((level0, level1, level2))
    }

    /// Memory for the device with these bytes in it.
    fn device_copy(&self, bytes: &[u8]) -> Result<DeviceMemory> {
        let mut memory = DeviceMemory::new(self.gsp, bytes.len())?;
        if !memory.pages()?.write(0, bytes) {
            return Err(EINVAL);
        }
        Ok(memory)
    }

    /// GSP-RM's first code.
    pub(crate) fn bootloader(&self, file: &[u8]) -> Result<(DeviceMemory, UcodeDesc)> {
        let bad = |error| self.bad_file("bootloader", &error);
        let bootloader = Bootloader::parse(file).map_err(bad)?;
        let desc = self.abi.ucode_desc(bootloader.desc).map_err(|fault| {
            self.gsp.log(
                LogLevel::Error,
                format_args!(
                    "rust: fw: bootloader: {fault} at {:#x}",
                    bootloader.desc_offset
                ),
            );
            EINVAL
        })?;
        let desc = UcodeDesc {
            app_version: desc.app_version,
            code_offset: desc.code_offset,
            data_offset: desc.data_offset,
            manifest_offset: desc.manifest_offset,
            ..UcodeDesc::default()
        };
        bootloader.check(&desc).map_err(bad)?;
        Ok((self.device_copy(bootloader.image)?, desc))
    }

    /// A booter.
    pub(crate) fn booter(&self, mut image: FalconImage, file: &[u8], kind: Kind) -> Result {
        let made = self.make_booter(&mut image, file, kind);
        image.keep_if(made)
    }

    fn make_booter(&self, image: &mut FalconImage, file: &[u8], kind: Kind) -> Result {
        let name = core::str::from_utf8(image.name()).unwrap_or("booter");
        let booter = Booter::parse(file, kind).map_err(|error| self.bad_file(name, &error))?;
        image.fill(booter.image, &booter.falcon)?;
        image.sign(file, &booter.signatures)
    }

    /// GSP-FMC's parts, and its image in memory for the device.
    pub(crate) fn fmc<'a>(&self, file: &'a [u8]) -> Result<(Fmc<'a>, DeviceMemory)> {
        let fmc = Fmc::parse(file).map_err(|error| self.bad_file("fmc", &error))?;
        if !self
            .gsp
            .fmc_fits(fmc.hash.len(), fmc.public_key.len(), fmc.signature.len())
        {
            return Err(EINVAL);
        }
        let memory = self.device_copy(fmc.image)?;
        Ok((fmc, memory))
    }

    /// Says that the VBIOS has no FWSEC.
    pub(crate) fn no_fwsec(&self) -> Error {
        let line = format_args!("rust: fw: the VBIOS has no FWSEC (entry 0x85 of its PMU table)");
        self.gsp.log(LogLevel::Error, line);
        EINVAL
    }

    /// FWSEC with a command in it: `vbios` from its beginning to its end, the descriptor at
    /// `offset`.
    pub(crate) fn fwsec(
        &self,
        mut image: FalconImage,
        vbios: &[u8],
        offset: usize,
        command: Command,
    ) -> Result {
        let made = self.make_fwsec(&mut image, vbios, offset, command);
        image.keep_if(made)
    }

    fn make_fwsec(
        &self,
        image: &mut FalconImage,
        vbios: &[u8],
        offset: usize,
        command: Command,
    ) -> Result {
        let bad = |error| self.bad(&format_args!("FWSEC in the VBIOS at {offset:#x}"), &error);
        let found = Fwsec::parse(vbios.get(offset..).ok_or(EINVAL)?).map_err(bad)?;
        // Whole blocks, as the falcon loads them.
        let block = usize::try_from(BLOCK)?;
        let len = found
            .image
            .len()
            .checked_next_multiple_of(block)
            .ok_or(EINVAL)?;
        let mut copy = KVVec::with_capacity(len, GFP_KERNEL)?;
        copy.extend_from_slice(found.image, GFP_KERNEL)?;
        copy.resize(len, 0, GFP_KERNEL)?;
        found.patch(&mut copy, command).map_err(bad)?;

        image.fill(&copy, &found.falcon)?;
        match &found.signatures {
            Some(signatures) => {
                let mut signatures = *signatures;
                signatures.offset = signatures.offset.checked_add(offset).ok_or(EINVAL)?;
                image.sign(vbios, &signatures)
            }
            None => {
                let file = File::get(self.gsp, c"acr/bl")?;
                let bl =
                    Bl::parse(file.bytes()).map_err(|error| self.bad(&"acr/bl.bin", &error))?;
                image.set_loader(bl.code, bl.boot_addr())
            }
        }
    }
}
