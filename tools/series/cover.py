# SPDX-License-Identifier: GPL-2.0
"""Changelogs and cover letters."""

import json
import re
import shutil
import textwrap

from parts import Wrong, definitions
from tree import run

# git send-email refuses a file with the first in its subject, b4 a cover letter with the second in it.
SEND_EMAIL = "*** SUBJECT HERE ***"
B4 = "EDITME"
WHAT_STOPS_IT = f"git send-email ({SEND_EMAIL}) and b4 ({B4}) refuse it until a human has signed it off"
WIDTH = 72


def changelog(patch, top):
    """A commit's message; a semantic patch stands in it, as the kernel's documentation asks."""
    text = f"{patch.prefix}: {patch.subject}\n\n{patch.message}\n"
    for name in patch.hooks:
        text += "\n// <smpl>\n" + script(top / name) + "// </smpl>\n"
    return text


def script(path):
    """A semantic patch without what our own tools read, comments at the width of a changelog."""
    out = []
    comment = []

    def flush():
        if comment:
            out.extend(textwrap.wrap(" ".join(comment), WIDTH, initial_indent="// ", subsequent_indent="// "))
            comment.clear()

    for line in path.read_text().split("\n"):
        if line.startswith(("// hook:", "// SPDX")):
            continue
        if line.startswith("// "):
            comment.append(line[3:])
            continue
        flush()
        out.append(line)
    flush()
    return "\n".join(out).strip("\n") + "\n"


class Evidence:
    """What was measured, from the reports that are younger than the driver's sources."""

    def __init__(self, series, top):
        self.series = series
        sources = [top / "Kconfig", *[path for room in ("nvkm", "bridge", "nvkm-rs") for path in (top / room).rglob("*")]]
        skip = (top / "nvkm-rs/tests", top / "nvkm-rs/fuzz", top / "nvkm-rs/loom")
        self.newest = max(p.stat().st_mtime for p in sources if p.is_file() and not any(s in p.parents for s in skip))
        self.older = 0

    def report(self, path):
        """A report, or nothing if it is not there or of older sources."""
        if not path.exists():
            return None
        if path.stat().st_mtime < self.newest:
            self.older += 1
            return None
        return json.loads(path.read_text())

    def reports(self):
        """The reports of all runs, of all kernels; the latest of each kernel is there twice."""
        return sorted(path for path in (self.series.build / "ab").rglob("report.json") if (path.parent / "c1").is_dir())

    def cells(self, seam):
        """A row for each A/A/B run in which Rust served the subsystem."""
        rows = []
        for path in self.reports():
            if path.parent.name.startswith("negative-"):
                continue
            report = self.report(path)
            if not report or seam not in report["seams"] or "rust" not in report["sides"]:
                continue
            rust = report["sides"]["rust"]
            suspends = sum(phase["phase"].startswith(("suspend", "runtime-suspend")) for phase in rust.get("phases", []))
            rows.append(
                (
                    report["kernel"].split("+")[0],
                    report["gpu"].upper(),
                    report["firmware"],
                    "all" if len(report["seams"]) == 4 else ",".join(report["seams"]),
                    report["verdict"],
                    f"{rust['rpcs_sent']}/{rust['rpcs_received']}",
                    str(rust["served_by_rust"].get(seam, 0)),
                    str(suspends),
                    f"{len(report['noise'])}/{len(report['differences'])}/{report['intended']['size']}",
                )
            )
        return sorted(set(rows))

    def hardware(self):
        """Runs that were held against a real card's recording."""
        rows = set()
        for path in self.reports():
            for entry in (self.report(path) or {}).get("hardware", []):
                rows.add(f"{entry['recording']}, {entry['side']}: {entry['equal']} of {entry['accesses']} accesses equal")
        return sorted(rows)

    def sizes(self):
        """Bytes of code without Rust, and with all of it."""
        rows = []
        for name, side in (("without", "pristine"), ("with", "on")):
            module = self.series.nouveau / side / "nouveau.ko"
            if module.exists():
                text = re.search(r"^\.text\s+(\d+)", run("size", "-A", module), re.M).group(1)
                rows.append((f"nouveau.ko {name} Rust (all series)", int(text)))
        return rows

    def parts(self, seam):
        """Bytes of code of one subsystem: its Rust by its names, its C helpers by their file."""
        on = self.series.nouveau / "on"
        if not (on / "nvkm-rs/nvkm_rs.o").exists():
            return []
        total = 0
        for line in run("nm", "-S", "-C", on / "nvkm-rs/nvkm_rs.o").split("\n"):
            found = re.match(r"[0-9a-f]+ ([0-9a-f]+) [tT] (.*)", line)
            if found and re.search(rf"nvkm_rs::(bridge::)?{seam}\b|\bnvkm_rs_{seam}_", found.group(2)):
                total += int(found.group(1), 16)
        rows = [(f"{seam} in Rust", total)]
        helpers = on / f"nvkm/subdev/gsp/rust_{seam}.o"
        if helpers.exists():
            rows.append((f"{seam}, what Rust calls in C", int(re.search(r"^\.text\s+(\d+)", run("size", "-A", helpers), re.M).group(1))))
        return rows


