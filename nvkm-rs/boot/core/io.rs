// SPDX-License-Identifier: GPL-2.0

//! Access to registers, time, and waiting for one to change.

/// The falcons that take part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    /// The GSP: FWSEC runs on its falcon, GSP-RM on its RISC-V core.
    Gsp,
    /// SEC2, for the booters.
    Sec2,
}

/// What the boot needs of a device. Implementations do as they are told: nothing is checked,
/// reordered or left out.
pub trait Io {
    /// Bytes of BAR0.
    fn size(&self) -> u32;
    /// Reads the register at an address in BAR0.
    fn read(&mut self, addr: u32) -> u32;
    /// Writes it.
    fn write(&mut self, addr: u32, value: u32);
    /// A clock's nanoseconds. The device's own timer is not used: it may be what does not answer.
    fn now(&mut self) -> u64;
    /// Comes between two reads of a poll.
    fn pause(&mut self);
    /// Waits for that long.
    fn delay(&mut self, microseconds: u32);
    /// `nvkm_mc_enable`, `nvkm_mc_disable`: the registers are another subdevice's.
    fn pmc(&mut self, unit: Unit, on: bool);
}

/// So that what takes any `Io` can pass it on where one behind a table of functions is taken.
impl<I: Io + ?Sized> Io for &mut I {
    fn size(&self) -> u32 {
        (**self).size()
    }

    fn read(&mut self, addr: u32) -> u32 {
        (**self).read(addr)
    }

    fn write(&mut self, addr: u32, value: u32) {
        (**self).write(addr, value);
    }

    fn now(&mut self) -> u64 {
        (**self).now()
    }

    fn pause(&mut self) {
        (**self).pause();
    }

    fn delay(&mut self, microseconds: u32) {
        (**self).delay(microseconds);
    }

    fn pmc(&mut self, unit: Unit, on: bool) {
        (**self).pmc(unit, on);
    }
}

/// A poll's time is over, and it has not seen what it waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeout {
    /// What it read last.
    pub value: u32,
    /// How long it may take.
    pub micros: u32,
    /// It was not the clock that ended it, but the number of reads: the clock stands still, or all
    /// but.
    pub clock: bool,
}

/// Most reads a microsecond: one goes over PCIe and back, which takes several times as long.
const READS_PER_MICROSECOND: u64 = 16;
/// Most reads while the clock does not move. At the rate above these take 16 ms, and the kernel's
/// coarsest clock moves every 10 ms. (C gives its own clock, PTIMER, 16 reads.)
const READS_PER_TICK: u32 = 1 << 18;

/// Reads a register until `done` says so: once, then until `micros` microseconds are over, and once
/// more then.
///
/// `nvkm_usec` with a condition that reads. The value is the last one read.
///
/// # Errors
///
/// [`Timeout`]; whatever the clock does, after a bounded number of reads.
pub fn poll(
    io: &mut dyn Io,
    addr: u32,
    micros: u32,
    mut done: impl FnMut(u32) -> bool,
) -> Result<u32, Timeout> {
    let value = io.read(addr);
    if done(value) {
        return Ok(value);
    }
    let start = io.now();
    let limit = u64::from(micros).saturating_mul(1000);
    let mut left = u64::from(micros)
        .saturating_mul(READS_PER_MICROSECOND)
        .saturating_add(1);
    let (mut last, mut same) = (start, 0u32);
    loop {
        io.pause();
        let now = io.now();
        same = match now == last {
            true => same.saturating_add(1),
            false => 0,
        };
        last = now;
        left = left.saturating_sub(1);
        let over = now.saturating_sub(start) > limit;
        let clock = !over && (left == 0 || same >= READS_PER_TICK);
        let value = io.read(addr);
        if done(value) {
            return Ok(value);
        }
        if over || clock {
            return Err(Timeout {
                value,
                micros,
                clock,
            });
        }
    }
}
