// SPDX-License-Identifier: GPL-2.0
//! QEMU's command line: a machine in which the same run is the same run.

use std::os::fd::RawFd;
use std::path::Path;

use serde_json::json;

/// What a machine is made of.
pub struct Machine<'a> {
    /// Kernel image.
    pub kernel: &'a Path,
    /// Initramfs.
    pub initramfs: &'a Path,
    /// Socket of the virtual GPU, if there is one.
    pub gpu: Option<&'a Path>,
    /// Something else in the GPU's place, to be taken off the bus before there is a GPU.
    pub placeholder: bool,
    /// The file with a restored run's files, in the memory of a second device.
    pub files: Option<&'a Path>,
    /// Descriptor of the monitor.
    pub monitor: Option<RawFd>,
    /// It is to be restored from a snapshot, and stands still until it is told to go on.
    pub restored: bool,
    /// File for the kernel's console.
    pub console: &'a Path,
    /// File for the guest's report.
    pub report: &'a Path,
    /// More words for the kernel's command line.
    pub append: &'a str,
    /// Guest memory in MiB.
    pub memory_mb: u32,
}

/// The kernel's command line.
///
/// Fixed addresses and no use of the processor's random numbers make two runs alike; a kernel that oopses or panics
/// ends the machine (with `-no-reboot`).  The rest spares calibrations and self-tests that take seconds under
/// emulation: the loops-per-jiffy value, the APIC timer (HPET serves instead), the built-in certificates.
const APPEND: &str = "console=ttyS0 quiet loglevel=1 nokaslr panic=-1 oops=panic mitigations=off \
    log_buf_len=4M random.trust_cpu=off random.trust_bootloader=off lpj=4000000 tsc=reliable no_timer_check nolapic_timer \
    initcall_blacklist=load_system_certificate_list audit=0 apparmor=0 rdinit=/init";

/// Guest time counts instructions: each takes 2 to this power nanoseconds.
const ICOUNT_SHIFT: u32 = 1;

/// Guest nanoseconds that one instruction takes.
pub const NS_PER_INSTRUCTION: u64 = 1 << ICOUNT_SHIFT;

/// Size of the memory that holds a restored run's files, in MiB. It is the same for all, so that Linux gives the GPU the
/// same addresses.
pub const FILES: u64 = 256;

/// QEMU's arguments.
pub fn arguments(machine: &Machine) -> Vec<String> {
    let mut args: Vec<String> = Vec::new();
    let mut add = |list: &[&str]| args.extend(list.iter().map(|s| s.to_string()));
    // Threads with names: one of them is looked for.
    add(&["-name", "nvkm,debug-threads=on"]);
    add(&[
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
    ]);
    add(&[
        "-machine",
        "q35,memory-backend=mem,sata=off,smbus=off,usb=off,vmport=off,i8042=off",
    ]);
    // The model reads and writes guest memory: it must be shared.
    add(&[
        "-object",
        &format!(
            "memory-backend-memfd,id=mem,size={}M,share=on",
            machine.memory_mb
        ),
    ]);
    add(&["-m", &format!("{}M", machine.memory_mb), "-smp", "1"]);
    // Guest time counts instructions, not the host's seconds; idle time is skipped.
    add(&[
        "-accel",
        "tcg,thread=single",
        "-icount",
        &format!("shift={ICOUNT_SHIFT},sleep=off"),
    ]);
    // Debian's kernel takes the SHA-256 of every firmware file for a debug message (CONFIG_FW_LOADER_DEBUG). Without
    // instructions for it that is 60 instructions a byte, and nine tenths of a bind.
    add(&["-cpu", "qemu64,+ssse3,+sse4.1,+sha-ni,-rdrand,-rdseed"]);
    add(&["-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"]);
    add(&["-kernel", &machine.kernel.display().to_string()]);
    add(&["-initrd", &machine.initramfs.display().to_string()]);
    add(&["-append", format!("{APPEND} {}", machine.append).trim_end()]);
    add(&[
        "-chardev",
        &format!("file,id=console,path={}", machine.console.display()),
        "-serial",
        "chardev:console",
    ]);
    add(&[
        "-chardev",
        &format!("file,id=report,path={}", machine.report.display()),
    ]);
    add(&["-device", "isa-debugcon,iobase=0xe9,chardev=report"]);
    if let Some(socket) = machine.gpu {
        // Posted writes would let the guest run on while the model still works on the write: runs would differ.
        let device = json!({
            "driver": "vfio-user-pci",
            "socket": {"path": socket.display().to_string(), "type": "unix"},
            "addr": "04.0",
            "x-no-posted-writes": true,
            // QEMU gives up after 5 s otherwise. The start of a booter reads 60 MB, on a machine that may have other work; a
            // model that hangs is the runner's to find.
            "x-msg-timeout": 120_000,
        });
        add(&["-device", &device.to_string()]);
    }
    if machine.placeholder {
        // Only what is there when the tables are made has a node in ACPI, and nouveau asks the GPU's.
        add(&["-device", "pci-testdev,addr=04.0"]);
    }
    if let Some(files) = machine.files {
        let path = files.display().to_string().replace(',', ",,");
        let memory =
            format!("memory-backend-file,id=files,mem-path={path},size={FILES}M,share=off");
        add(&["-object", &memory]);
        add(&["-device", "ivshmem-plain,memdev=files,addr=05.0"]);
    }
    if let Some(monitor) = machine.monitor {
        add(&["-chardev", &format!("socket,id=monitor,fd={monitor}")]);
        add(&["-mon", "chardev=monitor,mode=control"]);
    }
    if machine.restored {
        add(&["-incoming", "defer", "-S"]);
        // What nvkm-waiter waits for.
        add(&["-fw_cfg", "name=opt/nvkm/go,string=1"]);
    }
    args
}
