// SPDX-License-Identifier: GPL-2.0

//! Memory shared with the device: copied in and out, never referred to.

use core::{
    mem,
    ptr::NonNull, //
};

/// A range of coherent DMA memory, and nothing outside of it.
///
/// The device may change any byte at any time, so there is no reference into it: all access is
/// volatile, by value.
///
/// # Invariants
///
/// `start` points to `len` bytes that stay mapped for as long as the object lives, and is a
/// multiple of 8.
pub(crate) struct SharedPages {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: The mapping is the kernel's, the same on all CPUs; access is volatile and by value.
unsafe impl Send for SharedPages {}

impl SharedPages {
    /// A range of shared memory. `None` when it is not aligned to 8 bytes.
    ///
    /// # Safety
    ///
    /// `start` points to `len` bytes of kernel memory that stay mapped until the object is dropped,
    /// and that only the device and this object's owner write.
    pub(crate) unsafe fn new(start: NonNull<u8>, len: usize) -> Option<Self> {
        // INVARIANT: By the caller and the check.
        (start.addr().get() % 8 == 0).then_some(Self { start, len })
    }

    /// Whether a range of `len` bytes at `offset` lies within.
    fn holds(&self, offset: usize, len: usize) -> bool {
        offset.checked_add(len).is_some_and(|end| end <= self.len)
    }

    /// Copies out of shared memory, reading each byte once. False, and nothing read, when out of
    /// range.
    #[must_use]
    pub(crate) fn read(&self, offset: usize, to: &mut [u8]) -> bool {
        if !self.holds(offset, to.len()) {
            return false;
        }
        let mut at = offset;
        let mut rest = to;
        loop {
            // Whole words where they are aligned, single bytes to get there and at the end.
            let width = if at % 8 == 0 && rest.len() >= 8 { 8 } else { 1 };
            let Some((chunk, tail)) = mem::take(&mut rest).split_at_mut_checked(width) else {
                return true;
            };
            if width == 8 {
                // SAFETY: The range was checked; `start` and `at` are multiples of 8.
                let value = unsafe { self.start.as_ptr().add(at).cast::<u64>().read_volatile() };
                chunk.copy_from_slice(&value.to_ne_bytes());
            } else {
                // SAFETY: The range was checked.
                chunk.fill(unsafe { self.start.as_ptr().add(at).read_volatile() });
            }
            rest = tail;
            at += width;
        }
    }

    /// Copies into shared memory. False, and nothing written, when out of range.
    #[must_use]
    pub(crate) fn write(&self, offset: usize, from: &[u8]) -> bool {
        if !self.holds(offset, from.len()) {
            return false;
        }
        let mut at = offset;
        let mut rest = from;
        loop {
            if let Some((word, tail)) = rest.split_first_chunk::<8>().filter(|_| at % 8 == 0) {
                let value = u64::from_ne_bytes(*word);
                // SAFETY: The range was checked; `start` and `at` are multiples of 8.
                unsafe {
                    self.start
                        .as_ptr()
                        .add(at)
                        .cast::<u64>()
                        .write_volatile(value)
                };
                rest = tail;
                at += 8;
            } else if let Some((byte, tail)) = rest.split_first() {
                // SAFETY: The range was checked.
                unsafe { self.start.as_ptr().add(at).write_volatile(*byte) };
                rest = tail;
                at += 1;
            } else {
                return true;
            }
        }
    }
}

/// One word of shared memory, such as a queue's pointer.
///
/// # Invariants
///
/// The pointer is aligned and stays mapped for as long as the object lives.
pub(crate) struct SharedWord(NonNull<u32>);

// SAFETY: As for [`SharedPages`].
unsafe impl Send for SharedWord {}

impl SharedWord {
    /// A word of shared memory. `None` when it is not aligned.
    ///
    /// # Safety
    ///
    /// `word` is kernel memory that stays mapped until the object is dropped.
    pub(crate) unsafe fn new(word: NonNull<u32>) -> Option<Self> {
        // INVARIANT: By the caller and the check.
        word.is_aligned().then_some(Self(word))
    }

    /// Reads it once.
    pub(crate) fn read(&self) -> u32 {
        // SAFETY: By the invariants.
        unsafe { self.0.as_ptr().read_volatile() }
    }

    /// Writes it once.
    pub(crate) fn write(&self, value: u32) {
        // SAFETY: By the invariants.
        unsafe { self.0.as_ptr().write_volatile(value) }
    }
}
