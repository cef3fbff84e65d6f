// SPDX-License-Identifier: GPL-2.0
//! Which processor a machine's threads run on, and who goes first there: what makes interrupts arrive at the same
//! instruction in every run.
//!
//! The model raises an interrupt within a register access.  QEMU's main loop passes it to the virtual processor, which
//! by then runs on; how far it gets first is chance.  With all threads of a machine on one processor, and the main loop
//! before all others there, the main loop has passed the interrupt on before the virtual processor executes another
//! instruction.  One processor for both programs is also the quickest: they take turns and never work at the same time.

use std::env;
use std::fs;
use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// The processors that this process may use.
pub fn processors() -> Vec<usize> {
    // SAFETY: a cpu_set_t is a plain bit set, for which all zeroes is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the kernel writes at most the given size into our set.
    if unsafe { libc::sched_getaffinity(0, mem::size_of::<libc::cpu_set_t>(), &mut set) } != 0 {
        return Vec::new();
    }
    // SAFETY: CPU_ISSET only reads the set, and the index is within its size.
    (0..libc::CPU_SETSIZE as usize)
        .filter(|&n| unsafe { libc::CPU_ISSET(n, &set) })
        .collect()
}

/// A processor that other machines, of whatever runner, keep off while this lives; or one that is shared, as long as none is
/// free.
pub struct Place {
    /// Its number.
    pub processor: usize,
    lock: Option<File>,
}

impl Place {
    /// Moves a machine that shares its processor to one that has become free, if there is one.
    pub fn improve(&mut self, programs: &[u32]) {
        if self.lock.is_some() {
            return;
        }
        let Some(free) = free(&processors(), &env::temp_dir()) else {
            return;
        };
        if free.processor != self.processor {
            move_all(programs, free.processor);
        }
        *self = free;
    }
}

/// A processor for a machine. Where all are taken it is one by chance, beside another machine: a wait would look like a machine
/// that hangs.
pub fn take() -> Option<Place> {
    take_of(&processors(), &env::temp_dir())
}

/// One of these, by the locks that lie in a directory.
fn take_of(processors: &[usize], locks: &Path) -> Option<Place> {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    free(processors, locks).or_else(|| {
        let n = std::process::id() as usize + TURN.fetch_add(1, Ordering::Relaxed);
        Some(Place {
            processor: *processors.get(n % processors.len().max(1))?,
            lock: None,
        })
    })
}

/// The first of these that nobody has, by the locks that lie in a directory.
fn free(processors: &[usize], locks: &Path) -> Option<Place> {
    // SAFETY: takes nothing and always succeeds.
    let user = unsafe { libc::getuid() };
    processors.iter().find_map(|&processor| {
        let path = locks.join(format!("nvkm-processor-{user}-{processor}"));
        let lock = File::options().append(true).create(true).open(path).ok()?;
        // SAFETY: the descriptor is open; no memory is passed.
        let taken = unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0;
        taken.then_some(Place {
            processor,
            lock: Some(lock),
        })
    })
}

/// Moves programs with all their threads to another processor. They stand still meanwhile: threads of one machine on two
/// processors would run in another order.
fn move_all(programs: &[u32], processor: usize) {
    let signal = |signal| {
        for &program in programs {
            // SAFETY: no memory is passed; the programs are children that were not waited for, so that the numbers are theirs.
            unsafe { libc::kill(program as libc::pid_t, signal) };
        }
    };
    signal(libc::SIGSTOP);
    for program in programs {
        let tasks = fs::read_dir(format!("/proc/{program}/task"));
        for task in tasks.into_iter().flatten().flatten() {
            if let Ok(thread) = task.file_name().to_string_lossy().parse() {
                let _ = set(thread, processor);
            }
        }
    }
    signal(libc::SIGCONT);
}

/// Puts a thread (0: the one that asks) on one processor.
fn set(thread: libc::pid_t, processor: usize) -> io::Result<()> {
    // SAFETY: a cpu_set_t is a plain bit set, for which all zeroes is a value.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    // SAFETY: the number came from `processors`, which looks at no others than the set has room for.
    unsafe { libc::CPU_SET(processor, &mut set) };
    // SAFETY: the kernel reads the given size of a set that outlives the call.
    if unsafe { libc::sched_setaffinity(thread, mem::size_of::<libc::cpu_set_t>(), &set) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Puts a program to be started on one processor.
pub fn pin(command: &mut Command, processor: usize) {
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(move || set(0, processor)) };
}

/// Lets the first thread of a program to be started go before all others; the threads that it makes are ordinary.
pub fn main_thread_first(command: &mut Command) {
    let set = || {
        let param = libc::sched_param { sched_priority: 1 };
        // Where it is not allowed (an ordinary user), `virtual_processor_last` does its part.
        // SAFETY: the parameter outlives the call.
        unsafe {
            libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &param)
        };
        Ok(())
    };
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(set) };
}

/// Where the main loop could not be put first, puts the virtual processor last: any other thread that wakes goes before
/// an idle-class one.  That needs no rights, but on a busy machine the guest gets little time.
///
/// Gives whether all is arranged; call it again if not, for the thread may not be there yet.
pub fn virtual_processor_last(qemu: u32) -> bool {
    let pid = qemu as libc::pid_t;
    let Ok(tasks) = fs::read_dir(format!("/proc/{qemu}/task")) else {
        return true;
    };
    let cpu = tasks.flatten().find(|task| {
        let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        name.trim_end().ends_with("/TCG")
    });
    let thread = cpu.and_then(|task| {
        task.file_name()
            .to_string_lossy()
            .parse::<libc::pid_t>()
            .ok()
    });
    let Some(thread) = thread else { return false };
    // SAFETY: no memory is passed.
    let policy = unsafe { libc::sched_getscheduler(pid) } & !libc::SCHED_RESET_ON_FORK;
    if policy != libc::SCHED_FIFO {
        let param = libc::sched_param { sched_priority: 0 };
        // SAFETY: the parameter outlives the call.  Failure leaves the run a little less deterministic.
        unsafe { libc::sched_setscheduler(thread, libc::SCHED_IDLE, &param) };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_machine_has_a_processor_of_its_own_while_there_are_any() {
        let locks = env::temp_dir().join(format!("nvkm-place-{}", std::process::id()));
        fs::create_dir_all(&locks).unwrap();
        let take = || take_of(&[3, 5], &locks).unwrap();
        let (first, second) = (take(), take());
        assert_eq!((first.processor, second.processor), (3, 5));
        // Beside another one.
        let third = take();
        assert!([3, 5].contains(&third.processor));
        drop(third);
        drop(second);
        assert_eq!(take().processor, 5);
        drop(first);
        assert_eq!(take().processor, 3);
        fs::remove_dir_all(&locks).unwrap();
    }

    #[test]
    fn a_program_is_moved_with_its_threads_and_goes_on() {
        let all = processors();
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return;
        };
        let mut child = Command::new("sh");
        child.args(["-c", "while :; do :; done"]);
        pin(&mut child, *first);
        let mut child = child.spawn().unwrap();
        move_all(&[child.id()], *last);
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let allowed = status
            .lines()
            .find_map(|l| l.strip_prefix("Cpus_allowed_list:"));
        assert_eq!(allowed.map(str::trim), Some(last.to_string().as_str()));
        let state = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        assert!(!state().contains(") T "), "{}", state());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn where_no_lock_can_be_made_a_machine_runs_nevertheless() {
        assert_eq!(take_of(&[7], Path::new("/dev/null")).unwrap().processor, 7);
        assert!(take_of(&[], &env::temp_dir()).is_none());
    }
}
