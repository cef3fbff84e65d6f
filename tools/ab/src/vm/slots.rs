// SPDX-License-Identifier: GPL-2.0
//! How many machines of this process run at the same time: as many as there are processors, whoever asks for them.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::vm::place;

static RUNNING: Mutex<usize> = Mutex::new(0);
/// 0: as many as there are processors.
static MOST: AtomicUsize = AtomicUsize::new(0);
static ENDED: Condvar = Condvar::new();

/// The right to run a machine, while it lives.
pub struct Slot(());

/// Sets another number than that of the processors.
pub fn limit(most: usize) {
    MOST.store(most, Ordering::Relaxed);
}

/// How many that are.
pub fn most() -> usize {
    match MOST.load(Ordering::Relaxed) {
        0 => place::processors().len().max(1),
        most => most,
    }
}

/// Waits until a machine may run.
pub fn take() -> Slot {
    let most = most();
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running = ENDED
        .wait_while(running, |n| *n >= most)
        .unwrap_or_else(PoisonError::into_inner);
    *running += 1;
    Slot(())
}

impl Drop for Slot {
    fn drop(&mut self) {
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_one();
    }
}
