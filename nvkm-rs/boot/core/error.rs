// SPDX-License-Identifier: GPL-2.0

//! What went wrong: unit, register, value; one sentence a person can act on.

use ::core::fmt;

use super::io::{Timeout, Unit};

/// The errno for the caller: what C returns where C finds the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Errno {
    /// `-EINVAL`: an image or a message is not what it should be.
    Invalid,
    /// `-EIO`: the device says no.
    Io,
    /// `-ETIMEDOUT`: the device says nothing.
    TimedOut,
    /// `-ENOSYS`: an image is for no engine that is known.
    NotSupported,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gsp => "gsp",
            Self::Sec2 => "sec2",
        })
    }
}

/// A register, as read or as not come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seen {
    /// Its name.
    pub register: &'static str,
    /// Its address in BAR0.
    pub addr: u32,
    /// Its value.
    pub value: u32,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            register,
            addr,
            value,
        } = self;
        write!(f, "{register} ({addr:#08x}) reads {value:#010x}")
    }
}

/// A boot, or a part of one, did not come to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BootError {
    /// A register did not become what it should in time.
    Timeout {
        /// The register, as read last.
        seen: Seen,
        /// How that ended.
        timeout: Timeout,
    },
    /// A falcon ran and says that it failed, or did not stop.
    Failed {
        /// Whose.
        unit: Unit,
        /// Its mailboxes.
        mailboxes: (u32, u32),
        /// It did not stop: the time that it had, and its state.
        running: Option<(Seen, Timeout)>,
    },
    /// A falcon that went on with what it had done before says that it failed.
    Status {
        /// Whose.
        unit: Unit,
        /// Where it says so.
        seen: Seen,
    },
    /// FWSEC's command failed.
    Fwsec {
        /// The command.
        command: &'static str,
        /// Where that stands.
        seen: Seen,
    },
    /// WPR2 is not as it should be.
    Wpr2 {
        /// What should be.
        expected: &'static str,
        /// Where it is read.
        seen: Seen,
    },
    /// The RISC-V core does not run.
    NotActive {
        /// Where it would say so.
        seen: Seen,
    },
    /// A part of an image does not lie in what should hold it.
    Outside {
        /// The part.
        what: &'static str,
        /// Its first byte.
        start: u32,
        /// Its bytes.
        size: u32,
        /// Bytes of what should hold it.
        len: u32,
    },
    /// A size or place is no multiple of its unit, or a size is nothing.
    Multiple {
        /// The size or place.
        what: &'static str,
        /// What it is.
        found: u32,
        /// The unit.
        of: u32,
    },
    /// DMA cannot read from there.
    Address {
        /// The address.
        addr: u64,
    },
    /// The image has a loader, and this chip's falcons load by themselves.
    Loader,
    /// There are no signatures, or fewer than the one that is asked for.
    Signature {
        /// The one that is asked for.
        index: u32,
        /// How many there are.
        count: u32,
    },
    /// The image is not signed for what the fuse asks for.
    Fuse {
        /// The fuse.
        seen: Seen,
        /// What the image is signed for (`fuse_ver`).
        versions: u32,
    },
    /// The image is for no engine that has a fuse, or for a fuse that there is not.
    Engine {
        /// Engines.
        engines: u32,
        /// The fuse's number.
        ucode: u32,
    },
}

