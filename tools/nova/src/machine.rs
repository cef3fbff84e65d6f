// SPDX-License-Identifier: GPL-2.0
//! The machines: nova-core's, and nvkm's beside it, on the same model.

use std::env;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;

use nvkm_ab::vm::firmware::Files;
use nvkm_ab::vm::run::Other;
use nvkm_ab::vm::run::Setup;

use crate::files;

/// What nova-core is taken through. It binds twice: what the first unbind leaves must be good for a second.
pub const NOVA: [&str; 6] = ["load", "probe", "unbind", "bind", "unbind", "unload"];
/// What nvkm is: once, as only that is compared.
pub const NVKM: [&str; 4] = ["load", "probe", "unbind", "unload"];
/// The firmware whose interface nova-core of this kernel is written for (nova-core/gsp/fw/r570_144.rs).
pub const FIRMWARE: &str = "570.144";

/// The chips that the model has and nova-core knows (`define_chipset!` in nova-core/gpu.rs).
pub const CHIPS: [&str; 8] = [
    "tu102", "tu104", "tu106", "tu116", "ga100", "ga102", "ga106", "ad102",
];
/// Where the parts are.
#[derive(Clone, Debug)]
pub struct Places {
    /// Directory of everything built.
    pub build: PathBuf,
    /// Prepared kernel.
    pub kernel: PathBuf,
    /// nova-core's module.
    pub nova: PathBuf,
    /// nouveau with Rust.
    pub nouveau: PathBuf,
    /// Boot each machine, instead of beginning from a snapshot.
    pub fresh: bool,
    /// Seconds of its own time that one machine may run.
    pub limit: u64,
    /// Show progress.
    pub progress: bool,
}

/// Who drives the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// nova-core.
    Nova,
    /// nvkm, all in C.
    C,
    /// nvkm, everything that is ready in Rust.
    Rust,
}

impl Places {
    fn base(&self, name: &str, gpu: &str, out: &Path) -> Setup {
        let exe = env::current_exe().unwrap_or_default();
        let beside = exe.parent().unwrap_or(Path::new("")).to_path_buf();
        Setup {
            name: name.to_string(),
            out: out.join(name),
            kernel: self.kernel.clone(),
            firmware: self.build.join("firmware"),
            // Modules and kernel images unpacked by `nvkm-ab` are as good here.
            cache: self.build.join("ab/.cache"),
            gpu: Some(gpu.to_string()),
            fw: FIRMWARE.into(),
            abi: FIRMWARE.into(),
            unchecked_fw: false,
            module: None,
            other: None,
            exact: false,
            params: String::new(),
            phases: Vec::new(),
            guest: beside.join("nvkm-guest"),
            kselftest: PathBuf::new(), // No phase of its runs it.
            extra: Vec::new(),
            vgpu: beside.join("nvkm-vgpu"),
            vgpu_args: Vec::new(),
            qemu: "qemu-system-x86_64".into(),
            append: String::new(),
            own_processor: true,
            fresh: self.fresh,
            resume: false,
            limit: Duration::from_secs(self.limit),
            silence: Duration::from_secs(30),
            progress: self.progress,
        }
    }

    /// A machine for one side. The chip's converted files are kept in `converted` for the next one.
    ///
    /// # Errors
    ///
    /// A part is missing, or firmware cannot be converted.
    pub fn machine(
        &self,
        side: Side,
        name: &str,
        gpu: &str,
        out: &Path,
        converted: &mut Option<Arc<Files>>,
    ) -> Result<Setup> {
        let mut setup = self.base(name, gpu, out);
        let phases = if side == Side::Nova { &NOVA[..] } else { &NVKM };
        setup.phases = phases.iter().map(|p| p.to_string()).collect();
        let module = match side {
            Side::Nova => &self.nova,
            _ => &self.nouveau,
        };
        ensure!(
            module.is_file(),
            "there is no module {}; run 'make nova', which builds it",
            module.display()
        );
        match side {
            Side::Nova => {
                let files = match converted {
                    Some(files) => files.clone(),
                    None => {
                        let dir = self.build.join("firmware").join(FIRMWARE);
                        let files = files::to_nova(&dir, gpu, FIRMWARE)
                            .with_context(|| format!("firmware {FIRMWARE} for {gpu}"))?;
                        converted.insert(Arc::new(files)).clone()
                    }
                };
                setup.other = Some(Other {
                    module: module.clone(),
                    files,
                    no_nodes: true,
                });
            }
            Side::C | Side::Rust => {
                setup.module = Some(module.clone());
                let rust = if side == Side::Rust { "1" } else { "0" };
                setup.params = format!("rust_gsp={rust}");
            }
        }
        Ok(setup)
    }
}
