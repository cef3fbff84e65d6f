// SPDX-License-Identifier: GPL-2.0

//! Hooks in C: semantic patches that say what they must match.
//!
//! spatch exits 0 when a rule matches nothing. So each rule in `nvkm/*.cocci` is announced by a line
//!
//! ```text
//! // hook: NAME file=PATH function=NAME adds=TEXT count=N when=PATH:TEXT
//! ```
//!
//! and after the patch, `TEXT` must stand exactly `N` times more in that function than before (`function=` left
//! out: in the file).
//!
//! `when=` is for what not every kernel has: where the text does not stand in that file, the rule must match nothing. It
//! looks elsewhere than the rule does, so that a function that was merely renamed is still missed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{bail, ensure, Context, Result};

/// One rule of a semantic patch, and what it must do.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its name in messages.
    pub name: String,
    /// The file it applies to, from nouveau's directory.
    pub file: String,
    /// The function it applies to; none: anywhere in the file.
    pub function: Option<String>,
    /// The text that it adds.
    pub adds: String,
    /// How often.
    pub count: usize,
    /// A file and a text in it: without that, the kernel has nothing to hook here.
    pub when: Option<(String, String)>,
}

/// What became of a rule in a tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// How often its text should have been added to this tree.
    pub expected: usize,
    /// How often it was.
    pub found: i64,
    /// Why it is not as usual, if there is more to say.
    pub reason: Option<String>,
}

impl Outcome {
    /// Whether the rule did what it should.
    pub fn good(&self) -> bool {
        self.found == self.expected as i64
    }
}

impl Hook {
    /// The line that names what a kernel broke.
    pub fn complaint(&self, outcome: &Outcome) -> String {
        let place = match &self.function {
            Some(function) => format!("{}, {function}()", self.file),
            None => self.file.clone(),
        };
        let reason = outcome.reason.as_ref();
        format!(
            "hook {}: {place}: expected {}, found {}{}",
            self.name,
            outcome.expected,
            outcome.found,
            reason.map_or(String::new(), |why| format!(" ({why})"))
        )
    }

    /// How often it must match in a tree, and why if that is not what it says.
    fn expected(&self, tree: &Path) -> (usize, Option<String>) {
        let Some((file, text)) = &self.when else {
            return (self.count, None);
        };
        let has = std::fs::read_to_string(tree.join(file)).is_ok_and(|it| it.contains(text));
        if has {
            (self.count, None)
        } else {
            (0, Some(format!("{file} has no {text}")))
        }
    }
}

/// A file of semantic patches.
#[derive(Debug)]
pub struct HookFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its rules.
    pub hooks: Vec<Hook>,
}

