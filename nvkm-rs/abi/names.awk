# SPDX-License-Identifier: GPL-2.0
#
# From bindgen's constants for rpcfn.h and msgfn.h to the tables of names: nvkm-rs/abi/core/names.rs.
BEGIN { RS = ";" }
match($0, /NV_VGPU_MSG_(FUNCTION|EVENT)_[A-Za-z0-9_]+: *[A-Za-z0-9_]+ *=[ \n]*[0-9]+$/) {
	split(substr($0, RSTART, RLENGTH), part, /[: =\n]+/)
	kind = part[1] ~ /_FUNCTION_/ ? "FUNCTIONS" : "EVENTS"
	name = part[1]
	sub(/^NV_VGPU_MSG_(FUNCTION|EVENT)_/, "", name)
	if (name !~ /^NUM_/)
		table[kind] = table[kind] sprintf("    (%s, \"%s\"),\n", part[3], name)
}
END {
	for (kind in table)
		printf "pub(super) const %s: &[(u32, &str)] = &[\n%s];\n", kind, table[kind]
}
