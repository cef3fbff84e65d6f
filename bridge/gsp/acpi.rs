// SPDX-License-Identifier: GPL-2.0

//! What the system is, and what its ACPI methods say.

use kernel::error::{
    to_result,
    Result, //
};

use super::super::{
    bindings,
    handle::Gsp, //
};

pub(crate) use bindings::nvkm_rust_gsp_system as System;

impl Gsp {
    /// What GSP-RM is told of the system.
    ///
    /// # Errors
    ///
    /// `ENOSYS`: there is no PCI.
    pub(crate) fn system(self) -> Result<System> {
        let mut system = System {
            registers: 0,
            frame_buffer: 0,
            instance: 0,
            pci: 0,
            max_user_va: 0,
            mirror_base: 0,
            mirror_size: 0,
            device_id: 0,
            subsystem_id: 0,
            revision: 0,
            primary: false,
        };
        // SAFETY: By the invariants.
        to_result(unsafe { bindings::nvkm_rust_gsp_system(self.as_ptr(), &mut system) })?;
        Ok(system)
    }

    /// Whether the device has an ACPI node.
    pub(crate) fn has_acpi(self) -> bool {
        // SAFETY: By the invariants.
        unsafe { bindings::nvkm_rust_acpi(self.as_ptr()) }
    }

    /// `_DOD`: the displays' ids; none where there is no such method, or one that says something
    /// else.
    pub(crate) fn acpi_displays(self, ids: &mut [u32]) -> Option<&[u32]> {
        let most = u32::try_from(ids.len()).ok()?;
        // SAFETY: By the invariants; there is room for `most` ids.
        let count = unsafe { bindings::nvkm_rust_acpi_dod(self.as_ptr(), ids.as_mut_ptr(), most) };
        ids.get(..usize::try_from(count).ok()?)
    }

    /// `MXDM` and `MXDS` of a display.
    pub(crate) fn acpi_mux(self, id: u32) -> [Option<u32>; 2] {
        let mut values = [0; 2];
        // SAFETY: By the invariants; there is room for two values.
        let told = unsafe { bindings::nvkm_rust_acpi_mux(self.as_ptr(), id, values.as_mut_ptr()) };
        let [mode, part] = values;
        [
            (told & 1 != 0).then_some(mode),
            (told & 2 != 0).then_some(part),
        ]
    }

    /// The capabilities of `JT`.
    pub(crate) fn acpi_jt(self) -> Option<u32> {
        let mut caps = 0;
        // SAFETY: By the invariants.
        let told = unsafe { bindings::nvkm_rust_acpi_jt(self.as_ptr(), &mut caps) };
        (told == 0).then_some(caps)
    }

    /// The capabilities of Optimus.
    pub(crate) fn acpi_caps(self) -> Option<u32> {
        let mut caps = 0;
        // SAFETY: By the invariants.
        let told = unsafe { bindings::nvkm_rust_acpi_caps(self.as_ptr(), &mut caps) };
        (told == 0).then_some(caps)
    }
}
