// SPDX-License-Identifier: GPL-2.0

//! Files in debugfs that show GSP's log buffers.

use core::{
    ffi::CStr,
    ptr, //
};

use kernel::{
    bindings::{
        debugfs_create_dir,
        debugfs_remove,
        dentry, //
    },
    error::{
        code::*,
        Result, //
    },
    ffi::c_void,
    prelude::*,
};

use crate::bridge::{
    bindings::{
        self,
        debugfs_blob_wrapper,
        nvkm_gsp, //
    },
    handle::Gsp,
    ptr::is_err_or_null,
};

/// Bytes of the PMU's log (`GSP_PAGE_SIZE`).
const PMU_SIZE: usize = 0x1000;

/// The files' names, as tools know them.
const FILES: [&CStr; 4] = [c"loginit", c"logintr", c"logrm", c"logpmu"];

/// The device's own blobs, in the order of [`FILES`].
fn blobs(gsp: *mut nvkm_gsp) -> [*mut debugfs_blob_wrapper; 4] {
    // SAFETY: Only places are computed.
    unsafe {
        [
            &raw mut (*gsp).blob_init,
            &raw mut (*gsp).blob_intr,
            &raw mut (*gsp).blob_rm,
            &raw mut (*gsp).blob_pmu,
        ]
    }
}

/// The device's own files, in the order of [`FILES`].
fn files(gsp: *mut nvkm_gsp) -> [*mut *mut dentry; 4] {
    // SAFETY: Only places are computed.
    unsafe {
        [
            &raw mut (*gsp).debugfs.init,
            &raw mut (*gsp).debugfs.intr,
            &raw mut (*gsp).debugfs.rm,
            &raw mut (*gsp).debugfs.pmu,
        ]
    }
}

