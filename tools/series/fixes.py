# SPDX-License-Identifier: GPL-2.0
"""Fixes for faults in upstream's C that a hostile device shows: a series of its own, which needs nothing of ours.

A fix is a semantic patch in tools/series/fixes: `subject:`, `file:`, `attacks:` (the reproducers, for `make hostile`) or `shown:`, and the
message in lines that begin with `// |`. They are applied in the order of their names, one commit each.
"""

import json
import os
import pathlib
import re
import shutil
import textwrap

from check import CHECKPATCH, Ktap
from cover import B4, SEND_EMAIL
from parts import Wrong
from tree import NOUVEAU, run

DEFAULT = pathlib.Path(__file__).resolve().parent / "fixes"


class Fix:
    """One of them."""

    def __init__(self, path):
        self.path = path
        text = path.read_text()

        def said(key):
            return re.findall(rf"^// {key}: (.*)$", text, re.M)

        self.subject, self.file = said("subject"), said("file")
        if len(self.subject) != 1 or len(self.file) != 1:
            raise Wrong(f"{path}: one line 'subject:' and one 'file:'")
        self.subject, self.file = self.subject[0], self.file[0]
        self.attacks = " ".join(said("attacks")).split()
        # For what no device provokes: how else it shows.
        self.shown = " ".join(said("shown"))
        if not self.attacks and not self.shown:
            raise Wrong(f"{path}: a line 'attacks:' or 'shown:'")
        self.message = "\n".join(line[5:] for line in text.split("\n") if line.startswith("// |"))

    def changelog(self):
        """The commit's message."""
        how = f"Reproducers, on a virtual GPU: {', '.join(self.attacks)}." if self.attacks else self.shown
        return f"drm/nouveau/{self.subject}\n\n{self.message}\n\n{textwrap.fill(how, 72)}\n"


def make(tree, release, directory, author, version=1):
    """Commits and mails. Gives the mails and the base commit."""
    fixes = [Fix(path) for path in sorted(DEFAULT.glob("*.cocci"))]
    tree.prepare(release)
    base = tree.git("rev-parse", "HEAD").strip()
    for fix in fixes:
        target = tree.nouveau / fix.file
        before = target.read_text()
        run("spatch", "--very-quiet", "--in-place", "--no-includes", "--timeout", "60", "--sp-file", fix.path, target)
        # A branch that is added where nothing of the kind stands may come out as deep as its condition, an iterator's
        # name apart from its arguments, and a function's brace behind them.
        after = re.sub(r"^(\t+)(if \(.*\))\n\1return ", r"\1\2\n\1\treturn ", target.read_text(), flags=re.M)
        after = re.sub(r"\b(for_each_\w+) \(", r"\1(", after)
        after = re.sub(r"^(\w.*\)) \{$", r"\1\n{", after, flags=re.M)
        target.write_text(after)
        if after == before:
            raise Wrong(f"{fix.path.name} changes nothing in {fix.file}")
        tree.commit_all(fix.changelog(), author)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    tree.git("format-patch", "-q", "--cover-letter", "-v", str(version), "--base", base, "-o", directory, base)
    cover = next(directory.glob("*-0000-*.patch"))
    text = cover.read_text().replace("*** BLURB HERE ***", blurb(fixes), 1)
    if SEND_EMAIL not in text:
        raise Wrong("the cover letter stops nobody")
    cover.write_text(text)
    return fixes, sorted(directory.glob("*.patch")), base


def blurb(fixes):
    """The cover letter's text: a human edits it, and signs off."""
    lines = [
        f"{B4}: a human has to read this, test it on a card, and sign it off.",
        "",
        *textwrap.wrap(
            "GSP-RM writes the driver's message queue, and what it says is believed in several places. Each patch is for one of them; its"
            " reproducers are attacks of a virtual GPU against a kernel with KASAN.",
            72,
        ),
    ]
    return "\n".join(lines + [""] + [f"  {fix.subject}" for fix in fixes])


def harmful(report):
    """The attacks that harm C's memory or end it, of a whole report of `make hostile`; None where there is none."""
    try:
        said = json.loads(report.read_text())
    except FileNotFoundError:
        return None
    return [row["attack"] for row in said["rows"] if row["c"] in ("KASAN", "oops")] if said["whole"] else None


def check(tree, kernel, release, out, author, built, report):
    """Proves them: they apply, checkpatch has nothing to say, nouveau builds with all of them, and each fault that `make hostile` has shown
    has one. `built`: objects to begin with; `report`: of `make hostile`."""
    ktap = Ktap()
    fixes, mails, _ = make(tree, release, out / "fixes" / "v0", author)
    ktap.result(f"fixes: {len(fixes)} apply, one commit each", "")
    for mail in mails:
        if "-0000-" in mail.name:
            continue
        words = [kernel / "src/scripts/checkpatch.pl", *CHECKPATCH, mail]
        try:
            said = run(*words, cwd=(kernel / "src").resolve())
        except Wrong as wrong:
            said = str(wrong)
        good = "total: 0 errors, 0 warnings, 0 checks" in said and "Signed-off-by:" not in mail.read_text()
        ktap.result(f"fixes: {mail.name}: checkpatch --strict, no sign-off", "" if good else said)
    harm = harmful(report)
    if harm is None:
        print("# fixes: no whole report of make hostile: whether all that it shows has a fix is not looked at")
    else:
        named = {attack for fix in fixes for attack in fix.attacks}
        left = [attack for attack in harm if attack not in named]
        ktap.result(f"fixes: each of {len(harm)} attacks that harm C's memory has one", f"none for {' '.join(left)}" if left else "")
    directory = out / "fixes" / "tree"
    if not directory.exists():
        shutil.copytree(built, directory, symlinks=True)
    for fix in fixes:
        shutil.copy(tree.nouveau / fix.file, directory / fix.file)
    words = ["make", "-C", kernel / "out", f"M={directory}", "CC=gcc-14", "KCFLAGS=-g0", f"-j{os.cpu_count()}", "modules"]
    try:
        said = run(*words)
        problem = "\n".join(re.findall(r"^.*\bwarning\b.*(?:\n.*){0,6}", said, re.M))
    except Wrong as wrong:
        problem = str(wrong)
    ktap.result(f"fixes: {NOUVEAU} builds with all of them, without a warning", problem)
    print(f"{ktap.count - ktap.failed} passed, {ktap.failed} failed")
    return 1 if ktap.failed else 0
