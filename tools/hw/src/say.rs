// SPDX-License-Identifier: GPL-2.0
//! Words for whoever looks on. Nobody may: a terminal that went away is no reason to stop in the middle of a run.

use std::io;
use std::io::Write;

/// To standard output, as it is.
pub fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// To standard error, as a line.
pub fn err(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
