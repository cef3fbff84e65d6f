// SPDX-License-Identifier: GPL-2.0
//! The generated table of migration-plan.md: where each of nvkm's subsystems stands beside nova-core.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::ensure;
use anyhow::Context;
use anyhow::Result;

use crate::item::Area;
use crate::item::Item;
use crate::parity::Beside;
use crate::reasons::Means;
use crate::reasons::Reasons;
use crate::report::Sum;
use crate::run::Outcomes;
use crate::subsystems::Subsystem;

/// The table stands between these lines.
pub const BEGIN: &str = "<!-- make nova: begin -->";
/// Its end.
pub const END: &str = "<!-- make nova: end -->";

/// What of a chip belongs to a subsystem, by area: sums.
type Sums = BTreeMap<Area, Sum>;

fn of(subsystem: &Subsystem, chip: &str, beside: &Beside, reasons: &Reasons) -> Sums {
    let mut sums = Sums::new();
    for (area, of, times) in &beside.found.equal {
        if subsystem.has(*area, of) {
            sums.entry(*area).or_default().equal += times;
        }
    }
    let mut seen: Vec<(Area, &str)> = Vec::new();
    for item in beside.found.items() {
        let place = &item.place;
        let ours = reasons
            .of(chip, item)
            .is_some_and(|r| r.subsystem == subsystem.name);
        if !ours {
            continue;
        }
        let once = matches!(place.area, Area::Message | Area::Buffer);
        if once && seen.contains(&(place.area, &place.of)) {
            continue;
        }
        seen.push((place.area, &place.of));
        let times = if once { 1 } else { item.times };
        sums.entry(place.area).or_default().add(&Item {
            times,
            ..item.clone()
        });
    }
    for absent in &beside.absent {
        if subsystem.has(Area::Message, &absent.title) {
            sums.entry(Area::Message).or_default().only_nvkm += 1;
        }
    }
    sums
}

/// One number if it is the same on all chips, or the least and the most.
fn range(values: impl Iterator<Item = usize> + Clone) -> String {
    match (values.clone().min(), values.max()) {
        (Some(least), Some(most)) if least != most => format!("{least}–{most}"),
        (Some(one), _) => one.to_string(),
        _ => "–".into(),
    }
}

/// `equal, differing, only nova-core's, only nvkm's` of an area, or a dash where there is nothing.
fn cell(all: &[Sums], area: Area) -> String {
    let of = |f: fn(&Sum) -> usize| range(all.iter().map(move |s| s.get(&area).map_or(0, f)));
    let parts = [
        of(|s| s.equal),
        of(|s| s.differing),
        of(|s| s.only_nova),
        of(|s| s.only_nvkm),
    ];
    match parts.iter().all(|p| p == "0") {
        true => "–".into(),
        false => parts.join(", "),
    }
}

/// Differences of a subsystem by what they mean, all chips together, each once.
fn means(subsystem: &Subsystem, outcomes: &Outcomes) -> String {
    let mut counts: BTreeMap<Means, Vec<String>> = BTreeMap::new();
    for cell in &outcomes.cells {
        let Some(c) = &cell.beside else { continue };
        for item in c.found.items() {
            let reason = outcomes
                .reasons
                .of(&cell.chip, item)
                .filter(|r| r.subsystem == subsystem.name);
            let Some(reason) = reason else { continue };
            let why = counts.entry(reason.means).or_default();
            if !why.contains(&reason.why) {
                why.push(reason.why.clone());
            }
        }
    }
    let count = |m| counts.get(&m).map_or(0, Vec::len);
    let all = [
        Means::Either,
        Means::Lacks,
        Means::Wrong,
        Means::Surplus,
        Means::Nvkm,
        Means::Open,
    ]
    .map(count);
    match all.iter().sum::<usize>() {
        0 => "–".into(),
        _ => all.map(|n| n.to_string()).join(", "),
    }
}

