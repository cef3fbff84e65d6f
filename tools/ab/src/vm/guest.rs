// SPDX-License-Identifier: GPL-2.0
//! What the guest reports (JSON lines, written by `nvkm-guest`), parsed as it grows.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

/// One record of the kernel log.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub struct Log {
    /// The phase during which it was written (`boot` before the first).
    pub phase: String,
    /// Log level, 0 (emergency) to 7 (debug).
    pub prio: u32,
    /// Guest time in microseconds.
    pub us: u64,
    /// The message.
    pub text: String,
}

/// A phase that ended.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Phase {
    /// Its place in the plan.
    pub n: usize,
    /// Its name, with its argument.
    pub phase: String,
    /// Whether what it is to show happened.
    pub ok: bool,
    /// Guest time it took, in milliseconds.
    pub ms: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the phase found out.
    #[serde(flatten)]
    pub data: Map<String, Value>,
}

/// A line of the report.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum Line {
    /// A machine that a snapshot is to be made of has booted.
    Waiting,
    /// The guest's program has started.
    Start {
        /// The running kernel's release.
        release: String,
    },
    /// A phase begins.
    Begin {
        /// Its name.
        phase: String,
    },
    /// A phase has ended.
    Phase(Phase),
    /// A kernel log record.
    Log(Log),
    /// The plan is through, or was given up.
    End {
        /// Whether every phase went well.
        ok: bool,
        /// Why not.
        #[serde(default)]
        error: Option<String>,
    },
}

/// Everything a guest has reported so far.
#[derive(Clone, Debug, Default)]
pub struct Guest {
    /// It has booted and waits for a run.
    pub waiting: bool,
    /// Release of the kernel, once the guest's program runs.
    pub release: Option<String>,
    /// The phase that is running.
    pub running: Option<String>,
    /// The phases that ended, in order.
    pub phases: Vec<Phase>,
    /// The kernel log.
    pub log: Vec<Log>,
    /// How it ended: `Some(Ok)`, `Some(Err(why))`, or not yet.
    pub end: Option<Result<(), String>>,
    rest: Vec<u8>,
}

impl Guest {
    /// Takes more bytes of the report and gives the lines that became complete.  Broken lines (a guest that died in
    /// the middle of one) are left out.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Line> {
        self.rest.extend(bytes);
        let mut lines = Vec::new();
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let raw: Vec<u8> = self.rest.drain(..=end).collect();
            if let Ok(line) = serde_json::from_slice::<Line>(&raw) {
                self.take(&line);
                lines.push(line);
            }
        }
        lines
    }

    fn take(&mut self, line: &Line) {
        match line.clone() {
            Line::Waiting => self.waiting = true,
            Line::Start { release } => self.release = Some(release),
            Line::Begin { phase } => self.running = Some(phase),
            Line::Phase(phase) => {
                self.running = None;
                self.phases.push(phase);
            }
            Line::Log(log) => self.log.push(log),
            Line::End { ok, error } => {
                self.end = Some(if ok {
                    Ok(())
                } else {
                    Err(error.unwrap_or_else(|| "it did not say why".into()))
                });
            }
        }
    }

    /// What it is at, as a part of a sentence.
    pub fn doing(&self) -> String {
        match (&self.running, self.phases.last(), &self.end) {
            (Some(phase), _, _) => format!("in phase {phase}"),
            (None, _, Some(_)) => "when it was to switch itself off".into(),
            (None, Some(last), None) => format!("behind phase {}", last.phase),
            (None, None, None) => "before its first phase".into(),
        }
    }

    /// Whether a phase of this name (argument or not) went well at least once.
    pub fn passed(&self, name: &str) -> bool {
        self.phases
            .iter()
            .any(|p| p.ok && p.phase.split('=').next() == Some(name))
    }

    /// The last `n` lines of the kernel log, with their times.
    pub fn last_lines(&self, n: usize) -> Vec<String> {
        let from = self.log.len().saturating_sub(n);
        self.log[from..]
            .iter()
            .map(|l| {
                format!(
                    "[{:5}.{:06}] {}",
                    l.us / 1_000_000,
                    l.us % 1_000_000,
                    l.text
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Guest;

    #[test]
    fn lines_may_come_in_pieces() {
        let mut guest = Guest::default();
        let text = concat!(
            r#"{"t":"start","release":"7.3"}"#,
            "\n",
            r#"{"t":"begin","n":0,"phase":"load"}"#,
            "\n",
            r#"{"t":"log","phase":"load","prio":4,"us":12,"text":"hello"}"#,
            "\n",
            r#"{"t":"phase","n":0,"phase":"load","ok":true,"ms":5,"modules":3}"#,
            "\n",
            "broken\n",
            r#"{"t":"end","ok":false,"error":"x"}"#,
            "\n",
        );
        for byte in text.bytes() {
            guest.feed(&[byte]);
        }
        assert_eq!(guest.release.as_deref(), Some("7.3"));
        assert_eq!(guest.log.len(), 1);
        assert!(guest.passed("load"));
        assert_eq!(guest.phases[0].data["modules"], 3);
        assert_eq!(guest.end, Some(Err("x".into())));
        assert_eq!(guest.running, None);
    }

    #[test]
    fn what_it_is_at_is_told() {
        let mut guest = Guest::default();
        let mut after = |line: &str| {
            guest.feed(format!("{line}\n").as_bytes());
            guest.doing()
        };
        assert_eq!(
            after(r#"{"t":"start","release":"7.3"}"#),
            "before its first phase"
        );
        assert_eq!(
            after(r#"{"t":"begin","n":0,"phase":"unbind"}"#),
            "in phase unbind"
        );
        let ended = r#"{"t":"phase","n":0,"phase":"unbind","ok":true,"ms":5}"#;
        assert_eq!(after(ended), "behind phase unbind");
        let end = r#"{"t":"end","ok":true}"#;
        assert_eq!(after(end), "when it was to switch itself off");
    }
}
