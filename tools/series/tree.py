# SPDX-License-Identifier: GPL-2.0
"""A git tree of the kernel with a commit for each patch."""

import fnmatch
import os
import pathlib
import re
import shutil
import subprocess

from parts import Wrong, state

NOUVEAU = "drivers/gpu/drm/nouveau"
# What a series touches or is checked with, when the kernel's source is no git tree of its own.
IMPORTED = [NOUVEAU, "MAINTAINERS", "Documentation/gpu", "tools/testing/selftests/drivers/gpu", "tools/testing/selftests/Makefile"]
# Nobody: who sends a series is its author (AUTHOR=).
NOBODY = "EDITME <editme@example.org>"


def run(*command, cwd=None, env=None, quiet=True, stdin=None):
    """Runs a command; what it says is in the error when it fails."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, input=stdin, text=True, capture_output=quiet, check=False
    )
    if done.returncode != 0:
        said = ((done.stdout or "") + (done.stderr or "")).strip()[-2000:]
        raise Wrong(f"{pathlib.Path(str(command[0])).name} {command[1] if len(command) > 1 else ''} failed: {said}")
    return done.stdout or ""


class Tree:
    """The tree, below the build directory."""

    def __init__(self, root, kernel, overlay_program, top, author):
        self.root = pathlib.Path(root)
        self.kernel = pathlib.Path(kernel)
        self.overlay_program = overlay_program
        self.top = pathlib.Path(top)
        self.nouveau = self.root / NOUVEAU
        # A commit is as old as the kernel's release, so that the same input gives the same hash.
        when = "1700000000 +0000"
        self.env = os.environ | {
            "GIT_AUTHOR_DATE": when,
            "GIT_COMMITTER_DATE": when,
            "GIT_COMMITTER_NAME": author.partition(" <")[0],
            "GIT_COMMITTER_EMAIL": author.partition(" <")[2].rstrip(">"),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def git(self, *words, stdin=None):
        """Runs git in the tree."""
        return run("git", *words, cwd=self.root, env=self.env, stdin=stdin)

    def prepare(self, release):
        """The kernel as it is, as one commit. Gives what a cover letter calls it, and its hash if others know it."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        if (self.kernel / ".git").exists():
            head = run("git", "-C", self.kernel, "rev-parse", "HEAD").strip()
            run("git", "clone", "-q", "--shared", "--no-checkout", self.kernel, self.root)
            self.git("sparse-checkout", "set", "--no-cone", *[f"/{path}" for path in IMPORTED])
            self.git("checkout", "-q", "--detach", head)
            return run("git", "-C", self.kernel, "describe", "--always", "--tags").strip(), head
        for path in IMPORTED:
            source, target = self.kernel / path, self.root / path
            if source.is_dir():
                # Built objects of an own tree stay where they are.
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.o", "*.ko", "*.cmd", "*.mod*"))
            elif source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        self.git("init", "-q")
        self.commit_all(f"Linux {release}", NOBODY)
        return f"Linux {release}", None

    def commit_all(self, message, author):
        """Commits all there is; gives the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", f"--author={author}", "-F", "-", stdin=message)
        return self.git("rev-parse", "HEAD").strip()

    def mailed(self, files, on):
        """What git am makes of mails on a commit: the last commit; Wrong says what git said."""
        where = self.root.parent / "am"
        shutil.rmtree(where, ignore_errors=True)
        self.git("worktree", "prune")
        self.git("worktree", "add", "-q", "--detach", where, on)
        try:
            run("git", "am", "-q", *files, cwd=where, env=self.env)
            return run("git", "rev-parse", "HEAD", cwd=where, env=self.env).strip()
        finally:
            self.git("worktree", "remove", "--force", where)

    def lay(self, patches, index, files, arrives):
        """Makes the tree what it is after a patch; it must be what it was after the one before."""
        patch = patches[index]
        if patch.hooks or patch.anchors:
            words = [self.overlay_program, "step", "--overlay", self.top, "--tree", self.nouveau]
            for name in patch.anchors:
                words += ["--anchor", name]
            for name in patch.hooks:
                words += ["--hooks", name]
            run(*words)
        for name, text in state(patches, index, files, arrives).items():
            if name.endswith(".rs") and text != files[name]:
                # A list that lost entries may fit on a line. From the standard input no other file is touched.
                text = run("rustfmt", "--edition", "2021", "--config-path", self.kernel / ".rustfmt.toml", stdin=text)
            write(self.nouveau / name, text, self.mode(name))
        for copy in patch.copies:
            self.copy(patch, copy)
        for insert in patch.inserts:
            self.insert(patch, insert)

    def mode(self, name):
        """Permissions of one of our files."""
        return (self.top / name).stat().st_mode & 0o777 if (self.top / name).exists() else 0o644

    def copy(self, patch, copy):
        """Files of ours that are not nouveau's."""
        names = [path for path in sorted(self.top.glob(copy["from"])) if path.is_file()]
        if not names:
            raise Wrong(f"{patch}: there is no {copy['from']}")
        for path in names:
            write(self.root / copy["to"] / path.name, path.read_text(), path.stat().st_mode & 0o777)

    def alternative(self, definition, made, author):
        """A commit that could stand in a series instead; the tree is where that series ends. `made` is a built tree."""
        path = self.nouveau / definition["file"]
        lines = path.read_text().split("\n")
        numbers = [
            next((n for n, line in enumerate(lines) if re.search(definition[key], line)), None) for key in ("first", "last")
        ]
        if None in numbers:
            raise Wrong(f"the alternative does not fit {definition['file']}")
        lines[numbers[0] : numbers[1] + 1] = definition["instead"].strip("\n").split("\n")
        path.write_text("\n".join(lines))
        for source in sorted(pathlib.Path(made).glob(definition["made"]["from"])):
            write(self.nouveau / definition["made"]["to"] / source.name, source.read_text())
        return self.commit_all(f"drm/nouveau: {definition['subject']}\n\n{definition['message'].strip()}\n", author)

    def insert(self, patch, insert):
        """Lines in a file of the kernel's."""
        path = self.root / insert["file"]
        lines = path.read_text().split("\n")
        begin = 0
        if "below" in insert:
            begin = only(patch, insert["file"], lines, insert["below"], 0)
        at = only(patch, insert["file"], lines, insert["after"], begin) if "below" not in insert else next(
            (n for n in range(begin, len(lines)) if lines[n] == insert["after"]), None
        )
        if at is None:
            raise Wrong(f"{patch}: {insert['file']} has no line '{insert['after']}' below '{insert['below']}'")
        lines[at + 1 : at + 1] = insert["text"].strip("\n").split("\n")
        path.write_text("\n".join(lines))


def only(patch, name, lines, wanted, begin):
    """The number of the one line that is so."""
    found = [number for number in range(begin, len(lines)) if lines[number] == wanted]
    if len(found) != 1:
        raise Wrong(f"{patch}: the line '{wanted}' stands {len(found)} times in {name}, not once")
    return found[0]


def write(path, text, mode=0o644):
    """Writes what differs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    if path.stat().st_mode & 0o777 != mode:
        path.chmod(mode)


def our_files(laid, pristine):
    """Our files as the overlay lays them: name below nouveau's directory -> text."""
    manifest = (pathlib.Path(laid) / ".overlay-files").read_text().split("\n")
    names = [name for name in manifest if name and not (pathlib.Path(pristine) / name).exists()]
    names = [name for name in names if not fnmatch.fnmatchcase(name, ".*")]
    return {name: (pathlib.Path(laid) / name).read_text() for name in sorted(names)}
