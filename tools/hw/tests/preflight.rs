// SPDX-License-Identifier: GPL-2.0
//! What the look at a machine finds, on machines made of files: each thing that is in the way is named.

mod support;

use nvkm_hw::preflight::Preflight;
use nvkm_hw::preflight::State;
use nvkm_hw::preflight::Wanted;
use support::Machine;
use support::ADDRESS;

fn look(machine: &Machine) -> Preflight {
    Preflight::look(&machine.root(), &Wanted::default())
}

/// The check of that name: its state and sentence.
fn check(found: &Preflight, name: &str) -> (State, String) {
    let check = found.checks.iter().find(|c| c.name == name);
    let check = check.unwrap_or_else(|| panic!("no check '{name}' in {:?}", found.checks));
    assert!(check.state == State::Ok || !check.text.is_empty());
    (check.state, format!("{} {}", check.text, check.advice))
}

fn expect(machine: &Machine, name: &str, state: State, word: &str) {
    let found = look(machine);
    let (is, text) = check(&found, name);
    assert_eq!(is, state, "{name}: {text}");
    assert!(text.contains(word), "{name}: {text}");
    assert_eq!(found.possible(), state != State::No, "{}", found.table());
}

#[test]
fn a_good_machine() {
    let machine = Machine::new();
    let found = look(&machine);
    assert!(found.possible(), "{}", found.table());
    assert_eq!(found.chip.unwrap().name, "ga106");
    assert_eq!(found.firmware.as_ref().unwrap().version, "570.144");
    assert!(
        found.checks.iter().all(|c| c.state == State::Ok),
        "{}",
        found.table()
    );
    assert_eq!(found.json()["possible"], true);
}

#[test]
fn cards() {
    let machine = Machine::new();
    machine.put("/sys/bus/pci/devices/0000:02:00.0/vendor", "0x10de");
    machine.put("/sys/bus/pci/devices/0000:02:00.0/class", "0x030200");
    expect(
        &machine,
        "card",
        State::No,
        "more than one NVIDIA card (0000:01:00.0, 0000:02:00.0): name one with --device",
    );
    let wanted = Wanted {
        device: Some("01:00.0".into()),
        ..Wanted::default()
    };
    assert_eq!(
        Preflight::look(&machine.root(), &wanted)
            .card
            .unwrap()
            .address,
        ADDRESS
    );
    machine.take("/sys/bus/pci/devices");
    expect(&machine, "card", State::No, "no NVIDIA card");
}

#[test]
fn chips() {
    let machine = Machine::new();
    let bar = |value: u32| {
        let mut bytes = vec![0u8; 4096];
        bytes[..4].copy_from_slice(&value.to_le_bytes());
        std::fs::write(
            machine.at(&format!("/sys/bus/pci/devices/{ADDRESS}/resource0")),
            bytes,
        )
        .unwrap();
    };
    bar(0x1340_00a1);
    expect(
        &machine,
        "family",
        State::No,
        "chip 0x134 is not run by GSP-RM",
    );
    bar(0x1800_00a1);
    machine.put("/lib/firmware/nvidia/gh100/gsp/gsp-570.144.bin.zst", "");
    machine.put(
        "/lib/firmware/nvidia/gh100/gsp/bootloader-570.144.bin.zst",
        "",
    );
    expect(
        &machine,
        "family",
        State::Warn,
        "boot in Rust does not know it",
    );
    assert!(look(&machine).firmware.unwrap().compressed);
    // One that sleeps: the driver's own words tell.
    bar(u32::MAX);
    expect(&machine, "family", State::Warn, "not known yet");
    machine.put(
        "/dev/kmsg",
        &format!("6,1,2,-;nouveau {ADDRESS}: NVIDIA TU104 (164000a1)\n"),
    );
    assert_eq!(look(&machine).chip.unwrap().name, "tu104");
}

#[test]
fn drivers() {
    let machine = Machine::new();
    let link = machine.at(&format!("/sys/bus/pci/devices/{ADDRESS}/driver"));
    for (driver, state, word) in [
        ("nvidia", State::No, "NVIDIA's own driver has the card"),
        ("vfio-pci", State::No, "virtual machine"),
    ] {
        std::fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(format!("../../drivers/{driver}"), &link).unwrap();
        let found = look(&machine);
        assert_eq!(check(&found, "driver").0, state);
        assert!(check(&found, "driver").1.contains(word));
        assert!(!found.possible());
    }
    std::fs::remove_file(&link).unwrap();
    expect(&machine, "driver", State::Ok, "no driver has the card");
}

#[test]
fn firmware() {
    let machine = Machine::new();
    machine.take("/lib/firmware/nvidia/ga106/gsp/bootloader-570.144.bin");
    expect(&machine, "firmware", State::No, "firmware-nvidia-graphics");
    machine.put("/lib/firmware/nvidia/ga106/gsp/gsp-535.113.01.bin.xz", "");
    machine.put(
        "/lib/firmware/nvidia/ga106/gsp/bootloader-535.113.01.bin.xz",
        "",
    );
    expect(&machine, "firmware", State::Ok, "535.113.01");
    assert!(look(&machine).firmware.unwrap().compressed);
}

