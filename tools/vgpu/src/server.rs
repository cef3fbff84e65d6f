// SPDX-License-Identifier: GPL-2.0
//! The vfio-user side: regions, guest memory from file descriptors, the MSI as an eventfd.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, RwLock};

use memmap2::{MmapOptions, MmapRaw};
use nvkm_vgpu::device::Device;
use nvkm_vgpu::mem::{BusError, GuestMemory, Interrupt};
use nvkm_vgpu::pci::{BAR0_SIZE, BAR1_SIZE, BAR2_SIZE, CONFIG_SIZE};
use nvkm_vgpu::window::WINDOW;
use vfio_bindings::bindings::vfio::{
    vfio_region_info, vfio_region_sparse_mmap_area, VFIO_IRQ_INFO_EVENTFD,
    VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_BAR1_REGION_INDEX, VFIO_PCI_BAR3_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
    VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_NUM_IRQS, VFIO_PCI_NUM_REGIONS, VFIO_REGION_INFO_FLAG_MMAP,
    VFIO_REGION_INFO_FLAG_READ, VFIO_REGION_INFO_FLAG_WRITE,
};
use vfio_user::{DmaMapFlags, DmaUnmapFlags, IrqInfo, ServerBackend, ServerRegion, SparseArea};

struct Mapping {
    addr: u64,
    size: u64,
    map: MmapRaw,
}

/// Guest memory as the client hands it over.
#[derive(Clone, Default)]
pub struct DmaMemory(Arc<RwLock<Vec<Mapping>>>);

impl DmaMemory {
    fn with<R>(&self, addr: u64, len: usize, f: impl FnOnce(*mut u8) -> R) -> Result<R, BusError> {
        let error = BusError { addr, len };
        let maps = self.0.read().map_err(|_| error)?;
        let end = addr.checked_add(len as u64).ok_or(error)?;
        let m = maps
            .iter()
            .find(|m| addr >= m.addr && end <= m.addr + m.size)
            .ok_or(error)?;
        // SAFETY: the offset is inside the mapping (checked above), which the lock keeps alive during `f`.
        Ok(f(unsafe {
            m.map.as_mut_ptr().add((addr - m.addr) as usize)
        }))
    }
}

impl GuestMemory for DmaMemory {
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), BusError> {
        self.with(addr, buf.len(), |p| {
            // SAFETY: `with` gives `buf.len()` bytes inside the mapping. The guest may write them meanwhile: each byte is read
            // once, into memory of ours, and checked there.
            unsafe { std::ptr::copy_nonoverlapping(p, buf.as_mut_ptr(), buf.len()) }
        })
    }

    fn write(&self, addr: u64, buf: &[u8]) -> Result<(), BusError> {
        self.with(addr, buf.len(), |p| {
            // SAFETY: as in `read`.
            unsafe { std::ptr::copy_nonoverlapping(buf.as_ptr(), p, buf.len()) }
        })
    }
}

/// The MSI vector's eventfd, once the client has set one.
#[derive(Clone, Default)]
pub struct Msi(Arc<Mutex<Option<File>>>);

impl Interrupt for Msi {
    fn trigger(&self) {
        if let Ok(mut guard) = self.0.lock() {
            if let Some(f) = guard.as_mut() {
                let _ = f.write_all(&1u64.to_ne_bytes());
            }
        }
    }
}

/// What the vfio-user server calls.
pub struct Backend {
    /// The device.
    pub device: Device,
    /// Memory it reaches.
    pub memory: DmaMemory,
    /// Interrupt it raises.
    pub msi: Msi,
}

fn bar_of(region: u32) -> Option<(u8, u64)> {
    match region {
        VFIO_PCI_BAR0_REGION_INDEX => Some((0, BAR0_SIZE)),
        VFIO_PCI_BAR1_REGION_INDEX => Some((1, BAR1_SIZE)),
        VFIO_PCI_BAR3_REGION_INDEX => Some((2, BAR2_SIZE)),
        _ => None,
    }
}

fn in_region(offset: u64, len: usize, size: u64) -> io::Result<()> {
    match offset.checked_add(len as u64) {
        Some(end) if end <= size => Ok(()),
        _ => Err(io::Error::from(io::ErrorKind::InvalidInput)),
    }
}

