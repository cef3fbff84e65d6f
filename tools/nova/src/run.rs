// SPDX-License-Identifier: GPL-2.0
//! The whole of it: machines for all chips, what became of each, all comparisons.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;

use nvkm_ab::ab;
use nvkm_ab::compare::state;
use nvkm_ab::compare::Run;
use nvkm_ab::trace::Queue;
use nvkm_ab::trace::Trace;
use nvkm_ab::vm::kernel::Kernel;
use nvkm_ab::vm::run::Outcome;
use nvkm_ab::vm::run::Setup;

use crate::item::Area;
use crate::item::Item;
use crate::item::Place;
use crate::layout::Layouts;
use crate::machine::Places;
use crate::machine::Side;
use crate::machine::CHIPS;
use crate::parity;
use crate::parity::Beside;
use crate::reasons::Reasons;
use crate::subsystems;
use crate::subsystems::Subsystem;

/// A machine: name, who drives.
pub type Which = (&'static str, Side);
/// The machines of a chip: nova-core twice, nvkm in C and in Rust.
pub const ALL: &[Which] = &[NOVA, ("nova2", Side::Nova), C, ("rust", Side::Rust)];
/// Those without which there is no comparison. That Rust does what C does, `nvkm-ab` shows as well.
pub const FEW: &[Which] = &[NOVA, C];
const NOVA: Which = ("nova", Side::Nova);
const C: Which = ("c", Side::C);

/// nova-core's reader of its container.
const CONTAINER: &str = "drivers/gpu/nova-core/firmware/tlv.rs";
const INIT_DONE: u32 = 0x1001;
const STATIC_INFO: u32 = 65;
const UNLOADING: u32 = 47;
/// nova-core binds twice.
const BINDS: usize = 2;
/// Kernel log levels from here down are warnings and worse.
const WARNING: u32 = 4;

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the parts are.
    pub places: Places,
    /// Chips.
    pub chips: Vec<String>,
    /// The machines of each.
    pub sides: &'static [Which],
    /// Where everything goes: a directory a chip.
    pub out: PathBuf,
}

/// A machine's run.
pub struct Ran {
    /// Its name.
    pub name: &'static str,
    /// What was recorded.
    pub run: Run,
    /// What went wrong, one sentence each.
    pub problems: Vec<String>,
    /// The guest's last lines, if something did.
    pub last_lines: Vec<String>,
    /// Seconds that it took.
    pub wall_s: f64,
}

/// One chip.
pub struct Cell {
    /// Its name.
    pub chip: String,
    /// Its machines.
    pub ran: Vec<Ran>,
    /// What differs between two runs of nova-core.
    pub noise: Vec<String>,
    /// nova-core beside nvkm in C; none if machines failed.
    pub beside: Option<Beside>,
    /// Differences that are not the same beside C and Rust.
    pub torn: Vec<Item>,
}

/// All chips, and what they come to.
pub struct Outcomes {
    /// One a chip.
    pub cells: Vec<Cell>,
    /// Differences without a reason, with the chip.
    pub unexplained: Vec<(String, Item)>,
    /// Reasons without a difference, with the chip.
    pub unused: Vec<(String, Place)>,
    /// Release of the kernel.
    pub kernel: String,
    /// The subsystems.
    pub subsystems: Vec<Subsystem>,
    /// The reasons.
    pub reasons: Reasons,
}

impl Cell {
    /// Whether nova-core booted, and everything that differs has been looked at.
    pub fn good(&self) -> bool {
        self.ran.iter().all(|r| r.problems.is_empty())
            && self.noise.is_empty()
            && self.torn.is_empty()
    }
}

impl Outcomes {
    /// Whether all is well.
    pub fn good(&self) -> bool {
        self.unexplained.is_empty() && self.unused.is_empty() && self.cells.iter().all(Cell::good)
    }
}