#[test]
fn modules() {
    let machine = Machine::new();
    machine.take("/sys/kernel/tracing/events/nvkm/nvkm_mmio");
    expect(&machine, "tracepoints", State::No, "has no nvkm_mmio");
    machine.take("/sys/module/nouveau/parameters/rust_gsp");
    expect(&machine, "module", State::No, "it is the kernel's own");
    machine.take("/sys/module/nouveau");
    expect(&machine, "module", State::No, "none is installed");
    let dir = "/lib/modules/7.3.4+deb13-amd64";
    machine.put(
        &format!("{dir}/modules.dep"),
        "updates/dkms/nouveau.ko: kernel/x.ko\nkernel/x.ko:\n",
    );
    machine.put(&format!("{dir}/updates/dkms/nouveau.ko"), "no module");
    expect(&machine, "module", State::No, "updates/dkms/nouveau.ko");
}

#[test]
fn kernels() {
    let machine = Machine::new();
    let config = "/boot/config-7.3.4+deb13-amd64";
    machine.put(config, "# CONFIG_RUST is not set\n");
    // A nouveau with Rust that is loaded is the better proof.
    expect(
        &machine,
        "kernel",
        State::Ok,
        "a nouveau with Rust is loaded",
    );
    machine.take("/sys/module/nouveau");
    let found = look(&machine);
    assert_eq!(check(&found, "kernel").0, State::No);
    machine.take(config);
    assert_eq!(check(&look(&machine), "kernel").0, State::Warn);
    machine.put("/proc/config.gz", "no gzip");
    assert_eq!(check(&look(&machine), "kernel").0, State::Warn);
    machine.take("/sys/kernel/tracing/instances");
    expect_tracing(&machine, State::Ok, "mounts it");
    machine.put("/proc/filesystems", "nodev\tdebugfs\n");
    expect_tracing(&machine, State::No, "CONFIG_FTRACE");
}

/// Puts words on the command line of a machine whose nouveau is not loaded.
fn booted(machine: &Machine, words: &str) {
    machine.take("/sys/module/nouveau");
    let line = format!("BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro {words} quiet\n");
    machine.put("/proc/cmdline", &line);
}

fn expect_options(machine: &Machine, state: State, word: &str) {
    let (is, text) = check(&look(machine), "options");
    assert_eq!(is, state, "{text}");
    assert!(text.contains(word), "{text}");
}

#[test]
fn command_lines() {
    let machine = Machine::new();
    for (words, word) in [
        ("nomodeset", "nomodeset"),
        ("nomodeset=1", "nomodeset"),
        ("nouveau.modeset=0", "nouveau.modeset=0"),
        ("nouveau.modeset=0x0", "keeps nouveau from all cards"),
        ("nouveau.modeset=off", "is no number"),
        ("nomodeset nouveau.modeset=-1", "with nomodeset"),
        ("nouveau.modeset=1 nouveau.modeset=0", "nouveau.modeset=0"),
        ("nouveau.config=NvGspRm=0", "without GSP-RM"),
        ("nouveau.config=NvGspRM=0", "without GSP-RM"),
        ("nouveau.config=NvBios=PROM,NvGspRm=off", "without GSP-RM"),
        ("nouveau.config=\"NvGspRm=false\"", "without GSP-RM"),
        ("\"nouveau.config=NvGspRm=no\"", "without GSP-RM"),
        ("module_blacklist=nouveau", "forbids to load nouveau"),
        ("module-blacklist=snd,nouveau", "forbids to load nouveau"),
        ("initcall_blacklist=a,nouveau_drm_init", "from starting"),
        ("nouveau.noaccel=1", "without channels"),
        ("nouveau.noaccel", "is no number"),
    ] {
        booted(&machine, words);
        expect_options(&machine, State::No, word);
    }
    for words in ["nouveau.debug=gsp=trace", "nouveau.debug=info,GSP=Debug"] {
        booted(&machine, words);
        expect_options(&machine, State::Warn, "the logs will differ");
    }
    for words in [
        "",
        "nomodeset nouveau.modeset=1",
        "nouveau.modeset=0 nouveau.modeset=2",
        "nouveau.config=NvGspRm=1,NvGspRm=0",
        "nouveau.config=xNvGspRm=0",
        "nouveau.noaccel=0",
        "nouveau.debug=gsp=info",
        "module_blacklist=nouveau module_blacklist=",
        "module_blacklist=nouveaux,nvidia modprobe.blacklist=nouveau",
        "comment=\"a nomodeset word\"",
        "-- nomodeset",
    ] {
        booted(&machine, words);
        expect_options(&machine, State::Ok, "nothing");
    }
}

