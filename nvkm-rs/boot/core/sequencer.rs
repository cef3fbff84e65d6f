// SPDX-License-Identifier: GPL-2.0

//! RUN_CPU_SEQUENCER: accesses to registers that GSP-RM, which cannot make them itself while it is
//! reset, has the driver make. It sends such a message once while it boots.
//!
//! The message is `rpc_run_cpu_sequencer_v17_00`, its commands are `GSP_SEQUENCER_BUFFER_CMD`
//! (nvrm/gsp.h; all versions have the same): ten words, then a word for each command with so many
//! words of payload behind it as the command has. `cmdIndex` counts words, not commands: it is
//! where the next command would be written.
//!
//! # Trust
//!
//! Whoever writes the message writes registers, that is what it is for. But it writes registers
//! only, and comes to an end:
//!
//! - It is read to its end before the first command is done. What is wrong with it is found then,
//!   so a bad one does nothing.
//! - An address is a register's: in BAR0, and of a word. Slots to save in are those that there are.
//! - A delay is of one second at most, and all of them together of [`TOTAL`]: GSP-RM waits for
//!   registers by polls, and asks for delays of some microseconds. The driver's thread does nothing
//!   else meanwhile.
//! - A poll takes four seconds at most, which is what one takes that names no time.
//! - No command begins after [`TOTAL`].
//!
//! # Where this differs from C on purpose
//!
//! - C believes number of words, addresses and slots, and has done all that comes before a command
//!   that it does not know.
//! - A poll or a wait for the core to stop that sees nothing in time is passed over with a warning
//!   in C, too. Here the caller is told of it ([`Summary`]).
//! - A core that does not come out of reset ends it. C goes on.

use ::core::fmt;

use super::error::{BootError, SequencerError, Why};
use super::io::{poll, Io, Timeout, Unit};
use super::registers::*;
use super::run::{Boot, RUN};

/// Words in front of the commands: `bufferSizeDWord`, `cmdIndex`, `regSaveArea`.
const HEADER: u32 = 10;
/// Which of them counts the commands' words.
const CMD_INDEX: u32 = 1;
/// Registers that can be saved.
const SLOTS: usize = 8;
/// `GSP_SEQ_BUF_OPCODE_*`, in their order, as words of payload that each has.
const PAYLOADS: [u32; 9] = [2, 3, 5, 1, 2, 0, 0, 0, 0];

/// Microseconds that a poll may take: at most, and if it does not say.
pub const POLL: u32 = 4_000_000;
/// Microseconds that a delay may take.
pub const DELAY: u32 = 1_000_000;
/// Microseconds after which no command begins: several times what the slowest boot takes, well
/// within the two minutes after which the kernel takes the thread for hung.
pub const TOTAL: u32 = 30_000_000;

/// One command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Command {
    /// Writes a register.
    Write {
        /// Which.
        addr: u32,
        /// What.
        value: u32,
    },
    /// Replaces bits of a register.
    Modify {
        /// Which.
        addr: u32,
        /// Which bits.
        mask: u32,
        /// By what.
        value: u32,
    },
    /// Waits for a register.
    Poll {
        /// Which.
        addr: u32,
        /// Which bits of it.
        mask: u32,
        /// Until they are this.
        value: u32,
        /// For how long, as the message has it.
        micros: u32,
    },
    /// Waits.
    Delay {
        /// For how long.
        micros: u32,
    },
    /// Saves a register.
    Save {
        /// Which.
        addr: u32,
        /// Where.
        slot: u32,
        /// What it was; 0 before it was read.
        value: u32,
    },
    /// Resets the GSP's falcon.
    CoreReset,
    /// Starts it.
    CoreStart,
    /// Waits until it stops.
    CoreWaitForHalt,
    /// Resets the GSP into RISC-V mode, and has SEC2 resume RM there.
    CoreResume,
}

/// As nouveau writes it to the log (`debug=gsp=trace`).
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write { addr, value } => write!(f, "seq wr32 {addr:06x} {value:08x}"),
            Self::Modify { addr, mask, value } => {
                write!(f, "seq mask {addr:06x} {mask:08x} {value:08x}")
            }
            Self::Poll {
                addr,
                mask,
                value,
                micros,
            } => {
                // C's is an int.
                let micros = i32::from_ne_bytes(micros.to_ne_bytes());
                write!(f, "seq poll {addr:06x} {mask:08x} {value:08x} {micros}")
            }
            Self::Delay { micros } => write!(f, "seq usec {micros}"),
            Self::Save { addr, slot, value } => {
                write!(f, "seq save {addr:08x} -> {slot}: {value:08x}")
            }
            Self::CoreReset => f.write_str("seq core reset"),
            Self::CoreStart => f.write_str("seq core start"),
            Self::CoreWaitForHalt => f.write_str("seq core wait halt"),
            Self::CoreResume => f.write_str("seq core resume"),
        }
    }
}