/// The section between the marks.
///
/// # Errors
///
/// Machines failed, so that there is nothing to write.
pub fn render(outcomes: &Outcomes, top: &Path) -> Result<String> {
    let mut beside: Vec<(&str, &Beside)> = Vec::new();
    for cell in &outcomes.cells {
        let c = cell.beside.as_ref();
        let c = c.with_context(|| format!("{} did not run to its end", cell.chip))?;
        beside.push((&cell.chip, c));
    }
    let mut out = String::new();
    let chips: Vec<&str> = outcomes.cells.iter().map(|c| c.chip.as_str()).collect();
    let _ = writeln!(
        out,
        "{BEGIN}\n\
         Measured on {}. Messages, buffers (with what is loaded into falcons) and register\n\
         accesses (of boot and unload; polls, and blocks through a port, are one): equal, differing or elsewhere, only nova-core's,\n\
         only nvkm's; from–to where chips differ. Reasons for differences: either is right, nova-core lacks it, nova-core is wrong,\n\
         nvkm does more than it needs, nvkm lacks it, open.\n",
        chips.join(", ")
    );
    out.push_str("| nvkm | our Rust | nova-core | messages | buffers | register accesses | reasons | what remains until nvkm's can go |\n");
    out.push_str("|---|---|---|---|---|---|---|---|\n");
    for s in &outcomes.subsystems {
        let sums = beside
            .iter()
            .map(|(chip, b)| of(s, chip, b, &outcomes.reasons));
        let sums: Vec<Sums> = sums.collect();
        let dir = format!("nvkm-rs/{}/", s.name);
        let ours = if top.join(&dir).is_dir() {
            format!("ready, `{dir}`")
        } else {
            "–".into()
        };
        let nova = match s.nova.is_empty() {
            true => "–".to_string(),
            false => s
                .nova
                .iter()
                .map(|m| format!("`{m}`"))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let _ = writeln!(
            out,
            "| `{}` | {ours} | {nova} | {} | {} | {} | {} | {} |",
            s.name,
            cell(&sums, Area::Message),
            cell(&sums, Area::Buffer),
            cell(&sums, Area::Register),
            means(s, outcomes),
            s.remains
        );
    }
    out.push_str(END);
    Ok(out)
}

/// Splits a page at the marks: before, between (with them), behind.
fn split(page: &str) -> Result<(&str, &str, &str)> {
    let wanted = || format!("the page needs one line '{BEGIN}' and, behind it, one '{END}'");
    ensure!(
        page.matches(BEGIN).count() == 1 && page.matches(END).count() == 1,
        wanted()
    );
    let begin = page.find(BEGIN).with_context(wanted)?;
    let end = page.find(END).with_context(wanted)? + END.len();
    ensure!(begin < end - END.len(), wanted());
    Ok((&page[..begin], &page[begin..end], &page[end..]))
}

/// Puts the section into the page. Gives whether it was another one before.
///
/// # Errors
///
/// The page cannot be read or written, or lacks the marks.
pub fn write(page: &Path, section: &str) -> Result<bool> {
    let text = read(page)?;
    let (before, old, behind) = split(&text).with_context(|| page.display().to_string())?;
    if old == section {
        return Ok(false);
    }
    let text = format!("{before}{section}{behind}");
    fs::write(page, text).with_context(|| format!("{} cannot be written", page.display()))?;
    Ok(true)
}

/// The first line in which the page's section is not this one.
///
/// # Errors
///
/// The page cannot be read or lacks the marks.
pub fn stale(page: &Path, section: &str) -> Result<Option<String>> {
    let text = read(page)?;
    let (_, old, _) = split(&text).with_context(|| page.display().to_string())?;
    if old == section {
        return Ok(None);
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), section.lines().collect());
    let at = (0..old.len().max(new.len()))
        .find(|&n| old.get(n) != new.get(n))
        .unwrap_or(0);
    let shown = |lines: &[&str]| {
        lines
            .get(at)
            .map_or("nothing".to_string(), |l| format!("'{l}'"))
    };
    Ok(Some(format!(
        "it has {}, and would have {}",
        shown(&old),
        shown(&new)
    )))
}

fn read(page: &Path) -> Result<String> {
    fs::read_to_string(page).with_context(|| format!("{} cannot be read", page.display()))
}

#[cfg(test)]
mod tests {
    use super::range;
    use super::split;
    use super::BEGIN;
    use super::END;

    #[test]
    fn numbers_that_differ_are_a_range() {
        assert_eq!(range([3, 3].into_iter()), "3");
        assert_eq!(range([5, 3, 4].into_iter()), "3–5");
        assert_eq!(range([].into_iter()), "–");
    }

    #[test]
    fn the_section_is_between_one_pair_of_marks() {
        let page = format!("a\n{BEGIN}\nb\n{END}\nc\n");
        assert_eq!(
            split(&page).unwrap(),
            ("a\n", &page[2..page.len() - 3], "\nc\n")
        );
        for bad in [
            "nothing".to_string(),
            format!("{BEGIN}\n"),
            format!("{END}\n{BEGIN}\n"),
            format!("{page}{page}"),
        ] {
            assert!(split(&bad).is_err(), "{bad}");
        }
    }
}
