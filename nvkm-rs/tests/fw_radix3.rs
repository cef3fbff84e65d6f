// SPDX-License-Identifier: GPL-2.0

//! The table for GSP's view of an image, against C's own algorithm (`nvkm_gsp_radix3_sg`) and where that goes wrong.

use nvkm_rs_core::fw::core::radix3::{Level, Radix3, PAGE_SIZE, SIZE_MAX};

const PAGE: u64 = 4096;

/// What C leaves in level 2 for an image at pages 1, 2, 3, …; `None` for entries that it does not write. It sizes the level
/// by the image's full pages, and fills it page by page until one or the other ends.
fn level2_by_c(size: u64) -> Vec<Option<u64>> {
    let bufsize = ((size / PAGE) * 8).next_multiple_of(PAGE);
    let mut entries = vec![None; bufsize as usize / 8];
    for (entry, page) in entries.iter_mut().zip(0..size.div_ceil(PAGE)) {
        *entry = Some((page + 1) * PAGE);
    }
    entries
}

fn level2(size: u64) -> Vec<u64> {
    let radix3 = Radix3::new(size).unwrap();
    let mut memory = vec![0xee; radix3.size(Level::L2)];
    let addresses = (1..).map(|page| page * PAGE);
    radix3
        .fill(Level::L2, memory.as_mut_slice(), addresses)
        .unwrap();
    memory
        .chunks(8)
        .map(|entry| u64::from_le_bytes(entry.try_into().unwrap()))
        .collect()
}

#[test]
fn level_2_is_what_c_writes_or_more() {
    let sizes = (0..2100).flat_map(|pages| {
        let at = pages * PAGE;
        [at + 1, at + 8, at + PAGE - 1, at + PAGE]
    });
    let mut lost = Vec::new();
    for size in sizes {
        let (ours, theirs) = (level2(size), level2_by_c(size));
        let pages = size.div_ceil(PAGE) as usize;
        for (page, entry) in ours.iter().enumerate() {
            let expected = if page < pages {
                (page as u64 + 1) * PAGE
            } else {
                0
            };
            assert_eq!(*entry, expected, "{size:#x}, page {page}");
            match theirs.get(page) {
                Some(Some(theirs)) => assert_eq!(entry, theirs),
                // Memory as it was before; and no entry of use.
                Some(None) => assert!(page >= pages),
                None if page < pages => lost.push((size, page)),
                None => {}
            }
        }
    }
    // C loses the last page where the full ones fill level 2 (or there is none), and only there.
    let expected: Vec<_> = [0, 512, 1024, 1536, 2048]
        .into_iter()
        .flat_map(|pages: u64| [1, 8, PAGE - 1].map(|rest| (pages * PAGE + rest, pages as usize)))
        .collect();
    assert_eq!(lost, expected);
}

#[test]
fn levels_0_and_1() {
    for (size, pages) in [
        (1, 1),
        (512 * PAGE, 1),
        (512 * PAGE + 1, 2),
        (SIZE_MAX, 512),
    ] {
        let radix3 = Radix3::new(size).unwrap();
        assert_eq!(radix3.pages(Level::L2), pages);
        for (level, used) in [(Level::L0, 1), (Level::L1, pages)] {
            assert_eq!((radix3.pages(level), radix3.size(level)), (1, PAGE_SIZE));
            assert_eq!(radix3.entries(level), used);
            let mut memory = vec![0xee; PAGE_SIZE];
            radix3
                .fill(level, memory.as_mut_slice(), (1..).map(|page| page << 12))
                .unwrap();
            for (index, entry) in memory.chunks(8).enumerate() {
                let expected = if index < used {
                    (index as u64 + 1) << 12
                } else {
                    0
                };
                assert_eq!(entry, expected.to_le_bytes());
            }
        }
    }
}

#[test]
fn what_cannot_be_told_is_refused() {
    for size in [0, SIZE_MAX + 1, u64::MAX] {
        let error = Radix3::new(size).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("radix3: size at 0x0: {size:#x} where 0x1 to 0x40000000 can be")
        );
    }
    let radix3 = Radix3::new(3 * PAGE).unwrap();
    let mut memory = vec![0; PAGE_SIZE];
    let error = radix3
        .fill(Level::L2, memory.as_mut_slice(), [0x1000, 0x2000])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "radix3: level 2 at 0x10: 0x2 where 0x3 must be"
    );
    let error = radix3
        .fill(Level::L1, &mut memory[..PAGE_SIZE - 1], [0x1000])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "radix3: level 1 at 0xff8: 0x1ff where 0x200 must be"
    );
}
