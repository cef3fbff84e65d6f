// SPDX-License-Identifier: GPL-2.0

//! Runs of falcons, for whoever traces: `nvkm_falcon_fw_boot()` says so where C runs one.

use kernel::prelude::*;

use super::{
    super::core::{
        error::BootError,
        run::Boot as Runner, //
    },
    Boot, //
};
use crate::bridge::{
    boot::io::Registers,
    trace, //
};

impl Boot {
    fn ran<T>(&self, what: &str, result: &Result<T>) {
        let status = result.as_ref().map_or_else(|error| error.to_errno(), |_| 0);
        trace::boot(self.gsp, what, status);
    }

    /// [`Boot::on_registers`], where a falcon runs.
    pub(super) fn falcon<T>(
        &self,
        what: &str,
        f: impl FnOnce(&mut Runner<'_, Registers>) -> Result<T, BootError>,
    ) -> Result<T> {
        let result = self.on_registers(what, f);
        self.ran(what, &result);
        result
    }

    /// The same, where one may turn out not to be needed (`false`).
    pub(super) fn falcon_maybe(
        &self,
        what: &str,
        f: impl FnOnce(&mut Runner<'_, Registers>) -> Result<bool, BootError>,
    ) -> Result<bool> {
        let result = self.on_registers(what, f);
        if !matches!(result, Ok(false)) {
            self.ran(what, &result);
        }
        result
    }
}
