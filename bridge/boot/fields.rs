// SPDX-License-Identifier: GPL-2.0

//! The fields of `struct nvkm_gsp` that boot leaves for others, and those that others leave for it.

use core::ptr::NonNull;

use kernel::{
    bindings::sg_table,
    error::{
        code::*,
        to_result,
        Result, //
    },
    ffi::c_int,
    prelude::*,
};

use crate::{
    abi::core::arguments::{
        Range,
        UcodeDesc, //
    },
    boot::core::{
        layout::{
            Layout,
            Top, //
        },
        libos::shared,
    },
    bridge::{
        bindings::{
            self,
            nvkm_falcon_fw,
            nvkm_gsp,
            nvkm_gsp_mem,
            nvkm_gsp_radix3, //
        },
        handle::Gsp,
        memory::DeviceMemory,
        pages::SharedPages,
    },
};

/// `nvkm_gsp_radix3_sg()`
pub(crate) type MakeRadix3 =
    unsafe extern "C" fn(*mut nvkm_gsp, *mut sg_table, u64, *mut nvkm_gsp_radix3) -> c_int;
/// `nvkm_gsp_radix3_dtor()`
pub(crate) type EndRadix3 = unsafe extern "C" fn(*mut nvkm_gsp, *mut nvkm_gsp_radix3);
/// `r535_gsp_postinit()`
pub(crate) type PostInit = unsafe extern "C" fn(*mut nvkm_gsp) -> c_int;

/// Memory of a device that its destructor frees.
#[derive(Clone, Copy)]
pub(crate) enum Memory {
    /// Level 0 of the image's page table.
    Radix3,
    /// GSP-RM's first code.
    Bootloader,
    /// The image's signature.
    Signature,
    /// `GspFwWprMeta`.
    WprMeta,
    /// The libos arguments.
    Libos,
    /// A log buffer.
    LogInit,
    /// A log buffer.
    LogIntr,
    /// A log buffer.
    LogRm,
    /// RM's arguments.
    RmArgs,
    /// The queues.
    Shared,
    /// `GspFwSRMeta`: there from a suspend to the resume after it.
    SrMeta,
    /// Level 0 of the page table of what was saved.
    SrRadix3,
}

impl Gsp {
    /// Where a memory's field is.
    fn memory_field(self, which: Memory) -> *mut nvkm_gsp_mem {
        let gsp = self.as_ptr();
        // SAFETY: By the invariants; only a place is computed.
        unsafe {
            match which {
                Memory::Radix3 => &raw mut (*gsp).radix3.lvl0,
                Memory::Bootloader => &raw mut (*gsp).boot.fw,
                Memory::Signature => &raw mut (*gsp).sig,
                Memory::WprMeta => &raw mut (*gsp).wpr_meta,
                Memory::Libos => &raw mut (*gsp).libos,
                Memory::LogInit => &raw mut (*gsp).loginit,
                Memory::LogIntr => &raw mut (*gsp).logintr,
                Memory::LogRm => &raw mut (*gsp).logrm,
                Memory::RmArgs => &raw mut (*gsp).rmargs,
                Memory::Shared => &raw mut (*gsp).shm.mem,
                Memory::SrMeta => &raw mut (*gsp).sr.meta,
                Memory::SrRadix3 => &raw mut (*gsp).sr.radix3.lvl0,
            }
        }
    }

    /// Where a memory is for the device.
    pub(crate) fn memory(self, which: Memory) -> Range {
        let field = self.memory_field(which);
        // SAFETY: By the invariants; boot's fields are written by the thread that is here.
        let (addr, size) = unsafe { ((*field).addr, (*field).size) };
        Range {
            addr,
            size: size as u64,
        }
    }

    /// Whether there is such a memory.
    pub(crate) fn has_memory(self, which: Memory) -> bool {
        // SAFETY: As for `memory`.
        !unsafe { (*self.memory_field(which)).data.is_null() }
    }

