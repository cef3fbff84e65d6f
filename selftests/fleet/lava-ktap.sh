#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Tells LAVA each result of a KTAP stream (standard input), which goes on to standard output.  Usage: lava-ktap.sh SUITE
#
# A test of a test counts; what it is summed up in does too. A stream that has no result, or fewer than it planned, is a
# failure of its own: a machine that dies says nothing more.
# Exit codes: 0 told, 1 the stream was not whole, 64 usage.
[ $# = 1 ] || { echo "usage: lava-ktap.sh SUITE" >&2; exit 64; }
suite=$1
planned=
seen=0
skipped=

# Name, result.
tell() {
	lava-test-case "$1" --result "$2"
}

# LAVA's names have no spaces.
clean() {
	printf '%s' "$1" | tr -c 'A-Za-z0-9._-' '-' | tr -s '-' | cut -c1-100
}

while IFS= read -r line || [ -n "$line" ]; do
	printf '%s\n' "$line"
	# What stands indented is a subtest's.
	text=${line#"${line%%[! ]*}"}
	case $text in
	"1..0 # SKIP"* | "1..0 # skip"*)
		skipped=yes
		tell "$suite" skip
		continue
		;;
	"1.."*)
		[ "$text" = "$line" ] && planned=${text#1..} && planned=${planned%% *}
		continue
		;;
	"ok "*) result=pass rest=${text#ok } ;;
	"not ok "*) result=fail rest=${text#not ok } ;;
	*) continue ;;
	esac
	case $rest in
	*"# SKIP"* | *"# skip"*) result=skip ;;
	esac
	rest=${rest%%#*}
	[ "$text" = "$line" ] && seen=$((seen + 1))
	tell "$suite.$(clean "$rest")" "$result"
done
[ -n "$skipped" ] && exit 0
if [ "$seen" = 0 ] || [ "$seen" != "${planned:-$seen}" ]; then
	tell "$suite.all-${planned:-of-them}-were-run" fail
	exit 1
fi
tell "$suite.all-$seen-were-run" pass
