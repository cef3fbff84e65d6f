// SPDX-License-Identifier: GPL-2.0
//! nouveau's DRM interface as a user's client uses it (include/uapi/drm/nouveau_drm.h, drm.h).

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::mem::size_of;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;

use anyhow::anyhow;
use anyhow::Context;
use anyhow::Result;

/// `DRM_COMMAND_BASE`: driver-private requests start here.
const COMMAND_BASE: u8 = 0x40;
const SYNCOBJ_CREATE: u8 = 0xbf;
const SYNCOBJ_WAIT: u8 = 0xc3;
const CHANNEL_ALLOC: u8 = 0x02;
const CHANNEL_FREE: u8 = 0x03;
const VM_INIT: u8 = 0x10;
const VM_BIND: u8 = 0x11;
const EXEC: u8 = 0x12;
const GEM_NEW: u8 = 0x40;
/// `NOUVEAU_FIFO_ENGINE_CE`, given as the 'tt' handle when the 'fb' handle is ~0.
const ENGINE_CE: u32 = 0x30;

/// Where a buffer lives (`NOUVEAU_GEM_DOMAIN_*`).
#[derive(Clone, Copy, Debug)]
pub enum Domain {
    /// The GPU's memory.
    Vram = 1 << 1,
    /// System memory, seen by CPU and GPU.
    Gart = 1 << 2,
}

#[repr(C)]
#[derive(Default)]
struct VmInit {
    kernel_managed_addr: u64,
    kernel_managed_size: u64,
}

#[repr(C)]
#[derive(Default)]
struct ChannelAlloc {
    fb_ctxdma_handle: u32,
    tt_ctxdma_handle: u32,
    channel: i32,
    pushbuf_domains: u32,
    notifier_handle: u32,
    subchan: [[u32; 2]; 8],
    nr_subchan: u32,
}

#[repr(C)]
#[derive(Default)]
struct GemNew {
    handle: u32,
    domain: u32,
    size: u64,
    offset: u64,
    map_handle: u64,
    tile_mode: u32,
    tile_flags: u32,
    channel_hint: u32,
    align: u32,
}

#[repr(C)]
#[derive(Default)]
struct BindOp {
    op: u32,
    flags: u32,
    handle: u32,
    pad: u32,
    addr: u64,
    bo_offset: u64,
    range: u64,
}

#[repr(C)]
#[derive(Default)]
struct VmBind {
    op_count: u32,
    flags: u32,
    wait_count: u32,
    sig_count: u32,
    wait_ptr: u64,
    sig_ptr: u64,
    op_ptr: u64,
}

#[repr(C)]
#[derive(Default)]
struct Sync {
    flags: u32,
    handle: u32,
    timeline_value: u64,
}

#[repr(C)]
#[derive(Default)]
struct Push {
    va: u64,
    va_len: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct Exec {
    channel: u32,
    push_count: u32,
    wait_count: u32,
    sig_count: u32,
    wait_ptr: u64,
    sig_ptr: u64,
    push_ptr: u64,
}

#[repr(C)]
#[derive(Default)]
struct SyncobjCreate {
    handle: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct SyncobjWait {
    handles: u64,
    timeout_nsec: i64,
    count_handles: u32,
    flags: u32,
    first_signaled: u32,
    pad: u32,
    deadline_nsec: u64,
}

/// A buffer object of a client, and its mapping in this process.
pub struct Buffer {
    handle: u32,
    size: usize,
    map: Option<NonNull<u8>>,
}

// SAFETY: the mapping belongs to the buffer alone, and memory does not care which thread touches it.
unsafe impl Send for Buffer {}

impl Buffer {
    /// The mapped bytes, if the buffer was made with a mapping.
    pub fn bytes(&mut self) -> &mut [u8] {
        match self.map {
            // SAFETY: the mapping has `size` bytes, lives as long as `self`, and `&mut self` makes this the only slice.
            Some(at) => unsafe { std::slice::from_raw_parts_mut(at.as_ptr(), self.size) },
            None => &mut [],
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(at) = self.map {
            // SAFETY: mapped in `Client::buffer` with this size, and nobody can hold a slice of it any more.
            unsafe { libc::munmap(at.as_ptr().cast(), self.size) };
        }
    }
}

/// An open render node.
pub struct Client(File);

impl Client {
    /// Opens the node and gives the client an address space with VM_BIND.
    ///
    /// # Errors
    ///
    /// No such node, or VM_INIT failed.
    pub fn open(node: &str) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(node)
            .with_context(|| node.to_string())?;
        let client = Self(file);
        // The kernel keeps the upper half of a 40-bit space for itself, as NVK asks for it.
        let mut init = VmInit {
            kernel_managed_addr: 1 << 39,
            kernel_managed_size: 1 << 38,
        };
        client.command(VM_INIT, &mut init, "VM_INIT")?;
        Ok(client)
    }