/// What is wrong with a run of nova-core that its phases do not show.
fn shortcomings(run: &Run) -> Vec<String> {
    let mut found = Vec::new();
    let count = |queue, function| {
        let is = |m: &&nvkm_ab::trace::Message| {
            m.q == queue
                && m.function == function
                && (m.is_event() || m.result == 0 || queue == Queue::Cmdq)
        };
        run.trace.messages.iter().filter(is).count()
    };
    for (queue, function, what) in [
        (Queue::Msgq, INIT_DONE, "GSP-RM said that it is up"),
        (Queue::Cmdq, STATIC_INFO, "static information was asked for"),
        (Queue::Msgq, STATIC_INFO, "static information came"),
        (Queue::Msgq, UNLOADING, "GSP-RM was unloaded"),
    ] {
        let n = count(queue, function);
        if n != BINDS {
            found.push(format!("{what} {n} times, not {BINDS}"));
        }
    }
    for (text, what) in [
        ("GPU name: ", "the GPU's name"),
        ("GSP successfully unloaded", "a clean unload"),
    ] {
        let n = run
            .guest
            .log
            .iter()
            .filter(|l| l.text.contains(text))
            .count();
        if n != BINDS {
            found.push(format!("the log has {what} {n} times, not {BINDS}"));
        }
    }
    let complaints = run.guest.log.iter();
    let complaints = complaints
        .filter(|l| l.prio <= WARNING && l.phase != "boot" && l.text.contains("nova-core 0000:"));
    found.extend(complaints.map(|l| format!("the driver complains: {}", l.text)));
    let state = &run.trace.device["state"];
    if state["gsp_phase"] != "Off" || state["wpr2"][1] != "0x0" {
        found.push(format!(
            "GSP is {} at the end, WPR2 {}",
            state["gsp_phase"], state["wpr2"]
        ));
    }
    // What the model complains of needs a reason, as a difference does.
    found.extend(
        state::leftovers(run)
            .into_iter()
            .filter(|l| !l.starts_with("the model complains")),
    );
    found
}

fn ran(name: &'static str, side: Side, setup: &Setup, outcome: &Outcome) -> Ran {
    let (trace, mut problems) = match Trace::load(&setup.out) {
        Ok(trace) => (trace, Vec::new()),
        Err(e) => (
            Trace::default(),
            vec![format!("its traces cannot be used: {e:#}")],
        ),
    };
    let run = Run {
        trace,
        guest: outcome.guest.clone(),
        phases: setup.phases.clone(),
        fw: setup.abi.clone(),
    };
    match &outcome.error {
        Some(error) => problems = vec![error.clone()],
        None if side == Side::Nova => problems.extend(shortcomings(&run)),
        None => problems.extend(state::leftovers(&run)),
    }
    Ran {
        name,
        run,
        problems,
        last_lines: outcome.last_lines.clone(),
        wall_s: outcome.wall.as_secs_f64(),
    }
}

/// Runs everything.
///
/// # Errors
///
/// Something needed is missing or broken. That machines failed is no error, but in the outcome.
pub fn run(plan: &Plan) -> Result<Outcomes> {
    let places = &plan.places;
    let source = places.kernel.join("src");
    anyhow::ensure!(
        source.join(CONTAINER).is_file(),
        "nova-core of the kernel in {} does not take the container that this is about (7.3's does)",
        places.kernel.display()
    );
    let layouts = Layouts::of(&source)?;
    let subsystems = subsystems::committed()?;
    subsystems::check(&subsystems, &source)?;
    let reasons = Reasons::committed()?;
    let kernel = Kernel::open(&places.kernel)?;

    let mut setups = Vec::new();
    for chip in &plan.chips {
        let out = plan.out.join(chip);
        // The same files go into both of nova-core's machines.
        let mut files = None;
        for (name, side) in plan.sides {
            let mut setup = places.machine(*side, name, chip, &out, &mut files)?;
            setup.name = format!("{chip} {name}");
            setups.push(setup);
        }
    }
    if let Some(first) = setups.first() {
        // Unpacked once, and not by all machines at the same time.
        kernel.image(&first.cache)?;
    }
    let outcomes = ab::machines(&setups)?;
    let mut cells = Vec::new();
    for (n, chip) in plan.chips.iter().enumerate() {
        let at = n * plan.sides.len();
        let ran: Vec<Ran> = plan
            .sides
            .iter()
            .enumerate()
            .map(|(m, (name, side))| ran(name, *side, &setups[at + m], &outcomes[at + m]))
            .collect();
        for (r, setup) in ran.iter().zip(&setups[at..]) {
            let text = r.run.guest.last_lines(usize::MAX).join("\n") + "\n";
            fs::write(setup.out.join("dmesg.txt"), text)
                .with_context(|| format!("{} cannot be written", setup.out.display()))?;
        }
        cells.push(cell(chip, ran, &layouts)?);
    }
    judge(cells, subsystems, reasons, kernel.release)
}

