// SPDX-License-Identifier: GPL-2.0
//! A machine made of files, with a thread that does what its kernel would: takes binds and unbinds, traces, logs, counts.
#![allow(dead_code)] // each test file uses its own part

use std::ffi::CString;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use nvkm_hw::root::Root;
use tempfile::TempDir;

pub const ADDRESS: &str = "0000:01:00.0";
pub const HOST: &str = "brunhilde";
pub const MAC: &str = "3c:7c:3f:01:02:03";
pub const MACHINE_ID: &str = "0123456789abcdef0011223344556677";
pub const BOARD_SERIAL: &str = "MS7D25-K916X";
pub const PHASES: &str = "bind,probe,unbind,counters";

/// What the machine's driver does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Rust sends one byte that C does not.
    Byte,
    /// Rust reads a register that C does not.
    Register,
    /// Rust does a step of the boot that C does not.
    Step,
    /// The second C run differs from the first.
    Noise,
    /// Events of one side are lost.
    Lost,
    /// Rust's probe fails.
    Probe,
    /// Rust is never called.
    Idle,
    /// Pieces of payload are not traced.
    NoData,
    /// Each bind takes a while.
    Slow,
    /// No bind is ever taken.
    Deaf,
}

/// The machine.
pub struct Machine {
    dir: TempDir,
    stop: Arc<AtomicBool>,
    kernel: Option<JoinHandle<()>>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(kernel) = self.kernel.take() {
            kernel.join().unwrap();
        }
    }
}

fn fifo(path: &Path) {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the string is NUL-terminated and outlives the call.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

impl Machine {
    /// A machine on which a run is possible, with the card at nouveau.
    pub fn new() -> Self {
        let machine = Self {
            dir: TempDir::new().unwrap(),
            stop: Arc::default(),
            kernel: None,
        };
        let card = format!("/sys/bus/pci/devices/{ADDRESS}");
        for (name, text) in [
            ("vendor", "0x10de"),
            ("device", "0x2503"),
            ("class", "0x030000"),
            ("subsystem_vendor", "0x1458"),
            ("subsystem_device", "0x4074"),
            ("revision", "0xa1"),
            ("boot_vga", "0"),
            ("power/control", "auto"),
            ("power/runtime_status", "active"),
        ] {
            machine.put(&format!("{card}/{name}"), text);
        }
        let mut bar = vec![0u8; 4096];
        bar[..4].copy_from_slice(&0xb760_00a1u32.to_le_bytes());
        fs::write(machine.at(&format!("{card}/resource0")), bar).unwrap();
        for (path, text) in [
            ("/sys/module/nouveau/parameters/rust_gsp", "0"),
            ("/sys/module/nouveau/srcversion", "0A1B2C3D4E5F"),
            ("/sys/kernel/tracing/events/nvkm/nvkm_gsp_rpc/id", "1"),
            ("/sys/kernel/tracing/events/nvkm/nvkm_gsp_rpc_data/id", "2"),
            ("/sys/kernel/tracing/events/nvkm/nvkm_mmio/id", "3"),
            ("/sys/kernel/tracing/instances/nvkm-hw/events/nvkm/enable", "0"),
            ("/sys/kernel/tracing/instances/nvkm-hw/per_cpu/cpu0/stats", "entries: 0\noverrun: 0\n"),
            ("/sys/kernel/security/lockdown", "[none] integrity confidentiality"),
            ("/lib/firmware/nvidia/ga106/gsp/gsp-570.144.bin", ""),
            ("/lib/firmware/nvidia/ga106/gsp/bootloader-570.144.bin", ""),
            ("/proc/meminfo", "MemTotal: 16000000 kB\nMemAvailable: 8000000 kB\n"),
            ("/proc/cpuinfo", "processor\t: 0\nprocessor\t: 1\n"),
            ("/proc/filesystems", "nodev\ttracefs\nnodev\tdebugfs\n"),
            ("/proc/consoles", "tty0 -WU (EC  p  )    4:7\n"),
            ("/proc/sys/kernel/osrelease", "7.3.4+deb13-amd64"),
            ("/proc/sys/kernel/hostname", HOST),
            ("/etc/machine-id", MACHINE_ID),
            ("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nsieglinde:x:1000:1000:Sieglinde Nothung,,,:/home/sieglinde:/bin/bash\n"),
            ("/sys/class/net/eth0/address", MAC),
            ("/sys/class/dmi/id/board_serial", BOARD_SERIAL),
            ("/sys/class/dmi/id/product_name", "Walkürenfelsen 3000"),
            ("/boot/config-7.3.4+deb13-amd64", "CONFIG_64BIT=y\nCONFIG_RUST=y\n"),
            ("/dev/kmsg", ""),
        ] {
            machine.put(path, text);
        }
        fs::create_dir_all(machine.at("/dev/dri")).unwrap();
        fs::create_dir_all(machine.at("/sys/bus/pci/drivers/nouveau")).unwrap();
        for name in ["bind", "unbind"] {
            fifo(&machine.at(&format!("/sys/bus/pci/drivers/nouveau/{name}")));
        }
        for name in ["trace_marker", "trace_pipe"] {
            fifo(&machine.at(&format!("/sys/kernel/tracing/instances/nvkm-hw/{name}")));
        }
        symlink(
            "../../drivers/nouveau",
            machine.at(&format!("{card}/driver")),
        )
        .unwrap();
        machine
    }

    /// Where a path is.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root().path(path)
    }

    /// The machine's `/`.
    pub fn root(&self) -> Root {
        Root::new(self.dir.path())
    }

    /// A file.
    pub fn put(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// No such file or directory.
    pub fn take(&self, path: &str) {
        let path = self.at(path);
        let _ = fs::remove_file(&path);
        let _ = fs::remove_dir_all(&path);
    }

    /// Starts the kernel.
    pub fn boot(mut self, fault: Fault) -> Self {
        let mut kernel = Kernel::new(self.root(), fault);
        let stop = self.stop.clone();
        self.kernel = Some(thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                kernel.turn();
                thread::sleep(Duration::from_millis(1));
            }
        }));
        self
    }

    /// Who has the card, and what `rust_gsp` is.
    pub fn state(&self) -> (Option<String>, String) {
        let root = self.root();
        let driver = root.link(&format!("/sys/bus/pci/devices/{ADDRESS}/driver"));
        (
            driver,
            root.text("/sys/module/nouveau/parameters/rust_gsp")
                .unwrap(),
        )
    }
}