/// What the last command needs to know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Resume {
    /// Where libos' arguments are.
    pub libos: u64,
    /// Which RM it is ([`Boot::start`]).
    pub app_version: u32,
}

/// What came of a message that was carried out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Commands.
    pub commands: u32,
    /// Polls and waits that did not see what they waited for.
    pub timeouts: u32,
    /// The last of those: its word, and how it ended.
    pub last_timeout: Option<(u32, Timeout)>,
    /// Registers that were saved.
    pub saved: [Option<u32>; SLOTS],
}

/// The commands of a message.
struct Commands<'a> {
    message: &'a [u8],
    /// Words of commands.
    end: u32,
    /// The next command.
    position: u32,
    /// Bytes of BAR0.
    bar: u32,
    /// Microseconds of delays so far.
    delays: u64,
}

impl<'a> Commands<'a> {
    fn new(message: &'a [u8], bar: u32) -> Result<Self, SequencerError> {
        let given = u32::try_from(message.len().checked_div(4).unwrap_or(0)).unwrap_or(u32::MAX);
        let mut commands = Self {
            message,
            end: 0,
            position: 0,
            bar,
            delays: 0,
        };
        let short = |needed| commands.error(Why::Short { needed, given });
        if given < HEADER {
            return Err(short(HEADER));
        }
        let end = commands.at(CMD_INDEX).ok_or(short(HEADER))?;
        let needed = end.checked_add(HEADER).ok_or(short(u32::MAX))?;
        if needed > given {
            return Err(short(needed));
        }
        commands.end = end;
        Ok(commands)
    }

    const fn error(&self, why: Why) -> SequencerError {
        let position = self.position;
        SequencerError { position, why }
    }

    /// A word of the message.
    fn at(&self, index: u32) -> Option<u32> {
        let at = usize::try_from(index).ok()?.checked_mul(4)?;
        Some(u32::from_le_bytes(*self.message.get(at..)?.first_chunk()?))
    }

    /// A word of the command: 0 is its number.
    fn word(&self, index: u32) -> Result<u32, SequencerError> {
        let place = self
            .position
            .checked_add(index)
            .filter(|place| *place < self.end);
        let given = self.end.saturating_sub(self.position);
        place
            .and_then(|place| self.at(place.checked_add(HEADER)?))
            .ok_or(self.error(Why::Short {
                needed: index.saturating_add(1),
                given,
            }))
    }

    /// The first word of payload where that is a register's address.
    fn addr(&self) -> Result<u32, SequencerError> {
        let addr = self.word(1)?;
        match addr.checked_add(4) {
            Some(end) if addr & 3 == 0 && end <= self.bar => Ok(addr),
            _ => Err(self.error(Why::Addr { addr })),
        }
    }

    fn slot(&self) -> Result<u32, SequencerError> {
        let slot = self.word(2)?;
        match usize::try_from(slot) {
            Ok(index) if index < SLOTS => Ok(slot),
            _ => Err(self.error(Why::Slot { slot })),
        }
    }

    fn delay(&mut self) -> Result<u32, SequencerError> {
        let micros = self.word(1)?;
        self.delays = self.delays.saturating_add(micros.into());
        if micros > DELAY {
            let micros = micros.into();
            return Err(self.error(Why::Delay { micros }));
        }
        if self.delays > TOTAL.into() {
            let micros = self.delays;
            return Err(self.error(Why::Delay { micros }));
        }
        Ok(micros)
    }

    /// The next command, and its word; none at the end.
    fn next(&mut self) -> Result<Option<(u32, Command)>, SequencerError> {
        if self.position >= self.end {
            return Ok(None);
        }
        let opcode = self.word(0)?;
        let unknown = self.error(Why::Opcode { opcode });
        let payload = usize::try_from(opcode)
            .ok()
            .and_then(|opcode| PAYLOADS.get(opcode))
            .ok_or(unknown)?;
        // All of it is there.
        self.word(*payload)?;
        let command = match opcode {
            0 => Command::Write {
                addr: self.addr()?,
                value: self.word(2)?,
            },
            1 => Command::Modify {
                addr: self.addr()?,
                mask: self.word(2)?,
                value: self.word(3)?,
            },
            2 => Command::Poll {
                addr: self.addr()?,
                mask: self.word(2)?,
                value: self.word(3)?,
                micros: match self.word(4)? {
                    0 => POLL,
                    micros => micros,
                },
            },
            3 => Command::Delay {
                micros: self.delay()?,
            },
            4 => Command::Save {
                addr: self.addr()?,
                slot: self.slot()?,
                value: 0,
            },
            5 => Command::CoreReset,
            6 => Command::CoreStart,
            7 => Command::CoreWaitForHalt,
            8 => Command::CoreResume,
            _ => return Err(unknown),
        };
        let position = self.position;
        self.position = position.saturating_add(*payload).saturating_add(1);
        Ok(Some((position, command)))
    }
}

