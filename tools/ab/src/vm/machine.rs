// SPDX-License-Identifier: GPL-2.0
//! One machine from its start to its end: the model, QEMU, and the snapshot that it begins from.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use anyhow::bail;
use anyhow::Result;

use crate::vm::clock::Clock;
use crate::vm::contents;
use crate::vm::guest::Guest;
use crate::vm::place;
use crate::vm::process::Process;
use crate::vm::qemu;
use crate::vm::qmp;
use crate::vm::run::Outcome;
use crate::vm::run::Setup;
use crate::vm::run::MEMORY_MB;
use crate::vm::snapshot::Snapshot;
use crate::vm::watch;
use crate::vm::watch::Machine;

/// Own time that the model may take to open its socket, and to write its traces at the end.
const MODEL_LIMIT: Duration = Duration::from_secs(20);

/// Its snapshot could not be restored: why.
pub struct NotRestored(pub anyhow::Error);

/// Starts the machine, follows it to its end. Without a snapshot it boots.
///
/// # Errors
///
/// It could not be set up at all.
pub fn run(
    setup: &Setup,
    image: &Path,
    archive: &[u8],
    snapshot: Option<&Snapshot>,
    out: &Path,
) -> Result<Result<Outcome, NotRestored>> {
    let start = Instant::now();
    let place = setup.own_processor.then(place::take).flatten();
    let processor = place.as_ref().map(|p| p.processor);
    let socket = socket_path(out);
    let model = match &setup.gpu {
        Some(gpu) => Some(start_model(setup, gpu, &socket, out, processor)?),
        None => None,
    };
    let files = out.join("files.img");
    let initramfs = match snapshot {
        Some(snapshot) => {
            contents::write_files(&files, archive)?;
            snapshot.initramfs()
        }
        None => {
            // The same machine, with nothing in the device.
            contents::write_files(&files, &[])?;
            let path = out.join("initramfs.cpio");
            fs::write(&path, archive)?;
            path
        }
    };
    let console = out.join("console.log");
    let report = out.join("guest.jsonl");
    let monitor = snapshot.map(|_| qmp::pair()).transpose()?;
    let args = qemu::arguments(&qemu::Machine {
        kernel: image,
        initramfs: &initramfs,
        gpu: model.as_ref().map(|_| socket.as_path()),
        placeholder: false,
        files: Some(&files),
        monitor: monitor.as_ref().map(|(_, theirs)| theirs.number()),
        restored: snapshot.is_some(),
        console: &console,
        report: &report,
        append: &setup.append,
        memory_mb: MEMORY_MB,
    });
    let mut qemu = Process::start(&setup.qemu, &args, &out.join("qemu.log"), |command| {
        if let Some((_, theirs)) = &monitor {
            theirs.inherit(command);
        }
        if let Some(processor) = processor {
            place::pin(command, processor);
            place::main_thread_first(command);
        }
    })?;
    let mut arranged = !setup.own_processor;
    let mut restored = None;
    if let (Some((mut monitor, theirs)), Some(snapshot)) = (monitor, snapshot) {
        // With it QEMU's end would never be seen.
        drop(theirs);
        // A QEMU that does not even greet is no fault of the snapshot's: what it said is told below.
        if monitor.greet().is_ok() {
            if let Err(why) = snapshot.restore(&mut monitor) {
                qemu.kill();
                let _ = fs::remove_file(&files);
                let why = why.context(format!("it cannot be restored ({})", qemu.last_words()));
                return Ok(Err(NotRestored(why)));
            }
            arranged = arranged || place::virtual_processor_last(qemu.id());
            monitor.execute("cont", serde_json::json!({}))?;
        }
        // Kept to the end: QEMU would have to take notice of its going.
        restored = Some(monitor);
    }
    let mut machine = Machine {
        setup,
        qemu,
        model,
        report,
        console,
        place,
        arranged,
        start,
    };
    let mut guest = Guest::default();
    let watched = machine.watch(&mut guest);
    machine.qemu.kill();
    drop(restored);
    let mut error = watched.err().map(|e| format!("{e:#}"));
    if let Some(model) = &mut machine.model {
        // It ends by itself when the machine is gone, after writing its traces.
        match model.wait(MODEL_LIMIT)? {
            Some(status) if status.success() => {}
            Some(status) => {
                let words = model.last_words();
                error.get_or_insert(format!("the virtual GPU failed ({status}): {words}"));
            }
            None => {
                error
                    .get_or_insert("the virtual GPU did not end after its machine was gone".into());
            }
        }
    }
    let _ = fs::remove_file(&socket);
    let _ = fs::remove_file(&files);
    if snapshot.is_none() {
        let _ = fs::remove_file(&initramfs);
    }
    let last_lines = if error.is_some() {
        watch::guest_words(&guest, &machine.console)
    } else {
        Vec::new()
    };
    Ok(Ok(Outcome {
        guest,
        error,
        last_lines,
        wall: start.elapsed(),
    }))
}

/// A socket's path has room for 107 bytes; a deep directory needs another place.
fn socket_path(out: &Path) -> PathBuf {
    let path = out.join("vgpu.sock");
    if path.as_os_str().len() < 100 {
        return path;
    }
    PathBuf::from(format!(
        "/tmp/nvkm-vgpu-{}-{:p}.sock",
        std::process::id(),
        &path
    ))
}

fn start_model(
    setup: &Setup,
    gpu: &str,
    socket: &Path,
    out: &Path,
    processor: Option<usize>,
) -> Result<Process> {
    let _ = fs::remove_file(socket);
    let mut args = vec![
        "--gpu".to_string(),
        gpu.to_string(),
        "--fw".into(),
        setup.abi.clone(),
    ];
    args.extend([
        "--socket".to_string(),
        socket.display().to_string(),
        "--trace".into(),
        out.display().to_string(),
    ]);
    args.extend(setup.vgpu_args.iter().cloned());
    let mut model = Process::start(&setup.vgpu, &args, &out.join("vgpu.log"), |command| {
        if let Some(processor) = processor {
            place::pin(command, processor);
        }
    })?;
    let mut clock = Clock::new(vec![model.id()]);
    while !socket.exists() {
        if let Some(status) = model.ended()? {
            bail!(
                "the virtual GPU refused to start ({status}): {}",
                model.last_words()
            );
        }
        if clock.now() > MODEL_LIMIT {
            bail!(
                "the virtual GPU did not open its socket within {} s",
                MODEL_LIMIT.as_secs()
            );
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(model)
}
