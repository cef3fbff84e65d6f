// SPDX-License-Identifier: GPL-2.0
//! What an attack is: who reads the lie, when and how it is told, and what must be possible afterwards.

use serde::Serialize;

use crate::chips::Chip;
use crate::gsp::element::Element;
use crate::gsp::events::Facts;
use crate::gsp::queue::{Rpc, Word};
use crate::mem::le32;
use crate::rm::layout::Layout;

/// Who reads what the attack lies about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Consumer {
    /// Message queues.
    Rpc,
    /// Firmware files and the VBIOS.
    Fw,
    /// Boot, suspend, unload.
    Boot,
    /// System information, static information, events.
    Gsp,
    /// Engines and RM objects, which are C whatever `rust_gsp` says.
    C,
}

/// What a driver that handles it can do afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// Go on as if nothing had been: whatever was asked for is done.
    Intact,
    /// What was asked for meanwhile fails; after unbind and bind all is well.
    Disturbed,
    /// The device is not taken; when it is honest again, it is.
    Refused,
    /// It is taken or it is not, as the driver likes.
    Either,
}

/// Which message of the GSP's is meant.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    /// Its function or event number.
    pub function: u32,
    /// The control's command, or the class that is allocated.
    pub detail: Option<u32>,
    /// Only after the guest's command; else the first one.
    pub strike: bool,
}

/// What an attack may look at.
pub struct Scene<'a> {
    /// The firmware's ABI.
    pub layout: &'static Layout,
    /// The chip.
    pub chip: &'static Chip,
    /// Objects that exist, and one that is gone.
    pub facts: Facts,
    /// The honest reply, where there is one.
    pub rpc: &'a Rpc,
}

/// Words of the queues' memory, and what becomes of each: out of the ring's entries and what is there.
pub type Words = &'static [(Word, fn(u32, u32) -> u32)];

/// How an attack is done.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// On command: these elements are posted.
    Post(fn(&Scene<'_>) -> Vec<Element>),
    /// These elements go out in place of a message. Those behind the mark of [`later`] are kept until the next message does.
    Reply(Which, fn(&Scene<'_>) -> Vec<Element>),
    /// On command: these words of the queues' memory become what the function makes of (entries, what is there), then the
    /// elements are posted without a look at the pointers.
    Words(Words, fn(&Scene<'_>) -> Vec<Element>),
    /// On command: an honest event is posted, and a word of it changes for ever between what it is and this.
    Toggle(u64, u32),
    /// On command: the write pointer changes for ever between what it is and this.
    TogglePointer(u32),
    /// On command: events without end, and no reply to anybody.
    Flood,
    /// Registers read as (value & and) | or.
    Registers(From, &'static [(u32, u32, u32)]),
    /// All registers read as ones, and nothing is written.
    Gone(From),
    /// RUN_CPU_SEQUENCER's payload is changed before it is sent.
    Sequence(fn(&mut Vec<u8>)),
    /// The VBIOS is changed.
    Vbios(fn(&mut Vec<u8>)),
    /// On command: an interrupt without a message.
    Interrupt,
}

/// From when on a register lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Power-on.
    PowerOn,
    /// RM was loaded by the booter.
    Loaded,
    /// The guest's command.
    Strike,
}

/// A named attack.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Attack {
    /// Its name.
    pub name: &'static str,
    /// Who reads it.
    pub consumer: Consumer,
    /// What it is, in a few words.
    pub what: &'static str,
    /// Chip to try it on.
    pub gpu: &'static str,
    /// Phases of a guest between the command and the calm, separated by commas; `?` before one that may fail.
    pub during: &'static str,
    /// What has to be possible afterwards.
    pub after: After,
    /// The driver need not say anything.
    pub quiet: bool,
    /// Waits of the driver's that no subsystem of Rust's is asked about add up to minutes.
    pub patient: bool,
    /// How it is done.
    #[serde(skip)]
    pub how: How,
}

impl Attack {
    pub(super) const fn new(
        name: &'static str,
        consumer: Consumer,
        what: &'static str,
        how: How,
    ) -> Self {
        Self {
            name,
            consumer,
            what,
            gpu: "tu104",
            during: "",
            after: After::Intact,
            quiet: false,
            patient: false,
            how,
        }
    }

    pub(super) const fn during(mut self, phases: &'static str) -> Self {
        self.during = phases;
        self
    }

    pub(super) const fn after(mut self, after: After) -> Self {
        self.after = after;
        self
    }

    pub(super) const fn gpu(mut self, gpu: &'static str) -> Self {
        self.gpu = gpu;
        self
    }

    pub(super) const fn quiet(mut self) -> Self {
        self.quiet = true;
        self
    }

    pub(super) const fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// Whether it waits for the guest's command.
    pub fn waits(&self) -> bool {
        match self.how {
            How::Post(_)
            | How::Words(..)
            | How::Toggle(..)
            | How::TogglePointer(_)
            | How::Flood
            | How::Interrupt => true,
            How::Reply(which, _) => which.strike,
            How::Registers(from, _) | How::Gone(from) => from == From::Strike,
            How::Sequence(_) | How::Vbios(_) => false,
        }
    }
}

impl Which {
    /// The first message of that function.
    pub const fn first(function: u32) -> Self {
        Self {
            function,
            detail: None,
            strike: false,
        }
    }

    /// The first reply to that control.
    pub const fn control(command: u32) -> Self {
        Self {
            function: 76,
            detail: Some(command),
            strike: false,
        }
    }

    /// The first after the guest's command.
    pub const fn struck(mut self) -> Self {
        self.strike = true;
        self
    }

    pub(super) fn matches(self, rpc: &Rpc) -> bool {
        // rpc_gsp_rm_control_v03_00.cmd, rpc_gsp_rm_alloc_v03_00.hClass
        let detail = match rpc.function {
            76 if rpc.payload.len() >= 12 => Some(le32(&rpc.payload, 8)),
            103 if rpc.payload.len() >= 16 => Some(le32(&rpc.payload, 12)),
            _ => None,
        };
        rpc.function == self.function && (self.detail.is_none() || self.detail == detail)
    }
}
