// SPDX-License-Identifier: GPL-2.0
//! Rows of a lane that passed, each with the hash of what it depends on: a file a row, so that a lane which was interrupted goes
//! on where it was, and a change that cannot reach a row costs nothing.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use serde::Deserialize;
use serde::Serialize;

/// The rows of a lane.
pub struct Rows {
    dir: PathBuf,
    resume: bool,
}

#[derive(Deserialize, Serialize)]
struct Row {
    inputs: String,
    said: String,
    seconds: f64,
}

impl Rows {
    /// Those that lie in a directory. They are only looked at with `resume`, and noted in any case.
    ///
    /// # Errors
    ///
    /// The directory cannot be made.
    pub fn open(dir: &Path, resume: bool) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| format!("{} cannot be made", dir.display()))?;
        Ok(Self {
            dir: dir.to_path_buf(),
            resume,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = name.chars().map(plain).collect();
        self.dir.join(format!("{name}.json"))
    }

    /// What was said of a row that passed with the same inputs.
    pub fn passed(&self, name: &str, inputs: &str) -> Option<String> {
        if !self.resume {
            return None;
        }
        let row: Row = serde_json::from_slice(&fs::read(self.path(name)).ok()?).ok()?;
        (row.inputs == inputs).then_some(row.said)
    }

    /// Notes that a row has passed.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn pass(&self, name: &str, inputs: &str, said: &str, took: Duration) -> Result<()> {
        let row = Row {
            inputs: inputs.into(),
            said: said.into(),
            seconds: took.as_secs_f64(),
        };
        let path = self.path(name);
        // Beside it and renamed: one that is interrupted leaves no half of a row.
        let part = path.with_extension("part");
        fs::write(&part, serde_json::to_string(&row)?)
            .with_context(|| format!("{} cannot be written", part.display()))?;
        fs::rename(&part, &path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_with_the_same_inputs_and_when_asked() {
        let dir = std::env::temp_dir().join(format!("nvkm-rows-{}", std::process::id()));
        let rows = Rows::open(&dir, true).unwrap();
        assert_eq!(rows.passed("a: b", "1"), None);
        rows.pass("a: b", "1", "found", Duration::from_secs(2))
            .unwrap();
        assert_eq!(rows.passed("a: b", "1").as_deref(), Some("found"));
        assert_eq!(rows.passed("a: b", "2"), None);
        fs::write(rows.path("a: b"), "{").unwrap();
        assert_eq!(rows.passed("a: b", "1"), None);
        rows.pass("a: b", "1", "found", Duration::ZERO).unwrap();
        assert_eq!(Rows::open(&dir, false).unwrap().passed("a: b", "1"), None);
        fs::remove_dir_all(&dir).unwrap();
    }
}
