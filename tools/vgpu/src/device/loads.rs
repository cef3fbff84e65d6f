// SPDX-License-Identifier: GPL-2.0
//! What was loaded into a Falcon when it was started, put on record.

use super::Device;
use crate::buffer::{Buffer, Content};
use crate::falcon::load::{Piece, Place};
use crate::falcon::Falcon;
use crate::gsp::{boot, Phase};
use crate::mem::{le32, le64, Aperture, Bus};
use crate::vbios::{self, FwsecCommand};

/// What the loader was given to load, as the device read it: name, bytes.
pub(super) type Code = Vec<(&'static str, Vec<u8>)>;

impl Device {
    /// The GSP's Falcon core is about to run. `loader`: what loads it, and what that loads.
    pub(super) fn record_gsp_load(&mut self, loader: Option<(Vec<Piece>, Code)>) {
        // FWSEC makes its region before the booter counts the boot.
        let before = self.gsp.boots + 1;
        let (name, boot) = match vbios::fwsec_command(&self.gsp_falcon.dmem) {
            Some(FwsecCommand::Frts { .. }) => ("fwsec-frts".to_string(), before),
            Some(FwsecCommand::Sb) => ("fwsec-sb".to_string(), self.gsp.boots),
            Some(FwsecCommand::Other(c)) => (format!("fwsec-{c:#x}"), self.gsp.boots),
            None if self.gsp.phase == Phase::Sequencing => ("sequencer".into(), self.gsp.boots),
            None => ("gsp-falcon".into(), self.gsp.boots),
        };
        match loader {
            Some((pieces, code)) => {
                self.record_pieces(boot, &format!("{name} loader"), &pieces);
                for (what, data) in code {
                    let content = if what == "dmem" {
                        Content::Driver
                    } else {
                        Content::Firmware
                    };
                    let name = format!("{name} {what}");
                    self.rec.hand(boot, Buffer::of(name, &data, content));
                }
            }
            None => {
                let pieces = self.gsp_falcon.pieces();
                self.record_pieces(boot, &name, &pieces);
            }
        }
        let words = self.gsp_falcon.start_words();
        self.record_start(boot, &name, words);
    }

    /// SEC2 is about to run the booter: the one that takes WPR2 down if it is `up`. `arg` is in its mailboxes.
    pub(super) fn record_sec2_load(&mut self, up: bool, arg: u64) {
        let (name, boot) = if up {
            ("booter-unload", self.gsp.boots)
        } else {
            ("booter-load", self.gsp.boots + 1)
        };
        let pieces = self.sec2.pieces();
        self.record_pieces(boot, name, &pieces);
        let words = self.sec2.start_words();
        self.record_start(boot, name, words);
        if boot::is_suspended(&self.bus, arg) {
            match boot::suspended(&self.bus, arg) {
                Ok(buffers) => buffers.into_iter().for_each(|b| self.rec.hand(boot, b)),
                Err(e) => self.rec.error(e),
            }
        }
    }

    fn record_pieces(&mut self, boot: u32, name: &str, pieces: &[Piece]) {
        for piece in pieces {
            let content = match piece.place {
                Place::Dmem => Content::Driver,
                Place::Imem | Place::Secure => Content::Firmware,
            };
            let name = format!("{name} {}", piece.place.name());
            let buffer = Buffer::of(name, &piece.data, content);
            self.rec.hand(boot, buffer.with("at", piece.at));
        }
    }

    fn record_start(&mut self, boot: u32, name: &str, words: [u32; 5]) {
        let bytes = words.map(u32::to_le_bytes).concat();
        let buffer = Buffer::of(format!("{name} start"), &bytes, Content::Driver);
        self.rec.hand(boot, buffer);
    }
}

/// What the loader acr/bl.bin does with the descriptor in DMEM (`flcn_bl_dmem_desc_v2`, nvfw/flcn.h). The code's place in
/// IMEM does not matter to the model: it is only read.
pub(super) fn by_loader(f: &mut Falcon, bus: &Bus) -> Result<Code, String> {
    let desc = f.dmem[..84].to_vec();
    let (code, data) = (le64(&desc, 36), le64(&desc, 64));
    let read = |addr: u64, size: u32| -> Result<Vec<u8>, String> {
        let size = size as usize;
        if size > f.dmem.len() {
            return Err(format!("{size:#x} bytes"));
        }
        let mut buf = vec![0; size];
        bus.read(Aperture::Sys, addr, &mut buf)
            .map_err(|e| e.to_string())?;
        Ok(buf)
    };
    let mut found = Code::new();
    for (name, off, size) in [("imem", 44, 48), ("imem secure", 52, 56)] {
        let (off, size) = (le32(&desc, off), le32(&desc, size));
        found.push((name, read(code.wrapping_add(off.into()), size)?));
    }
    let size = le32(&desc, 72);
    if size == 0 {
        return Err("no data".into());
    }
    let dmem = read(data, size)?;
    f.dmem[..dmem.len()].copy_from_slice(&dmem);
    found.push(("dmem", dmem));
    Ok(found)
}
