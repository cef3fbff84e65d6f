# SPDX-License-Identifier: GPL-2.0
"""Which part of our files arrives with which patch.

patches/<seam>.toml has the cover letter ([cover]), perhaps an alternative ([alternative]), and the patches in order,
[[patch]]:

    id        a word, unique within the seam
    subject   what stands behind the prefix
    prefix    "drm/nouveau" if not said
    message   the changelog
    files     globs of our files that arrive, as the overlay lays them into nouveau's directory
    exports   rooms whose header of Rust's exports arrives (cbindgen's, checked in)
    anchors   names of anchors (nvkm/anchors.toml) that are applied
    hooks     semantic patches that are applied; they stand in the changelog too
    copies    files that go elsewhere in the kernel: { from = glob in our tree, to = directory in the kernel's }
    inserts   lines added to files of the kernel: { file, after = whole line that occurs once, text }
    parts     parts of files that came earlier: { file, lines | item | blocks | to (+ from) }

A part does not stand in its file until its patch: `lines` are regular expressions of lines, `item` is one of the line on
which a function, type, macro, match arm or block begins, which goes with its comment and attributes; `blocks` are pairs of
the first and the last line (empty: the file's last); `to` is text that stands in the file, and `from` what stood there before (nothing). Whatever does not match as it should is an error, so that
a file cannot grow something that silently arrives too early.
"""

import fnmatch
import pathlib
import re
import tomllib


class Wrong(Exception):
    """A definition that does not fit our files."""


class Patch:
    """One patch."""

    KEYS = {"id", "subject", "prefix", "message", "files", "exports", "anchors", "hooks", "copies", "inserts", "parts"}

    def __init__(self, seam, entry):
        unknown = set(entry) - self.KEYS
        if unknown:
            raise Wrong(f"patches/{seam}.toml: unknown key '{unknown.pop()}'")
        self.seam = seam
        self.id = entry["id"]
        self.subject = entry["subject"]
        self.prefix = entry.get("prefix", "drm/nouveau")
        self.message = entry["message"].strip()
        self.files = entry.get("files", [])
        self.exports = entry.get("exports", [])
        self.anchors = entry.get("anchors", [])
        self.hooks = entry.get("hooks", [])
        self.copies = entry.get("copies", [])
        self.inserts = entry.get("inserts", [])
        self.parts = entry.get("parts", [])

    def __str__(self):
        return f"{self.seam}/{self.id}"


def definitions(directory, seam):
    """What a seam's file says besides its patches."""
    path = pathlib.Path(directory) / f"{seam}.toml"
    with open(path, "rb") as file:
        try:
            return tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise Wrong(f"{path.name}: {error}") from error


def load(directory, seams):
    """All patches of the seams, in order."""
    patches = []
    for seam in seams:
        patches += [Patch(seam, entry) for entry in definitions(directory, seam)["patch"]]
    return patches


def arrivals(patches, files):
    """For each of our files the index of the patch it arrives with. Each must arrive once, each glob must match."""
    arrives = {}
    for index, patch in enumerate(patches):
        for glob in patch.files:
            matched = [name for name in files if fnmatch.fnmatchcase(name, glob)]
            if not matched:
                raise Wrong(f"{patch}: no file of ours is '{glob}'")
            for name in matched:
                if name in arrives:
                    raise Wrong(f"{patch}: {name} has arrived with {patches[arrives[name]]} already")
                arrives[name] = index
    missing = sorted(set(files) - set(arrives))
    if missing:
        raise Wrong(f"no patch brings {missing[0]} (and {len(missing) - 1} more)" if missing[1:] else f"no patch brings {missing[0]}")
    return arrives


COMMENT = re.compile(r"\s*(///|//|/\*|\*|#\[|#!\[)")
CLOSED = (";", "}", "{", ",", ":", "*/", ")")


def indent(line):
    return len(line) - len(line.lstrip())


