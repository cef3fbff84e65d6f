// SPDX-License-Identifier: GPL-2.0
//! What a run's machine holds: the modules that are there when it has booted, and the files that come with the run.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;

use crate::vm::firmware;
use crate::vm::hw;
use crate::vm::initramfs;
use crate::vm::kernel::Kernel;
use crate::vm::kselftest;
use crate::vm::module;
use crate::vm::qemu;
use crate::vm::run::Setup;

/// The modules that a machine has loaded when it has booted: what nouveau needs, whatever the run's driver is.
///
/// # Errors
///
/// The kernel's list of modules, or the driver, cannot be read.
pub fn base_modules(setup: &Setup, kernel: &Kernel) -> Result<Vec<PathBuf>> {
    match (&setup.module, kernel.stock_nouveau()) {
        (_, Ok(_)) => kernel.dependencies(),
        (Some(module), Err(_)) => kernel.needed_by(module, &setup.cache),
        (None, Err(_)) => Ok(Vec::new()),
    }
}

/// The files of a run as an archive, but for the modules that are there.
///
/// # Errors
///
/// A file is missing or broken.
pub fn archive(setup: &Setup, kernel: &Kernel, there: &[PathBuf]) -> Result<Vec<u8>> {
    let loads = setup.phases.iter().any(|p| p == "load");
    let own;
    let files = match (&setup.gpu, &setup.other) {
        (_, Some(other)) => other.files.as_ref(),
        (Some(gpu), None) if loads => {
            own = firmware::collect(&setup.firmware, &setup.fw, gpu, setup.unchecked_fw)?;
            &own
        }
        _ => &firmware::Files::new(),
    };
    // Modules are only needed if the plan loads any.
    let mut modules = match (loads, &setup.other) {
        (false, _) => Vec::new(),
        (true, Some(other)) => kernel.needed_by(&other.module, &setup.cache)?,
        (true, None) => base_modules(setup, kernel)?,
    };
    modules.retain(|m| !there.contains(m));
    if loads {
        modules.push(match (&setup.other, &setup.module) {
            (Some(other), _) => other.module.clone(),
            (None, Some(path)) => path.clone(),
            (None, None) => kernel.stock_nouveau()?,
        });
    }
    let mut programs = if kselftest::wanted(&setup.phases) {
        kselftest::programs(&setup.kselftest, &setup.kernel)?
    } else {
        Vec::new()
    };
    if hw::wanted(&setup.phases) {
        programs.push(hw::program(&setup.guest)?);
    }
    let other = setup.other.as_ref();
    let parts = initramfs::Parts {
        guest: &setup.guest,
        modules: &modules,
        name: other.map_or("nouveau".into(), |o| module::stem(&o.module)),
        exact: setup.exact,
        params: &setup.params,
        phases: &setup.phases,
        firmware: files,
        programs: &programs,
        extra: &setup.extra,
        // Warnings and worse: each character costs the guest three accesses to a port. The log has everything.
        console_level: 6,
        no_nodes: other.is_some_and(|o| o.no_nodes),
    };
    initramfs::build(&parts, &setup.cache)
}

/// Writes what `nvkm-waiter` unpacks (tools/guest/src/parcel.rs): magic, length, archive; as long as the device's memory.
///
/// # Errors
///
/// They are longer than that, or the file cannot be written.
pub fn write_files(path: &Path, archive: &[u8]) -> Result<()> {
    const MAGIC: &[u8] = b"nvkmcpio";
    let room = qemu::FILES << 20;
    let len = archive.len() as u64;
    if (MAGIC.len() + 8) as u64 + len > room {
        bail!("the files of a run have {len} bytes, and there is room for {room}");
    }
    let _ = fs::remove_file(path);
    let mut file =
        File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    file.set_len(room)?;
    file.write_all(MAGIC)?;
    file.write_all(&len.to_le_bytes())?;
    file.write_all(archive)?;
    Ok(())
}