    fn request(&self, nr: u8, bytes: *mut libc::c_void, size: usize, what: &str) -> Result<()> {
        // _IOC(read and write, 'd', nr, size), asm-generic/ioctl.h
        let request = (3u64 << 30) | ((size as u64) << 16) | (u64::from(b'd') << 8) | u64::from(nr);
        loop {
            // SAFETY: the caller's buffer has `size` bytes, which is what the request number tells the kernel.
            if unsafe { libc::ioctl(self.0.as_raw_fd(), request, bytes) } >= 0 {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(anyhow!("{what}: {error}"));
            }
        }
    }

    fn command<T>(&self, nr: u8, arg: &mut T, what: &str) -> Result<()> {
        self.request(
            COMMAND_BASE + nr,
            std::ptr::from_mut(arg).cast(),
            size_of::<T>(),
            what,
        )
    }

    /// A driver request whose size is that of `bytes`.
    ///
    /// # Errors
    ///
    /// The driver's errno, under the name `what`.
    pub fn ioctl_bytes(&self, nr: u8, bytes: &mut [u8], what: &str) -> Result<()> {
        self.request(
            COMMAND_BASE + nr,
            bytes.as_mut_ptr().cast(),
            bytes.len(),
            what,
        )
    }

    /// Makes a channel on a copy engine; returns its number.
    ///
    /// # Errors
    ///
    /// The driver could not make one.
    pub fn copy_channel(&self) -> Result<i32> {
        let mut alloc = ChannelAlloc {
            fb_ctxdma_handle: !0,
            tt_ctxdma_handle: ENGINE_CE,
            ..Default::default()
        };
        self.command(CHANNEL_ALLOC, &mut alloc, "CHANNEL_ALLOC")?;
        Ok(alloc.channel)
    }

    /// Frees a channel.
    ///
    /// # Errors
    ///
    /// There is no such channel.
    pub fn free_channel(&self, mut channel: i32) -> Result<()> {
        self.command(CHANNEL_FREE, &mut channel, "CHANNEL_FREE")
    }

    /// Makes a buffer of `size` bytes (whole pages) in `domain`, maps it here if asked, and maps it for the GPU at `va`.
    ///
    /// # Errors
    ///
    /// Any of the three steps failed.
    pub fn buffer(&self, domain: Domain, size: usize, va: u64, mapped: bool) -> Result<Buffer> {
        let mut new = GemNew {
            domain: domain as u32,
            size: size as u64,
            ..Default::default()
        };
        self.command(GEM_NEW, &mut new, "GEM_NEW")?;
        let mut buffer = Buffer {
            handle: new.handle,
            size,
            map: None,
        };
        if mapped {
            // SAFETY: a fresh shared mapping of the node at the offset that the driver gave for this buffer.
            let at = unsafe {
                libc::mmap(
                    std::ptr::null_mut(),
                    size,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_SHARED,
                    self.0.as_raw_fd(),
                    new.map_handle as libc::off_t,
                )
            };
            if at == libc::MAP_FAILED {
                return Err(anyhow!("mmap of a buffer: {}", io::Error::last_os_error()));
            }
            buffer.map = NonNull::new(at.cast());
        }
        let op = BindOp {
            handle: buffer.handle,
            addr: va,
            range: new.size,
            ..Default::default()
        };
        let mut bind = VmBind {
            op_count: 1,
            op_ptr: std::ptr::from_ref(&op) as u64,
            ..Default::default()
        };
        self.command(VM_BIND, &mut bind, "VM_BIND")?;
        Ok(buffer)
    }

    /// Runs the push buffer at `va` on a channel and waits until its fence has signalled.
    ///
    /// # Errors
    ///
    /// The driver refused it, or the fence did not signal within `limit_s` seconds.
    pub fn execute(&self, channel: i32, va: u64, bytes: u32, limit_s: i64) -> Result<()> {
        let mut create = SyncobjCreate::default();
        self.request(
            SYNCOBJ_CREATE,
            std::ptr::from_mut(&mut create).cast(),
            size_of::<SyncobjCreate>(),
            "SYNCOBJ_CREATE",
        )?;
        let push = Push {
            va,
            va_len: bytes,
            flags: 0,
        };
        let sync = Sync {
            handle: create.handle,
            ..Default::default()
        };
        let mut exec = Exec {
            channel: channel as u32,
            push_count: 1,
            sig_count: 1,
            sig_ptr: std::ptr::from_ref(&sync) as u64,
            push_ptr: std::ptr::from_ref(&push) as u64,
            ..Default::default()
        };
        self.command(EXEC, &mut exec, "EXEC")?;
        let handle = create.handle;
        let mut wait = SyncobjWait {
            handles: std::ptr::from_ref(&handle) as u64,
            timeout_nsec: monotonic_ns()? + limit_s * 1_000_000_000,
            count_handles: 1,
            ..Default::default()
        };
        self.request(
            SYNCOBJ_WAIT,
            std::ptr::from_mut(&mut wait).cast(),
            size_of::<SyncobjWait>(),
            "SYNCOBJ_WAIT",
        )
    }
}

fn monotonic_ns() -> Result<i64> {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes one timespec into ours.
    if unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) } != 0 {
        return Err(io::Error::last_os_error()).context("CLOCK_MONOTONIC");
    }
    Ok(now.tv_sec * 1_000_000_000 + now.tv_nsec)
}