impl HookFile {
    /// The files that its rules apply to, each once.
    pub fn targets(&self) -> Vec<&str> {
        let mut files: Vec<&str> = self.hooks.iter().map(|hook| hook.file.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

fn parse_line(line: &str) -> Result<Hook> {
    let mut words = line.split_whitespace();
    let name = words.next().context("a hook needs a name")?.to_owned();
    let (mut file, mut function, mut adds, mut count, mut when) = (None, None, None, 1, None);
    for word in words {
        let (key, value) = word
            .split_once('=')
            .with_context(|| format!("hook {name}: '{word}' is not key=value"))?;
        match key {
            "file" => file = Some(value.to_owned()),
            "function" => function = Some(value.to_owned()),
            "adds" => adds = Some(value.to_owned()),
            "count" => {
                count = value
                    .parse()
                    .with_context(|| format!("hook {name}: count"))?
            }
            "when" => {
                let (file, text) = value
                    .split_once(':')
                    .with_context(|| format!("hook {name}: when= wants PATH:TEXT"))?;
                when = Some((file.to_owned(), text.to_owned()));
            }
            _ => bail!("hook {name}: unknown key '{key}'"),
        }
    }
    Ok(Hook {
        file: file.with_context(|| format!("hook {name}: file= is missing"))?,
        adds: adds.with_context(|| format!("hook {name}: adds= is missing"))?,
        function,
        count,
        when,
        name,
    })
}

/// The file whose hooks come before all others', and those that come behind, in that order.
const FIRST: &str = "rust";
const LAST: [&str; 2] = ["core", "trace"];

/// Reads all of `nvkm/*.cocci`.
///
/// # Errors
///
/// A file cannot be read, or a rule in it is not announced.
pub fn load(overlay: &Path) -> Result<Vec<HookFile>> {
    let dir = overlay.join("nvkm");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&dir)
        .with_context(|| format!("{}", dir.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "cocci"))
        .collect();
    // In the series' order: where two add a line at one place, the order tells.
    paths.sort_by_key(|path| {
        let name = path.file_stem().unwrap_or_default();
        let last = LAST.iter().position(|it| name == *it);
        (name != FIRST, last.map_or(0, |n| n + 1), path.clone())
    });
    paths.into_iter().map(load_file).collect()
}

/// Reads one of them.
///
/// # Errors
///
/// As for [`load`].
pub fn load_file(path: PathBuf) -> Result<HookFile> {
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
    let hooks = text
        .lines()
        .filter_map(|line| line.strip_prefix("// hook: "))
        .map(parse_line)
        .collect::<Result<Vec<_>>>()
        .with_context(|| format!("{}", path.display()))?;
    // A rule begins with "@name@"; its metavariables end with a bare "@@".
    let mut before = "";
    for line in text.lines() {
        let rule = line.len() > 2 && line.starts_with('@') && line.ends_with('@');
        ensure!(
            !rule || before.starts_with("// hook: "),
            "{}: rule {line} has no '// hook:' line above it",
            path.display()
        );
        before = line;
    }
    Ok(HookFile { path, hooks })
}

/// The text of a function's definition in kernel style: from its name to the first `}` in column 0.
fn function<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let here = line
            .find(name)
            .is_some_and(|i| line[i + name.len()..].starts_with('('));
        let indented = line.starts_with(|c: char| c.is_whitespace() || c == '*' || c == '/');
        if here && !indented {
            let rest = &text[at..];
            let end = rest.find("\n}").map_or(rest.len(), |i| i + 2);
            let body = &rest[..end];
            // A prototype ends before any brace.
            if body.find('{').unwrap_or(usize::MAX) < body.find(';').unwrap_or(usize::MAX) {
                return Some(body);
            }
        }
        at += line.len();
    }
    None
}

/// How often a hook's text stands where it belongs; none: there is no such place.
fn matches(hook: &Hook, text: &str) -> Option<usize> {
    let scope = match &hook.function {
        None => text,
        Some(name) => function(text, name)?,
    };
    Some(scope.matches(hook.adds.as_str()).count())
}

/// Plants a deliberate fault: a semantic patch whose line `// file: PATH` says where it must change something.
///
/// # Errors
///
/// The file cannot be read or names none, or nothing was changed.
pub fn seed(patch_file: &Path, tree: &Path) -> Result<()> {
    let text =
        std::fs::read_to_string(patch_file).with_context(|| patch_file.display().to_string())?;
    let target = text
        .lines()
        .find_map(|line| line.strip_prefix("// file: "))
        .with_context(|| format!("{} has no line '// file:'", patch_file.display()))?;
    let (before, after) = patch(patch_file, &tree.join(target))
        .map_err(|why| anyhow::anyhow!("{}: {target}: {why}", patch_file.display()))?;
    ensure!(
        before != after,
        "{} changes nothing in {target}",
        patch_file.display()
    );
    Ok(())
}

/// Runs spatch on a file, in place. The text behind an error is why it could not.
fn patch(hooks: &Path, path: &Path) -> Result<(String, String), String> {
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|_| "no such file".to_owned());
    let before = read(path)?;
    let output = Command::new("spatch")
        .args(["--very-quiet", "--in-place", "--no-includes", "--sp-file"])
        .arg(hooks)
        .arg(path)
        .output()
        .map_err(|_| "spatch (package coccinelle) cannot be run".to_owned())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        return Err(format!("spatch: {}", last.unwrap_or("no message")));
    }
    Ok((before, read(path)?))
}

/// Applies a file of hooks to a tree, in place, and says of each what became of it.
pub fn outcomes<'a>(hooks: &'a HookFile, tree: &Path) -> Vec<(&'a Hook, Outcome)> {
    let mut all = Vec::new();
    for target in hooks.targets() {
        let texts = patch(&hooks.path, &tree.join(target));
        for hook in hooks.hooks.iter().filter(|hook| hook.file == target) {
            let (expected, mut reason) = hook.expected(tree);
            let found = match &texts {
                Ok((before, after)) => match (matches(hook, before), matches(hook, after)) {
                    (Some(was), Some(is)) => is as i64 - was as i64,
                    _ => {
                        reason.get_or_insert("no such function".into());
                        0
                    }
                },
                Err(error) => {
                    reason.get_or_insert(error.clone());
                    0
                }
            };
            let outcome = Outcome {
                expected,
                found,
                reason,
            };
            all.push((hook, outcome));
        }
    }
    all
}

