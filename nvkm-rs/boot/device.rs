// SPDX-License-Identifier: GPL-2.0

//! One device's `boot`: tier 0 tied to the kernel.

use kernel::prelude::*;

use crate::{
    abi::core::Abi,
    bridge::handle::Gsp, //
};

/// The state for a device.
pub(crate) struct Boot {
    #[expect(dead_code)]
    gsp: Gsp,
    #[expect(dead_code)]
    abi: &'static dyn Abi,
}

impl Boot {
    /// The state for the version that `abi` is the interface of.
    pub(crate) fn new(gsp: Gsp, abi: &'static dyn Abi) -> Result<Pin<KBox<Self>>> {
        Ok(KBox::into_pin(KBox::new(Self { gsp, abi }, GFP_KERNEL)?))
    }
}
