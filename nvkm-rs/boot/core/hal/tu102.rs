// SPDX-License-Identifier: GPL-2.0

//! Turing: `tu102_gsp_flcn`, `tu102_gsp_fwsec`, `tu102_sec2_flcn`, `gm200_flcn_fw`. All of
//! [`Hal`]'s defaults are its way.

use super::Hal;

/// TU10x and TU11x.
pub(super) struct Tu102;

impl Hal for Tu102 {
    fn name(&self) -> &'static str {
        "tu102"
    }
}