def table(heads, rows):
    """Plain text."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    line = lambda row: "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
    return "\n".join(line(row) for row in [heads, *rows])


def evidence(series, seam, top):
    """The cover letter's middle."""
    found = Evidence(series, top)
    out = ["Evidence", "--------", ""]
    out += [
        "Each row is three machines with the same virtual GPU and NVIDIA's real",
        "firmware: twice C, once Rust. Compared is every message in both",
        "directions, every register access in order, every buffer handed over,",
        "the kernel's log and the device's last state. What differs between the",
        "C runs is noise.",
        "",
    ]
    rows = found.cells(seam)
    heads = ("kernel", "GPU", "firmware", "in Rust", "verdict", "sent/received", "calls", "suspends", "noise/diff/intended")
    out.append(table(heads, rows) if rows else "  not run with these sources")
    if found.older:
        out.append(f"  ({found.older} reports are older than the sources and are not shown)")
    hardware = found.hardware()
    if seam in ("boot", "fw"):
        out += ["", "Against what was recorded of a real card:", ""]
        out += [f"  {line}" for line in hardware] or ["  not run with these sources"]
    sizes = [*found.sizes(), *found.parts(seam)]
    if sizes:
        out += ["", "Bytes of .text:", ""]
        out.append(table(("what", "bytes"), [(name, str(size)) for name, size in sizes]))
    return "\n".join(out)


def on_purpose(seam, top):
    """What differs from C on purpose, from the plan."""
    text = (top / "migration-plan.md").read_text()
    found = re.search(rf"^## Where `{seam}` differs from C on purpose\n(.*?)(?=^## )", text, re.M | re.S)
    if not found:
        return ""
    rows = [line.strip("| ").split(" | ") for line in found.group(1).split("\n") if line.startswith("| ")][1:]
    out = ["Different from C on purpose", "---------------------------", ""]
    out += ["A GSP that behaves shows none of it; the harness' host tests do.", ""]
    for row in rows:
        c, rust = (cell.replace("`", "") for cell in (row + [""])[:2])
        out += textwrap.wrap(f"{c} -> {rust}" if c else rust, WIDTH, initial_indent="- ", subsequent_indent="  ")
    return "\n".join(out)


def letter(series, seam, top, base):
    """The cover letter's text."""
    cover = definitions(top / "tools/series/patches", seam)["cover"]
    versions = [
        run("spatch", "--version").split("\n")[0].strip(),
        run("cbindgen", "--version").strip(),
        run("bindgen", "--version").strip(),
    ]
    parts = [
        f"{B4}: before this is sent, by the human who sends it: read all of it; add\n"
        "your Signed-off-by to every patch (git rebase --signoff), become its\n"
        "author (AUTHOR=), fill in what Documentation/process/generated-content.rst\n"
        "and coding-assistants.rst ask of you (which tools made what, Assisted-by),\n"
        "and remove this paragraph and the marks in the subject.",
        cover["text"].strip(),
        evidence(series, seam, top),
    ]
    purpose = on_purpose(seam, top)
    if purpose:
        parts.append(purpose)
    if "alternative" in cover:
        parts.append("An alternative\n--------------\n\n" + cover["alternative"].strip())
    parts.append(
        "The off-ramp\n------------\n\n"
        "nouveau.rust_gsp=0 is the default, and with CONFIG_DRM_NOUVEAU_RUST=n\n"
        "every object of nouveau is what it is without these patches, section by\n"
        "section and relocation by relocation. When nova-core serves this\n"
        "subsystem, its directories, its bridge and its hooks are deleted\n"
        "together, and nothing else changes."
    )
    parts.append(
        "Tools\n-----\n\n"
        "Changes to existing C: Coccinelle, by the scripts in the changelogs\n"
        f"({versions[0]}). bridge/exports/*.h: {versions[1]}.\n"
        f"Bindings are made at build time ({versions[2]})."
    )
    parts.append(base)
    return "\n\n".join(parts)