/// Applies a file of hooks to a tree, in place, and checks the number of matches of each. Returns how many the tree has
/// a place for.
///
/// # Errors
///
/// A hook matched another number of times than it says: each such has a line with its name and function.
pub fn apply(hooks: &HookFile, tree: &Path) -> Result<usize> {
    let outcomes = outcomes(hooks, tree);
    let bad: Vec<String> = outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.good())
        .map(|(hook, outcome)| hook.complaint(outcome))
        .collect();
    ensure!(bad.is_empty(), "{}", bad.join("\n"));
    Ok(outcomes.iter().filter(|(_, o)| o.expected > 0).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const C: &str =
        "int f(int);\n\nstatic int\nf(int a)\n{\n\tg(a);\n}\n\nvoid *g(int b)\n{\n\tf(b);\n}\n";

    fn hook(function: Option<&str>) -> Hook {
        Hook {
            name: "h".into(),
            file: "x.c".into(),
            function: function.map(str::to_owned),
            adds: "g(".into(),
            count: 1,
            when: None,
        }
    }

    #[test]
    fn counts_within_the_function_only() {
        assert_eq!(matches(&hook(Some("f")), C), Some(1));
        assert_eq!(matches(&hook(None), C), Some(2));
        assert_eq!(matches(&hook(Some("h")), C), None);
    }

    #[test]
    fn a_prototype_is_no_definition() {
        assert!(function(C, "f").unwrap().starts_with("f(int a)"));
        assert!(function("int f(int);\n", "f").is_none());
    }

    #[test]
    fn lines_are_checked() {
        assert!(parse_line("x file=a.c adds=b count=2").is_ok());
        assert!(parse_line("x file=a.c adds=b when=c.h:d").is_ok());
        assert!(parse_line("x file=a.c adds=b when=c.h").is_err());
        assert!(parse_line("x file=a.c").is_err());
        assert!(parse_line("x file=a.c adds=b nonsense=1").is_err());
    }

    #[test]
    fn a_fault_that_changes_nothing_is_an_error() {
        if Command::new("spatch").arg("--version").output().is_err() {
            eprintln!("spatch is not here: not tested");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("x.c"), "int f(int a)\n{\n\treturn a;\n}\n").unwrap();
        let sp = dir.path().join("x.cocci");
        std::fs::write(
            &sp,
            "// file: x.c\n@one@\nexpression e;\n@@\n- return e;\n+ return e + 1;\n",
        )
        .unwrap();
        seed(&sp, dir.path()).unwrap();
        std::fs::write(dir.path().join("x.c"), "int f(int a)\n{\n\ta++;\n}\n").unwrap();
        let text = format!("{:#}", seed(&sp, dir.path()).unwrap_err());
        assert!(text.contains("changes nothing in x.c"), "{text}");
        std::fs::write(&sp, "@one@\n@@\n").unwrap();
        assert!(seed(&sp, dir.path()).is_err());
    }

    /// spatch itself exits 0 when nothing matched; we must not.
    #[test]
    fn a_hook_that_matches_nothing_is_an_error() {
        if Command::new("spatch").arg("--version").output().is_err() {
            eprintln!("spatch is not here: not tested");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("x.c"), "int f(int a)\n{\n\treturn a;\n}\n").unwrap();
        let sp = dir.path().join("x.cocci");
        let rule = |from: &str| {
            format!("// hook: one file=x.c function=f adds=hooked( count=1\n@one@\nexpression e;\n@@\n- {from} e;\n+ return hooked(e);\n")
        };
        std::fs::write(&sp, rule("return")).unwrap();
        apply(&load_file(sp.clone()).unwrap(), dir.path()).unwrap();
        std::fs::write(dir.path().join("x.c"), "int f(int a)\n{\n\ta++;\n}\n").unwrap();
        let error = apply(&load_file(sp).unwrap(), dir.path()).unwrap_err();
        let text = format!("{error:#}");
        assert!(
            text.contains("hook one: x.c, f(): expected 1, found 0"),
            "{text}"
        );
    }
}
