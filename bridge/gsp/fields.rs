// SPDX-License-Identifier: GPL-2.0

//! Fields of `struct nvkm_gsp` in which others find what RM said.
//!
//! They are written while the device is probed, by the one thread that does so, and read after
//! that.

use core::ptr::{
    self,
    NonNull, //
};

use kernel::error::{
    code::*,
    Result, //
};

use super::super::{
    bindings,
    handle::Gsp,
    pages::SharedPages, //
};
use crate::{
    abi::core::running::Engine,
    gsp::core::regions::Region, //
};

/// nvkm's name of an engine.
fn subdev_type(engine: Engine) -> bindings::nvkm_subdev_type {
    match engine {
        Engine::Gsp => bindings::nvkm_subdev_type_NVKM_SUBDEV_GSP,
        Engine::Disp => bindings::nvkm_subdev_type_NVKM_ENGINE_DISP,
        Engine::Ce => bindings::nvkm_subdev_type_NVKM_ENGINE_CE,
        Engine::Gr => bindings::nvkm_subdev_type_NVKM_ENGINE_GR,
        Engine::Nvdec => bindings::nvkm_subdev_type_NVKM_ENGINE_NVDEC,
        Engine::Nvenc => bindings::nvkm_subdev_type_NVKM_ENGINE_NVENC,
        Engine::Nvjpg => bindings::nvkm_subdev_type_NVKM_ENGINE_NVJPG,
        Engine::Ofa => bindings::nvkm_subdev_type_NVKM_ENGINE_OFA,
    }
}

impl Gsp {
    /// Whether lines for those who look for trouble are printed.
    pub(crate) fn debugs(self) -> bool {
        // SAFETY: By the invariants.
        unsafe { (*self.as_ptr()).subdev.debug >= bindings::NV_DBG_DEBUG }
    }

    /// Bytes of the message queue: more than any message has.
    pub(crate) fn queue_size(self) -> u32 {
        // SAFETY: By the invariants; it is set before there are messages.
        unsafe { (*self.as_ptr()).shm.msgq.size }
    }

    /// Bytes of the frame buffer.
    pub(crate) fn fb_size(self) -> u64 {
        // SAFETY: By the invariants; it is set before RM runs.
        unsafe { (*self.as_ptr()).fb.size }
    }

    /// Where RM's heap outside of WPR2 begins, if that is the driver's to say.
    pub(crate) fn heap_addr(self) -> u64 {
        // SAFETY: By the invariants; it is set before RM runs.
        unsafe { (*self.as_ptr()).fb.heap.addr }
    }

    /// RM's own client, device and subdevice.
    pub(crate) fn set_internal(self, client: u32, device: u32, subdevice: u32) {
        let gsp = self.as_ptr();
        // SAFETY: By the invariants; the fields are written here alone, and nobody reads them yet.
        // What points to another of them stays valid, since `*gsp` does not move.
        unsafe {
            let owner = &raw mut (*gsp).internal.client;
            let parent = &raw mut (*gsp).internal.device;
            let events = &raw mut (*owner).events;

            (*owner).object.client = owner;
            (*owner).object.parent = ptr::null_mut();
            (*owner).object.handle = client;
            (*owner).gsp = gsp;
            (*events).next = events;
            (*events).prev = events;

            (*parent).object.client = owner;
            (*parent).object.parent = &raw mut (*owner).object;
            (*parent).object.handle = device;

            (*parent).subdevice.client = owner;
            (*parent).subdevice.parent = &raw mut (*parent).object;
            (*parent).subdevice.handle = subdevice;
        }
    }

    /// Where RM has its page directories of BAR1 and BAR2.
    pub(crate) fn set_bars(self, bar1: u64, bar2: u64) {
        // SAFETY: By the invariants; nobody reads the fields yet.
        unsafe {
            (*self.as_ptr()).bar.rm_bar1_pdb = bar1;
            (*self.as_ptr()).bar.rm_bar2_pdb = bar2;
        }
    }

    /// What of the frame buffer is the driver's, in addition to what was. False when there is no
    /// room.
    #[must_use]
    pub(crate) fn add_region(self, region: &Region) -> bool {
        let gsp = self.as_ptr();
        // SAFETY: By the invariants; nobody else uses the fields yet.
        let (list, count) = unsafe { (&mut (*gsp).fb.region, &mut (*gsp).fb.region_nr) };
        let Some(slot) = usize::try_from(*count).ok().and_then(|n| list.get_mut(n)) else {
            return false;
        };
        slot.addr = region.addr;
        slot.size = region.size;
        *count += 1;
        true
    }

    /// Bytes that RM keeps behind that.
    pub(crate) fn set_reserved(self, size: u32) {
        // SAFETY: By the invariants; nobody reads the field yet.
        unsafe { (*self.as_ptr()).fb.rsvd_size = size }
    }

    /// How many GPCs and TPCs there are.
    pub(crate) fn set_graphics(self, gpcs: u32, tpcs: u32) {
        let byte = |count: u32| u8::try_from(count).unwrap_or(u8::MAX);
        // SAFETY: By the invariants; nobody reads the fields yet.
        unsafe {
            (*self.as_ptr()).gr.gpcs = byte(gpcs);
            (*self.as_ptr()).gr.tpcs = byte(tpcs);
        }
    }

    /// Whether RM chooses where in the frame buffer some things are.
    pub(crate) fn wpr_moves(self) -> bool {
        // SAFETY: By the invariants; `rm` is set up with `rust`.
        unsafe { bindings::nvkm_rust_gsp_wpr_moves(self.as_ptr()) }
    }

    /// Changes `wpr_meta`, which the device has read and does not use any more.
    ///
    /// # Errors
    ///
    /// `EINVAL`: there is none; those of `change`, which sees as much of it as there is room for.
    pub(crate) fn change_wpr_meta(
        self,
        room: &mut [u8],
        change: impl FnOnce(&mut [u8]) -> Result<usize>,
    ) -> Result {
        let gsp = self.as_ptr();
        // SAFETY: By the invariants.
        let (data, size) = unsafe { ((*gsp).wpr_meta.data, (*gsp).wpr_meta.size) };
        let start = NonNull::new(data.cast::<u8>()).ok_or(EINVAL)?;
        let len = size.min(room.len());
        // SAFETY: By C's constructor `data` is `size` bytes of mapped memory; it is freed when the
        // device goes.
        let pages = unsafe { SharedPages::new(start, len) }.ok_or(EINVAL)?;
        let meta = room.get_mut(..len).ok_or(EINVAL)?;
        if !pages.read(0, meta) {
            return Err(EINVAL);
        }
        let changed = change(meta)?;
        let done = pages.write(0, meta.get(..changed).ok_or(EINVAL)?);
        done.then_some(()).ok_or(EINVAL)
    }

    /// A line of the interrupt table. False when there is no room.
    #[must_use]
    pub(crate) fn add_interrupt(
        self,
        engine: Engine,
        instance: u32,
        stall: u32,
        nonstall: u32,
    ) -> bool {
        let gsp = self.as_ptr();
        // SAFETY: By the invariants; nobody else uses the fields yet.
        let (table, count) = unsafe { (&mut (*gsp).intr, &mut (*gsp).intr_nr) };
        let (Some(slot), Ok(instance)) = (
            usize::try_from(*count).ok().and_then(|n| table.get_mut(n)),
            i32::try_from(instance),
        ) else {
            return false;
        };
        slot.type_ = subdev_type(engine);
        slot.inst = instance;
        slot.stall = stall;
        slot.nonstall = nonstall;
        *count += 1;
        true
    }
}
