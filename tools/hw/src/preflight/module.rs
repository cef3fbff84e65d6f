// SPDX-License-Identifier: GPL-2.0
//! Whether the nouveau of this machine is one with Rust and tracepoints.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use nvkm_ab::vm::elf;
use nvkm_ab::vm::module::stem;
use nvkm_ab::vm::unpack;

use crate::capture;
use crate::preflight::machine;
use crate::preflight::Check;
use crate::restore::PARAMETER;
use crate::root::Root;

/// The tracepoints that a comparison rests on.
pub const EVENTS: [&str; 3] = ["nvkm_gsp_rpc", "nvkm_gsp_rpc_data", "nvkm_mmio"];
const INSTALL: &str = "install the kit's module (its README says how), then reboot, or take nouveau out: rmmod nouveau";

/// What a module file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Contents {
    parameter: bool,
    events: bool,
    signed: bool,
}

/// The file that modprobe would load: what depmod put first.
fn installed(root: &Root) -> Option<PathBuf> {
    let dir = format!("/lib/modules/{}", machine::release(root));
    let list = root.text(&format!("{dir}/modules.dep"))?;
    let line = list
        .lines()
        .filter_map(|l| l.split_once(':'))
        .find(|(path, _)| stem(Path::new(path)) == "nouveau")?;
    Some(root.path(&format!("{dir}/{}", line.0)))
}

fn contents(path: &Path) -> Result<Contents> {
    let file = unpack::module(path)?;
    let info = elf::section(&file, ".modinfo")?.unwrap_or_default();
    let has = |what: &[u8]| file.windows(what.len()).any(|w| w == what);
    Ok(Contents {
        parameter: info
            .split(|b| *b == 0)
            .any(|e| e.starts_with(b"parm=rust_gsp:")),
        events: EVENTS
            .iter()
            .all(|e| has(format!("__tracepoint_{e}").as_bytes())),
        // Documentation/admin-guide/module-signing.rst: the marker that ends a signed module.
        signed: file.ends_with(b"~Module signature appended~\n"),
    })
}

/// The checks `module` and `tracepoints`.
pub fn look(root: &Root, given: &[PathBuf]) -> Vec<Check> {
    if root.exists("/sys/module/nouveau") {
        return loaded(root);
    }
    let Some(path) = given.last().cloned().or_else(|| installed(root)) else {
        return vec![Check::no(
            "module",
            "no nouveau is loaded, and none is installed for this kernel",
            INSTALL,
        )];
    };
    let shown = path.display();
    match contents(&path).with_context(|| shown.to_string()) {
        Err(e) => vec![Check::no("module", format!("{e:#}"), INSTALL)],
        Ok(c) if !c.parameter => {
            let text = format!("{shown} is a nouveau without Rust: it has no parameter rust_gsp");
            vec![Check::no("module", text, INSTALL)]
        }
        Ok(c) if !c.events => {
            let text =
                format!("{shown} has no tracepoints nvkm:*: it was built from an older tree");
            vec![Check::no(
                "tracepoints",
                text,
                "build it again: make nouveau",
            )]
        }
        Ok(c) => {
            let signed = if c.signed { "signed" } else { "not signed" };
            vec![
                Check::ok(
                    "module",
                    format!("{shown} ({signed}); a run loads it, and unloads it"),
                ),
                Check::ok("tracepoints", "the module has them"),
            ]
        }
    }
}

fn loaded(root: &Root) -> Vec<Check> {
    let Some(setting) = root.text(PARAMETER) else {
        let text = "the nouveau that is loaded has no parameter rust_gsp: it is the kernel's own";
        return vec![Check::no("module", text, INSTALL)];
    };
    let version = root
        .text("/sys/module/nouveau/srcversion")
        .unwrap_or("unknown".into());
    let mut checks = vec![Check::ok(
        "module",
        format!("nouveau with Rust is loaded (rust_gsp={setting}, srcversion {version})"),
    )];
    let events = format!("{}/events", capture::TRACEFS);
    if !root.exists(&events) {
        checks.push(Check::warn(
            "tracepoints",
            "tracefs is not mounted, so they cannot be seen yet",
            "",
        ));
        return checks;
    }
    let missing: Vec<&str> = EVENTS
        .into_iter()
        .filter(|e| !root.exists(&format!("{events}/{}/{e}", capture::GROUP)))
        .collect();
    checks.push(match missing.is_empty() {
        true => Check::ok("tracepoints", "nvkm:* are there"),
        false => Check::no(
            "tracepoints",
            format!(
                "the loaded nouveau has no {}: it was built from an older tree",
                missing.join(", ")
            ),
            "build and install it again",
        ),
    });
    checks
}