    /// A memory's bytes, while `f` writes them.
    ///
    /// # Errors
    ///
    /// `EINVAL`: there is none; what `f` says.
    pub(crate) fn with_memory<T>(
        self,
        which: Memory,
        f: impl FnOnce(&SharedPages) -> Result<T>,
    ) -> Result<T> {
        let field = self.memory_field(which);
        // SAFETY: As for `memory`.
        let (data, size) = unsafe { ((*field).data, (*field).size) };
        let start = NonNull::new(data.cast::<u8>()).ok_or(EINVAL)?;
        // SAFETY: The memory is freed by the device's destructor, or by the thread that is here,
        // after `f`.
        let pages = unsafe { SharedPages::new(start, size) }.ok_or(EINVAL)?;
        f(&pages)
    }

    /// Leaves a memory where the device's destructor finds it.
    ///
    /// # Errors
    ///
    /// `EBUSY`: there is one already.
    pub(crate) fn keep_memory(self, which: Memory, memory: DeviceMemory) -> Result {
        if self.has_memory(which) {
            return Err(EBUSY);
        }
        // SAFETY: As for `memory`; nothing is there to be lost.
        unsafe { self.memory_field(which).write(memory.into_inner()) };
        Ok(())
    }

    /// Ends a memory, if it is there.
    pub(crate) fn end_memory(self, which: Memory) {
        // SAFETY: As for `memory`; the device does not use it any more. What is not there is
        // nothing to C.
        unsafe { bindings::nvkm_gsp_mem_dtor(self.memory_field(which)) }
    }

    /// What the bootloader's file said.
    pub(crate) fn ucode(self) -> UcodeDesc {
        // SAFETY: By the invariants; whoever serves fw has written it.
        let boot = unsafe { &(*self.as_ptr()).boot };
        UcodeDesc {
            app_version: boot.app_version,
            code_offset: boot.code_offset,
            data_offset: boot.data_offset,
            manifest_offset: boot.manifest_offset,
        }
    }

    /// Bytes of GSP-RM's image.
    pub(crate) fn image_size(self) -> u64 {
        // SAFETY: As for `ucode`.
        u64::try_from(unsafe { (*self.as_ptr()).fw.len }).unwrap_or(0)
    }

    /// Says what is not GSP-RM's of the frame buffer.
    pub(crate) fn set_top(self, top: &Top) {
        // SAFETY: By the invariants; boot's fields are written by the thread that is here.
        let fb = unsafe { &mut (*self.as_ptr()).fb };
        fb.size = top.frame_buffer;
        fb.bios.vga_workspace.addr = top.vga_workspace.addr;
        fb.bios.vga_workspace.size = top.vga_workspace.size;
        fb.bios.addr = top.end;
        fb.bios.size = top.vga_workspace.size;
    }

    /// Says where everything is in the frame buffer.
    pub(crate) fn set_layout(self, layout: &Layout) {
        // SAFETY: As for `set_top`.
        let fb = unsafe { &mut (*self.as_ptr()).fb };
        fb.wpr2.frts.addr = layout.frts.addr;
        fb.wpr2.frts.size = layout.frts.size;
        fb.wpr2.boot.addr = layout.boot.addr;
        fb.wpr2.boot.size = layout.boot.size;
        fb.wpr2.elf.addr = layout.image.addr;
        fb.wpr2.elf.size = layout.image.size;
        fb.wpr2.heap.addr = layout.heap.addr;
        fb.wpr2.heap.size = layout.heap.size;
        fb.wpr2.addr = layout.wpr2.addr;
        fb.wpr2.size = layout.wpr2.size;
        fb.heap.addr = layout.non_wpr_heap.addr;
        fb.heap.size = layout.non_wpr_heap.size;
    }

