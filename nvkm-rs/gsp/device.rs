// SPDX-License-Identifier: GPL-2.0

//! One device's `gsp`: tier 0 tied to the kernel.

use core::fmt;

use kernel::{
    error::code::*,
    prelude::*, //
};

use super::core::{
    regions::Usable,
    registry::{
        Part,
        Setting,
        REQUIRED, //
    },
    text::Printable,
};
use crate::{
    abi::core::{
        field::Fault,
        names::{
            Event,
            Function, //
        },
        running::{
            Control,
            Gcx,
            OsError,
            LIBOS_CLASS_PMU, //
        },
        services::{
            Acpi,
            InitStep,
            Mux,
            RegistryEntry,
            StaticInfo,
            SystemInfo,
            ACPI_DISPLAYS, //
        },
        Abi,
    },
    bridge::{
        compat,
        gsp::message::Reply,
        handle::{
            Count,
            Gsp,
            Level, //
        },
    },
};

/// RM's status of what an ACPI method did not say.
const ACPI_FAILED: u32 = 0xffff;

/// Most bytes of what the PMU prints: its buffer, a page.
const PRINT_MAX: u32 = 0x1000;

/// The state for a device.
pub(crate) struct Services {
    gsp: Gsp,
    abi: &'static dyn Abi,
}

impl Services {
    /// The state for the version that `abi` is the interface of.
    pub(crate) fn new(gsp: Gsp, abi: &'static dyn Abi) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::into_pin(KBox::new(Self { gsp, abi }, GFP_KERNEL)?))
    }

    /// Says what is wrong with what RM said, and gives the errno.
    fn bad(&self, what: &str, fault: fmt::Arguments<'_>, error: Error) -> Error {
        self.gsp.tally(Count::GspRefused, 1);
        self.gsp
            .log(Level::Error, format_args!("rust: gsp: {what}: {fault}"));
        error
    }

    /// The same for a reply.
    fn bad_reply(&self, what: &str, fault: Fault) -> Error {
        let error = match fault {
            Fault::Short { .. } => EIO,
            _ => EINVAL,
        };
        self.bad(what, format_args!("{fault}"), error)
    }

    /// What RM answers to a control.
    fn control(&self, control: Control, question: &[u8]) -> Result<Reply> {
        let shape = self.abi.control(control).ok_or_else(compat::eopnotsupp)?;
        self.gsp.control(shape, question)
    }

    /// Tells RM of the system.
    ///
    /// # Errors
    ///
    /// See `nvkm_rs_gsp_set_system_info()` in `bridge/gsp.h`.
    pub(crate) fn set_system_info(&self) -> Result {
        let system = self.gsp.system()?;
        let (mut ids, mut mux) = ([0; ACPI_DISPLAYS], [Mux::default(); ACPI_DISPLAYS]);
        let info = SystemInfo {
            registers: system.registers,
            frame_buffer: system.frame_buffer,
            instance: system.instance,
            pci: system.pci,
            max_user_va: system.max_user_va,
            config_mirror: (system.mirror_base, system.mirror_size),
            ids: (system.device_id, system.subsystem_id, system.revision),
            primary: system.primary,
            acpi: self.acpi(&mut ids, &mut mux),
        };
        let mut payload = KVec::from_elem(0, self.abi.system_info_size(), GFP_KERNEL)?;
        self.abi
            .system_info(&info, &mut payload)
            .map_err(|fault| self.bad("system info", format_args!("{fault}"), EINVAL))?;
        let function = self.abi.function(Function::GspSetSystemInfo);
        self.gsp.tell(function, &payload)
    }

