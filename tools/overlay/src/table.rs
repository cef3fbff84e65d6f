// SPDX-License-Identifier: GPL-2.0

//! Which hook and anchor applies to which kernel: found out by applying them to copies of the files that they change.

use std::path::{Path, PathBuf};

use anyhow::{ensure, Context, Result};
use serde::Serialize;

use crate::{anchor, hook};

/// What to apply to what.
#[derive(clap::Args)]
pub struct Options {
    /// This repository.
    #[arg(long, default_value = ".")]
    overlay: PathBuf,
    /// A kernel: what it is called, and its nouveau directory. Without any, hooks are only listed.
    #[arg(long = "kernel", value_name = "NAME=DIR", value_parser = named)]
    kernels: Vec<(String, PathBuf)>,
    /// Write the result as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn named(text: &str) -> Result<(String, PathBuf), String> {
    let (name, dir) = text.split_once('=').ok_or("a kernel is NAME=DIR")?;
    Ok((name.to_owned(), PathBuf::from(dir)))
}

/// A hook or an anchor in one kernel.
#[derive(Debug, Serialize)]
struct Row {
    kind: &'static str,
    name: String,
    file: String,
    function: Option<String>,
    expected: usize,
    found: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What a person is told if it is not as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    complaint: Option<String>,
}

/// All of one kernel.
#[derive(Debug, Serialize)]
struct Kernel {
    name: String,
    broken: usize,
    rows: Vec<Row>,
}

fn anchor_row(anchor: &anchor::Anchor, tree: &Path) -> Result<Row> {
    let path = tree.join(&anchor.file);
    let text = std::fs::read_to_string(&path).ok();
    let found = text.as_deref().map_or(0, |text| anchor.count(text));
    if found == 1 {
        anchor.apply(tree)?;
    }
    let reason = text.is_none().then(|| "no such file".to_owned());
    let complaint = (found != 1).then(|| {
        let (name, file, before) = (&anchor.name, &anchor.file, anchor.before.trim());
        format!("anchor {name}: {file}, '{before}': expected 1, found {found}")
    });
    Ok(Row {
        kind: "anchor",
        name: anchor.name.clone(),
        file: anchor.file.clone(),
        function: None,
        expected: 1,
        found: found as i64,
        reason,
        complaint,
    })
}

fn hook_row(hook: &hook::Hook, outcome: hook::Outcome) -> Row {
    Row {
        kind: "hook",
        name: hook.name.clone(),
        file: hook.file.clone(),
        function: hook.function.clone(),
        expected: outcome.expected,
        found: outcome.found,
        complaint: (!outcome.good()).then(|| hook.complaint(&outcome)),
        reason: outcome.reason,
    }
}

/// Tries everything on copies of a kernel's files.
fn kernel(overlay: &Path, name: &str, nouveau: &Path) -> Result<Kernel> {
    ensure!(
        nouveau.join("Kbuild").is_file(),
        "{} is not nouveau's directory (no Kbuild in it)",
        nouveau.display()
    );
    let anchors = anchor::load(&overlay.join("nvkm/anchors.toml"))?;
    let hooks = hook::load(overlay)?;
    let stage = tempfile::tempdir().context("no directory for copies")?;
    let mut files: Vec<&str> = anchors.iter().map(|it| it.file.as_str()).collect();
    for file in &hooks {
        files.extend(file.targets());
        files.extend(
            file.hooks
                .iter()
                .filter_map(|it| Some(it.when.as_ref()?.0.as_str())),
        );
    }
    for file in files {
        take(nouveau, stage.path(), file)?;
    }
    let mut rows = Vec::new();
    for anchor in &anchors {
        rows.push(anchor_row(anchor, stage.path())?);
    }
    for file in &hooks {
        let outcomes = hook::outcomes(file, stage.path());
        rows.extend(outcomes.into_iter().map(|(hook, it)| hook_row(hook, it)));
    }
    Ok(Kernel {
        name: name.to_owned(),
        broken: rows.iter().filter(|row| row.complaint.is_some()).count(),
        rows,
    })
}

/// Copies a file; that there is none is for who looks for it to say.
fn take(from: &Path, to: &Path, file: &str) -> Result<()> {
    let (from, to) = (from.join(file), to.join(file));
    let Some(dir) = to.parent().filter(|_| from.is_file()) else {
        return Ok(());
    };
    std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::copy(&from, &to))
        .map(drop)
        .with_context(|| format!("{} to {}", from.display(), to.display()))
}