/// Carries out a message, given as its payload, which must be the driver's own copy. Each command
/// goes to `trace`: before it is done, or after, if it reads what it shows.
///
/// # Errors
///
/// The message is not what it should be, and nothing was done; a step of the boot failed; it takes
/// too long.
pub fn run<I: Io + ?Sized>(
    boot: &mut Boot<'_, I>,
    message: &[u8],
    resume: &Resume,
    trace: &mut dyn FnMut(&Command),
) -> Result<Summary, SequencerError> {
    let hal = boot.hal;
    let mut boot: Boot<'_, dyn Io + '_> = Boot {
        io: &mut boot.io,
        hal,
    };
    carry_out(&mut boot, message, resume, trace)
}

fn carry_out(
    boot: &mut Boot<'_, dyn Io + '_>,
    message: &[u8],
    resume: &Resume,
    trace: &mut dyn FnMut(&Command),
) -> Result<Summary, SequencerError> {
    let bar = boot.io.size();
    let mut all = Commands::new(message, bar)?;
    while all.next()?.is_some() {}

    let mut commands = Commands::new(message, bar)?;
    let mut summary = Summary::default();
    let start = boot.io.now();
    while let Some((position, command)) = commands.next()? {
        let error = |why| SequencerError { position, why };
        let taken = boot.io.now().saturating_sub(start);
        if taken > u64::from(TOTAL).saturating_mul(1000) {
            return Err(error(Why::Late));
        }
        if !matches!(command, Command::Save { .. }) {
            trace(&command);
        }
        let done = execute(boot, command, resume, &mut summary, trace);
        match done {
            Ok(()) => {}
            Err(Stop::Timeout(timeout)) if timeout.clock => return Err(error(Why::Clock)),
            Err(Stop::Timeout(timeout)) => {
                summary.timeouts = summary.timeouts.saturating_add(1);
                summary.last_timeout = Some((position, timeout));
            }
            Err(Stop::Boot(failed)) => return Err(error(Why::Boot(failed))),
        }
        summary.commands = summary.commands.saturating_add(1);
    }
    Ok(summary)
}

/// A command did not do what it should.
enum Stop {
    /// It saw nothing in time.
    Timeout(Timeout),
    /// A step of the boot failed.
    Boot(BootError),
}

impl From<Timeout> for Stop {
    fn from(timeout: Timeout) -> Self {
        Self::Timeout(timeout)
    }
}

impl From<BootError> for Stop {
    fn from(error: BootError) -> Self {
        Self::Boot(error)
    }
}

fn execute(
    boot: &mut Boot<'_, dyn Io + '_>,
    command: Command,
    resume: &Resume,
    summary: &mut Summary,
    trace: &mut dyn FnMut(&Command),
) -> Result<(), Stop> {
    match command {
        Command::Write { addr, value } => boot.io.write(addr, value),
        Command::Modify { addr, mask, value } => {
            let kept = boot.io.read(addr) & !mask;
            boot.io.write(addr, kept | value);
        }
        Command::Poll {
            addr,
            mask,
            value,
            micros,
        } => {
            // C throws the first away.
            boot.io.read(addr);
            poll(&mut boot.io, addr, micros.min(POLL), |now| {
                now & mask == value
            })?;
        }
        Command::Delay { micros } => boot.io.delay(micros),
        Command::Save { addr, slot, .. } => {
            let value = boot.io.read(addr);
            let saved = usize::try_from(slot)
                .ok()
                .and_then(|slot| summary.saved.get_mut(slot));
            if let Some(saved) = saved {
                *saved = Some(value);
            }
            trace(&Command::Save { addr, slot, value });
        }
        Command::CoreReset => {
            boot.reset_falcon()?;
            boot.falcon(Unit::Gsp).allow_physical();
        }
        Command::CoreStart => boot.falcon(Unit::Gsp).start(),
        Command::CoreWaitForHalt => boot.falcon(Unit::Gsp).wait_for_halt(RUN)?,
        Command::CoreResume => core_resume(boot, resume)?,
    }
    Ok(())
}

/// The GSP becomes RISC-V, and SEC2 goes on with the booter.
fn core_resume(boot: &mut Boot<'_, dyn Io + '_>, resume: &Resume) -> Result<(), BootError> {
    boot.reset()?;
    boot.hand_over(resume.libos);
    let mut sec2 = boot.falcon(Unit::Sec2);
    sec2.start();
    sec2.wait(RUN, |scratch: NV_PGC6_BSI_SECURE_SCRATCH_14| {
        scratch.is(NV_PGC6_BSI_SECURE_SCRATCH_14::BOOT_STAGE_3_HANDOFF)
    })?;
    let status: NV_PFALCON_FALCON_MAILBOX0 = sec2.read();
    if status.raw() != 0 {
        return Err(BootError::Status {
            unit: Unit::Sec2,
            seen: sec2.seen(status),
        });
    }
    boot.start(resume.app_version)
}
