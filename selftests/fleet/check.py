#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Whether what a fleet is given fits this tree: KTAP on standard output.

lava-job.yaml and kernelci.yaml are valid, every placeholder is explained, every path and target that they name is there;
lava-ktap.sh tells LAVA what a stream says. Without python3-yaml the files are looked at as text only, and that is said.
Usage: check.py [DIRECTORY]   (default: that of this file)
Exit codes: 0 all well, 1 a check failed.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
HERE = HERE if HERE.is_dir() else HERE.parent
SELFTESTS = pathlib.Path(__file__).resolve().parent.parent
TOP = SELFTESTS.parent
FILES = ["lava-job.yaml", "kernelci.yaml"]

try:
    import yaml
except ImportError:
    yaml = None


class Failed(Exception):
    """A check that did not hold."""


class Skipped(Exception):
    """A check that could not be made here."""


def hold(true, why):
    if not true:
        raise Failed(why)


def text(name):
    return (HERE / name).read_text()


def load(name):
    if yaml is None:
        raise Skipped("python3-yaml is not there")

    class Strict(yaml.SafeLoader):
        """YAML lets a key stand twice; the first is then lost."""

        def construct_mapping(self, node, deep=False):
            keys = [self.construct_object(key) for key, _ in node.value]
            twice = {str(key) for key in keys if keys.count(key) > 1}
            hold(not twice, f"{name}: {', '.join(sorted(twice))} stands twice")
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text(name), Strict)
    except yaml.YAMLError as error:
        raise Failed(f"{name}: {' '.join(str(error).split())}") from error


def form():
    for name in FILES:
        hold(isinstance(load(name), dict), f"{name} is no mapping")


def placeholders():
    for name in FILES:
        comments = "\n".join(line for line in text(name).splitlines() if line.startswith("#"))
        rest = "\n".join(line for line in text(name).splitlines() if not line.startswith("#"))
        used = set(re.findall(r"\$\{([A-Z_]+)\}", rest))
        hold(used, f"{name} has no placeholder")
        for word in used:
            hold(re.search(rf"\b{word}\b", comments), f"{name}: ${{{word}}} is not explained")
        named = re.findall(r"https?://\S+", rest)
        hold(not named, f"{name} names a machine of somebody's: {named}")


def steps(job):
    tests = [action["test"] for action in job["actions"] if "test" in action]
    return [step for test in tests for d in test["definitions"] for step in d["repository"]["run"]["steps"]]


def lava():
    job = load("lava-job.yaml")
    for key in ("job_name", "device_type", "priority", "visibility", "timeouts", "actions"):
        hold(key in job, f"there is no {key}")
    kinds = [kind for action in job["actions"] for kind in action]
    hold(kinds == ["deploy", "boot", "test"], f"the actions are {kinds}")
    names = [d["name"] for action in job["actions"] for d in action.get("test", {}).get("definitions", [])]
    hold(len(set(names)) == len(names) == 2, f"the definitions are {names}")


# Where a path on the machine comes from.
PLACES = {
    "/opt/kselftest/drivers/gpu/nouveau": SELFTESTS / "kselftest",
    "/opt/fleet": HERE,
    "/opt/nvkm-kit": TOP / "tools/kit/user",
}


def lava_paths():
    """What the job runs is in this tree, and can be run."""
    job = load("lava-job.yaml")
    overlays = job["actions"][0]["deploy"]["nfsrootfs"]["overlays"]
    unpacked = {overlay["path"] for overlay in overlays.values()}
    hold(unpacked == {"/opt/kselftest", "/opt/fleet"}, f"what is unpacked goes to {sorted(unpacked)}")
    at, looked = None, 0
    for step in steps(job):
        if step.startswith("cd "):
            at = step[3:]
            hold(at in PLACES, f"nothing of ours comes to {at}")
            if not PLACES[at].is_dir():
                hold(at == "/opt/nvkm-kit", f"{PLACES[at]} is not there")
        for word in step.split():
            if word.startswith("./"):
                path = PLACES[at] / word[2:]
            elif word.startswith("/opt/fleet/"):
                path = HERE / word.removeprefix("/opt/fleet/")
            else:
                continue
            looked += 1
            hold(path.is_file(), f"'{step}' runs {path.relative_to(TOP)}, which is not there")
            hold(word.startswith("/opt/fleet/") or os.access(path, os.X_OK), f"{path.relative_to(TOP)} cannot be run")
    hold(looked == 3, f"{looked} programs are named, not three")


