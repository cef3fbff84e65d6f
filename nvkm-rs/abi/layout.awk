# SPDX-License-Identifier: GPL-2.0
#
# From bindgen's layout assertions to the same for the C compiler, so that both hold. What has no name in C is left out:
# it lies within something that has one.  Usage: awk -f layout.awk PREPROCESSED_HEADER RS=';' BINDINGS
FNR == NR {
	if (match($0, /^(typedef )?(struct|union) [A-Za-z0-9_]+/)) {
		split(substr($0, RSTART, RLENGTH), word, " ")
		last = word[1] == "typedef" ? 3 : 2
		kind[word[last]] = word[last - 1] " "
	}
	next
}
match($0, /\["(Size of|Alignment of|Offset of field:) [^"]*"/) && !/bindgen/ {
	what = substr($0, RSTART + 2, RLENGTH - 3)
	rest = substr($0, RSTART + RLENGTH)
	match(rest, /[0-9]+usize/)
	value = substr(rest, RSTART, RLENGTH - 5)
	name = what
	sub(/.* /, "", name)
	split(name, part, "::")
	sub(/_$/, "", part[2]) # Rust's word, C's name
	type = kind[part[1]] part[1]
	if (what ~ /^Size/)
		expr = "sizeof(" type ")"
	else if (what ~ /^Alignment/)
		expr = "_Alignof(" type ")"
	else
		expr = "__builtin_offsetof(" type ", " part[2] ")"
	printf "_Static_assert(%s == %s, \"%s\");\n", expr, value, what
}
