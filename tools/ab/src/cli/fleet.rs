// SPDX-License-Identifier: GPL-2.0
//! `nvkm-ab fleet`.  Exit codes: 0 every report was read, 1 some files are no reports, 2 there is no table.

use std::fs;
use std::path::PathBuf;

use anyhow::bail;
use anyhow::Context;
use anyhow::Result;
use clap::Args;

use nvkm_ab::fleet;
use nvkm_ab::report::fleet as page;

/// `nvkm-ab fleet`.
///
/// Reads every report.json below the directories and leaves OUT/fleet.html and OUT/fleet.json. Exit codes: 0 every report
/// was read, whatever its verdict; 1 some files are broken (named, left out); 2 there is no table.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct FleetArgs {
    /// Directories with reports at any depth, or reports.
    #[arg(required = true)]
    places: Vec<PathBuf>,
    /// Where the page and the data go [default: print the table only].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print the data instead of a table.
    #[arg(long)]
    json: bool,
}

/// Makes the table.
///
/// # Errors
///
/// There is no report, or a directory cannot be read or written.
pub fn run(args: &FleetArgs) -> Result<u8> {
    let found = fleet::collect(&args.places)?;
    for (file, why) in &found.broken {
        eprintln!("nvkm-ab: {}: {why}; left out", file.display());
    }
    if found.runs.is_empty() {
        bail!("there is no report in what was named");
    }
    let dir = args.out.clone().unwrap_or_else(|| PathBuf::from("."));
    if let Some(out) = &args.out {
        fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    }
    let json = serde_json::to_string_pretty(&page::json(&found, &dir))? + "\n";
    if let Some(out) = &args.out {
        fs::write(out.join("fleet.json"), &json)?;
        fs::write(out.join("fleet.html"), page::render(&found, out))?;
    }
    if args.json {
        print!("{json}");
    } else {
        print!("{}", page::text(&found));
    }
    if let (Some(out), false) = (&args.out, args.json) {
        println!("page      {}", out.join("fleet.html").display());
    }
    Ok(u8::from(!found.broken.is_empty()))
}
