# SPDX-License-Identifier: GPL-2.0
"""Rows of a lane that passed, by the hash of what each depends on (as tools/ab/src/rows.rs has them)."""

import hashlib
import json
import os


class Rows:
    """Those in a directory. They are only looked at with NVKM_RESUME=1, and noted in any case."""

    def __init__(self, directory, common):
        self.directory = directory
        self.resume = bool(os.environ.get("NVKM_RESUME"))
        self.common = common
        directory.mkdir(parents=True, exist_ok=True)

    def inputs(self, *own):
        """The hash of what all rows depend on, and of what one does."""
        digest = hashlib.sha256()
        for part in (*self.common, *own):
            part = part if isinstance(part, bytes) else str(part).encode()
            digest.update(len(part).to_bytes(8, "little") + part)
        return digest.hexdigest()

    def passed(self, name, *own):
        """What was noted of a row that passed with the same inputs; None if there is none."""
        if not self.resume:
            return None
        try:
            row = json.loads((self.directory / f"{name}.json").read_text())
        except (OSError, ValueError):
            return None
        return row["said"] if row.get("inputs") == self.inputs(*own) else None

    def passes(self, name, own, said):
        """Notes that a row has passed."""
        part = self.directory / f"{name}.part"
        part.write_text(json.dumps({"inputs": self.inputs(own), "said": said}))
        part.rename(self.directory / f"{name}.json")
