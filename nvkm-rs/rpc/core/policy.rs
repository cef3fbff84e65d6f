// SPDX-License-Identifier: GPL-2.0

//! What a caller wants of the reply.

/// How to go on after a command was written (`enum nvkm_gsp_rpc_reply_policy`,
/// `include/nvkm/subdev/gsp.h`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplyPolicy {
    /// Return at once.
    NoWait,
    /// Return at once, and send sequence number 0 without counting.
    NoSeq,
    /// Wait for the reply and hand it over.
    Recv,
    /// Wait for the reply and drop it.
    Poll,
}

impl ReplyPolicy {
    /// The value of the C enumeration.
    #[must_use]
    pub fn as_raw(self) -> u32 {
        match self {
            Self::NoWait => 0,
            Self::NoSeq => 1,
            Self::Recv => 2,
            Self::Poll => 3,
        }
    }

    /// Whether the command's sequence number is counted. Parts of a split command always are, as in
    /// C.
    #[must_use]
    pub fn counts_sequence(self) -> bool {
        self != Self::NoSeq
    }

    /// Whether the caller waits for the reply.
    #[must_use]
    pub fn waits(self) -> bool {
        matches!(self, Self::Recv | Self::Poll)
    }
}

impl TryFrom<u32> for ReplyPolicy {
    /// The number that is no policy.
    type Error = u32;

    fn try_from(raw: u32) -> Result<Self, u32> {
        match raw {
            0 => Ok(Self::NoWait),
            1 => Ok(Self::NoSeq),
            2 => Ok(Self::Recv),
            3 => Ok(Self::Poll),
            other => Err(other),
        }
    }
}