/// Why there are no files.
pub(crate) enum Unopened {
    /// The directory cannot be made.
    Directory,
    /// A file cannot.
    File(&'static str),
    /// No memory.
    Memory,
}

/// Makes the directory and the files; the log buffers are there. On error nothing is left.
pub(crate) fn open(gsp: Gsp) -> Result<(), Unopened> {
    let raw = gsp.as_ptr();
    // SAFETY: By the invariants of `gsp` these are its fields, and the log buffers live until the
    // files are gone (`close`); the name is terminated.
    unsafe {
        let name = bindings::nvkm_rust_name(raw);
        let dir = debugfs_create_dir(name.cast(), bindings::nvkm_rust_debugfs_root());
        if is_err_or_null(dir.cast()) {
            return Err(Unopened::Directory);
        }
        (*raw).debugfs.parent = dir;
        let logs = [&(*raw).loginit, &(*raw).logintr, &(*raw).logrm];
        for (blob, memory) in blobs(raw).into_iter().zip(logs) {
            (*blob).data = memory.data;
            (*blob).size = memory.size;
        }
    }
    let made = fill(raw);
    if made.is_err() {
        // SAFETY: By the invariants of `gsp`.
        unsafe { remove(raw) };
    }
    made
}

/// Makes the files in their directory, and the PMU's log, which comes by message and is copied.
fn fill(gsp: *mut nvkm_gsp) -> Result<(), Unopened> {
    // SAFETY: Called for a device whose directory and blobs have just been set up.
    unsafe {
        (*gsp).blob_pmu.data = bindings::nvkm_rust_kzalloc(PMU_SIZE);
        (*gsp).blob_pmu.size = PMU_SIZE;
        if (*gsp).blob_pmu.data.is_null() {
            return Err(Unopened::Memory);
        }
    }
    for ((name, blob), file) in FILES.into_iter().zip(blobs(gsp)).zip(files(gsp)) {
        // SAFETY: As above; the blob lives until the file is gone.
        unsafe {
            *file = bindings::nvkm_rust_blob_file(name.as_char_ptr(), (*gsp).debugfs.parent, blob);
            if (*file).is_null() {
                return Err(Unopened::File(name.to_str().unwrap_or("a log")));
            }
        }
    }
    Ok(())
}

/// Removes the files and the PMU's log.
///
/// # Safety
///
/// `gsp` points to a `struct nvkm_gsp`.
unsafe fn remove(gsp: *mut nvkm_gsp) {
    // SAFETY: By the caller; what is NULL is nothing to either.
    unsafe {
        debugfs_remove((*gsp).debugfs.parent);
        (*gsp).debugfs.parent = ptr::null_mut();
        bindings::nvkm_rust_kfree((*gsp).blob_pmu.data);
        (*gsp).blob_pmu.data = ptr::null_mut();
    }
}

/// What became of the files of a device that goes.
pub(crate) enum Closed {
    /// There were none, or they are gone.
    Gone,
    /// They were to be kept, and nothing was in them.
    Empty,
    /// They were to be kept, and could not be.
    Lost,
    /// They stay until the module goes.
    Kept,
}

/// Ends the device's files; `keep` has copies of what was written take their place.
pub(crate) fn close(gsp: Gsp, keep: bool) -> Closed {
    let raw = gsp.as_ptr();
    // SAFETY: By the invariants of `gsp`.
    if unsafe { (*raw).debugfs.parent.is_null() } {
        return Closed::Gone;
    }
    let closed = if keep { retain(raw) } else { Closed::Gone };
    // SAFETY: By the invariants of `gsp`; a directory that is kept is not the device's any more.
    unsafe { remove(raw) };
    closed
}

/// Copies of a device's logs, and their files, for as long as the module is there.
struct Retained {
    dir: *mut dentry,
    blobs: [debugfs_blob_wrapper; 4],
}

impl Drop for Retained {
    fn drop(&mut self) {
        // SAFETY: The directory is ours, and its files are gone before what they show; what is NULL
        // is nothing to either.
        unsafe {
            debugfs_remove(self.dir);
            for blob in &self.blobs {
                bindings::nvkm_rust_kfree(blob.data);
            }
        }
    }
}

/// Called when the module goes.
///
/// # Safety
///
/// `data` came from `KBox::into_raw` of that type, and is given here once.
unsafe extern "C" fn forget(data: *mut c_void) {
    // SAFETY: By the caller.
    drop(unsafe { KBox::from_raw(data.cast::<Retained>()) });
}

/// Whether nothing was ever written to a log: its first word is GSP's put pointer, or the PMU's
/// first.
///
/// # Safety
///
/// `blob` points to a blob whose data is NULL or at least eight bytes.
unsafe fn is_empty(blob: *const debugfs_blob_wrapper) -> bool {
    // SAFETY: By the caller. The device may write it, so it is read once and as volatile.
    unsafe { (*blob).data.is_null() || (*blob).data.cast::<u64>().read_volatile() == 0 }
}

/// Has copies take the files' place.
fn retain(gsp: *mut nvkm_gsp) -> Closed {
    let ours = blobs(gsp);
    // SAFETY: They are the device's, set up by `open`.
    if ours.iter().all(|blob| unsafe { is_empty(*blob) }) {
        return Closed::Empty;
    }
    match copies(gsp) {
        Ok(retained) => {
            let data = KBox::into_raw(retained).cast();
            // SAFETY: `forget` takes what it is given once.
            if unsafe { bindings::nvkm_rust_at_exit(Some(forget), data) } != 0 {
                // SAFETY: Nobody else was given it.
                unsafe { forget(data) };
                return Closed::Lost;
            }
            Closed::Kept
        }
        Err(_) => Closed::Lost,
    }
}

/// The copies, in files of the same names. The directory is theirs from then on.
fn copies(gsp: *mut nvkm_gsp) -> Result<KBox<Retained>> {
    let none = || debugfs_blob_wrapper {
        data: ptr::null_mut(),
        size: 0,
    };
    let mut retained = KBox::new(
        Retained {
            dir: ptr::null_mut(),
            blobs: [none(), none(), none(), none()],
        },
        GFP_KERNEL,
    )?;
    // SAFETY: `gsp`'s files and blobs were set up by `open`. The files show the old blobs, so they
    // go first; a copy does not move once its file is there, since it is in a box.
    unsafe {
        retained.dir = (*gsp).debugfs.parent;
        (*gsp).debugfs.parent = ptr::null_mut();
        for file in files(gsp) {
            debugfs_remove(*file);
        }
        let dir = retained.dir;
        for ((name, from), to) in FILES.into_iter().zip(blobs(gsp)).zip(&mut retained.blobs) {
            if is_empty(from) {
                continue;
            }
            to.data = bindings::nvkm_rust_memdup((*from).data, (*from).size);
            if to.data.is_null() {
                return Err(ENOMEM);
            }
            to.size = (*from).size;
            if bindings::nvkm_rust_blob_file(name.as_char_ptr(), dir, to).is_null() {
                return Err(ENOMEM);
            }
        }
    }
    Ok(retained)
}
