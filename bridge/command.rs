// SPDX-License-Identifier: GPL-2.0

//! Commands, sent through C's table: whoever serves `rpc` sends them.

use kernel::error::{
    code::*,
    to_result,
    Result, //
};

use super::{
    bindings,
    handle::Gsp, //
};

impl Gsp {
    /// Sends a message that nobody answers.
    ///
    /// # Errors
    ///
    /// As [`Gsp::call`].
    pub(crate) fn tell(self, function: u32, payload: &[u8]) -> Result {
        self.send(function, payload, false)
    }

    /// Sends a message and waits for its reply.
    ///
    /// # Errors
    ///
    /// `EMSGSIZE`; `EIO`: no room for a message; the queue's.
    pub(crate) fn call(self, function: u32, payload: &[u8]) -> Result {
        self.send(function, payload, true)
    }

    /// Sends a message, and waits for its reply if it is answered.
    fn send(self, function: u32, payload: &[u8], answered: bool) -> Result {
        let size = u32::try_from(payload.len()).map_err(|_| EMSGSIZE)?;
        // SAFETY: By the invariants; the payload is readable for its length.
        to_result(unsafe {
            bindings::nvkm_rust_rpc_send(
                self.as_ptr(),
                function,
                payload.as_ptr().cast(),
                size,
                answered,
            )
        })
    }
}