/// One line a hook, a column a kernel: found of expected.
fn table(kernels: &[Kernel]) -> String {
    let mut out = format!("{:28} {:44} {:32}", "hook or anchor", "file", "function");
    for kernel in kernels {
        out.push_str(&format!(" {:>12}", kernel.name));
    }
    out.push_str("  found of expected\n");
    let Some(first) = kernels.first() else {
        return out;
    };
    for (n, row) in first.rows.iter().enumerate() {
        let place = row.function.as_deref().unwrap_or("(file)");
        out.push_str(&format!("{:28} {:44} {place:32}", row.name, row.file));
        let mut notes = Vec::new();
        // The rows of all kernels are those of the same files, in the same order.
        for row in kernels.iter().filter_map(|kernel| kernel.rows.get(n)) {
            let mark = if row.complaint.is_some() { "!" } else { "" };
            let count = format!("{mark}{} of {}", row.found, row.expected);
            out.push_str(&format!(" {count:>12}"));
            notes.extend(row.reason.clone());
        }
        notes.dedup();
        out.push_str(&format!("  {}", notes.join("; ")));
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

fn list(overlay: &Path) -> Result<()> {
    println!("{:28} {:44} {:32} count", "hook", "file", "function");
    for hook in hook::load(overlay)?.iter().flat_map(|file| &file.hooks) {
        let function = hook.function.as_deref().unwrap_or("(file)");
        let (name, file, count) = (&hook.name, &hook.file, hook.count);
        println!("{name:28} {file:44} {function:32} {count}");
    }
    Ok(())
}

/// Makes the table; false when a kernel broke something.
///
/// # Errors
///
/// A directory is not nouveau's, or our own files cannot be read.
pub fn run(options: &Options) -> Result<bool> {
    if options.kernels.is_empty() {
        list(&options.overlay)?;
        return Ok(true);
    }
    let kernels = options
        .kernels
        .iter()
        .map(|(name, dir)| kernel(&options.overlay, name, dir))
        .collect::<Result<Vec<_>>>()?;
    print!("{}", table(&kernels));
    for kernel in &kernels {
        let all = kernel.rows.len();
        println!(
            "{}: {} of {all} as expected",
            kernel.name,
            all - kernel.broken
        );
    }
    for kernel in &kernels {
        for complaint in kernel.rows.iter().filter_map(|row| row.complaint.as_ref()) {
            eprintln!("{}: {complaint}", kernel.name);
        }
    }
    if let Some(path) = &options.json {
        let json = serde_json::json!({ "schema": 1, "kernels": kernels });
        std::fs::write(path, serde_json::to_string_pretty(&json)? + "\n")
            .with_context(|| format!("{}", path.display()))?;
    }
    Ok(kernels.iter().all(|kernel| kernel.broken == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: &str = "#include \"a.h\"\n\nint boot_init(int a)\n{\n\treturn a;\n}\n";
    const COCCI: &str = "\
// hook: boot-init file=nvkm/x.c function=boot_init adds=hooked( count=1
@boot_init@
expression e;
@@
 boot_init(...)
 {
+	hooked(1);
 	return e;
 }

// hook: gcx file=nvkm/x.c function=gcx adds=ready( count=1 when=nvkm/rm.h:gcx
@gcx@
@@
 gcx(...)
 {
+	ready(1);
 	...
 }
";

    fn tree(c: &str, header: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| std::fs::write(dir.path().join(file), text).unwrap();
        std::fs::create_dir_all(dir.path().join("nvkm")).unwrap();
        put("Kbuild", "obj\n");
        put("nvkm/x.c", c);
        put("nvkm/rm.h", header);
        put("nvkm/x.cocci", COCCI);
        put(
            "nvkm/anchors.toml",
            "[[anchor]]\nname = \"kbuild\"\nfile = \"Kbuild\"\nbefore = \"obj\"\ninsert = \"x\\n\"\n",
        );
        dir
    }

    fn complaints(c: &str, header: &str) -> Vec<String> {
        // The rules and what they apply to lie in one directory here.
        let dir = tree(c, header);
        let kernel = kernel(dir.path(), "7.3", dir.path()).unwrap();
        assert_eq!(
            std::fs::read_to_string(dir.path().join("nvkm/x.c")).unwrap(),
            c,
            "the kernel's own file is left alone"
        );
        let bad: Vec<String> = kernel
            .rows
            .iter()
            .filter_map(|row| row.complaint.clone())
            .collect();
        assert_eq!(bad.len(), kernel.broken);
        bad
    }

    #[test]
    fn a_kernel_that_fits_breaks_nothing() {
        assert_eq!(complaints(C, "int a;\n"), Vec::<String>::new());
    }

    #[test]
    fn a_function_that_was_renamed_is_named() {
        assert_eq!(
            complaints(&C.replace("boot_init", "boot_start"), "int a;\n"),
            ["hook boot-init: nvkm/x.c, boot_init(): expected 1, found 0 (no such function)"]
        );
    }

    #[test]
    fn a_body_that_changed_is_named() {
        assert_eq!(
            complaints(&C.replace("return a;", "a++;"), "int a;\n"),
            ["hook boot-init: nvkm/x.c, boot_init(): expected 1, found 0"]
        );
    }

    #[test]
    fn what_not_every_kernel_has_is_missed_where_it_should_be() {
        assert_eq!(
            complaints(C, "int (*gcx)(void);\n"),
            ["hook gcx: nvkm/x.c, gcx(): expected 1, found 0 (no such function)"]
        );
        // And the other way round: what is hooked though the kernel is said not to have it.
        let both = format!("{C}\nint gcx(int a)\n{{\n\treturn a;\n}}\n");
        assert_eq!(
            complaints(&both, "int (*gcx)(void);\n"),
            Vec::<String>::new()
        );
        assert_eq!(
            complaints(&both, "int a;\n"),
            ["hook gcx: nvkm/x.c, gcx(): expected 0, found 1 (nvkm/rm.h has no gcx)"]
        );
    }

    #[test]
    fn an_anchor_is_counted_too() {
        let dir = tree(C, "int a;\n");
        std::fs::write(dir.path().join("Kbuild"), "obj\nobj\n").unwrap();
        let kernel = kernel(dir.path(), "7.3", dir.path()).unwrap();
        assert_eq!(
            kernel.rows[0].complaint.as_deref(),
            Some("anchor kbuild: Kbuild, 'obj': expected 1, found 2")
        );
        let text = table(&[kernel]);
        assert!(text.contains("!2 of 1"), "{text}");
    }
}
