// SPDX-License-Identifier: GPL-2.0
//! The command line.

use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

use nvkm_trace::diff;
use nvkm_trace::filter;
use nvkm_trace::filter::Filter;
use nvkm_trace::filter::Of;
use nvkm_trace::show;
use nvkm_trace::show::Style;
use nvkm_trace::source;
use nvkm_trace::stat;
use nvkm_trace::Decoder;
use nvkm_trace::Format;
use nvkm_trace::Options;
use nvkm_trace::Queue;
use nvkm_trace::Trace;

/// As a manual page has its parts.
const PAGE: &str = "\
NAME
    nvkm-trace - decode what nouveau and GSP-RM say to each other

SYNOPSIS
    {usage}

DESCRIPTION
{about-with-newline}
COMMANDS
{subcommands}

OPTIONS
{options}
{after-help}";

/// Of a command, which has no commands.
const COMMAND_PAGE: &str = "\
NAME
    {name}

SYNOPSIS
    {usage}

DESCRIPTION
{about-with-newline}
ARGUMENTS
{positionals}

OPTIONS
{options}
{after-help}";

const ABOUT: &str = "Decode what nouveau and GSP-RM say to each other";
const LONG: &str = "\
Reads the messages of GSP-RM's two queues out of a trace, and prints them with NVIDIA's names of functions, controls, classes
and fields, as the headers of the firmware version have them. Every byte of a payload belongs to a field, to padding, or is
shown and counted as unknown.

A TRACE is one of these, told apart by its content (--format says it instead; '-' is standard input):

  run     a directory that nvkm-ab left: wire.jsonl, and mmio.txt and device.json where they are
  wire    a file like wire.jsonl
  mmio    a file like mmio.txt: register accesses, no messages
  ftrace  /sys/kernel/tracing/trace, or what 'trace-cmd report' or 'perf script' prints, with the tracepoints of group nvkm
  dmesg   a kernel log of nouveau.debug=gsp=trace

A message that was split over several queue elements is shown as one. Events that an ftrace capture lost, lines that could not
be read and messages that lack bytes are reported, on standard error too.";
const SEE: &str = "\
FILES
    build/generated/abi/names-VERSION.json
        Names and layouts of a firmware version, which 'make trace-names' makes of the kernel's headers (nvkm-abi names).
        Looked for in $NVKM_GENERATED/abi, in $BUILD/generated/abi, in the build directory that the program was built in,
        and below the current directory; --names names another place.
    tools/trace/data/layouts.json
        What NVIDIA's naming does not say: built into the program.

EXIT STATUS
    0   done; of diff: no difference
    1   diff: there are differences; with --strict: something was unknown, lost, cut or could not be read
    2   trouble: a trace or names that cannot be read, a name that the version does not have

EXAMPLES
    nvkm-trace show build/ab/tu104-570.144/rust
        All messages of a run.
    nvkm-trace show --function GSP_RM_CONTROL --errors build/ab/tu104-570.144/c1
        The controls that failed.
    nvkm-trace show --control '*KERNEL_TABLE' --fields 'params.table*' TRACE
        GSP-RM's interrupt table.
    nvkm-trace show --mark 1..3 --mmio=0x110000..0x110fff TRACE
        Messages, and accesses to the GSP falcon, between two marks.
    nvkm-trace diff build/ab/tu104-570.144/c1 build/ab/tu104-570.144/rust
        What C and Rust did differently.
    trace-cmd report | nvkm-trace stat --strict -
        Whether all that a real card was told is understood.
    nvkm-trace show --json TRACE | jq 'select(.title | test(\"PROMOTE_CTX\")) | .fields'
        Further with other programs.

SEE ALSO
    nvkm-ab(1), trace-cmd(1), Documentation/gpu/nova/core/";

