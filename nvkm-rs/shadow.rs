// SPDX-License-Identifier: GPL-2.0

//! Shadow mode: C serves, Rust computes beside it, and both are compared.
//!
//! Not a subsystem but a way to look at three of them, by the code that serves when Rust is chosen:
//! it reads what C has made and the inputs that C had, and writes nothing (`bridge/shadow.h`).

#![forbid(unsafe_code)]

use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};

use crate::{
    abi::core::Abi,
    boot::core::hal::{
        self,
        Hal, //
    },
    bridge::{
        handle::{
            Gsp,
            Subsystem, //
        },
        shadow::ledger::Ledger,
    },
    rpc::core::shadow::Plan,
};

mod boot;
mod fw;
mod rpc;

pub(crate) use fw::{
    Booter,
    Files,
    Vbios, //
};

/// A device's shadow.
#[pin_data]
pub(crate) struct Shadow {
    gsp: Gsp,
    abi: &'static dyn Abi,
    /// None where boot is not looked at.
    hal: Option<&'static dyn Hal>,
    #[pin]
    plan: Mutex<Plan>,
}

impl Shadow {
    /// The state for the version that `abi` is the interface of.
    ///
    /// # Errors
    ///
    /// `ENOMEM`
    pub(crate) fn new(gsp: Gsp, abi: &'static dyn Abi) -> Result<Pin<KBox<Self>>> {
        KBox::pin_init(
            pin_init!(Self {
                gsp,
                abi,
                hal: hal::select(gsp.chipset()),
                plan <- new_mutex!(Plan::default()),
            }),
            GFP_KERNEL,
        )
    }

    /// The device.
    pub(crate) fn gsp(&self) -> Gsp {
        self.gsp
    }

    /// Where a subsystem's comparisons go.
    fn ledger(&self, subsystem: Subsystem) -> Ledger {
        Ledger::new(self.gsp, subsystem)
    }
}

/// A size as C's 64-bit fields have it.
fn wide(size: usize) -> u64 {
    size as u64 // CAST: A `usize` has 64 bits where there is a GSP.
}
