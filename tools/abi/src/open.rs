// SPDX-License-Identifier: GPL-2.0

//! The open driver's source tree. Which of its headers define the wanted names is found out; how they are compiled is
//! what its own makefiles say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use regex::Regex;
use walkdir::WalkDir;

use crate::dwarf::Wanted;
use crate::model::{Kind, Model};
use crate::probe::Probe;

/// Where headers are looked for, below `src/`.
const PLACES: [&str; 9] = [
    "common/sdk/nvidia/inc",
    "common/shared",
    "common/uproc",
    "common/inc",
    "nvidia/arch",
    "nvidia/generated",
    "nvidia/inc",
    "nvidia/interface",
    "nvidia/kernel",
];

/// What every source file of the driver has before these headers. The RPC headers give nothing unless asked.
const PRELUDE: &str = "#include \"core/core.h\"\n#include \"os/os.h\"\n#include \"vgpu/rpc.h\"\n\
    #define RPC_STRUCTURES\n#define RPC_GENERIC_UNION\n#include \"g_rpc-structures.h\"\n\
    #undef RPC_STRUCTURES\n#undef RPC_GENERIC_UNION\n\
    #define RPC_MESSAGE_STRUCTURES\n#define RPC_MESSAGE_GENERIC_UNION\n\
    #include \"g_rpc-message-header.h\"\n\
    #undef RPC_MESSAGE_STRUCTURES\n#undef RPC_MESSAGE_GENERIC_UNION\n\
    #include \"vgpu/rpc_global_enums.h\"\n";

/// Whether a directory is such a tree.
#[must_use]
pub fn is_tree(dir: &Path) -> bool {
    dir.join("src/nvidia/Makefile").is_file()
}

/// Compiler flags of the tree's makefiles, for 64-bit x86 and Linux.
fn flags(nvidia: &Path) -> Result<Vec<String>> {
    let condition = Regex::new(r"^\s*(?:ifeq|ifneq|ifdef|ifndef)\b(.*)$")?;
    let chosen = Regex::new(r"^\s*ifeq \(\$\(TARGET_(?:ARCH\),x86_64|OS\),Linux)\)")?;
    let addition = Regex::new(r"^\s*CFLAGS\s*\+=\s*(.*)$")?;
    let mut out = Vec::new();
    for file in [nvidia.join("../../utils.mk"), nvidia.join("Makefile")] {
        let text = std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        let mut open: Vec<bool> = Vec::new();
        for line in text.lines() {
            if condition.is_match(line) {
                open.push(chosen.is_match(line));
            } else if line.trim_start().starts_with("else") {
                // What is not decided here stays out on both sides.
                if let Some(last) = open.last_mut() {
                    *last = false;
                }
            } else if line.trim_start().starts_with("endif") {
                open.pop();
            } else if let Some(found) = addition.captures(line) {
                let text = found[1]
                    .replace("$(SRC_COMMON)", "../common")
                    .replace('\\', "");
                let words: Vec<&str> = text.split_whitespace().collect();
                let kind = words.first().copied().unwrap_or_default();
                let wanted = ["-I", "-D", "-include"].iter().any(|f| kind.starts_with(f));
                if wanted && open.iter().all(|o| *o) && !text.contains("$(") {
                    out.extend(words.into_iter().map(str::to_owned));
                }
            }
        }
    }
    Ok(out)
}

/// Which headers define which of the wanted names.
fn definitions(
    src: &Path,
    wanted: &BTreeSet<&String>,
) -> Result<BTreeMap<PathBuf, BTreeSet<String>>> {
    let patterns = [
        r"(?m)^[ \t]*#[ \t]*define[ \t]+(\w+)(?:[ \t]|$)",
        r"\}\s*(\w+)\s*;",
        r"\b(?:struct|union|enum)\s+(\w+)\s*\{",
        r"\btypedef\s[^;{}()]*?\b(\w+)\s*(?:\[[^\]]*\]\s*)*;",
        r"(?m)^\s*(\w+)\s*(?:=[^,;\n]*)?,",
    ];
    let patterns: Vec<Regex> = patterns
        .iter()
        .map(|p| Regex::new(p))
        .collect::<Result<_, _>>()?;
    let mut out = BTreeMap::new();
    for place in PLACES {
        for entry in WalkDir::new(src.join(place)).sort_by_file_name() {
            let Ok(entry) = entry else { continue };
            if entry.path().extension().is_none_or(|e| e != "h") {
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(entry.path())?).into_owned();
            let mut names = BTreeSet::new();
            for pattern in &patterns {
                let found = pattern.captures_iter(&text).map(|c| c[1].to_owned());
                names.extend(found.filter(|name| wanted.contains(name)));
            }
            if !names.is_empty() {
                out.insert(entry.path().to_owned(), names);
            }
        }
    }
    Ok(out)
}

/// The fewest headers that cover what can be covered: first those that define most.
fn choose<'a>(
    definitions: &'a BTreeMap<PathBuf, BTreeSet<String>>,
    without: &BTreeSet<PathBuf>,
) -> Vec<&'a PathBuf> {
    let mut covered: BTreeSet<&String> = BTreeSet::new();
    let mut out = Vec::new();
    loop {
        let new = |names: &BTreeSet<String>| names.iter().filter(|n| !covered.contains(n)).count();
        let candidates = definitions
            .iter()
            .filter(|(path, _)| !without.contains(*path));
        let best = candidates
            .map(|(path, names)| (new(names), path, names))
            .max_by_key(|c| c.0);
        match best {
            Some((count, path, names)) if count > 0 => {
                out.push(path);
                covered.extend(names);
            }
            _ => return out,
        }
    }
}

/// Reads the wanted names out of a tree.
///
/// # Errors
///
/// Its headers cannot be compiled, whichever are left out.
pub fn model(tree: &Path, version: &str, wanted: &Wanted) -> Result<Model> {
    let src = tree.join("src").canonicalize()?;
    let nvidia = src.join("nvidia");
    let mut probe = Probe::new(&nvidia, flags(&nvidia)?)?;
    let names: BTreeSet<&String> = wanted
        .types
        .iter()
        .chain(&wanted.values)
        .chain(&wanted.defines)
        .collect();
    let definitions = definitions(&src, &names)?;
    let mut without = BTreeSet::new();
    let prelude = PRELUDE.lines().count();
    let culprit = Regex::new(r"probe\.c:(\d+)[:,]")?;
    loop {
        let headers = choose(&definitions, &without);
        probe.text = PRELUDE.to_owned();
        for path in &headers {
            probe.text += &format!("#include \"{}\"\n", path.display());
        }
        let Err(text) = probe.compile("", &["-fsyntax-only"])? else {
            break;
        };
        // The last include before the first error is the one that brought it.
        let end = text.find("error:").unwrap_or(text.len());
        let line: usize = match culprit.captures_iter(&text[..end]).last() {
            Some(found) => found[1].parse()?,
            None => bail!("the headers of {} do not compile: {text}", tree.display()),
        };
        let header = line.checked_sub(prelude + 1).and_then(|i| headers.get(i));
        let Some(header) = header else {
            bail!("the headers of {} do not compile: {text}", tree.display());
        };
        without.insert((*header).clone());
    }
    let mut model = Model::new(version, Kind::Open);
    probe.types(Some(wanted), &mut model)?;
    model.defines = probe.constants(&wanted.defines)?;
    Ok(model)
}
