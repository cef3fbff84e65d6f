// SPDX-License-Identifier: GPL-2.0

//! Headers, checksum, names, policies, statuses: against bytes and numbers written out by hand.

mod support;

use nvkm_rs_core::abi::core::names::{self, FunctionName};
use nvkm_rs_core::rpc::core::checksum::Checksum;
use nvkm_rs_core::rpc::core::element::{self, ElementHeader, RpcHeader};
use nvkm_rs_core::rpc::core::policy::ReplyPolicy;
use nvkm_rs_core::rpc::core::status::{status_to_errno, Errno};
use proptest::prelude::*;

#[test]
fn sizes_are_those_of_rpc_c() {
    assert_eq!(element::PAGE_SIZE, 0x1000);
    assert_eq!(element::ELEMENT_HEADER_SIZE, 0x30);
    assert_eq!(element::RPC_HEADER_SIZE, 0x20);
    assert_eq!(element::HEADERS_SIZE, 0x50);
    assert_eq!(element::RPC_SIZE_MAX, 0xffd0);
    assert_eq!(element::PAYLOAD_MAX, 0xffb0);
}

#[test]
fn request_bytes() {
    let header = RpcHeader::request(72, 0x3c0, 5).encode();
    assert_eq!(
        header,
        [
            0, 0, 0, 3, b'V', b'R', b'P', b'C', 0xc0, 3, 0, 0, 72, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0, 0, 0, 0, 0
        ]
    );
}

#[test]
fn element_bytes() {
    let header = ElementHeader {
        checksum: 0x0403_0201,
        sequence: 0x0807_0605,
        elem_count: 0x0c0b_0a09,
    };
    let mut bytes = [0; 0x30];
    for (at, byte) in bytes[0x20..0x2c].iter_mut().zip(1..) {
        *at = byte;
    }
    assert_eq!(header.encode(), bytes);
    // What stands in the authentication fields is not looked at.
    bytes[..0x20].fill(0xee);
    assert_eq!(ElementHeader::decode(&bytes), header);
}

#[test]
fn each_rpc_word_has_its_place() {
    let mut bytes = [0; 0x20];
    for (word, chunk) in (1u32..).zip(bytes.chunks_mut(4)) {
        chunk.copy_from_slice(&(word * 0x0101_0100).to_le_bytes());
    }
    let header = RpcHeader::decode(&bytes);
    assert_eq!(header.header_version, 0x0101_0100);
    assert_eq!(header.signature, 0x0202_0200);
    assert_eq!(header.length, 0x0303_0300);
    assert_eq!(header.function, 0x0404_0400);
    assert_eq!(header.rpc_result, 0x0505_0500);
    assert_eq!(header.rpc_result_private, 0x0606_0600);
    assert_eq!(header.sequence, 0x0707_0700);
    assert_eq!(header.spare, 0x0808_0800);
    assert_eq!(header.encode(), bytes);
}

#[test]
fn payload_length_needs_a_header() {
    let length = |length| RpcHeader {
        length,
        ..RpcHeader::default()
    };
    assert_eq!(length(0).payload_len(), None);
    assert_eq!(length(0x1f).payload_len(), None);
    assert_eq!(length(0x20).payload_len(), Some(0));
    assert_eq!(length(0x21).payload_len(), Some(1));
    assert_eq!(length(u32::MAX).payload_len(), Some(0xffff_ffdf));
}

#[test]
fn pages_of_an_element() {
    for (length, pages) in [
        (0, 1),
        (0x20, 1),
        (0xfd0, 1),
        (0xfd1, 2),
        (0xffd0, 16),
        (0xffd1, 17),
        (u32::MAX - 0x30, 0x10_0000),
        (u32::MAX, 0x10_0000),
    ] {
        assert_eq!(element::element_pages(length), pages, "{length:#x}");
    }
}

