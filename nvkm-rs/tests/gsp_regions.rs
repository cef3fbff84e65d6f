// SPDX-License-Identifier: GPL-2.0

//! Which of the frame buffer's regions can be used: against C's way (r535_gsp_get_static_info_fb()).

use nvkm_rs_core::abi::core::services::{FbRegion, FB_REGIONS};
use nvkm_rs_core::gsp::core::regions::{BadRegion, BadRegions, Region, Usable};
use proptest::prelude::*;

fn region(base: u64, limit: u64) -> FbRegion {
    FbRegion {
        base,
        limit,
        reserved: 0,
        performance: 100,
        compressed: true,
        iso: true,
        protected: false,
    }
}

#[test]
fn what_rm_keeps_is_not_used() {
    let all = [
        region(0, 0xfff),
        FbRegion {
            reserved: 1,
            ..region(0x1000, 0x1fff)
        },
        FbRegion {
            protected: true,
            ..region(0x2000, 0x2fff)
        },
        region(0x3000, 0x3fff),
        // Not for the driver, but what is behind it is RM's.
        FbRegion {
            iso: false,
            ..region(0x4000, 0x4fff)
        },
        FbRegion {
            protected: true,
            ..region(0x5000, 0x5fff)
        },
    ];
    let usable = Usable::choose(&all).expect("they can be");
    let expected = [
        Region {
            addr: 0,
            size: 0x1000,
        },
        Region {
            addr: 0x3000,
            size: 0x1000,
        },
    ];
    assert_eq!(usable.regions(), expected);
    assert_eq!(usable.end, Some(0x5000));
    assert_eq!(usable.reserved(0x1_5000), Some(0x1_0000));
}

#[test]
fn nothing_is_nothing() {
    let usable = Usable::choose(&[]).expect("nothing is wrong with it");
    assert_eq!((usable.regions(), usable.end), (&[][..], None));
    assert_eq!(usable.reserved(0x1000), None);
}

#[test]
fn the_lower_half_of_a_difference() {
    let usable = Usable::choose(&[region(0, 0x1_ffff_ffff)]).expect("it can be");
    assert_eq!(usable.reserved(0x2_0000_1000), Some(0x1000));
    assert_eq!(usable.reserved(0x3_0000_1000), Some(0x1000));
    // No heap of which the driver knows the place.
    assert_eq!(usable.reserved(0), Some(0));
    let usable = Usable::choose(&[region(0, 0xfff)]).expect("it can be");
    assert_eq!(usable.reserved(0), Some(0xffff_f000));
}

#[test]
fn regions_that_cannot_be() {
    for bad in [region(0x2000, 0x1000), region(0, u64::MAX)] {
        assert_eq!(Usable::choose(&[region(0, 1), bad]), Err(BadRegion(bad)));
        // What is not used may say what it likes.
        let kept = FbRegion { reserved: 1, ..bad };
        assert!(Usable::choose(&[kept]).is_ok());
    }
    assert_eq!(
        BadRegion(region(0x2000, 0x1000)).to_string(),
        "fb region 0000000000002000-0000000000001000 cannot be"
    );
}

#[test]
fn what_the_allocator_cannot_be_given() {
    let check = |all: &[FbRegion], memory| Usable::choose(all).expect("each can be").check(memory);
    let region_of = |addr, size| Region { addr, size };
    assert_eq!(
        check(&[region(0, 0xfff), region(0x1000, 0x1fff)], 0x2000),
        Ok(())
    );
    assert_eq!(check(&[], 0x2000), Err(BadRegions::None));
    assert_eq!(
        check(
            &[FbRegion {
                iso: false,
                ..region(0, 0xfff)
            }],
            0x2000
        ),
        Err(BadRegions::None)
    );
    for (bad, memory) in [
        (region(0x1000, 0x2000), 0x2000),
        (region(0, 0x1_0000), 0x1_0000),
        (region(5, 4), 0x2000),
    ] {
        let is = region_of(bad.base, bad.limit + 1 - bad.base);
        assert_eq!(check(&[bad], memory), Err(BadRegions::Beyond(is)));
    }
    for second in [
        region(0, 0xfff),
        region(0x800, 0x801),
        region(0xfff, 0x1fff),
    ] {
        let is = region_of(second.base, second.limit + 1 - second.base);
        let error = check(&[region(0, 0xfff), second], 0x2000).unwrap_err();
        assert_eq!(error, BadRegions::Overlap(is));
        assert!(error.to_string().contains("is part of another one"));
    }
}

/// Regions' beginnings and sizes, and how much is reserved.
type Chosen = (Vec<(u64, u64)>, Option<u32>);

/// C's loop, in numbers that do not overflow; none where it would take a size from below 0.
fn model(regions: &[FbRegion], heap: u64) -> Option<Chosen> {
    let (mut used, mut last) = (Vec::new(), None);
    for region in regions {
        if region.reserved == 0 && !region.protected {
            let size = i128::from(region.limit) + 1 - i128::from(region.base);
            if size < 0 || region.limit == u64::MAX {
                return None;
            }
            if region.compressed && region.iso && used.len() < 16 {
                used.push((region.base, size as u64));
            }
            last = Some(region.limit);
        }
    }
    // u32 rsvd_base, rsvd_size
    let reserved = last.map(|limit| (heap as u32).wrapping_sub((limit as u32).wrapping_add(1)));
    Some((used, reserved))
}

fn any_region() -> impl Strategy<Value = FbRegion> {
    let number = || {
        prop_oneof![
            0..8_u64,
            0..0x4_0000_0000_u64,
            any::<u64>(),
            u64::MAX - 4..=u64::MAX
        ]
    };
    let often = |word| prop_oneof![Just(word), any::<bool>()];
    (
        number(),
        number(),
        0..3_u64,
        any::<u32>(),
        often(true),
        often(true),
        often(false),
    )
        .prop_map(
            |(base, limit, reserved, performance, compressed, iso, protected)| FbRegion {
                base,
                limit,
                reserved: reserved / 2,
                performance,
                compressed,
                iso,
                protected,
            },
        )
}

proptest! {
    #[test]
    fn as_c_does(
        regions in proptest::collection::vec(any_region(), 0..=FB_REGIONS),
        heap in any::<u64>(),
    ) {
        let ours: Option<Chosen> = Usable::choose(&regions).ok().map(|usable| {
            let list = usable.regions().iter().map(|one| (one.addr, one.size)).collect();
            (list, usable.reserved(heap))
        });
        prop_assert_eq!(ours, model(&regions, heap));
    }
}