    /// What ACPI says, if the device has a node.
    fn acpi<'a>(
        &self,
        ids: &'a mut [u32; ACPI_DISPLAYS],
        mux: &'a mut [Mux; ACPI_DISPLAYS],
    ) -> Option<Acpi<'a>> {
        let gsp = self.gsp;
        if !gsp.has_acpi() {
            return None;
        }
        let displays = gsp.acpi_displays(ids);
        let mut muxes = 0;
        if let Some(displays) = displays.filter(|_| self.abi.wants_mux()) {
            for (slot, id) in mux.iter_mut().zip(displays) {
                // A method that says nothing has said so with no id.
                let said =
                    |value: Option<u32>| value.map_or((0, 0, ACPI_FAILED), |value| (*id, value, 0));
                let [mode, part] = gsp.acpi_mux(*id).map(said);
                *slot = Mux { mode, part };
                muxes += 1;
            }
        }
        let status = |said: bool| if said { 0 } else { ACPI_FAILED };
        let jt = gsp.acpi_jt();
        let caps = gsp.acpi_caps();
        Some(Acpi {
            dod: (status(displays.is_some()), displays.unwrap_or_default()),
            mux: mux.get(..muxes).unwrap_or_default(),
            // The revision is the upper 12 bits.
            jt: (
                status(jt.is_some()),
                jt.unwrap_or(0),
                u16::try_from(jt.unwrap_or(0) >> 20).unwrap_or(0),
            ),
            caps: (status(caps.is_some()), caps.unwrap_or(0)),
        })
    }

    /// Gives RM its registry: what the driver wants, and what its user does.
    ///
    /// # Errors
    ///
    /// See `nvkm_rs_gsp_set_registry()` in `bridge/gsp.h`.
    pub(crate) fn set_registry(&self, setting: Option<&[u8]>) -> Result {
        let mut room = KVec::new();
        if let Some(text) = setting {
            room = KVec::from_elem(0, Setting::room(text).ok_or(EINVAL)?, GFP_KERNEL)?;
        }
        let mut entries: KVec<RegistryEntry<'_>> = KVec::new();
        entries.extend_from_slice(&REQUIRED, GFP_KERNEL)?;
        if let Some(text) = setting {
            let setting = Setting::new(text, &mut room).ok_or(EINVAL)?;
            for part in setting.parts() {
                match part {
                    Part::Entry(entry) => entries.push(entry, GFP_KERNEL)?,
                    Part::NoPair(text) => self.gsp.log(
                        Level::Error,
                        format_args!("ignoring invalid registry string '{}'", Printable(text)),
                    ),
                    Part::LongKey(key, value) => self.gsp.log(
                        Level::Error,
                        format_args!(
                            "ignoring invalid registry key/value '{}={}'",
                            Printable(key),
                            Printable(value)
                        ),
                    ),
                }
            }
        }
        let size = self.abi.registry_size(&entries).ok_or(EINVAL)?;
        let mut payload = KVec::from_elem(0, size, GFP_KERNEL)?;
        self.abi
            .registry(&entries, &mut payload)
            .map_err(|fault| self.bad("registry", format_args!("{fault}"), EINVAL))?;
        let function = self.abi.function(Function::SetRegistry);
        self.gsp.tell(function, &payload)
    }

    /// Asks RM of the GPU, and leaves the answers where the driver looks for them.
    ///
    /// # Errors
    ///
    /// See `nvkm_rs_gsp_get_static_info()` in `bridge/gsp.h`.
    pub(crate) fn get_static_info(&self) -> Result {
        for step in self.abi.init_steps() {
            match step {
                InitStep::StaticInfo => self.static_info()?,
                InitStep::GpcTpcMasks => self.graphics_masks()?,
                InitStep::MemsysConfig if compat::MEMSYS => self.memsys()?,
                InitStep::MemsysConfig => {}
                // Asked for by itself.
                InitStep::InterruptTable => {}
            }
        }
        Ok(())
    }

    fn static_info(&self) -> Result {
        let gsp = self.gsp;
        let function = self.abi.function(Function::GetGspStaticInfo);
        let reply = gsp.ask(function, self.abi.static_info_size())?;
        let info = self
            .abi
            .static_info(reply.bytes())
            .map_err(|fault| self.bad_reply("static info", fault))?;
        drop(reply);

        gsp.set_internal(info.client, info.device, info.subdevice);
        gsp.set_bars(info.bar1_pdb, info.bar2_pdb);
        self.frame_buffer(&info)?;
        if let Some(graphics) = info.graphics {
            gsp.set_graphics(graphics.gpcs, graphics.tpcs);
        }
        if let Some(layout) = info.wpr_layout.filter(|_| gsp.wpr_moves()) {
            let mut room = KVec::from_elem(0, 0x1000, GFP_KERNEL)?;
            gsp.change_wpr_meta(&mut room, |meta| {
                self.abi
                    .wpr_moved(&layout, meta)
                    .map_err(|fault| self.bad("WPR", format_args!("{fault}"), EINVAL))
            })?;
        }
        Ok(())
    }

    fn frame_buffer(&self, info: &StaticInfo) -> Result {
        let gsp = self.gsp;
        let regions = info.regions.get(..info.region_count).ok_or(EINVAL)?;
        for (n, region) in regions.iter().enumerate() {
            gsp.log(
                Level::Debug,
                format_args!(
                    "fb region {n}: {:016x}-{:016x} rsvd:{:016x} perf:{:08x} comp:{} iso:{} \
                     prot:{}",
                    region.base,
                    region.limit,
                    region.reserved,
                    region.performance,
                    u8::from(region.compressed),
                    u8::from(region.iso),
                    u8::from(region.protected)
                ),
            );
        }
        let usable = Usable::choose(regions)
            .map_err(|bad| self.bad("static info", format_args!("{bad}"), EINVAL))?;
        usable
            .check(gsp.fb_size())
            .map_err(|bad| self.bad("static info", format_args!("{bad}"), EINVAL))?;
        for region in usable.regions() {
            if !gsp.add_region(region) {
                return Err(ENOSPC);
            }
        }
        if let Some(size) = usable.reserved(gsp.heap_addr()) {
            gsp.set_reserved(size);
        }
        Ok(())
    }

    fn graphics_masks(&self) -> Result {
        let reply = self.control(Control::GpcMask, &[])?;
        let gpcs = self
            .abi
            .gpc_mask(reply.bytes())
            .map_err(|fault| self.bad_reply("GPCs", fault))?;
        drop(reply);
        let mut tpcs = 0_u32;
        let mut question = [0; 64];
        for gpc in (0..u32::BITS).filter(|gpc| gpcs & (1 << gpc) != 0) {
            let size = self
                .abi
                .tpc_question(gpc, &mut question)
                .map_err(|fault| self.bad("TPCs", format_args!("{fault}"), EINVAL))?;
            let reply = self.control(Control::TpcMask, question.get(..size).unwrap_or(&[]))?;
            let mask = self
                .abi
                .tpc_mask(reply.bytes())
                .map_err(|fault| self.bad_reply("TPCs", fault))?;
            tpcs = tpcs.saturating_add(mask.count_ones());
        }
        self.gsp.set_graphics(gpcs.count_ones(), tpcs);
        Ok(())
    }

    fn memsys(&self) -> Result {
        let raw = self.raw_comptags().inspect_err(|_| {
            self.gsp.log(
                Level::Error,
                format_args!("Retrieving static memsys info failed"),
            );
        })?;
        self.gsp.set_raw_comptags(raw);
        self.gsp.log(
            Level::Debug,
            format_args!(
                "memsys: Use raw mode for comptag allocations? {}",
                yes_no(raw)
            ),
        );
        Ok(())
    }

    fn raw_comptags(&self) -> Result<bool> {
        let reply = self.control(Control::MemsysConfig, &[])?;
        self.abi
            .raw_comptags(reply.bytes())
            .map_err(|fault| self.bad_reply("memory system", fault))
    }

    /// Asks RM which engines interrupt by which vectors.
    ///
    /// # Errors
    ///
    /// See `nvkm_rs_gsp_intr_get_table()` in `bridge/gsp.h`.
    pub(crate) fn interrupt_table(&self) -> Result {
        let bad = |fault| self.bad_reply("interrupt table", fault);
        let reply = self.control(Control::InterruptTable, &[])?;
        let table = reply.bytes();
        for n in 0..self.abi.interrupts(table).map_err(bad)? {
            let line = self.abi.interrupt(table, n).map_err(bad)?;
            self.gsp.log(
                Level::Debug,
                format_args!(
                    "{n:2}: engineIdx {:3} pmcIntrMask {:08x} stall {:08x} nonStall {:08x}",
                    line.index, line.pmc_mask, line.stall, line.nonstall
                ),
            );
            let Some((engine, instance)) = self.abi.engine(line.index) else {
                continue;
            };
            if !self
                .gsp
                .add_interrupt(engine, instance, line.stall, line.nonstall)
            {
                return Err(self.bad(
                    "interrupt table",
                    format_args!("no room for line {n}"),
                    ENOSPC,
                ));
            }
        }
        Ok(())
    }

    /// Asks RM whether the GPU could sleep.
    ///
    /// # Errors
    ///
    /// See `nvkm_rs_gsp_gcx_ready()` in `bridge/gsp.h`.
    pub(crate) fn gcx_ready(&self) -> Result<Gcx> {
        if self.abi.control(Control::GcxPrerequisites).is_none() {
            return self.gcx(&[]);
        }
        let reply = self.control(Control::GcxPrerequisites, &[])?;
        let ready = self.gcx(reply.bytes())?;
        self.gsp.log(
            Level::Debug,
            format_args!(
                "GCX ready status: GC6={} GCOFF={}",
                yes_no(ready.gc6),
                yes_no(ready.gcoff)
            ),
        );
        Ok(ready)
    }

    fn gcx(&self, answer: &[u8]) -> Result<Gcx> {
        self.abi
            .gcx(answer)
            .map_err(|fault| self.bad_reply("GCX", fault))
    }

    /// Has those events dropped that this version's RM sends, and that nobody wants.
    pub(crate) fn drop_events(&self) {
        for event in self.abi.dropped(self.gsp.debugs()) {
            let number = self.abi.event_number(*event);
            if let Some(Err(error)) = number.map(|number| self.gsp.add_handler(number, None)) {
                self.gsp.log(
                    Level::Warn,
                    format_args!("rust: gsp: {}: {}", event.name(), error.to_errno()),
                );
            }
        }
    }

    /// Refuses a message of a length that cannot be.
    ///
    /// # Errors
    ///
    /// `EINVAL`, always.
    pub(crate) fn oversized(&self, function: u32, len: u32) -> Result {
        let what = self.abi.name(function).unwrap_or("event");
        Err(self.bad(what, format_args!("{len:#x} bytes"), EINVAL))
    }

    /// Does what is to be done on an event.
    ///
    /// # Errors
    ///
    /// See `nvkm_rs_gsp_event()` in `bridge/gsp.h`.
    pub(crate) fn event(&self, function: u32, message: &mut [u8]) -> Result {
        self.gsp.tally(Count::GspEvents, 1);
        match self.abi.event(function) {
            Some(Event::Posted) => self.posted(message),
            Some(Event::MmuFaultQueued) => self.mmu_fault(message),
            Some(Event::OsErrorLog) => self.os_error(message),
            Some(Event::UcodeLibosPrint) => self.libos_print(message),
            _ => Err(EINVAL),
        }
    }

    fn posted(&self, message: &mut [u8]) -> Result {
        let bad = |fault: Fault| self.bad("POST_EVENT", format_args!("{fault}"), EINVAL);
        let post = self.abi.posted(message).map_err(bad)?;
        self.gsp.log(
            Level::Debug,
            format_args!(
                "event: {:08x} {:08x} {} {:08x} {:08x} {} {}",
                post.client,
                post.event,
                signed(post.notify_index),
                post.word,
                post.status,
                post.data.len(),
                post.notify_list
            ),
        );
        let (client, event) = (post.client, post.event);
        let data = message.get_mut(post.data).ok_or(EINVAL)?;
        match self.gsp.notify(client, event, data) {
            Some(0) => self.gsp.log(
                Level::Error,
                format_args!("event: cid 0x{client:08x} event 0x{event:08x} not found!"),
            ),
            None => self.gsp.log(
                Level::Error,
                format_args!("event: cid 0x{client:08x} not found!"),
            ),
            Some(_) => {}
        }
        Ok(())
    }

    fn mmu_fault(&self, message: &[u8]) -> Result {
        self.gsp.log(Level::Error, format_args!("mmu fault queued"));
        if !message.is_empty() {
            return Err(self.bad(
                "MMU_FAULT_QUEUED",
                format_args!("{:#x} bytes where none should be", message.len()),
                EINVAL,
            ));
        }
        Ok(())
    }

    fn os_error(&self, message: &[u8]) -> Result {
        let bad = |fault: Fault| self.bad("OS_ERROR_LOG", format_args!("{fault}"), EINVAL);
        let OsError { xid, text } = self.abi.os_error(message).map_err(bad)?;
        self.gsp.log(
            Level::Error,
            format_args!("Xid:{} {}", signed(xid), Printable(text)),
        );
        Ok(())
    }

    fn libos_print(&self, message: &[u8]) -> Result {
        let bad = |fault: fmt::Arguments<'_>| self.bad("UCODE_LIBOS_PRINT", fault, EINVAL);
        let print = self
            .abi
            .libos_print(message)
            .map_err(|fault| bad(format_args!("{fault}")))?;
        let (class, size) = (print.class, print.size);
        self.gsp.log(
            Level::Debug,
            format_args!("received libos print from class {class:#x} for {size} bytes"),
        );
        if class != LIBOS_CLASS_PMU {
            self.gsp.log(
                Level::Warn,
                format_args!("received libos print from unknown class {class:#x}"),
            );
            return Err(compat::enomsg());
        }
        if size > PRINT_MAX {
            self.gsp.log(
                Level::Error,
                format_args!("libos print is too large ({size} bytes)"),
            );
            return Err(E2BIG);
        }
        let text = print.text.ok_or_else(|| {
            bad(format_args!(
                "{:#x} bytes say that they have {size:#x}",
                message.len()
            ))
        })?;
        // Without debugfs there is nowhere to keep it.
        let _ = self.gsp.keep_print(text);
        Ok(())
    }
}

/// A word as `%d` prints it.
fn signed(word: u32) -> i32 {
    i32::from_ne_bytes(word.to_ne_bytes())
}

fn yes_no(yes: bool) -> &'static str {
    if yes {
        "yes"
    } else {
        "no"
    }
}
