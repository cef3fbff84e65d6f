# SPDX-License-Identifier: GPL-2.0
"""Proves series, patch by patch. Prints KTAP; what went wrong is in build/series/log/."""

import concurrent.futures
import filecmp
import hashlib
import itertools
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import time

import codespell_lib
import cover
import rows
from parts import Wrong
from tree import NOUVEAU, run

# A version that nobody sends, so that a check leaves what was made alone.
CHECKED = 0
# checkpatch's: a human adds the sign-off; that new files have a maintainer is checked here, file by file; names of NVIDIA's
# and nvkm's are what they are.
CHECKPATCH = ["--strict", "--codespell", "--no-signoff", "--terse", "--show-types", "--ignore", "FILE_PATH_CHANGES,CAMELCASE"]


# Who decides what a row comes to.
TOOLS = [pathlib.Path(__file__), pathlib.Path(__file__).with_name("tree.py"), pathlib.Path(__file__).parents[1] / "toolbox/packages.txt"]


class Ktap:
    """Results, one a line."""

    def __init__(self):
        self.count = 0
        self.failed = 0
        self.started = time.monotonic()

    def result(self, name, problem):
        """A check's result; a problem is text, and shown."""
        self.count += 1
        if problem:
            self.failed += 1
            for line in problem.strip().split("\n")[-40:]:
                print(f"# {line}")
        print(f"{'not ok' if problem else 'ok'} {self.count} - series: {name}", flush=True)


class Place:
    """A working tree with the commits of all patches, and what is built from it: off in "n", on in "y"."""

    def __init__(self, series, number):
        self.series = series
        # Deep enough that no #include "../../../" finds a file of ours that a patch has not brought.
        self.out = series.out / f"place-{number}"
        self.out.mkdir(exist_ok=True)
        self.root = series.tree.root
        if number:
            self.root = self.out / "linux"
            shutil.rmtree(self.root, ignore_errors=True)
            series.tree.git("worktree", "prune")
            series.tree.git("worktree", "add", "-q", "--detach", self.root, series.commits[0])
        self.nouveau = self.root / NOUVEAU
        self.at = None

    def follow(self, other):
        """What another place has built, so that it is not compiled once more."""
        if other is self:
            return
        for side in ("n", "y"):
            if (other.out / side).exists():
                run("rsync", "-a", "--delete", f"{other.out / side}/", f"{self.out / side}/")

    def checkout(self, commit):
        """The tree as a commit has it."""
        if self.at != commit:
            self.series.tree.git("-C", self.root, "checkout", "-q", "--detach", commit)
            self.at = commit