def item_range(lines, at):
    """First and last line of what begins on a line, with its comment, attributes, and the line of its result type."""
    first = at
    while first > 0:
        line = lines[first - 1]
        if not line.strip():
            break
        if line.rstrip().endswith("*/"):
            while not lines[first - 1].lstrip().startswith("/*"):
                first -= 1
            first -= 1
            continue
        if COMMENT.match(line) and indent(line) == indent(lines[at]):
            first -= 1
            continue
        if indent(line) == indent(lines[at]) and not line.rstrip().endswith(CLOSED) and not line.startswith("#"):
            first -= 1
            continue
        break
    depth = 0
    opened = False
    for last in range(at, len(lines)):
        code = re.sub(r'"(\\.|[^"\\])*"', '""', lines[last])
        code = re.sub(r"//.*|/\*.*?\*/", "", code)
        depth += code.count("{") + code.count("(") + code.count("[")
        opened = opened or "{" in code
        depth -= code.count("}") + code.count(")") + code.count("]")
        if depth == 0 and (opened or code.rstrip().endswith((";", ","))):
            return first, last
    raise Wrong(f"'{lines[at].strip()}' has no end")


def without(lines, gone):
    """The lines that stay; where something went, no two empty lines follow each other, nor one a brace."""
    out = []
    for number, line in enumerate(lines):
        if number in gone:
            continue
        if out and number - 1 in gone:
            above = out[-1].strip()
            if not line.strip() and (not above or above.endswith("{")):
                continue
            if line.strip().startswith(("}", "#endif")) and not above:
                out.pop()
        out.append(line)
    while out and not out[-1].strip():
        out.pop()
    return out


def cut(name, text, rules):
    """A file's text without the parts that arrive later. `rules` are (patch, part)."""
    replaced = text
    for patch, part in rules:
        if "to" in part:
            count = replaced.count(part["to"])
            if count != 1:
                raise Wrong(f"{patch}: {name} has {count} times, not once: {part['to'].strip().splitlines()[0]}")
            replaced = replaced.replace(part["to"], part.get("from", ""))
    lines = replaced.split("\n")
    gone = set()
    for patch, part in rules:
        for pattern in part.get("lines", []):
            found = [number for number, line in enumerate(lines) if re.search(pattern, line)]
            if not found:
                raise Wrong(f"{patch}: no line of {name} is like '{pattern}'")
            gone.update(found)
        for first, last in part.get("blocks", []):
            begin = [number for number, line in enumerate(lines) if re.search(first, line)]
            if len(begin) != 1:
                raise Wrong(f"{patch}: {len(begin)} lines of {name}, not one, are like '{first}'")
            end = [number for number in range(begin[0], len(lines)) if last and re.search(last, lines[number])]
            end = end if last else [len(lines) - 1]
            if not end:
                raise Wrong(f"{patch}: no line of {name} below '{first}' is like '{last}'")
            start = begin[0]
            while lines[start].startswith(" *") and not lines[start].lstrip().startswith("/*"):
                start -= 1
            gone.update(range(start, end[0] + 1))
        for pattern in [part["item"]] if isinstance(part.get("item"), str) else part.get("item", []):
            found = [number for number, line in enumerate(lines) if re.search(pattern, line)]
            if len(found) != 1:
                raise Wrong(f"{patch}: {len(found)} lines of {name}, not one, are like '{pattern}'")
            first, last = item_range(lines, found[0])
            gone.update(range(first, last + 1))
    if not gone:
        return "\n".join(lines)
    return "\n".join(without(lines, gone)) + "\n"


def state(patches, upto, files, arrives):
    """Our files as they are after a patch: name -> text."""
    later = {}
    for patch in patches[upto + 1 :]:
        for part in patch.parts:
            later.setdefault(part["file"], []).append((patch, part))
    out = {}
    for name, text in files.items():
        if arrives[name] <= upto:
            out[name] = cut(name, text, later.get(name, []))
    return out


def check_parts(patches, files, arrives):
    """A part of a file must arrive later than the file."""
    for index, patch in enumerate(patches):
        for part in patch.parts:
            if part["file"] not in files:
                raise Wrong(f"{patch}: no file of ours is '{part['file']}'")
            if arrives[part["file"]] >= index:
                raise Wrong(f"{patch}: {part['file']} does not arrive before its part")