/// What the machine's kernel keeps.
struct Kernel {
    root: Root,
    fault: Fault,
    bind: File,
    unbind: File,
    marks: File,
    pipe: File,
    /// Microseconds.
    now: u64,
    binds: u32,
    messages: u64,
    calls: [u64; 2],
    sent: u64,
    received: u64,
}

impl Kernel {
    fn new(root: Root, fault: Fault) -> Self {
        let open = |path: &str| {
            let mut options = OpenOptions::new();
            options
                .read(true)
                .write(true)
                .custom_flags(libc::O_NONBLOCK);
            options.open(root.path(path)).unwrap()
        };
        Self {
            bind: open("/sys/bus/pci/drivers/nouveau/bind"),
            unbind: open("/sys/bus/pci/drivers/nouveau/unbind"),
            marks: open("/sys/kernel/tracing/instances/nvkm-hw/trace_marker"),
            pipe: open("/sys/kernel/tracing/instances/nvkm-hw/trace_pipe"),
            root,
            fault,
            now: 1_000_000,
            binds: 0,
            messages: 0,
            calls: [0; 2],
            sent: 0,
            received: 0,
        }
    }

    fn turn(&mut self) {
        let read = |file: &mut File| {
            let mut bytes = [0; 256];
            let n = file.read(&mut bytes).unwrap_or(0);
            String::from_utf8_lossy(&bytes[..n]).into_owned()
        };
        // Marks last: one that was written before a bind is then surely seen before it.
        let bind = self.fault != Fault::Deaf && !read(&mut self.bind).is_empty();
        let unbind = !read(&mut self.unbind).is_empty();
        let marks = read(&mut self.marks);
        for mark in marks.lines() {
            self.trace(&format!("tracing_mark_write: {mark}"));
        }
        if bind {
            self.bind();
        }
        if unbind {
            self.unbind();
        }
    }

    fn line(&mut self, text: &str) {
        self.pipe.write_all(format!("{text}\n").as_bytes()).unwrap();
    }

    fn trace(&mut self, event: &str) {
        self.now += 10;
        let (s, us) = (self.now / 1_000_000, self.now % 1_000_000);
        self.line(&format!(
            "         nvkm-hw-812     [001] .....  {s:5}.{us:06}: {event}"
        ));
    }

    fn log(&mut self, text: &str) {
        let now = self.now;
        let mut log = OpenOptions::new()
            .append(true)
            .open(self.root.path("/dev/kmsg"))
            .unwrap();
        writeln!(log, "6,{now},{now},-;{text}").unwrap();
    }

    fn mmio(&mut self, text: &str) {
        self.trace(&format!("nvkm_mmio: dev={ADDRESS} {text}"));
    }

    fn message(&mut self, queue: &str, function: u32, payload: &[u8]) {
        let hex = nvkm_ab::trace::to_hex;
        let seq = self.messages;
        self.messages += 1;
        if queue == "cmdq" {
            self.sent += 1;
        } else {
            self.received += 1;
        }
        let (len, head) = (32 + payload.len(), hex(&payload[..payload.len().min(32)]));
        self.trace(&format!(
            "nvkm_gsp_rpc: dev={ADDRESS} queue={queue} fn={function} len={len} seq=0 elem_seq={seq} result=0x0 elems=1 head={head}"
        ));
        if self.fault == Fault::NoData {
            return;
        }
        for (n, piece) in payload.chunks(1024).enumerate() {
            let (at, bytes) = (n * 1024, hex(piece));
            self.trace(&format!(
                "nvkm_gsp_rpc_data: dev={ADDRESS} queue={queue} fn={function} elem_seq={seq} at={at} bytes={bytes}"
            ));
        }
    }

