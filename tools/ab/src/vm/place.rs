// SPDX-License-Identifier: GPL-2.0
//! Which processor a machine's threads run on, and who goes first there: what makes interrupts arrive at the same
//! instruction in every run.
//!
//! The model raises an interrupt within a register access.  QEMU's main loop passes it to the virtual processor, which
//! by then runs on; how far it gets first is chance.  With all threads of a machine on one processor, and the main loop
//! before all others there, the main loop has passed the interrupt on before the virtual processor executes another
//! instruction.  One processor for both programs is also the quickest: they take turns and never work at the same time.

use std::fs;
use std::io;
use std::mem;
use std::os::unix::process::CommandExt;
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

/// One of them, by this process's number, so that machines of several runners spread out.
pub fn any() -> Option<usize> {
    let all = processors();
    all.get(std::process::id() as usize % all.len().max(1))
        .copied()
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