/// Decode what nouveau and GSP-RM say to each other.
#[derive(Parser)]
#[command(name = "nvkm-trace", version, about = ABOUT, long_about = LONG, after_long_help = SEE, help_template = PAGE)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print messages with their fields.
    ///
    /// A message's heading has its number in the trace, queue, function with control or class, the RPC header's length and
    /// sequence, the queue element's sequence, and the queue pages it takes; a result that is not 0; and CUT where the trace
    /// does not have all of it. Each field has its offset in the payload, its path and its value; enumerators, flags,
    /// controls and classes by name. Padding and array elements that are 0 are left out, and counted (--all shows them).
    #[command(help_template = COMMAND_PAGE, after_long_help = SEE)]
    Show {
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        how: How,
        /// Print JSON, one object a line.
        ///
        /// A message has n, mark, queue, fn, title, len, seq, elem_seq, result, elems, event, fields (path, offset, size, value,
        /// shown; kind for padding and opaque bytes), unknown (ranges of bytes), nameless, cut. Other lines are marks (mark),
        /// register accesses (mmio, addr, value), steps of the boot (boot, status), what shadow mode found (shadow, what, c,
        /// rust) and problems (problem). All fields are there.
        #[arg(long)]
        json: bool,
        /// Print padding too, and array elements that are 0.
        #[arg(long)]
        all: bool,
        /// Exit with 1 if anything is unknown, cut or lost.
        #[arg(long)]
        strict: bool,
        /// The trace: a directory, a file, or '-'.
        trace: PathBuf,
    },
    /// Compare two traces.
    ///
    /// Messages are aligned by queue, function, control and class; of those that both traces have, the fields that differ are
    /// printed with both values (first | second). '-' is what only the first has, '+' what only the second has. Register accesses
    /// are compared where both traces have some: in order, a register that is read many times in a row counted once, clocks left
    /// out. DMA addresses are compared as they are; nvkm-ab knows which they are, and compares runs without them.
    #[command(help_template = COMMAND_PAGE, after_long_help = SEE)]
    Diff {
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        how: How,
        /// Print JSON, one object a line.
        #[arg(long)]
        json: bool,
        /// The first trace.
        a: PathBuf,
        /// The second.
        b: PathBuf,
    },
    /// Count messages by function, control and class.
    ///
    /// A table of messages, bytes of payload, opaque bytes (payloads that nouveau does not look at, of which the kernel's
    /// headers have no struct), unknown bytes, and messages that lack bytes of their own.
    #[command(help_template = COMMAND_PAGE, after_long_help = SEE)]
    Stat {
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        how: How,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        /// Exit with 1 if anything is unknown, cut or lost.
        #[arg(long)]
        strict: bool,
        /// The trace: a directory, a file, or '-'.
        trace: PathBuf,
    },
}

/// How a trace is read.
#[derive(Args)]
struct How {
    /// Firmware version whose names and layouts to use.
    ///
    /// Otherwise what the trace says: a run's report.json, a kernel log's 'RM version', the sizes of the messages with system and
    /// static information. If nothing tells, 570.144, with a note.
    #[arg(long, value_name = "VERSION")]
    fw: Option<String>,
    /// Where the names are: a file of 'nvkm-abi names', or a directory of such.
    #[arg(long, value_name = "PATH")]
    names: Option<PathBuf>,
    /// What the trace is written as, instead of what its content tells.
    #[arg(long)]
    format: Option<Format>,
    /// PCI address of the device, where a trace is of several (0000:01:00.0, or its end).
    #[arg(long, value_name = "ADDRESS")]
    device: Option<String>,
}