impl BootError {
    /// The errno for the caller.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self {
            Self::Timeout { .. }
            | Self::Failed {
                running: Some(_), ..
            } => Errno::TimedOut,
            Self::Failed { running: None, .. }
            | Self::Status { .. }
            | Self::Fwsec { .. }
            | Self::Wpr2 { .. }
            | Self::NotActive { .. } => Errno::Io,
            Self::Engine { .. } => Errno::NotSupported,
            _ => Errno::Invalid,
        }
    }

    /// The clock stands still: nothing that waits can be done.
    #[must_use]
    pub const fn clock(&self) -> bool {
        match self {
            Self::Timeout { timeout, .. }
            | Self::Failed {
                running: Some((_, timeout)),
                ..
            } => timeout.clock,
            _ => false,
        }
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {} microseconds", self.micros)?;
        match self.clock {
            true => write!(f, " that would not pass"),
            false => Ok(()),
        }
    }
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Timeout { seen, timeout } => write!(f, "{seen} {timeout}"),
            Self::Failed {
                unit,
                mailboxes: (mailbox0, mailbox1),
                running,
            } => {
                write!(f, "{unit}: mailboxes {mailbox0:#010x} {mailbox1:#010x}")?;
                match running {
                    Some((seen, timeout)) => write!(f, ": it runs: {seen} {timeout}"),
                    None => Ok(()),
                }
            }
            Self::Status { unit, seen } => write!(f, "{unit} failed: {seen}"),
            Self::Fwsec { command, seen } => write!(f, "{command} failed: {seen}"),
            Self::Wpr2 { expected, seen } => write!(f, "WPR2 should be {expected}: {seen}"),
            Self::NotActive { seen } => write!(f, "the RISC-V core does not run: {seen}"),
            Self::Outside {
                what,
                start,
                size,
                len,
            } => write!(
                f,
                "{what}: {size:#x} bytes at {start:#x} do not fit in {len:#x} bytes"
            ),
            Self::Multiple { what, found, of } => {
                write!(f, "{what}: {found:#x} where a multiple of {of:#x} must be")
            }
            Self::Address { addr } => write!(f, "DMA cannot read from {addr:#x}"),
            Self::Loader => write!(f, "the image has a loader, which this chip does not take"),
            Self::Signature { index, count } => write!(
                f,
                "signature {index} is asked for, and the image has {count}"
            ),
            Self::Fuse { seen, versions } => {
                write!(f, "{seen}, and the image is signed for {versions:#x}")
            }
            Self::Engine { engines, ucode } => write!(
                f,
                "there is no fuse for engines {engines:#x}, ucode {ucode}"
            ),
        }
    }
}

/// Why a message of the sequencer was not carried out, or not to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// The message ends within its header, a command, or the commands that it says it has.
    Short {
        /// Words that there should be.
        needed: u32,
        /// Words that there are.
        given: u32,
    },
    /// There is no such command.
    Opcode {
        /// As found.
        opcode: u32,
    },
    /// There is no register there.
    Addr {
        /// As found.
        addr: u32,
    },
    /// There is no slot of that number to save a register in.
    Slot {
        /// As found.
        slot: u32,
    },
    /// It wants to wait for too long, by itself or with what came before.
    Delay {
        /// Microseconds.
        micros: u64,
    },
    /// All time that the message may take is over.
    Late,
    /// A step of the boot failed.
    Boot(BootError),
    /// The clock stands still.
    Clock,
}

/// A message of the sequencer was not carried out, or not to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SequencerError {
    /// The command, as a count of words from the first command's.
    pub position: u32,
    /// Why.
    pub why: Why,
}

impl SequencerError {
    /// The errno for the caller.
    #[must_use]
    pub const fn errno(&self) -> Errno {
        match self.why {
            Why::Boot(error) => error.errno(),
            Why::Late | Why::Clock => Errno::TimedOut,
            _ => Errno::Invalid,
        }
    }
}

impl fmt::Display for SequencerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seq: command at word {}: ", self.position)?;
        match self.why {
            Why::Short { needed, given } => {
                write!(f, "{given} words where {needed} are needed")
            }
            Why::Opcode { opcode } => write!(f, "unknown opcode {opcode:08x}"),
            Why::Addr { addr } => write!(f, "no register at {addr:#x}"),
            Why::Slot { slot } => write!(f, "no slot {slot}"),
            Why::Delay { micros } => write!(f, "{micros} microseconds are too long to wait"),
            Why::Late => write!(f, "the message takes too long"),
            Why::Boot(error) => write!(f, "{error}"),
            Why::Clock => write!(f, "the clock stands still"),
        }
    }
}
