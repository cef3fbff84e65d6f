# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Rows of a lane that passed, by the hash of what each depends on (as tools/ab/src/rows.rs has them): with NVKM_RESUME=1 a row that
# passed with the same inputs is not run again. To be sourced; $build is the directory of everything built.

# row_inputs WORDS PATH…: a hash of words, and of what git tracks at these paths.
row_inputs() {
	{
		printf '%s\n' "$@"
		git ls-files -z -- "${@:2}" ":!*.md" | sort -z | xargs -0 -r sha256sum
	} | sha256sum | cut -c1-32
}

# row_passed LANE NAME INPUTS: prints what the row said, if it passed with these inputs and may be taken from then.
row_passed() {
	local file=$build/rows/$1/$2
	[ -n "${NVKM_RESUME:-}" ] && [ "$(head -n 1 "$file" 2>/dev/null)" = "$3" ] && tail -n +2 "$file"
}

# row_pass LANE NAME INPUTS: notes that it passed; what it said is read.
row_pass() {
	mkdir -p "$build/rows/$1"
	{ printf '%s\n' "$3"; cat; } >"$build/rows/$1/$2.part" && mv "$build/rows/$1/$2.part" "$build/rows/$1/$2"
}