impl ServerBackend for Backend {
    fn region_read(&mut self, region: u32, offset: u64, data: &mut [u8]) -> io::Result<()> {
        if region == VFIO_PCI_CONFIG_REGION_INDEX {
            self.device.config_read(offset, data);
        } else if let Some((bar, size)) = bar_of(region) {
            in_region(offset, data.len(), size)?;
            self.device.bar_read(bar, offset, data);
        }
        Ok(())
    }

    fn region_write(&mut self, region: u32, offset: u64, data: &[u8]) -> io::Result<()> {
        if region == VFIO_PCI_CONFIG_REGION_INDEX {
            self.device.config_write(offset, data);
        } else if let Some((bar, size)) = bar_of(region) {
            in_region(offset, data.len(), size)?;
            self.device.bar_write(bar, offset, data);
        }
        Ok(())
    }

    fn dma_map(
        &mut self,
        _flags: DmaMapFlags,
        offset: u64,
        address: u64,
        size: u64,
        fd: Option<File>,
    ) -> io::Result<()> {
        // Without a descriptor there is nothing to reach (the firmware's ROM, for instance).
        let Some(fd) = fd else {
            return Ok(());
        };
        let len = usize::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
        let map = MmapOptions::new().offset(offset).len(len).map_raw(&fd)?;
        let mut maps = self.memory.0.write().map_err(|_| io::ErrorKind::Other)?;
        maps.push(Mapping {
            addr: address,
            size,
            map,
        });
        Ok(())
    }

    fn dma_unmap(&mut self, flags: DmaUnmapFlags, address: u64, size: u64) -> io::Result<()> {
        let mut maps = self.memory.0.write().map_err(|_| io::ErrorKind::Other)?;
        if flags.contains(DmaUnmapFlags::UNMAP_ALL) {
            maps.clear();
        } else {
            let end = address.saturating_add(size);
            maps.retain(|m| m.addr < address || m.addr + m.size > end);
        }
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        self.device.reset();
        Ok(())
    }

    fn set_irqs(
        &mut self,
        index: u32,
        flags: u32,
        _start: u32,
        count: u32,
        mut fds: Vec<File>,
    ) -> io::Result<()> {
        if index == VFIO_PCI_MSI_IRQ_INDEX && flags & VFIO_IRQ_SET_ACTION_TRIGGER != 0 {
            let eventfd = flags & VFIO_IRQ_SET_DATA_EVENTFD != 0 && count > 0;
            let mut msi = self.msi.0.lock().map_err(|_| io::ErrorKind::Other)?;
            *msi = if eventfd { fds.pop() } else { None };
        }
        Ok(())
    }
}

/// The regions of the device, by VFIO index. `window` is what the guest may map of BAR2 (PCI BAR 3).
pub fn regions(window: Option<RawFd>) -> Vec<ServerRegion> {
    (0..VFIO_PCI_NUM_REGIONS)
        .map(|index| {
            let size = match index {
                VFIO_PCI_CONFIG_REGION_INDEX => CONFIG_SIZE as u64,
                i => bar_of(i).map_or(0, |b| b.1),
            };
            let mmap_fd = window.filter(|_| index == VFIO_PCI_BAR3_REGION_INDEX);
            let mut flags = 0;
            if size != 0 {
                flags |= VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
            }
            if mmap_fd.is_some() {
                flags |= VFIO_REGION_INFO_FLAG_MMAP;
            }
            let area = SparseArea {
                area: vfio_region_sparse_mmap_area {
                    offset: 0,
                    size: WINDOW,
                },
            };
            ServerRegion {
                region_info: vfio_region_info {
                    argsz: std::mem::size_of::<vfio_region_info>() as u32,
                    flags,
                    index,
                    size,
                    ..Default::default()
                },
                sparse_areas: mmap_fd.map(|_| area).into_iter().collect(),
                mmap_fd,
            }
        })
        .collect()
}

/// The interrupts of the device, by VFIO index: one MSI and nothing else.
pub fn irqs() -> Vec<IrqInfo> {
    (0..VFIO_PCI_NUM_IRQS)
        .map(|index| IrqInfo {
            index,
            flags: VFIO_IRQ_INFO_EVENTFD,
            count: u32::from(index == VFIO_PCI_MSI_IRQ_INDEX),
        })
        .collect()
}
