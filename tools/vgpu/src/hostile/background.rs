// SPDX-License-Identifier: GPL-2.0
//! What a device does while nobody asks it: memory that changes under the driver's eyes, events without end.

use std::sync::atomic::{fence, AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::gsp::element::Element;
use crate::gsp::queue::{Queues, PAGE, TX_WRITE_PTR};
use crate::mem::GuestMemory;

type Memory = Arc<dyn GuestMemory + Sync>;

/// A thread of the device's own.
pub struct Background {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    fn start(run: impl Fn() -> bool + Send + 'static) -> Self {
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stopped, count) = (stop.clone(), done.clone());
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if run() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self {
            stop,
            done,
            thread: Some(thread),
        }
    }

    /// A word that has these two values in turns.
    pub fn toggle(memory: Memory, at: u64, values: [u32; 2]) -> Self {
        Self::start(move || {
            for value in values {
                let _ = memory.write(at, &value.to_le_bytes());
                // Long enough to be seen, short enough to change between two looks.
                thread::sleep(Duration::from_micros(1));
            }
            true
        })
    }

    /// Events whenever there is room. `read` is where the driver says how far it has read.
    pub fn flood(memory: Memory, queues: &Queues, read: u64, event: Element) -> Self {
        let pages = queues.message_pages().to_vec();
        let entries = queues.entries();
        let bytes = event.bytes(0);
        let word = |memory: &Memory, at: u64| {
            let mut b = [0; 4];
            memory.read(at, &mut b).ok().map(|()| u32::from_le_bytes(b))
        };
        let step = (bytes.len() / PAGE) as u32;
        Self::start(move || {
            let write_at = pages[0] + TX_WRITE_PTR as u64;
            let (Some(write), Some(read)) = (word(&memory, write_at), word(&memory, read)) else {
                return false;
            };
            if write >= entries || read >= entries || (read + entries - write - 1) % entries < step
            {
                thread::yield_now();
                return false;
            }
            for (i, page) in bytes.chunks_exact(PAGE).enumerate() {
                let entry = pages[1 + ((write + i as u32) % entries) as usize];
                let _ = memory.write(entry, page);
            }
            fence(Ordering::SeqCst);
            let _ = memory.write(write_at, &((write + step) % entries).to_le_bytes());
            true
        })
    }

    /// How often it did what it does.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Ends it.
    pub fn stop(mut self) -> u64 {
        self.end();
        self.done()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
    }
}