fn cell(chip: &str, ran: Vec<Ran>, layouts: &Layouts) -> Result<Cell> {
    let mut cell = Cell {
        chip: chip.into(),
        ran,
        noise: Vec::new(),
        beside: None,
        torn: Vec::new(),
    };
    if cell.ran.iter().any(|r| !r.problems.is_empty()) {
        return Ok(cell);
    }
    let of = |name| {
        cell.ran
            .iter()
            .find(|r: &&Ran| r.name == name)
            .map(|r| &r.run)
    };
    let (Some(nova), Some(c)) = (of("nova"), of("c")) else {
        return Ok(cell);
    };
    let beside = parity::compare(nova, c, layouts)?;
    let noise = of("nova2")
        .map(|again| parity::noise(nova, again))
        .transpose()?;
    let torn = match of("rust") {
        None => Vec::new(),
        Some(rust) => {
            let rust = parity::compare(nova, rust, layouts)?;
            let missing = |a: &Beside, b: &Beside| -> Vec<Item> {
                let not_in_b = |item: &&Item| !b.found.items().contains(item);
                a.found.items().iter().filter(not_in_b).cloned().collect()
            };
            let mut torn = missing(&beside, &rust);
            torn.extend(missing(&rust, &beside));
            torn
        }
    };
    cell.noise = noise.unwrap_or_default();
    cell.torn = torn;
    cell.beside = Some(beside);
    Ok(cell)
}

fn judge(
    cells: Vec<Cell>,
    subsystems: Vec<Subsystem>,
    reasons: Reasons,
    kernel: String,
) -> Result<Outcomes> {
    let (mut unexplained, mut unused) = (Vec::new(), Vec::new());
    for cell in &cells {
        let Some(c) = &cell.beside else { continue };
        let chip = &cell.chip;
        let without = |item: &&Item| reasons.of(chip, item).is_none();
        let items = c.found.items();
        unexplained.extend(
            items
                .iter()
                .filter(without)
                .map(|i| (chip.clone(), i.clone())),
        );
        unused.extend(
            reasons
                .unused(chip, items)
                .into_iter()
                .map(|p| (chip.clone(), p)),
        );
        // Everything must have an owner, or the generated table would pass over it.
        for absent in &c.absent {
            subsystems::owner(&subsystems, Area::Message, &absent.title)?;
        }
        for (area, of, _) in &c.found.equal {
            subsystems::owner(&subsystems, *area, of)?;
        }
    }
    Ok(Outcomes {
        unexplained,
        unused,
        kernel,
        subsystems,
        reasons,
        cells,
    })
}

/// The chips that a command line means.
///
/// # Errors
///
/// One is not known.
pub fn chips(text: &str) -> Result<Vec<String>> {
    let mut chips = Vec::new();
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        if name == "all" {
            return Ok(CHIPS.map(String::from).to_vec());
        }
        anyhow::ensure!(
            CHIPS.contains(&name),
            "there is no chip '{name}'; there is: {}, all",
            CHIPS.join(", ")
        );
        if !chips.iter().any(|c| c == name) {
            chips.push(name.to_string());
        }
    }
    anyhow::ensure!(
        !chips.is_empty(),
        "no chip was named; there is: {}, all",
        CHIPS.join(", ")
    );
    Ok(chips)
}
