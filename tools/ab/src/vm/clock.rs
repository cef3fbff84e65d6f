// SPDX-License-Identifier: GPL-2.0
//! A machine's own time: what tells one that hangs from one that waits for a processor.
//!
//! It is the processor time that the machine's programs have used, plus the time during which none of them wanted any. It
//! stands still while one of them is ready to run and other work has the processors.

use std::fs;
use std::time::Duration;
use std::time::Instant;

/// The most that counts of the time between two looks: whoever looks may have waited for a processor, too.
const LOOK: Duration = Duration::from_millis(50);
/// The unit of /proc/<pid>/stat: USER_HZ is 100 (proc_pid_stat(5)).
const TICK: Duration = Duration::from_millis(10);

/// The clock of some processes.
pub struct Clock {
    processes: Vec<u32>,
    ticks: u64,
    own: Duration,
    looked: Instant,
}

impl Clock {
    /// Begins at 0. A process that has ended counts as one that wants nothing.
    pub fn new(processes: Vec<u32>) -> Self {
        let ticks = processes.iter().filter_map(|p| used(*p)).sum();
        Self {
            processes,
            ticks,
            own: Duration::ZERO,
            looked: Instant::now(),
        }
    }

    /// The machine's own time since the clock was made. It is to be asked often: each call is a sample.
    pub fn now(&mut self) -> Duration {
        let ticks: u64 = self.processes.iter().filter_map(|p| used(*p)).sum();
        let passed = self.looked.elapsed().min(LOOK);
        self.looked = Instant::now();
        if ticks > self.ticks {
            self.own += TICK * u32::try_from(ticks - self.ticks).unwrap_or(u32::MAX);
            self.ticks = ticks;
        } else if !self.processes.iter().any(|p| wants(*p)) {
            self.own += passed;
        }
        self.own
    }
}

/// Processor time of all threads of a process, in ticks.
fn used(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Fields 14 and 15, utime and stime; the second one, the name, may hold blanks and brackets.
    let mut fields = text.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Whether a thread of a process is ready to run, waits for a disk, or was stopped by somebody.
fn wants(process: u32) -> bool {
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else {
        return false;
    };
    tasks.flatten().any(|task| {
        let text = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        let state = text
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        matches!(state, Some('R' | 'D' | 'T'))
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;

    use super::*;

    /// What the clock says of a program after so many looks.
    fn after(looks: u32, program: &str) -> (Duration, Duration) {
        let mut child = Command::new("sh").args(["-c", program]).spawn().unwrap();
        let start = Instant::now();
        let mut clock = Clock::new(vec![child.id()]);
        let mut own = Duration::ZERO;
        for _ in 0..looks {
            thread::sleep(Duration::from_millis(10));
            own = clock.now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        (own, start.elapsed())
    }

    #[test]
    fn a_program_that_waits_for_nothing_has_the_time_of_day() {
        // Each look is 10 ms at least; the first ones may see it being started.
        let (own, wall) = after(100, "exec sleep 60");
        assert!(
            own > Duration::from_millis(500) && own <= wall,
            "{own:?} of {wall:?}"
        );
    }

    #[test]
    fn a_program_that_computes_has_its_processor_time() {
        let (own, wall) = after(100, "while :; do :; done");
        assert!(
            own > Duration::ZERO && own <= wall + TICK * 2,
            "{own:?} of {wall:?}"
        );
    }

    #[test]
    fn a_program_that_may_not_run_has_no_time() {
        // Stopped at once: neither asleep of its own will nor ready, which is what counts as ready.
        let (own, _) = after(30, "kill -STOP $$");
        assert!(own < Duration::from_millis(100), "{own:?}");
    }
}
