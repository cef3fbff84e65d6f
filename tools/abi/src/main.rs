// SPDX-License-Identifier: GPL-2.0

//! `nvkm-abi`: compares NVIDIA's firmware ABIs, and makes a new version's header.

mod decide;
mod diff;
mod dwarf;
mod header;
mod kernel;
mod model;
mod names;
mod new;
mod open;
mod probe;
mod report;
mod source;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use source::Places;

/// Compare NVIDIA's firmware ABIs, and make a new version's header.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// This repository.
    #[arg(long, default_value = ".", global = true)]
    top: PathBuf,
    /// Where everything is built.
    #[arg(long, env = "BUILD", default_value = "build", global = true)]
    build: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the model of an ABI as JSON.
    Model {
        /// A firmware version, a header tree, or an object with debug information.
        abi: String,
    },
    /// Compare two ABIs: a table here, everything as JSON in build/abi-diff/A..B.json.
    Diff {
        /// A firmware version, a header tree, or an object with debug information.
        #[arg(long)]
        a: String,
        /// Another.
        #[arg(long)]
        b: String,
        /// Print the JSON instead of the table.
        #[arg(long)]
        json: bool,
    },
    /// Write names and layouts for nvkm-trace: names-VERSION.json, for each version that nouveau supports or that is named.
    Names {
        /// nouveau's directory in a kernel's source.
        #[arg(long)]
        nouveau: PathBuf,
        /// The directory to write into.
        #[arg(long)]
        out: PathBuf,
        /// Other versions, which are fetched.
        versions: Vec<String>,
    },
    /// Make a version's header and the list of what has to be decided about it, in build/abi/r<major>/.
    New {
        /// The firmware version.
        version: String,
        /// A header tree or an object, instead of what is fetched.
        #[arg(long)]
        headers: Option<String>,
    },
}

fn run() -> Result<()> {
    let cli = Cli::parse();
    let build = cli.build;
    std::fs::create_dir_all(&build)?;
    let build = build
        .canonicalize()
        .with_context(|| format!("{}", build.display()))?;
    let places = Places {
        top: cli.top,
        build,
    };
    match cli.command {
        Command::Model { abi } => {
            let model = places.model(&abi, &places.wanted()?)?;
            println!("{}", serde_json::to_string_pretty(&model)?);
            Ok(())
        }
        Command::Diff { a, b, json } => {
            let wanted = places.wanted()?;
            let diff = diff::compare(&places.model(&a, &wanted)?, &places.model(&b, &wanted)?);
            let text = serde_json::to_string_pretty(&diff)? + "\n";
            let dir = places.build.join("abi-diff");
            std::fs::create_dir_all(&dir)?;
            let name = |abi: &str| abi.trim_matches('/').replace('/', "_");
            let path = dir.join(format!("{}..{}.json", name(&a), name(&b)));
            std::fs::write(&path, &text).with_context(|| format!("{}", path.display()))?;
            if json {
                print!("{text}");
            } else {
                println!("{}\n{}", report::text(&diff)?, path.display());
            }
            Ok(())
        }
        Command::Names {
            nouveau,
            out,
            versions,
        } => write_names(&places, &nouveau, &out, &versions),
        Command::New { version, headers } => {
            let headers = headers.filter(|h| !h.is_empty());
            new::run(&places, &version, headers.as_deref())
        }
    }
}

fn write_names(places: &Places, nouveau: &Path, out: &Path, versions: &[String]) -> Result<()> {
    let kernel = names::kernel(nouveau)?;
    let classes = names::classes(nouveau)?;
    let mut fetched = Vec::new();
    for version in versions
        .iter()
        .filter(|v| !source::LAYER.contains(&v.as_str()))
    {
        fetched.push(places.model(version, &places.wanted()?)?);
    }
    std::fs::create_dir_all(out)?;
    for model in kernel.iter().chain(&fetched) {
        let before = |m: &&model::Model| source::order(&m.version) < source::order(&model.version);
        let older: Vec<model::Model> = kernel.iter().filter(before).cloned().collect();
        let names = names::cascade(model, &older, classes.clone());
        let path = out.join(nvkm_trace::names::file_name(&model.version));
        // A reader never sees half of it.
        let new = path.with_extension("new");
        std::fs::write(&new, serde_json::to_string(&names)?)
            .with_context(|| format!("{}", new.display()))?;
        std::fs::rename(&new, &path).with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nvkm-abi: {error:#}");
            ExitCode::from(2)
        }
    }
}
