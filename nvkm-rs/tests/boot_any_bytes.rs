// SPDX-License-Identifier: GPL-2.0

//! Any message, any image, any fuse: nothing panics, no access leaves BAR0, everything ends; what is done is what a plain
//! reading of the message, of the layout, of C's arithmetic says.

mod boot_support;

use boot_support::fake::Fake;
use boot_support::images::Loadable;
use boot_support::model::memory::Memory;
use boot_support::{check, message, Access};
use nvkm_rs_core::boot::core::image::SignatureTable;
use nvkm_rs_core::boot::core::io::Unit;
use nvkm_rs_core::boot::core::run::Kind;
use nvkm_rs_core::boot::core::sequencer::{self, Resume};
use nvkm_rs_core::fw::core::falcon::Falcon;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A register's address, or something like it.
fn addr() -> impl Strategy<Value = u32> {
    prop_oneof![
        8 => (0u32..0x40_0000).prop_map(|word| word * 4),
        1 => any::<u32>(),
        1 => select(vec![0xff_fffc, 0xff_fffd, 0x100_0000, 0x11_0040, 0x11_0100, 0x84_0100, 0x11_1668]),
    ]
}

/// Words of a command that may be one.
fn words() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![
        8 => (addr(), any::<u32>()).prop_map(|(a, v)| vec![0, a, v]),
        4 => (addr(), any::<u32>(), any::<u32>()).prop_map(|(a, m, v)| vec![1, a, m, v]),
        4 => (addr(), any::<u32>(), any::<u32>(), 0u32..10_000).prop_map(|(a, m, v, t)| vec![2, a, m, v & m, t, 0]),
        1 => (addr(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(a, m, v, t)| vec![2, a, m, v, t, 0]),
        2 => (0u32..1_100_000).prop_map(|t| vec![3, t]),
        2 => (addr(), 0u32..9).prop_map(|(a, s)| vec![4, a, s]),
        4 => (5u32..9).prop_map(|o| vec![o]),
        1 => any::<u32>().prop_map(|o| vec![o]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes(device in vec(any::<u8>(), 16), bytes in vec(any::<u8>(), 0..400)) {
        check::sequencer(&[device, bytes].concat());
    }

    #[test]
    fn any_commands(device in vec(any::<u8>(), 16), commands in vec(words(), 0..24), cut in 0usize..8) {
        let mut bytes = message(&commands.concat());
        bytes.truncate(bytes.len() - cut);
        check::sequencer(&[device, bytes].concat());
    }

    /// What is done is what the words say, one after the other.
    #[test]
    fn commands_are_done_in_order(commands in vec(words(), 0..24)) {
        let mut expected = Vec::new();
        let mut registers = Fake::default().registers;
        let commands: Vec<Vec<u32>> = commands.into_iter().filter(|words| {
            // Those that have an effect of their own on the device of the test are not for this one.
            let plain = |addr: u32| addr % 4 == 0 && addr < 16 << 20 && !(0x11_0000..0x12_0000).contains(&addr) && addr < 0x84_0000;
            match words[..] {
                [0 | 4, addr, value] => plain(addr) && (words[0] == 0 || value < 8),
                [1, addr, ..] => plain(addr),
                [3, micros] => micros <= 1_000_000,
                _ => false,
            }
        }).collect();
        for words in &commands {
            match words[..] {
                [0, addr, value] => {
                    registers.insert(addr, value);
                    expected.push(Access::Write(addr, value));
                }
                [1, addr, mask, value] => {
                    let old = registers.get(&addr).copied().unwrap_or(0);
                    let new = (old & !mask) | value;
                    registers.insert(addr, new);
                    expected.extend([Access::Read(addr, old), Access::Write(addr, new)]);
                }
                [3, micros] => expected.push(Access::Delay(micros)),
                [4, addr, _] => expected.push(Access::Read(addr, registers.get(&addr).copied().unwrap_or(0))),
                _ => unreachable!(),
            }
        }
        let mut fake = Fake::default();
        let resume = Resume { libos: 0, app_version: 0 };
        let mut traced = 0;
        let mut boot = fake.boot("ga106");
        let summary = sequencer::run(&mut boot, &message(&commands.concat()), &resume, &mut |_| traced += 1).unwrap();
        prop_assert_eq!(summary.commands as usize, commands.len());
        prop_assert_eq!(traced, commands.len());
        prop_assert_eq!(fake.log, expected);
    }
}

/// `fls`
fn fls(value: u32) -> u32 {
    (0..32)
        .rev()
        .find(|bit| (value >> bit) & 1 != 0)
        .map_or(0, |bit| bit + 1)
}

/// `ga100_flcn_fw_signature`, in wider numbers than C's; none for its errors.
fn by_ga100(fuse: u32, fuse_ver: u32, count: u32) -> Option<i64> {
    match fls(fuse) {
        0 => Some(i64::from(count) - 1),
        version if fuse_ver < version => None,
        version => Some(i64::from(fuse_ver) - i64::from(version)),
    }
}

/// `ga102_gsp_fwsec_signature`; none for its errors.
fn by_ga102(fuse: u32, fuse_ver: u32) -> Option<i64> {
    let mut wanted = 1u64 << fls(fuse);
    let mut signed = u64::from(fuse_ver);
    if wanted & signed == 0 {
        return None;
    }
    let mut index = 0;
    while wanted & signed & 1 == 0 {
        index += i64::try_from(signed & 1).unwrap();
        (wanted, signed) = (wanted >> 1, signed >> 1);
    }
    Some(index)
}

/// Few bits, or any.
fn fuse() -> impl Strategy<Value = u32> {
    prop_oneof![
        Just(0),
        (0u32..32).prop_map(|bit| 1 << bit),
        0u32..0x1_0000,
        any::<u32>()
    ]
}

fn size() -> impl Strategy<Value = u32> {
    prop_oneof![
        6 => (0u32..8).prop_map(|blocks| blocks * 0x100),
        1 => 0u32..0x800,
        1 => any::<u32>(),
    ]
}

prop_compose! {
    fn layout()(
        nmem in (size(), size(), size()),
        imem in (size(), size(), size()),
        dmem in (size(), size(), size()),
        rest in (any::<u32>(), any::<u32>(), fuse(), prop_oneof![Just(1u32), Just(4), Just(0x400), any::<u32>()], 0u32..18),
    ) -> Falcon {
        Falcon {
            nmem_base_img: nmem.0, nmem_base: nmem.1, nmem_size: nmem.2,
            imem_base_img: imem.0, imem_base: imem.1, imem_size: imem.2,
            dmem_base_img: dmem.0, dmem_base: dmem.1, dmem_size: dmem.2,
            dmem_sign: rest.0, boot_addr: rest.1, fuse_ver: rest.2, engine_id: rest.3, ucode_id: rest.4,
        }
    }
}

/// The one of an image's signatures that is put into it: the n-th is words of n.
fn chosen(
    gpu: &str,
    kind: Kind,
    layout: Falcon,
    registers: &[(u32, u32)],
    count: u32,
) -> Option<u32> {
    let mut image = Loadable::new(
        &Memory::default(),
        0x1_0000,
        &[0xff; 0x400],
        Falcon {
            nmem_size: 0x100,
            imem_base_img: 0x100,
            imem_size: 0x100,
            dmem_base_img: 0x200,
            dmem_size: 0x100,
            ..layout
        },
    );
    image.table = Some(SignatureTable {
        count,
        size: 8,
        image_offset: 0x304,
    });
    image.signatures = (0..count)
        .flat_map(|n| [n.to_le_bytes(), n.to_le_bytes()].concat())
        .collect();
    let mut fake = Fake::default();
    fake.registers.extend(registers.iter().copied());
    let unit = if kind == Kind::Fwsec {
        Unit::Gsp
    } else {
        Unit::Sec2
    };
    let done = fake
        .boot(gpu)
        .run(unit, kind, &mut image, (0, None))
        .is_ok();
    let word = |at: u64| image.memory.get32(0x1_0000 + at);
    assert_eq!((word(0x300), word(0x30c)), (u32::MAX, u32::MAX));
    assert_eq!(word(0x304), word(0x308));
    assert_eq!(done, word(0x304) != u32::MAX);
    assert_eq!(done, image.table.is_none());
    done.then(|| word(0x304))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn signatures_are_chosen_as_c_chooses(
        fuse in fuse(), fuse_ver in fuse(), engine in select(vec![1u32, 4, 0x400]), ucode in 1u32..=16, count in 0u32..20,
    ) {
        let layout = Falcon { fuse_ver, engine_id: engine, ucode_id: ucode, ..Falcon::default() };
        let there = |index: Option<i64>| index.and_then(|index| u32::try_from(index).ok()).filter(|index| *index < count);
        let base = match engine {
            1 => 0x82_4140,
            4 => 0x82_4100,
            _ => 0x82_41c0,
        };
        let registers = [(base + (ucode - 1) * 4, fuse)];
        for gpu in ["ga102", "ad102"] {
            let expected = there(by_ga100(fuse, fuse_ver, count));
            prop_assert_eq!(chosen(gpu, Kind::Booter, layout, &registers, count), expected);
            let expected = there(by_ga102(fuse, fuse_ver).filter(|_| engine == 0x400));
            prop_assert_eq!(chosen(gpu, Kind::Fwsec, layout, &registers, count), expected);
        }
        for gpu in ["tu104", "ga100"] {
            let expected = there(Some(i64::from((fuse >> 20) & 1)));
            prop_assert_eq!(chosen(gpu, Kind::Booter, layout, &[(0x84_0408, fuse)], count), expected);
            prop_assert_eq!(chosen(gpu, Kind::Fwsec, layout, &[], count), there(Some(0)));
        }
    }

    /// Whatever an image says of itself, the falcon gets what lies in it, and where the falcon has memory.
    #[test]
    fn any_image(
        gpu in select(vec!["tu104", "ga100", "ga106", "ad102"]), layout in layout(), len in size(), loader in proptest::option::of(size()),
        addr in prop_oneof![Just(0u64), any::<u64>(), (0u64..1 << 41).prop_map(|addr| addr & !0xff)], sizes in prop_oneof![Just(0x0002_0100u32), any::<u32>()],
        table in proptest::option::of((0u32..4, prop_oneof![Just(16u32), Just(384), any::<u32>()], size())),
    ) {
        let len = len.min(0x800);
        let mut image = Loadable::new(&Memory::default(), 0, &vec![0x5a; len as usize], layout);
        image.addr = 0;
        image.loader = loader.map(|size| vec![0xa5; size.min(0x2_0000) as usize]);
        if let Some((count, size, image_offset)) = table {
            image.table = Some(SignatureTable { count, size, image_offset });
            image.signatures = vec![0x11; (count * size.min(0x400)) as usize];
        }
        let mut image = Elsewhere { image, addr };
        let mut fake = Fake::default();
        fake.registers.extend([(0x11_0108, sizes), (0x84_0108, sizes)]);
        let mut words = Vec::new();
        for (unit, kind) in [(Unit::Gsp, Kind::Fwsec), (Unit::Sec2, Kind::Booter)] {
            fake.log.clear();
            let result = fake.boot(gpu).run(unit, kind, &mut image, (0, None));
            if let Err(error) = result {
                prop_assert!(error.to_string().len() > 10);
            }
            prop_assert_eq!(fake.stray, None);
            words.push(fake.log.clone());
        }
        // By DMA: each block is read from the image, and written to memory that there is.
        let (imem, dmem) = ((sizes & 0x1ff) << 8, ((sizes >> 9) & 0x1ff) << 8);
        for log in words {
            let (mut base, mut from, mut to) = (0u64, 0u64, 0);
            for access in log {
                match access {
                    Access::Write(0x11_0110 | 0x84_0110, value) => base = u64::from(value) << 8,
                    Access::Write(0x11_0128 | 0x84_0128, value) => base |= u64::from(value) << 40,
                    Access::Write(0x11_0114 | 0x84_0114, value) => to = value,
                    Access::Write(0x11_011c | 0x84_011c, value) => from = value.into(),
                    Access::Write(0x11_0118 | 0x84_0118, command) => {
                        let at = base + from;
                        prop_assert!(at >= addr && at + 0x100 <= addr + u64::from(len), "{at:#x}");
                        let memory = if command & 0x10 != 0 { imem } else { dmem };
                        prop_assert!(to + 0x100 <= memory);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// An image that says that it lies somewhere else.
struct Elsewhere {
    image: Loadable,
    addr: u64,
}

impl nvkm_rs_core::boot::core::image::Image for Elsewhere {
    fn layout(&self) -> Falcon {
        self.image.layout()
    }
    fn addr(&self) -> u64 {
        self.addr
    }
    fn len(&self) -> u32 {
        self.image.len()
    }
    fn word(&self, offset: u32) -> Option<u32> {
        self.image.word(offset)
    }
    fn set_word(&mut self, offset: u32, word: u32) -> bool {
        self.image.set_word(offset, word)
    }
    fn signatures(&self) -> Option<SignatureTable> {
        self.image.signatures()
    }
    fn signature_word(&self, offset: u32) -> Option<u32> {
        self.image.signature_word(offset)
    }
    fn drop_signatures(&mut self) {
        self.image.drop_signatures();
    }
    fn loader_size(&self) -> Option<u32> {
        self.image.loader_size()
    }
    fn loader_word(&self, offset: u32) -> Option<u32> {
        self.image.loader_word(offset)
    }
    fn sync(&mut self) {
        self.image.sync();
    }
}