    /// Says where in the shared memory, which is kept already, the queues are; and tells who serves
    /// rpc.
    ///
    /// # Errors
    ///
    /// `EINVAL`: it is too small; what rpc says.
    pub(crate) fn set_queues(self) -> Result {
        let place = |offset: u64| usize::try_from(offset).map_err(|_| EINVAL);
        let (size, commands, messages) = (
            place(shared::SIZE)?,
            place(shared::COMMANDS)?,
            place(shared::MESSAGES)?,
        );
        let gsp = self.as_ptr();
        // SAFETY: As for `set_top`; the offsets lie in the memory, whose size is checked.
        unsafe {
            let data = (*gsp).shm.mem.data.cast::<u8>();
            if data.is_null() || (*gsp).shm.mem.size < size {
                return Err(EINVAL);
            }
            (*gsp).shm.ptes.nr = c_int::try_from(shared::PAGES).map_err(|_| EINVAL)?;
            (*gsp).shm.ptes.size = u32::try_from(shared::LIST_SIZE).map_err(|_| EINVAL)?;
            (*gsp).shm.ptes.ptr = data.cast();
            let queue = u32::try_from(shared::QUEUE_SIZE).map_err(|_| EINVAL)?;
            let (cmdq, msgq) = (data.add(commands), data.add(messages));
            (*gsp).shm.cmdq.size = queue;
            (*gsp).shm.cmdq.ptr = cmdq.cast();
            (*gsp).shm.msgq.size = queue;
            (*gsp).shm.msgq.ptr = msgq.cast();
            (*gsp).cmdq.cnt = shared::ELEMENTS;
            (*gsp).cmdq.wptr = cmdq.add(shared::WRITE_POINTER).cast();
            (*gsp).cmdq.rptr = msgq.add(shared::READ_POINTER).cast();
            (*gsp).msgq.cnt = shared::ELEMENTS;
            (*gsp).msgq.wptr = msgq.add(shared::WRITE_POINTER).cast();
            (*gsp).msgq.rptr = cmdq.add(shared::READ_POINTER).cast();
            to_result(bindings::nvkm_rust_queues(gsp))
        }
    }

    /// Whether GSP-RM runs.
    pub(crate) fn set_running(self, running: bool) {
        // SAFETY: As for `set_top`.
        unsafe { (*self.as_ptr()).running = running }
    }

    /// The image of FWSEC's SB command.
    pub(crate) fn sb(self) -> *mut nvkm_falcon_fw {
        // SAFETY: By the invariants; only a place is computed.
        unsafe { &raw mut (*self.as_ptr()).fws.falcon.sb }
    }

    /// The booter.
    pub(crate) fn booter_load(self) -> *mut nvkm_falcon_fw {
        // SAFETY: As for `sb`.
        unsafe { &raw mut (*self.as_ptr()).booter.load }
    }

    /// The booter that takes WPR2 down.
    pub(crate) fn booter_unload(self) -> *mut nvkm_falcon_fw {
        // SAFETY: As for `sb`.
        unsafe { &raw mut (*self.as_ptr()).booter.unload }
    }

    /// Makes memory for what is saved at suspend, and its page table.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; what fw says. Nothing is left then.
    pub(crate) fn begin_save(self, size: u64, radix3: MakeRadix3) -> Result {
        let gsp = self.as_ptr();
        // SAFETY: By the invariants; the fields hold nothing between a resume and the next suspend,
        // and `radix3` is C's.
        unsafe {
            let sgt = &raw mut (*gsp).sr.sgt;
            to_result(bindings::nvkm_rust_sg(gsp, size, sgt))?;
            let made = to_result(radix3(gsp, sgt, size, &raw mut (*gsp).sr.radix3));
            if made.is_err() {
                bindings::nvkm_gsp_sg_free(self.device(), sgt);
            }
            made
        }
    }

    /// Ends what `begin_save` made.
    pub(crate) fn end_save(self, radix3: EndRadix3) {
        let gsp = self.as_ptr();
        // SAFETY: By the invariants; it was made, the device does not use it any more, and `radix3`
        // is C's.
        unsafe {
            radix3(gsp, &raw mut (*gsp).sr.radix3);
            bindings::nvkm_gsp_sg_free(self.device(), &raw mut (*gsp).sr.sgt);
        }
    }
}

/// What C does on boot's way.
impl Gsp {
    /// `device->chipset`
    pub(crate) fn chipset(self) -> u32 {
        // SAFETY: By the invariants.
        unsafe { bindings::nvkm_rust_chipset(self.as_ptr()) }
    }

    /// Bytes of frame buffer.
    pub(crate) fn frame_buffer(self) -> u64 {
        // SAFETY: By the invariants; the frame buffer's subdevice is there before GSP is set up.
        unsafe { bindings::nvkm_rust_vidmem_size(self.as_ptr()) }
    }

    /// Whether there is a display.
    pub(crate) fn has_display(self) -> bool {
        // SAFETY: By the invariants.
        unsafe { bindings::nvkm_rust_has_disp(self.as_ptr()) }
    }