#[test]
fn files_of_modprobe_and_parameters() {
    let machine = Machine::new();
    // As NVIDIA's installer leaves it.
    let file = "/etc/modprobe.d/nvidia-installer-disable-nouveau.conf";
    machine.put(
        file,
        "# generated\nblacklist nouveau\noptions nouveau modeset=0\n",
    );
    expect_options(&machine, State::Ok, "nothing");
    booted(&machine, "");
    expect_options(
        &machine,
        State::No,
        "\"options nouveau modeset=0\" in /etc/modprobe.d/nvidia-",
    );
    // The command line comes last.
    booted(&machine, "nouveau.modeset=1");
    expect_options(&machine, State::Ok, "nothing");
    machine.put(file, "install nouveau \\\n /bin/false\n");
    expect_options(&machine, State::No, "instead of loading nouveau");
    // A file of the same name hides the others.
    machine.put("/usr/lib/modprobe.d/x.conf", "options nouveau noaccel=1\n");
    machine.put(file, "");
    expect_options(&machine, State::No, "noaccel=1");
    machine.put("/etc/modprobe.d/x.conf", "");
    expect_options(&machine, State::Ok, "nothing");

    // Of one that is loaded, what it has counts.
    let machine = Machine::new();
    machine.put("/sys/module/nouveau/parameters/modeset", "-1");
    machine.put("/sys/module/nouveau/parameters/config", "(null)");
    machine.put("/proc/cmdline", "nouveau.noaccel=1");
    expect_options(&machine, State::Ok, "nothing");
    machine.put("/sys/module/nouveau/parameters/config", "NvGspRm=0");
    expect_options(&machine, State::No, "config=NvGspRm=0 in /sys/module");
}

fn expect_tracing(machine: &Machine, state: State, word: &str) {
    let (is, text) = check(&look(machine), "tracing");
    assert_eq!(is, state, "{text}");
    assert!(text.contains(word), "{text}");
}

#[test]
fn signatures() {
    let machine = Machine::new();
    let variable = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    machine.put(variable, "");
    std::fs::write(machine.at(variable), [6, 0, 0, 0, 1]).unwrap();
    machine.put(
        "/sys/kernel/security/lockdown",
        "none [integrity] confidentiality",
    );
    expect(&machine, "signatures", State::Ok, "Secure Boot is on");
    machine.put(
        "/sys/kernel/security/lockdown",
        "none integrity [confidentiality]",
    );
    expect(&machine, "signatures", State::No, "closes tracefs");
    machine.put(
        "/sys/kernel/security/lockdown",
        "none [integrity] confidentiality",
    );
    machine.take("/sys/module/nouveau");
    let (state, text) = check(&look(&machine), "signatures");
    assert_eq!(state, State::Warn);
    assert!(text.contains("mokutil --import"), "{text}");
}

#[test]
fn use_and_ways_in() {
    let machine = Machine::new();
    let card = format!("/sys/bus/pci/devices/{ADDRESS}");
    machine.put(&format!("{card}/boot_vga"), "1");
    expect(&machine, "other way in", State::Warn, "cannot be reached");
    machine.put(
        "/proc/consoles",
        "tty0 -WU (EC  p  )    4:7\nttyS0 -W- (EC    )    4:64\n",
    );
    expect(
        &machine,
        "other way in",
        State::Ok,
        "serial console (ttyS0)",
    );
    machine.put("/proc/consoles", "tty0 -WU (EC  p  )    4:7\n");
    let id = std::process::id();
    machine.put(
        &format!("/proc/{id}/stat"),
        &format!("{id} (a (b) c) S 77 1 1"),
    );
    machine.put("/proc/77/stat", "77 (sshd-session) S 1 1 1");
    expect(&machine, "other way in", State::Ok, "ssh session");

    assert!(!look(&machine).usage.in_use());
    machine.put(&format!("{card}/drm/card0/card0-DP-1/status"), "connected");
    machine.put(&format!("{card}/drm/card0/card0-DP-1/enabled"), "disabled");
    machine.put(&format!("{card}/graphics/fb0/name"), "nouveaudrmfb");
    assert!(!look(&machine).usage.in_use());
    machine.put(&format!("{card}/drm/card0/card0-DP-1/enabled"), "enabled");
    machine.put(
        "/sys/class/vtconsole/vtcon1/name",
        "(M) frame buffer device",
    );
    machine.put("/sys/class/vtconsole/vtcon1/bind", "1");
    machine.put("/proc/4711/comm", "gnome-shell");
    machine.put("/proc/4711/fd/dir", "");
    std::os::unix::fs::symlink("/dev/dri/card0", machine.at("/proc/4711/fd/9")).unwrap();
    expect(
        &machine,
        "in use",
        State::Warn,
        "gnome-shell (process 4711), the screen at DP-1, the text console",
    );
}