class Check:
    """All checks of some series."""

    def __init__(self, series, top):
        self.series = series
        self.top = top
        self.ktap = Ktap()
        self.log = series.out / "log"
        shutil.rmtree(self.log, ignore_errors=True)
        self.log.mkdir(parents=True)
        self.kernel = series.kernel
        self.source = series.tree.kernel
        self.all = [Place(series, number) for number in range(os.cpu_count())]
        self.main = self.all[0]
        self.places = queue.Queue()
        for place in self.all:
            self.places.put(place)
        # What a row of builds depends on beside the patch: who builds, and who looks.
        self.rows = rows.Rows(series.build / "rows/series", [series.release, *(path.read_bytes() for path in TOOLS)])

    def command(self, words, name, cwd=None, env=None):
        """Runs a command into a log; gives its text and whether it failed."""
        path = self.log / f"{name}.log"
        with open(path, "w", encoding="utf-8") as log:
            code = subprocess.run(
                [str(word) for word in words], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
            ).returncode
        return path.read_text(errors="replace"), code

    # --- what the list gets -------------------------------------------------------------------------------------------

    def mails(self, seam):
        """The files of a series, applied by git am on what stands before, are its commits."""
        series, tree = self.series, self.series.tree
        directory = cover.write(series, seam, CHECKED, self.top)
        first, end = series.span(seam)
        files = sorted(directory.glob("*.patch"))[1:]
        try:
            problem = tree.git("diff", "--stat", series.commits[end], tree.mailed(files, series.commits[first]))
        except Wrong as error:
            problem = str(error)
        self.ktap.result(f"{seam}: git am of {len(files)} patches gives the tree", problem)
        self.ktap.result(f"{seam}: git send-email and b4 are stopped", cover.not_stopped(directory))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for path, problem in zip(files, pool.map(lambda path: self.mail(seam, path), files)):
                self.ktap.result(f"{seam}: {path.name}: checkpatch --strict --codespell, no sign-off", problem)

    def mail(self, seam, path):
        """What is wrong with one patch as text."""
        name = f"{seam}-{path.stem}-checkpatch"
        words = ["--codespellfile", dictionary(path, self.log / f"{name}.dictionary")]
        said, code = self.command([self.source / "scripts/checkpatch.pl", *CHECKPATCH, *words, path], name, cwd=self.source)
        problem = said if code or not re.search(r"total: 0 errors, 0 warnings, 0 checks", said) else ""
        text = path.read_text()
        if "Signed-off-by:" in text:
            problem += "\nit carries a Signed-off-by, which only a human may add"
        return problem

    def maintained(self, seam, end):
        """Each new file has a list of its own in MAINTAINERS, besides that of the directory above."""
        series = self.series
        first, _ = series.span(seam)
        names = series.tree.git("diff", "--name-only", "--diff-filter=A", series.commits[first], series.commits[end]).split()
        patterns = re.findall(r"^F:\t(\S+)$", series.tree.git("show", f"{series.commits[-1]}:MAINTAINERS"), re.M)
        patterns = [pattern for pattern in patterns if len(pattern) > len(f"{NOUVEAU}/") or "nouveau-rust" in pattern]
        forms = [re.escape(pattern).replace(r"\*", ".*") + ("" if pattern.endswith("/") else "$") for pattern in patterns]
        alone = [name for name in names if not any(re.match(form, name) for form in forms)]
        # Selftests have a maintainer of their own.
        alone = [name for name in alone if not name.startswith("tools/testing/selftests/")]
        self.ktap.result(f"{seam}: {len(names)} new files have their lists in MAINTAINERS", "\n".join(alone))

    # --- what is built ------------------------------------------------------------------------------------------------

    def checkout(self, index):
        """The tree after some patches."""
        self.main.checkout(self.series.commits[index])

    def build(self, side, name, place=None):
        """Builds nouveau as it stands in a tree, off ("n") or on ("y"). Only what differs is copied, so that make compiles
        what has changed and what includes that."""
        place = place or self.main
        directory = place.out / side
        pristine = self.series.nouveau / "pristine"
        if side == "n" and not directory.exists() and (pristine / "nouveau.ko").exists():
            # Objects of nouveau without us are the same but for what includes a hooked file.
            shutil.copytree(pristine, directory, symlinks=True)
        run(self.series.overlay_program, "sync", "--from", place.nouveau, "--to", directory, *(["--off"] if side == "n" else []))
        words = ["make", "-C", self.kernel / "out", f"M={directory}", "CC=gcc-14", "KCFLAGS=-g0", f"-j{os.cpu_count()}"]
        if side == "y":
            words.append("CONFIG_DRM_NOUVEAU_RUST=y")
        said, code = self.command([*words, "modules"], name)
        if code:
            return "\n".join(re.findall(r"^.*(?:error|Error|\*\*\*).*(?:\n.*){0,6}", said, re.M)) or said
        return "\n".join(re.findall(r"^.*\bwarning\b.*(?:\n.*){0,6}", said, re.M))

    def rust(self, name, place):
        """Form and lints of the Rust that is in the tree."""
        directory = place.out / "y"
        root = directory / "nvkm-rs/nvkm_rs.rs"
        said, code = self.command(
            ["rustfmt", "--edition", "2021", "--config-path", self.source / ".rustfmt.toml", "--check", root], f"{name}-rustfmt"
        )
        problem = said if code else ""
        line = re.search(r"^savedcmd_\S+ := ([^;\n]*)", (directory / "nvkm-rs/.nvkm_rs.o.cmd").read_text(), re.M).group(1)
        scratch = place.out / "clippy"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        line = line.replace(" rustc ", " clippy-driver ", 1)
        line = re.sub(r"--emit=\S*", f"--emit=metadata={scratch}/x", line)
        line = re.sub(r"--out-dir \S*", f"--out-dir {scratch}", line)
        env = os.environ | {
            "RUSTC_BOOTSTRAP": "1",
            "NVKM_GENERATED": str(directory / "bridge"),
            "CLIPPY_CONF_DIR": str(self.source),
        }
        said, code = self.command(["bash", "-c", f"{line} -Dwarnings"], f"{name}-clippy", cwd=directory, env=env)
        return problem + (said if code else "")

    def kernel_doc(self, name, place):
        """The contracts' comments."""
        tools = [self.source / path for path in ("scripts/kernel-doc", "tools/docs/kernel-doc", "scripts/kernel-doc.py")]
        tool = next(path for path in tools if path.exists())
        headers = sorted((place.out / "y/bridge").glob("*.h"))
        headers = [path for path in headers if "/**" in path.read_text()]
        if not headers:
            return ""
        said, code = self.command([tool, "-none", "-Wall", *headers], f"{name}-kernel-doc")
        return said if code or said.strip() else ""

    def patch(self, index, alone):
        """One patch, built off and on: what came of each check, as name and problem. One that is alone is built in the main place,
        and the others take over what that has built."""
        series = self.series
        patch = series.patches[index]
        first, _ = series.span(patch.seam)
        touched = series.tree.git("diff", "--name-only", series.commits[index], series.commits[index + 1]).split()
        if not any(name.startswith(NOUVEAU) for name in touched):
            return []
        name = f"{patch.seam}-{index - first + 1:02}-{patch.id}"
        where = f"{patch.seam}: {index - first + 1:02} {patch.id}"
        tree = series.tree.git("rev-parse", f"{series.commits[index + 1]}:{NOUVEAU}").strip()
        before = self.rows.passed(name, tree)
        if before is not None:
            return [(f"{check} (as before)", "") for check in before]
        place = self.main if alone else self.places.get()
        try:
            place.checkout(series.commits[index + 1])
            # Rust and documents are nothing to a build without Rust.
            off = any(not path.endswith((".rs", ".rst")) for path in touched)
            found = [(f"{where}: builds without Rust, no warning", self.build("n", f"{name}-n", place))] if off else []
            problem = self.build("y", f"{name}-y", place)
            found.append((f"{where}: builds with Rust, no warning", problem))
            if not problem:
                said = self.rust(name, place) + self.kernel_doc(name, place)
                found.append((f"{where}: rustfmt, clippy -D warnings, kernel-doc", said))
        finally:
            if not alone:
                self.places.put(place)
        if alone:
            for other in self.all:
                other.follow(self.main)
        if not any(problem for _, problem in found):
            self.rows.passes(name, tree, [check for check, _ in found])
        return found

    def wide(self, index):
        """Whether a patch, with Rust on, has nearly all of nouveau compiled again."""
        first, last = self.series.commits[index : index + 2]
        names = self.series.tree.git("diff", "--name-only", first, last, "--", f"{NOUVEAU}/include").split()
        return index == 0 or bool(names)

    def patches(self, first, end):
        """Patches of a series, as many at a time as there are processors; a wide one goes alone, and all places take over what
        it built. Says what came of them in their order."""
        for wide, group in itertools.groupby(range(first, end), self.wide):
            with concurrent.futures.ThreadPoolExecutor(1 if wide else len(self.all)) as pool:
                for found in pool.map(lambda index, alone=wide: self.patch(index, alone), group):
                    for name, problem in found:
                        self.ktap.result(name, problem)

    # --- what it comes to ---------------------------------------------------------------------------------------------

    def exports(self):
        """The headers that are checked in are those that the overlay's build makes."""
        made = self.series.nouveau / "on/bridge/generated"
        checked = self.series.tree.nouveau / "bridge/exports"
        self.checkout(len(self.series.patches))
        names = sorted(path.name for path in checked.glob("*.h"))
        others = sorted(path.name for path in made.glob("nvkm_rs_*.h"))
        problem = "" if names == others else f"checked in: {names}\nmade: {others}"
        for name in names:
            if (made / name).exists() and not filecmp.cmp(checked / name, made / name, shallow=False):
                problem += f"{name} is not what the build makes\n"
        self.ktap.result(f"{len(names)} checked-in headers are what cbindgen makes in the overlay's build", problem)

    def sources(self):
        """All series together are the overlay, but for those headers."""
        self.checkout(len(self.series.patches))
        theirs, ours = self.series.tree.nouveau, self.series.laid
        said = subprocess.run(
            ["diff", "-r", "--brief", "-x", ".overlay-files", "-x", ".hooks-applied", theirs, ours],
            capture_output=True, text=True, check=False,
        ).stdout
        lines = [line for line in said.split("\n") if line and line != f"Only in {theirs}/bridge: exports"]
        self.ktap.result("all series on a pristine tree are the overlay's sources, but for those headers", "\n".join(lines))

    def in_tree(self):
        """The series in a whole kernel tree, by the kernel's own configuration and build."""
        series = self.series
        root, out = series.out / "in-tree", series.out / "in-tree-out"
        shutil.rmtree(root, ignore_errors=True)
        run("cp", "-al", f"{self.source}/.", root)
        self.checkout(len(series.patches))
        for name in series.tree.git("diff", "--name-only", series.commits[0], series.commits[-1]).split():
            # A file of the kernel's is a hard link here: never written to.
            (root / name).unlink(missing_ok=True)
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(series.tree.root / name, root / name)
        out.mkdir(exist_ok=True)
        config = out / ".config"
        words = ["make", "-C", root, f"O={out}", "CC=gcc-14", "HOSTCC=gcc-14", f"-j{os.cpu_count()}"]

        def configured(*changes):
            """What the option becomes, after some changes to the stock configuration."""
            shutil.copy(self.kernel / "out/.config", config)
            if changes:
                run(root / "scripts/config", "--file", config, *changes)
            said, code = self.command([*words, "olddefconfig"], "in-tree-config")
            found = re.search(r"^(CONFIG_DRM_NOUVEAU_RUST=.|# CONFIG_DRM_NOUVEAU_RUST is not set)$", config.read_text(), re.M)
            return said if code else found.group(1) if found else "nothing"

        wanted = [
            ((), "# CONFIG_DRM_NOUVEAU_RUST is not set"),
            (("-d", "RUST", "-e", "DRM_NOUVEAU_RUST"), "nothing"),
            (("-e", "DRM_NOUVEAU_RUST"), "CONFIG_DRM_NOUVEAU_RUST=y"),
        ]
        problem = ""
        for changes, what in wanted:
            is_now = configured(*changes)
            if is_now != what:
                problem += f"with {' '.join(changes) or 'nothing changed'}: {is_now}, not: {what}\n"
        self.ktap.result("in a whole tree: Kconfig says no, nothing without RUST, and yes when asked", problem)
        said, code = self.command([*words, "prepare", "modules_prepare"], "in-tree-prepare")
        if not code:
            said, code = self.command(
                [*words, f"{NOUVEAU}/nvkm-rs/nvkm_rs.o", f"{NOUVEAU}/nvkm/subdev/gsp/"], "in-tree-build"
            )
        warned = "\n".join(re.findall(r"^.*\bwarning\b.*(?:\n.*){0,6}", said, re.M))
        self.ktap.result("in a whole tree: the Rust and nvkm/subdev/gsp build, no warning", "\n".join(said.split("\n")[-30:]) if code else warned)
        shutil.rmtree(root, ignore_errors=True)

    def alternative(self, seam):
        """What could stand in a series instead builds to the same Rust object."""
        series = self.series
        _, end = series.span(seam)
        self.checkout(end)
        self.build("y", f"{seam}-before-alternative")
        before = hash_of(self.main.out / "y/nvkm-rs/nvkm_rs.o")
        self.main.checkout(series.alternatives[seam])
        problem = self.build("y", f"{seam}-alternative")
        if not problem and hash_of(self.main.out / "y/nvkm-rs/nvkm_rs.o") != before:
            problem = "nvkm_rs.o is another one"
        self.ktap.result(f"{seam}: the alternative, with NVIDIA's types checked in, builds to the same object", problem)

    def objects(self):
        """And build to the same."""
        self.checkout(len(self.series.patches))
        built = self.build("y", "objects-build")
        if built:
            self.ktap.result("all series together build", built)
            return
        words = [self.series.overlay_program, "compare", self.series.nouveau / "on", self.main.out / "y"]
        said, code = self.command([*words, "--json", self.series.out / "objects.json"], "objects")
        self.ktap.result("and build to equal allocated sections and relocations, object by object", said if code else "")
        if not code:
            print(f"# {said.strip().splitlines()[-1]}")
        modules = []
        for name, module in (("overlay", self.series.nouveau / "on/nouveau.ko"), ("series", self.main.out / "y/nouveau.ko")):
            modules.append(self.series.out / f"{name}.ko")
            # The build id is a hash of the whole file, names of files included.
            run("objcopy", "--remove-section", ".note.gnu.build-id", module, modules[-1])
        said, code = self.command([self.series.overlay_program, "compare", *modules], "module")
        self.ktap.result("and to a nouveau.ko of equal allocated sections, but for its build id", said if code else "")


