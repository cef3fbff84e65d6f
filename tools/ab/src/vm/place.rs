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

/// A processor that other machines, of whatever runner, keep off while this lives.
pub struct Place {
    /// Its number.
    pub processor: usize,
    _lock: Option<File>,
}

/// A processor that no other machine has.  Where all are taken, one by this process's number beside another machine: that takes longer,
/// but a wait would look like a machine that hangs.
pub fn take() -> Option<Place> {
    take_of(&processors(), &env::temp_dir())
}

/// One of these, by the locks that lie in a directory.
fn take_of(processors: &[usize], locks: &Path) -> Option<Place> {
    // SAFETY: takes nothing and always succeeds.
    let user = unsafe { libc::getuid() };
    for &processor in processors {
        let path = locks.join(format!("nvkm-processor-{user}-{processor}"));
        let opened = File::options().append(true).create(true).open(path);
        let Ok(lock) = opened else { continue };
        // SAFETY: the descriptor is open; no memory is passed.
        if unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
            return Some(Place {
                processor,
                _lock: Some(lock),
            });
        }
    }
    let n = std::process::id() as usize % processors.len().max(1);
    Some(Place {
        processor: *processors.get(n)?,
        _lock: None,
    })
}

/// Puts a program to be started on one processor.
pub fn pin(command: &mut Command, processor: usize) {
    let set = move || {
        // SAFETY: as in `processors`; the index came from there.
        unsafe {
            let mut set: libc::cpu_set_t = mem::zeroed();
            libc::CPU_SET(processor, &mut set);
            if libc::sched_setaffinity(0, mem::size_of::<libc::cpu_set_t>(), &set) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    };
    // SAFETY: the closure makes one system call and allocates nothing.
    unsafe { command.pre_exec(set) };
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
    fn where_no_lock_can_be_made_a_machine_runs_nevertheless() {
        assert_eq!(take_of(&[7], Path::new("/dev/null")).unwrap().processor, 7);
        assert!(take_of(&[], &env::temp_dir()).is_none());
    }
}
