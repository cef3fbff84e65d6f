// SPDX-License-Identifier: GPL-2.0

//! Text inserted at named anchors, where no semantic patch can reach: Kconfig, Kbuild, `#ifdef` around struct fields.

use std::path::Path;

use anyhow::{ensure, Context, Result};
use serde::Deserialize;

/// An insertion.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// Its name in messages.
    pub name: String,
    /// The file, from nouveau's directory.
    pub file: String,
    /// The line (whole, without its end) before which the text goes; it must stand in the file exactly once.
    pub before: String,
    /// The text.
    pub insert: String,
    /// For a deliberate fault: what the A/B run must say of it.
    #[serde(default)]
    pub expect: Option<String>,
}

#[derive(Deserialize)]
struct File {
    anchor: Vec<Anchor>,
}

/// Reads a file of anchors, such as `nvkm/anchors.toml`.
///
/// # Errors
///
/// The file is not there or not well-formed.
pub fn load(path: &Path) -> Result<Vec<Anchor>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let file: File = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
    Ok(file.anchor)
}

impl Anchor {
    /// How often its line stands in a text.
    pub fn count(&self, text: &str) -> usize {
        text.lines().filter(|line| *line == self.before).count()
    }

    /// Inserts the text.
    ///
    /// # Errors
    ///
    /// The anchor does not stand in the text exactly once.
    pub fn insert(&self, text: &str) -> Result<String> {
        let found = self.count(text);
        ensure!(
            found == 1,
            "anchor {}: the line '{}' stands {found} times in {}, not once",
            self.name,
            self.before,
            self.file
        );
        let mut out = String::with_capacity(text.len() + self.insert.len());
        for line in text.split_inclusive('\n') {
            if line.trim_end_matches('\n') == self.before {
                out.push_str(&self.insert);
            }
            out.push_str(line);
        }
        Ok(out)
    }

    /// Applies the anchor to a tree.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or the anchor is not there exactly once.
    pub fn apply(&self, tree: &Path) -> Result<()> {
        let path = tree.join(&self.file);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("anchor {}: {}", self.name, path.display()))?;
        std::fs::write(&path, self.insert(&text)?)
            .with_context(|| format!("anchor {}: {}", self.name, path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor() -> Anchor {
        Anchor {
            name: "a".into(),
            file: "Kbuild".into(),
            before: "obj".into(),
            insert: "new\n".into(),
            expect: None,
        }
    }

    #[test]
    fn inserts_before_the_only_one() {
        assert_eq!(anchor().insert("x\nobj\ny\n").unwrap(), "x\nnew\nobj\ny\n");
    }

    #[test]
    fn none_or_two_is_an_error_with_the_name() {
        for text in ["x\n", "obj\nobj\n", "obj2\n"] {
            assert!(anchor()
                .insert(text)
                .unwrap_err()
                .to_string()
                .contains("anchor a"));
        }
    }
}