def dictionary(path, reduced):
    """Those of codespell's misspellings that stand in a file: with all 60,000 checkpatch takes 25 ms a line. It looks at the same words
    (checkpatch.pl, "Check for various typo / spelling mistakes")."""
    found = set(re.findall(r"[\w\-'`]+", path.read_text().lower(), re.ASCII))
    everything = pathlib.Path(codespell_lib.__file__).with_name("data") / "dictionary.txt"
    lines = everything.read_text(encoding="utf-8").splitlines()
    reduced.write_text("".join(f"{line}\n" for line in lines if line.partition("->")[0].lower() in found), encoding="utf-8")
    return reduced


def hash_of(path):
    """What a file holds."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_all(series, seams, top):
    """All checks of these series; gives the exit code."""
    check = Check(series, top)
    for seam in seams:
        check.mails(seam)
        first, end = series.span(seam)
        check.maintained(seam, end)
        check.patches(first, end)
        if seam in series.alternatives:
            check.alternative(seam)
    if seams[-1] == series.patches[-1].seam:
        check.exports()
        check.sources()
        check.objects()
        check.in_tree()
    ktap = check.ktap
    print(f"# series: {ktap.count - ktap.failed} passed, {ktap.failed} failed, {int(time.monotonic() - ktap.started)} s", file=sys.stdout)
    return 1 if ktap.failed else 0