#[test]
fn names_of_functions_and_events() {
    assert_eq!(names::common_name(0), Some("NOP"));
    assert_eq!(names::common_name(71), Some("CONTINUATION_RECORD"));
    assert_eq!(names::common_name(72), Some("GSP_SET_SYSTEM_INFO"));
    assert_eq!(names::common_name(76), Some("GSP_RM_CONTROL"));
    assert_eq!(names::common_name(103), Some("GSP_RM_ALLOC"));
    assert_eq!(names::common_name(202), Some("ECC_NOTIFIER_WRITE_ACK"));
    assert_eq!(names::common_name(226), Some("CTRL_EXEC_PARTITIONS_EXPORT"));
    assert_eq!(names::common_name(227), None);
    assert_eq!(names::common_name(0xfff), None);
    assert_eq!(names::common_name(0x1001), Some("GSP_INIT_DONE"));
    assert_eq!(names::common_name(0x1006), Some("OS_ERROR_LOG"));
    assert_eq!(
        names::common_name(0x101a),
        Some("PFM_REQ_HNDLR_STATE_SYNC_CALLBACK")
    );
    assert_eq!(names::common_name(0x101b), None);
    assert_eq!(names::common_name(u32::MAX), None);
    assert_eq!(FunctionName(65).to_string(), "65 GET_GSP_STATIC_INFO");
    assert_eq!(FunctionName(0x1003).to_string(), "0x1003 POST_EVENT");
    assert_eq!(FunctionName(0x2000).to_string(), "0x2000");
    assert_eq!(FunctionName(999).to_string(), "999");
}

#[test]
fn policies_are_those_of_the_c_enumeration() {
    let all = [
        (ReplyPolicy::NoWait, 0, true, false),
        (ReplyPolicy::NoSeq, 1, false, false),
        (ReplyPolicy::Recv, 2, true, true),
        (ReplyPolicy::Poll, 3, true, true),
    ];
    for (policy, raw, counts, waits) in all {
        assert_eq!(ReplyPolicy::try_from(raw), Ok(policy));
        assert_eq!(policy.as_raw(), raw);
        assert_eq!(policy.counts_sequence(), counts);
        assert_eq!(policy.waits(), waits);
    }
    for raw in [4, 5, u32::MAX] {
        assert_eq!(ReplyPolicy::try_from(raw), Err(raw));
    }
}

#[test]
fn statuses_are_those_of_rpc_c() {
    for status in 0..0x200 {
        let errno = match status {
            0x51 => Errno::NoMemory,
            0x55 | 0x66 => Errno::Busy,
            _ => Errno::Invalid,
        };
        assert_eq!(status_to_errno(status), errno, "{status:#x}");
    }
    assert_eq!(status_to_errno(u32::MAX), Errno::Invalid);
}

/// As `r535_gsp_cmdq_push` does it: 64-bit words, then both halves.
fn checksum_as_c(bytes: &[u8]) -> u32 {
    let sum = bytes.chunks(8).fold(0u64, |sum, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        sum ^ u64::from_le_bytes(word)
    });
    (sum >> 32) as u32 ^ sum as u32
}

proptest! {
    #[test]
    fn headers_survive(words: [u32; 8]) {
        let [header_version, signature, length, function, rpc_result, rpc_result_private, sequence, spare] = words;
        let rpc = RpcHeader {
            header_version, signature, length, function, rpc_result, rpc_result_private, sequence, spare,
        };
        prop_assert_eq!(RpcHeader::decode(&rpc.encode()), rpc);
        let element = ElementHeader { checksum: header_version, sequence, elem_count: length };
        prop_assert_eq!(ElementHeader::decode(&element.encode()), element);
    }

    #[test]
    fn checksum_in_any_pieces(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(0usize..40, 0..30),
    ) {
        let mut checksum = Checksum::new();
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (piece, left) = rest.split_at(cut.min(rest.len()));
            checksum.update(piece);
            rest = left;
        }
        checksum.update(rest);
        prop_assert_eq!(checksum.finish(), checksum_as_c(&bytes));
    }
}