/// What of a trace is wanted. All conditions must hold.
#[derive(Args)]
struct What {
    /// Only this queue: cmdq is driver to GSP, msgq is GSP to driver.
    #[arg(long, value_name = "QUEUE")]
    queue: Option<QueueName>,
    /// Only this function or event, by name or number; '*' stands for any text. May be given several times.
    #[arg(long, value_name = "NAME|NUMBER")]
    function: Vec<String>,
    /// Only this control, by name (with or without NVxxxx_CTRL_CMD_) or number; '*' stands for any text.
    #[arg(long, value_name = "NAME|NUMBER")]
    control: Vec<String>,
    /// Only allocations of this class, by name or number; '*' stands for any text.
    #[arg(long, value_name = "NAME|NUMBER")]
    class: Vec<String>,
    /// Only what came behind these marks: N, N..M (both with it), N.. or ..M.
    ///
    /// nvkm-ab sets a mark at the beginning of each phase, from 0; in an ftrace capture they are lines 'nvkm-mark N' written to
    /// trace_marker.
    #[arg(long, visible_alias = "phase", value_name = "RANGE")]
    mark: Option<String>,
    /// Only events: messages that nobody asked for.
    #[arg(long)]
    events: bool,
    /// Only what failed: a result that is not 0, or a control, allocation or release whose status is not 0.
    #[arg(long)]
    errors: bool,
    /// Register accesses too: all, or those in a range of addresses ('--mmio=0x110000..0x110fff').
    #[arg(long, value_name = "RANGE", num_args = 0..=1, default_missing_value = "..", require_equals = true)]
    mmio: Option<String>,
    /// Only fields whose path is like this ('params.*'), and messages that have one. May be given several times.
    #[arg(long, value_name = "PATH")]
    fields: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum QueueName {
    Cmdq,
    Msgq,
}

impl What {
    fn filter(&self, decoder: &Decoder) -> Result<Filter> {
        let all = |of: Of, texts: &[String]| -> Result<Option<_>> {
            let mut out = std::collections::BTreeSet::new();
            for text in texts {
                out.extend(filter::numbers(decoder, of, text)?);
            }
            Ok((!texts.is_empty()).then_some(out))
        };
        let span = |text: &Option<String>| text.as_deref().map(filter::span).transpose();
        Ok(Filter {
            queue: self.queue.map(|q| match q {
                QueueName::Cmdq => Queue::Cmdq,
                QueueName::Msgq => Queue::Msgq,
            }),
            functions: all(Of::Function, &self.function)?,
            controls: all(Of::Control, &self.control)?,
            classes: all(Of::Class, &self.class)?,
            marks: span(&self.mark)?,
            events: self.events,
            errors: self.errors,
            mmio: span(&self.mmio)?,
            fields: self.fields.clone(),
        })
    }
}

impl How {
    fn load(&self, path: &Path) -> Result<(Trace, Decoder)> {
        let options = Options {
            format: self.format,
            device: self.device.clone(),
        };
        let trace = source::load_with(path, &options)?;
        for problem in &trace.problems {
            eprintln!("nvkm-trace: {}: {problem}", path.display());
        }
        let place = self.names.as_deref();
        let version = self.fw.clone().or_else(|| source::firmware_of(&trace, place)).unwrap_or_else(|| {
            let default = source::DEFAULT_FIRMWARE;
            let of = path.display();
            eprintln!("nvkm-trace: {of}: nothing tells the firmware version; decoded as {default} (--fw says another)");
            default.to_owned()
        });
        let decoder = Decoder::find(&version, place)?;
        Ok((trace, decoder))
    }
}

/// Does what the command line says.
///
/// # Errors
///
/// Something cannot be read or written, or a name is not known.
pub fn run() -> Result<ExitCode> {
    let cli = Cli::parse();
    let stdout = io::stdout();
    let mut out = io::BufWriter::with_capacity(1 << 16, stdout.lock());
    let code = match cli.command {
        Command::Show {
            what,
            how,
            json,
            all,
            strict,
            trace,
        } => {
            let (trace, decoder) = how.load(&trace)?;
            let filter = what.filter(&decoder)?;
            let doubt = show::trace(&mut out, &trace, &decoder, &filter, Style { json, all })?;
            u8::from(strict && !(doubt.none() && trace.problems.is_empty()))
        }
        Command::Diff {
            what,
            how,
            json,
            a,
            b,
        } => {
            let ((a, da), (b, db)) = (how.load(&a)?, how.load(&b)?);
            let filter = what.filter(&da)?;
            let side = |trace, decoder| diff::Side { trace, decoder };
            let differences = diff::compare(&side(&a, &da), &side(&b, &db), &filter);
            if json {
                diff::json(&mut out, &differences)?;
            } else {
                diff::text(&mut out, &differences)?;
            }
            u8::from(!differences.is_empty())
        }
        Command::Stat {
            what,
            how,
            json,
            strict,
            trace,
        } => {
            let (trace, decoder) = how.load(&trace)?;
            let stat = stat::of(&trace, &decoder, &what.filter(&decoder)?);
            if json {
                writeln!(out, "{}", serde_json::to_string_pretty(&stat)?)?;
            } else {
                stat.text(&mut out)?;
            }
            u8::from(strict && !stat.clean())
        }
    };
    out.flush()?;
    Ok(ExitCode::from(code))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    /// `--help` is the manual page: of the program, and of each command.
    #[test]
    fn help_has_all_parts_of_a_manual_page() {
        let parts = [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "FILES",
            "EXIT STATUS",
            "EXAMPLES",
        ];
        let mut cli = Cli::command();
        cli.build();
        let mut pages = vec![cli.render_long_help().to_string()];
        pages.extend(
            cli.get_subcommands_mut()
                .filter(|c| c.get_name() != "help")
                .map(|c| c.render_long_help().to_string()),
        );
        assert_eq!(pages.len(), 4);
        for page in &pages {
            for part in parts {
                assert!(page.lines().any(|l| l == part), "{part} is not in:\n{page}");
            }
        }
        cli.debug_assert();
    }
}