def write(series, seam, revision, top):
    """Leaves build/series/<seam>/v<revision>/: the cover letter, the patches, and alternatives."""
    tree = series.tree
    first, end = series.span(seam)
    directory = series.out / seam / f"v{revision}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    words = ["format-patch", "-q", "--cover-letter", "--subject-prefix", "PATCH RFC", "-o", directory, "--base", series.commits[0]]
    if revision > 1:
        words += ["-v", revision]
    tree.git(*[str(word) for word in words], f"{series.commits[first]}..{series.commits[end]}")
    path = next(directory.glob("*0000-cover-letter.patch"))
    text = path.read_text()
    cover = definitions(top / "tools/series/patches", seam)["cover"]
    before = f"It stands on the series before it ({', '.join(before_it(series, seam))}).\n" if first else ""
    base = f"{before}Made for {series.base[0]}."
    text = text.replace(SEND_EMAIL, f"{SEND_EMAIL} drm/nouveau: {cover['subject']}")
    text = text.replace("*** BLURB HERE ***", letter(series, seam, top, base))
    trailer = f"change-id: {cover['change_id']}\n"
    if not series.base[1]:
        # Nobody else has the commit that stands for the distribution's source.
        text = re.sub(r"^base-commit: .*\n", "", text, flags=re.M)
    text = text.rstrip("\n")
    at = text.rfind("\n-- \n")
    compared = changes(series, seam, revision, first, end)
    text = text[:at].rstrip("\n") + "\n\n" + compared + trailer + text[at:] + "\n"
    path.write_text(text)
    if seam in series.alternatives:
        tree.git("format-patch", "-q", "-1", "--subject-prefix", "PATCH RFC ALTERNATIVE", "-o", str(directory / "alternative"), series.alternatives[seam])
    return directory


def before_it(series, seam):
    """The series that a series stands on."""
    seams = []
    for patch in series.patches:
        if patch.seam == seam:
            break
        if patch.seam not in seams:
            seams.append(patch.seam)
    return seams


def changes(series, seam, revision, first, end):
    """What changed since the version before, if that is there."""
    if revision < 2:
        return ""
    tree = series.tree
    old = sorted((series.out / seam / f"v{revision - 1}").glob("*.patch"))
    old = [path for path in old if "0000-cover-letter" not in path.name]
    if not old:
        return f"Changes since v{revision - 1}: {B4}\n\n"
    span = series.commits[first]
    try:
        head = tree.mailed(old, span)
    except Wrong:
        return f"Changes since v{revision - 1}: {B4} (it does not apply here any more, so there is no range-diff)\n\n"
    return f"Changes since v{revision - 1}: {B4}\n\n" + tree.git("range-diff", f"{span}..{head}", f"{span}..{series.commits[end]}") + "\n"


def not_stopped(directory):
    """Why git send-email or b4 would send this."""
    path = next(directory.glob("*0000-cover-letter.patch"))
    text = path.read_text()
    subject = re.search(r"^Subject: (.*(?:\n .*)*)", text, re.M).group(1).replace("\n ", " ")
    problems = []
    if SEND_EMAIL not in subject:
        problems.append(f"{path.name}: no {SEND_EMAIL} in the subject")
    if B4 not in text:
        problems.append(f"{path.name}: no {B4}")
    return "\n".join(problems)