    fn bind(&mut self) {
        let bound = self
            .root
            .link(&format!("/sys/bus/pci/devices/{ADDRESS}/driver"));
        if bound.is_some() {
            return;
        }
        self.binds += 1;
        self.messages = 0;
        let fault = self.fault;
        let setting = self
            .root
            .text("/sys/module/nouveau/parameters/rust_gsp")
            .unwrap();
        let rust = setting != "0";
        if fault == Fault::Slow {
            thread::sleep(Duration::from_millis(500));
        }
        self.log(&format!("nouveau {ADDRESS}: NVIDIA GA106 (b76000a1)"));
        self.log(&format!("nouveau {ADDRESS}: bios: version 94.06.2f.00.9a"));
        self.log(&format!("{HOST} usb 1-2: SerialNumber: 998877665544"));
        self.log(&format!("nouveau {ADDRESS}: machine {HOST} of sieglinde, board {BOARD_SERIAL}, {MAC} at 192.168.17.4"));
        self.mmio("R 0x000000 0xb76000a1");
        // What the ROM holds: ASCII of a serial number.
        self.mmio("R 0x300000 0x3931364b");
        self.mmio("W 0x110040 0x00000001");
        self.trace(&format!(
            "nvkm_gsp_boot: dev={ADDRESS} phase=booter status=0"
        ));
        if rust && fault == Fault::Step {
            self.trace(&format!(
                "nvkm_gsp_boot: dev={ADDRESS} phase=again status=-5"
            ));
        }
        if rust && fault == Fault::Register {
            self.mmio("R 0x118234 0x00000000");
        }
        if rust && fault == Fault::Probe {
            self.log(&format!("nouveau {ADDRESS}: gsp: init failed, -110"));
            return;
        }
        if rust {
            self.log(&format!(
                "nouveau {ADDRESS}: gsp: rust: serves {setting} (rust_gsp={setting})"
            ));
        }
        let mut info = vec![0x5a; 1500];
        info[36..52].copy_from_slice(b"GPU-serial-00042");
        info[600..600 + HOST.len()].copy_from_slice(HOST.as_bytes());
        if (rust && fault == Fault::Byte) || (self.binds == 2 && fault == Fault::Noise) {
            info[1400] = 0x5b;
        }
        self.message("cmdq", 73, &[1, 2, 3, 4]);
        self.message("msgq", 0x1001, &[0; 4]);
        self.message("cmdq", 65, &vec![0; 1500]);
        self.message("msgq", 65, &info);
        if rust && fault == Fault::Lost {
            self.line("CPU:1 [LOST 3 EVENTS]");
        }
        self.calls[usize::from(rust && fault != Fault::Idle)] += 9;
        let card = format!("/sys/bus/pci/devices/{ADDRESS}");
        for node in ["card0", "renderD128"] {
            fs::create_dir_all(self.root.path(&format!("{card}/drm/{node}"))).unwrap();
            fs::write(self.root.path(&format!("/dev/dri/{node}")), "").unwrap();
        }
        self.count(&setting);
        symlink(
            "../../drivers/nouveau",
            self.root.path(&format!("{card}/driver")),
        )
        .unwrap();
    }

    fn unbind(&mut self) {
        let card = format!("/sys/bus/pci/devices/{ADDRESS}");
        let setting = self
            .root
            .text("/sys/module/nouveau/parameters/rust_gsp")
            .unwrap();
        if self.binds > 0 {
            self.message("cmdq", 47, &[0; 8]);
            self.message("msgq", 47, &[0; 8]);
            self.count(&setting);
        }
        for node in ["card0", "renderD128"] {
            let _ = fs::remove_dir_all(self.root.path(&format!("{card}/drm/{node}")));
            let _ = fs::remove_file(self.root.path(&format!("/dev/dri/{node}")));
        }
        fs::remove_file(self.root.path(&format!("{card}/driver"))).unwrap();
    }

    /// As nvkm/subdev/gsp/rust.c: the numbers go on from bind to bind.
    fn count(&self, setting: &str) {
        let (sent, received) = (self.sent, self.received);
        let mut text = format!(
            "bind: {}\nrequested: {setting}\nfirmware: 570.144\n",
            self.binds
        );
        for name in ["rpc", "fw", "boot", "gsp"] {
            let owner = if setting == "0" { "c" } else { "rust" };
            text += &format!(
                "{name}: owner={owner} c_calls={} rust_calls={}",
                self.calls[0], self.calls[1]
            );
            text += &match name {
                "rpc" => format!(" sent={sent} received={received} events=0 errors=0\n"),
                _ => "\n".to_string(),
            };
        }
        let dir = self.root.path("/sys/kernel/debug/nouveau/rust_gsp");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(ADDRESS), text).unwrap();
    }
}
