// SPDX-License-Identifier: GPL-2.0

//! Images in the virtual GPU's memory, made as `fw` makes them: FWSEC out of its VBIOS, booters and loader out of synthetic
//! files.

use nvkm_rs_core::boot::core::image::{Image, SignatureTable};
use nvkm_rs_core::fw::core::bl::Bl;
use nvkm_rs_core::fw::core::booter::{Booter, Kind};
use nvkm_rs_core::fw::core::falcon::{Falcon, Signatures};
use nvkm_rs_core::fw::core::fwsec::{Command, Fwsec};
use nvkm_vgpu::rm::layout::Layout;
use nvkm_vgpu::synthfw;

use super::model::memory::Memory;
use super::model::Host;

/// An image in the host's memory.
#[derive(Clone)]
pub struct Loadable {
    /// Where the device reads it.
    pub memory: Memory,
    pub addr: u64,
    pub len: u32,
    pub layout: Falcon,
    pub table: Option<SignatureTable>,
    pub signatures: Vec<u8>,
    pub loader: Option<Vec<u8>>,
    /// Times that the device was told to look.
    pub syncs: u32,
}

fn word(bytes: &[u8], offset: u32) -> Option<u32> {
    let at = offset as usize;
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().unwrap()))
}

impl Loadable {
    pub fn new(memory: &Memory, addr: u64, bytes: &[u8], layout: Falcon) -> Self {
        memory.put(addr, bytes);
        Self {
            memory: memory.clone(),
            addr,
            len: bytes.len() as u32,
            layout,
            table: None,
            signatures: Vec::new(),
            loader: None,
            syncs: 0,
        }
    }

    #[must_use]
    pub fn signed(mut self, signatures: &Signatures<'_>) -> Self {
        self.table = Some(SignatureTable {
            count: signatures.count as u32,
            size: signatures.size as u32,
            image_offset: signatures.image_offset as u32,
        });
        self.signatures = signatures.table.to_vec();
        self
    }

    /// The same in memory of its own, so that it stays as it is.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let (memory, bytes) = (Memory::default(), self.bytes());
        memory.put(self.addr, &bytes);
        self.memory = memory;
        self
    }

    /// All of it, as the device would read it.
    pub fn bytes(&self) -> Vec<u8> {
        self.memory.get(self.addr, self.len as usize)
    }
}

impl Image for Loadable {
    fn layout(&self) -> Falcon {
        self.layout
    }

    fn addr(&self) -> u64 {
        self.addr
    }

    fn len(&self) -> u32 {
        self.len
    }

    fn word(&self, offset: u32) -> Option<u32> {
        let inside = offset.checked_add(4)? <= self.len;
        inside.then(|| self.memory.get32(self.addr + u64::from(offset)))
    }

    fn set_word(&mut self, offset: u32, word: u32) -> bool {
        let inside = offset.checked_add(4).is_some_and(|end| end <= self.len);
        if inside {
            self.memory
                .put(self.addr + u64::from(offset), &word.to_le_bytes());
        }
        inside
    }

    fn signatures(&self) -> Option<SignatureTable> {
        self.table
    }

    fn signature_word(&self, offset: u32) -> Option<u32> {
        word(&self.signatures, offset)
    }

    fn drop_signatures(&mut self) {
        self.table = None;
        self.signatures.clear();
    }

    fn loader_size(&self) -> Option<u32> {
        self.loader.as_ref().map(|loader| loader.len() as u32)
    }

    fn loader_word(&self, offset: u32) -> Option<u32> {
        word(self.loader.as_ref()?, offset)
    }

    fn sync(&mut self) {
        self.syncs += 1;
    }
}

/// A synthetic file of the host's chip.
pub fn file(host: &Host, name: &str) -> Vec<u8> {
    let layout = Layout::of("570.144").unwrap();
    let files = synthfw::files(host.dev.options.chip, layout);
    let found = files.into_iter().find(|(path, _)| path.contains(name));
    found.unwrap_or_else(|| panic!("no {name}")).1
}

/// The VBIOS from the descriptor of FWSEC to its end.
pub fn vbios(host: &mut Host) -> Vec<u8> {
    let rom: Vec<u8> = (0..0x4_0000u32)
        .step_by(4)
        .flat_map(|at| host.rd(0x30_0000 + at).to_le_bytes())
        .collect();
    // The ucode table's one entry: application 0x85.
    let entry = rom
        .windows(6)
        .position(|bytes| bytes == [1, 6, 6, 1, 0x85, 7]);
    let entry = entry.or_else(|| {
        // A header of six bytes, then the entry.
        let found = rom
            .windows(8)
            .position(|bytes| bytes[..4] == [1, 6, 6, 1] && bytes[6..] == [0x85, 7]);
        found.map(|at| at + 2)
    });
    let at = word(&rom, entry.expect("a ucode table") as u32 + 6).unwrap() as usize;
    rom[at..].to_vec()
}

/// FWSEC with a command, at that address.
pub fn fwsec(host: &mut Host, addr: u64, command: Command) -> Loadable {
    let vbios = vbios(host);
    let fwsec = Fwsec::parse(&vbios).unwrap();
    let mut copy = fwsec.image.to_vec();
    copy.resize(copy.len().next_multiple_of(0x100), 0);
    fwsec.patch(&mut copy, command).unwrap();
    let mut image = Loadable::new(&host.mem, addr, &copy, fwsec.falcon);
    match &fwsec.signatures {
        Some(signatures) => image = image.signed(signatures),
        None => {
            let file = file(host, "acr/bl.bin");
            let bl = Bl::parse(&file).unwrap();
            image.layout.boot_addr = bl.boot_addr();
            image.loader = Some(bl.code.to_vec());
        }
    }
    image
}

/// A booter, `load` or `unload`, at that address.
pub fn booter(host: &Host, which: &str, addr: u64) -> Loadable {
    let file = file(host, &format!("booter_{which}"));
    let kind = match host.family.has_brom() {
        true => Kind::Brom,
        false => Kind::Turing,
    };
    let booter = Booter::parse(&file, kind).unwrap();
    Loadable::new(&host.mem, addr, booter.image, booter.falcon).signed(&booter.signatures)
}
