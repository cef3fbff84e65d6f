// SPDX-License-Identifier: GPL-2.0
//! The process that brings the C side back when the one that runs hangs or dies.
//!
//! It is a process of its own, in its own session, which the kernel's out-of-memory killer leaves alone. It is told on
//! its standard input what goes on: `phase NAME SECONDS` (the next word comes within that time) and `done`.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;

use crate::restore;
use crate::root::Root;
use crate::say;

/// What a watchdog is to know.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The card's address.
    pub address: String,
    /// Where its note goes.
    pub note: std::path::PathBuf,
    /// How long each step of bringing the card back may take.
    pub step: Duration,
    /// Process to end when it hangs.
    pub runner: Option<i32>,
    /// Reboot the machine when the card cannot be brought back.
    pub reboot: bool,
}

/// The runner's end.
pub struct Watchdog {
    child: Child,
    input: ChildStdin,
}

impl Watchdog {
    /// Starts it: this program again, with the word `watchdog`.
    ///
    /// # Errors
    ///
    /// The program could not be started again.
    pub fn start(program: &Path, root: &Root, watch: &Watch) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("--root").arg(root.dir()).arg("watchdog");
        command
            .args(["--device", &watch.address])
            .arg("--note")
            .arg(&watch.note);
        command.args(["--step", &watch.step.as_millis().to_string()]);
        if let Some(runner) = watch.runner {
            command.args(["--runner", &runner.to_string()]);
        }
        if watch.reboot {
            command.arg("--reboot");
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        // SAFETY: setsid is safe to call between fork and exec, and touches no memory of ours.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                Ok(())
            })
        };
        let mut child = command
            .spawn()
            .context("the watchdog could not be started")?;
        let input = child.stdin.take().context("the watchdog has no input")?;
        Ok(Self { child, input })
    }

    /// Says what comes next, and how long it may take.
    ///
    /// # Errors
    ///
    /// The watchdog has ended: nobody would bring the card back.
    pub fn phase(&mut self, name: &str, limit: Duration) -> Result<()> {
        writeln!(self.input, "phase {name} {}", limit.as_millis()).context("the watchdog is gone")
    }

    /// Says that all is as it was; the watchdog ends.
    ///
    /// # Errors
    ///
    /// It did not end well.
    pub fn done(mut self) -> Result<()> {
        writeln!(self.input, "done").context("the watchdog is gone")?;
        self.child.wait().context("the watchdog")?;
        Ok(())
    }
}

/// Why the watchdog acts; none if it need not.
fn listen(input: impl BufRead + Send + 'static) -> Option<String> {
    let (tx, rx) = mpsc::channel();
    thread::spawn(move || {
        for line in input.lines().map_while(Result::ok) {
            if tx.send(line).is_err() {
                return;
            }
        }
    });
    // Until the first word: the runner only has to begin.
    let mut limit = Duration::from_secs(60);
    let mut doing = "before its first phase".to_string();
    loop {
        match rx.recv_timeout(limit) {
            Ok(line) => {
                let mut words = line.split_whitespace();
                match (words.next(), words.next(), words.next()) {
                    (Some("done"), ..) => return None,
                    (Some("phase"), Some(name), Some(ms)) => {
                        doing = format!("in {name}");
                        limit = Duration::from_millis(ms.parse().unwrap_or(60_000));
                    }
                    _ => {}
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                return Some(format!(
                    "no sign of life for {} s {doing}",
                    limit.as_secs_f64()
                ));
            }
            Err(RecvTimeoutError::Disconnected) => return Some(format!("the run died {doing}")),
        }
    }
}

/// The watchdog itself: waits, and where it must, brings the C side back and leaves a note. Gives whether all is well.
pub fn run(root: &Root, watch: &Watch, input: impl BufRead + Send + 'static) -> bool {
    // What ends a terminal's or a service's processes must not end this one.
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
        // SAFETY: sets a disposition, touches no memory of ours.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // Not root: the machine then has other troubles.
    let _ = root.write("/proc/self/oom_score_adj", "-1000");
    let Some(why) = listen(input) else {
        return true;
    };
    let mut note = vec![format!("nvkm-hw watchdog: {why}; bringing the C side back")];
    let mut say = |line: String| {
        say::err(&line);
        let _ = root.write("/dev/kmsg", &format!("<4>{line}\n"));
        note.push(line);
        // Written at once: the machine may not live to the next line.
        let _ = fs::write(&watch.note, note.join("\n") + "\n");
    };
    say(format!("nvkm-hw watchdog: {why}"));
    if let Some(runner) = watch.runner {
        // SAFETY: a signal to the process that started this one; plain integers.
        unsafe { libc::kill(runner, libc::SIGKILL) };
    }
    let outcome = restore::to_c(root, &watch.address, watch.step, &mut say);
    match &outcome {
        Ok(()) => say(format!(
            "nvkm-hw watchdog: {} is nouveau's again, served by C",
            watch.address
        )),
        Err(e) => {
            say(format!(
                "nvkm-hw watchdog: {} could not be brought back: {e:#}",
                watch.address
            ));
            say("nvkm-hw watchdog: save what is open, from another console or by ssh, and reboot; rust_gsp is 0 after a \
                 boot unless the kernel's command line or a file in /etc/modprobe.d says otherwise"
                .into());
            if watch.reboot {
                say("nvkm-hw watchdog: rebooting, as asked".into());
                // Sync, mount read-only, reboot (Documentation/admin-guide/sysrq.rst).
                let _ = root.write("/proc/sys/kernel/sysrq", "1");
                for key in ["s", "u", "b"] {
                    let _ = root.write("/proc/sysrq-trigger", key);
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }
    outcome.is_ok()
}

/// Standard input, for [`run`].
pub fn stdin() -> impl BufRead + Send + 'static {
    BufReader::new(std::io::stdin())
}
