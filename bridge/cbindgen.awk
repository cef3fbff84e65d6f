# SPDX-License-Identifier: GPL-2.0
#
# cbindgen's prototypes as the kernel writes them: its names of types, tabs, a blank before a star.

/^uint[0-9]+_t / { shorter = length($1) - length(kernel($1)) }

{
	# A shorter type of the result moves the parenthesis that the arguments stand under.
	if ($0 ~ /^ /)
		$0 = substr($0, shorter + 1)
	line = ""
	while (match($0, /[a-z0-9_]+\*[,)]/)) {
		line = line substr($0, 1, RSTART + RLENGTH - 3) " " substr($0, RSTART + RLENGTH - 2, 2)
		$0 = substr($0, RSTART + RLENGTH)
	}
	$0 = kernel(line $0)
	match($0, /^ */)
	tabs = int(RLENGTH / 8)
	$0 = substr($0, tabs * 8 + 1)
	while (tabs-- > 0)
		$0 = "\t" $0
	print
}

/;$/ { shorter = 0 }

function kernel(text) {
	gsub(/uint8_t/, "u8", text)
	gsub(/uint16_t/, "u16", text)
	gsub(/uint32_t/, "u32", text)
	gsub(/uint64_t/, "u64", text)
	return text
}