def kernelci():
    parts = load("kernelci.yaml")
    jobs, fragments = parts["jobs"], parts["fragments"]
    for entry in parts["scheduler"]:
        hold(entry["job"] in jobs, f"the scheduler's {entry['job']} is no job")
        wanted = entry["event"].get("name")
        hold(wanted is None or wanted in jobs, f"{entry['job']} waits for {wanted}, which is no job")
        for platform in entry.get("platforms", []):
            hold(platform in parts["platforms"], f"{platform} is no platform")
    hold({entry["job"] for entry in parts["scheduler"]} == set(jobs), "a job is never scheduled")
    for name, job in jobs.items():
        for tree in job["rules"]["tree"]:
            hold(tree in parts["trees"], f"{name} is for the tree {tree}, which is not described")
        hold(job["kind"] in ("kbuild", "job"), f"{name} is a {job['kind']}")
    for config in parts["build_configs"].values():
        hold(config["tree"] in parts["trees"], f"a build is of the tree {config['tree']}")
    # KernelCI's own, as of its config/fragments.yaml, and ours.
    known = {"kselftest", "rust"} | set(fragments)
    for name, job in jobs.items():
        for fragment in job["params"].get("fragments", []):
            hold(fragment in known, f"{name} wants the fragment {fragment}")


def kernelci_target():
    """The selftest's place is where the series puts it, and the options are those of its config."""
    parts = load("kernelci.yaml")
    wanted = [job["params"]["collections"] for job in parts["jobs"].values() if "collections" in job["params"]]
    hold(len(wanted) == 1, "not one job runs a selftest")
    if (TOP / "tools/series/patches").is_dir():
        series = "".join(path.read_text() for path in (TOP / "tools/series/patches").glob("*.toml"))
        place = f"tools/testing/selftests/{wanted[0]}"
        hold(f'to = "{place}"' in series, f"no patch brings {place}")
        hold(f"TARGETS += {wanted[0]}" in series, f"no patch adds the target {wanted[0]}")
    config = [line for line in (SELFTESTS / "kselftest/config").read_text().splitlines() if line.startswith("CONFIG_")]
    given = [c for fragment in parts["fragments"].values() for c in fragment["configs"]]
    hold(sorted(given) == sorted(config), f"the fragment differs from kselftest/config in {sorted(set(given) ^ set(config))}")


def told(stream, code):
    """What lava-ktap.sh tells LAVA of a stream."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as directory:
        said = pathlib.Path(directory) / "said"
        fake = pathlib.Path(directory) / "lava-test-case"
        fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{said}"\n')
        fake.chmod(0o755)
        environment = os.environ | {"PATH": f"{directory}:{os.environ['PATH']}"}
        result = subprocess.run(["sh", HERE / "lava-ktap.sh", "s"], input=stream, text=True, capture_output=True, env=environment,
                                timeout=60, check=False)
        hold(result.stdout == stream, "the stream does not go on as it came")
        hold(result.returncode == code, f"the exit code is {result.returncode}, not {code}")
        return said.read_text().splitlines() if said.exists() else []


def ktap():
    stream = "TAP version 13\n1..3\n# a remark\nok 1 rust_gsp=1 is taken \nnot ok 2 x y\nok 3 z # SKIP why\n"
    got = told(stream, 0)
    hold(got == ["s.1-rust_gsp-1-is-taken- --result pass", "s.2-x-y --result fail", "s.3-z- --result skip",
                 "s.all-3-were-run --result pass"], f"LAVA was told {got}")
    hold(told("1..3\nok 1 a\n", 1)[-1] == "s.all-3-were-run --result fail", "a stream that was cut off is whole")
    hold(told("", 1) == ["s.all-of-them-were-run --result fail"], "no stream at all is whole")
    hold(told("1..0 # SKIP no card\n", 0) == ["s --result skip"], "what was skipped is not skipped")
    nested = told("KTAP version 1\n1..1\n  1..1\n  not ok 1 inside\nok 1 outside\n", 0)
    hold("s.1-inside --result fail" in nested and len(nested) == 3, f"of a subtest LAVA was told {nested}")


CHECKS = [
    ("both descriptions are YAML, each key once", form),
    ("each placeholder is explained, no machine is named", placeholders),
    ("LAVA: deploy, boot, two tests", lava),
    ("LAVA: what it runs is in this tree", lava_paths),
    ("KernelCI: jobs, events, trees and fragments fit each other", kernelci),
    ("KernelCI: target and options are the selftest's own", kernelci_target),
    ("lava-ktap.sh tells what a stream says", ktap),
]


def main():
    bad = 0
    print(f"TAP version 13\n1..{len(CHECKS)}")
    for number, (name, check) in enumerate(CHECKS, 1):
        try:
            check()
            print(f"ok {number} - fleet: {name}")
        except Skipped as why:
            print(f"ok {number} - fleet: {name} # SKIP {why}")
        except (Failed, KeyError, OSError, TypeError) as error:
            bad += 1
            print(f"# {type(error).__name__}: {error}")
            print(f"not ok {number} - fleet: {name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