    /// Has a booter made of its file.
    ///
    /// # Errors
    ///
    /// What fw says.
    pub(crate) fn make_booter(self, unload: bool) -> Result {
        // SAFETY: By the invariants; the files are loaded, SEC2 is constructed.
        to_result(unsafe { bindings::nvkm_rust_booter_ctor(self.as_ptr(), unload) })
    }

    /// Has the rest of GSP set up (`r535_gsp_oneinit()`).
    ///
    /// # Errors
    ///
    /// What others say.
    pub(crate) fn set_up(self) -> Result {
        // SAFETY: By the invariants; called once a device, by the thread that probes it.
        to_result(unsafe { bindings::nvkm_rust_oneinit(self.as_ptr()) })
    }

    /// Has FWSEC's FRTS command made, and run by us.
    ///
    /// # Errors
    ///
    /// What fw says; what the run says.
    pub(crate) fn fwsec_frts(self) -> Result {
        // SAFETY: By the invariants.
        to_result(unsafe { bindings::nvkm_rust_fwsec_frts(self.as_ptr()) })
    }

    /// Has FWSEC's SB command run by us.
    ///
    /// # Errors
    ///
    /// What the run says.
    pub(crate) fn fwsec_sb(self) -> Result {
        // SAFETY: By the invariants.
        to_result(unsafe { bindings::nvkm_rust_fwsec_sb(self.as_ptr()) })
    }

    /// `r535_gsp_init()`
    ///
    /// # Errors
    ///
    /// What it says.
    pub(crate) fn start(self) -> Result {
        // SAFETY: By the invariants; called where C calls it.
        to_result(unsafe { bindings::nvkm_rust_boot_start(self.as_ptr()) })
    }

    /// `r535_gsp_fini()`
    ///
    /// # Errors
    ///
    /// What it says.
    pub(crate) fn stop(self, suspend: u32) -> Result {
        // SAFETY: By the invariants; called where C calls it.
        to_result(unsafe { bindings::nvkm_rust_boot_stop(self.as_ptr(), suspend) })
    }

    /// Waits for an event, and takes what comes before it.
    ///
    /// # Errors
    ///
    /// What rpc says.
    pub(crate) fn wait_for(self, event: u32) -> Result {
        // SAFETY: By the invariants; the queues are there.
        to_result(unsafe { bindings::nvkm_rust_init_done(self.as_ptr(), event) })
    }

    /// `r535_gsp_postinit()`
    ///
    /// # Errors
    ///
    /// What it says.
    pub(crate) fn post_init(self, postinit: PostInit) -> Result {
        // SAFETY: By the invariants; it is C's, called where C calls it.
        to_result(unsafe { postinit(self.as_ptr()) })
    }

    /// Has the frame buffer's contents saved.
    ///
    /// # Errors
    ///
    /// What fbsr says.
    pub(crate) fn save_frame_buffer(self) -> Result {
        // SAFETY: By the invariants; GSP-RM runs.
        to_result(unsafe { bindings::nvkm_rust_fbsr_suspend(self.as_ptr()) })
    }

    /// Ends that.
    pub(crate) fn restore_frame_buffer(self) {
        // SAFETY: By the invariants.
        unsafe { bindings::nvkm_rust_fbsr_resume(self.as_ptr()) }
    }

    /// Has a handler of C's called for an event.
    ///
    /// # Errors
    ///
    /// What rpc says.
    pub(crate) fn add_handler(
        self,
        event: u32,
        handler: bindings::nvkm_gsp_msg_ntfy_func,
    ) -> Result {
        // SAFETY: By the invariants; the handler is C's, and takes the device.
        to_result(unsafe { bindings::nvkm_rust_ntfy_add(self.as_ptr(), event, handler) })
    }

    /// Sleeps.
    pub(crate) fn sleep(self, microseconds: u32) {
        // SAFETY: Called where one may sleep, as the bridge's contract says.
        unsafe { bindings::nvkm_rust_delay(microseconds) }
    }

    /// The device's name, while `f` uses it.
    pub(crate) fn with_name<T>(self, f: impl FnOnce(&str) -> T) -> T {
        // SAFETY: By the invariants; the name is terminated, and is the device's as long as that is
        // bound.
        let name = unsafe { CStr::from_char_ptr(bindings::nvkm_rust_name(self.as_ptr()).cast()) };
        f(name.to_str().unwrap_or("?"))
    }
}
