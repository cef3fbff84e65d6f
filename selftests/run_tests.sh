#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs selftests one after the other: KTAP, a subtest each. Installed beside the kernel's selftest, it runs that.
# Usage: run_tests.sh [kselftest] [page] [fleet]
#
#   SELFTESTS      this tree's selftests/ (page and fleet need it)
#   INSTALL_PATH   where the kernel's selftest is installed [default: beside this script]
#   RUST_GSP_BIND  1: the kernel's selftest may unbind and bind the card
#
# Exit codes: 0 all passed or were skipped, 1 one failed, 4 all were skipped, 64 usage.
SKIP=4
dir=$(cd "$(dirname "$0")" && pwd)
installed=${INSTALL_PATH:-$dir}
number=0
failed=0
ran=0

# Name, directory, command…: its output two columns in, then its result, as the kernel's runner.sh has it.
run() {
	name=$1 place=$2
	shift 2
	number=$((number + 1))
	echo "# selftests: $name"
	if [ -d "$place" ] && [ -x "$place/${1#./}" ]; then
		out=$(cd "$place" && "$@" 2>&1 </dev/null)
		code=$?
	else
		out="1..0 # SKIP $name needs this tree, not only what is installed"
		code=$SKIP
	fi
	[ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/  /'
	# A program that says that it skips may not say so by its code; a reason stands in what it says.
	reason=$(printf '%s\n' "$out" | sed -n 's/^ *1\.\.0 # SKIP *//p' | head -n 1)
	[ -z "$reason" ] || code=$SKIP
	case $code in
	0)
		ran=$((ran + 1))
		echo "ok $number selftests: $name"
		;;
	"$SKIP") echo "ok $number selftests: $name # SKIP $reason" ;;
	*)
		ran=$((ran + 1))
		failed=$((failed + 1))
		echo "not ok $number selftests: $name # exit=$code"
		;;
	esac
}

if [ $# = 0 ]; then
	set -- kselftest
	[ -z "$SELFTESTS" ] || set -- kselftest page fleet
fi
for test in "$@"; do
	case $test in
	kselftest | page | fleet) ;;
	*) echo "run_tests.sh: there is no test '$test'; there are kselftest, page, fleet" >&2; exit 64 ;;
	esac
done
echo "TAP version 13"
echo "1..$#"
for test in "$@"; do
	case $test in
	kselftest) run drivers/gpu/nouveau:rust_gsp.sh "$installed/drivers/gpu/nouveau" ./rust_gsp.sh ;;
	page) run page:run "$SELFTESTS/page" ./run ;;
	fleet) run fleet:check.py "$SELFTESTS/fleet" ./check.py ;;
	esac
done
[ "$failed" = 0 ] || exit 1
[ "$ran" != 0 ] || exit "$SKIP"
