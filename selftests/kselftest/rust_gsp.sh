#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# nouveau.rust_gsp=: the words that it takes and those that it refuses and, on request, who
# serves what after a bind. Takes nothing but a shell and its builtins.
#
# Environment:
#   RUST_GSP_DEVICE=...      PCI address (default: that of the first device that nouveau has)
#   RUST_GSP_BIND=1          unbind and bind the device too; its displays go dark meanwhile
#   RUST_GSP_SUBSYSTEMS=...  which subsystems to ask for, separated by spaces
#                            (default: all that debugfs lists)

# What a shell says of an error is looked at.
LC_ALL=C
export LC_ALL

case $0 in
*/*) dir=${0%/*} ;;
*) dir=. ;;
esac
if [ ! -e "$dir/../../../kselftest/ktap_helpers.sh" ]; then
	echo "1..0 # SKIP kselftest/ktap_helpers.sh is not there"
	exit 4
fi
# shellcheck source=/dev/null
. "$dir/../../../kselftest/ktap_helpers.sh"

module=/sys/module/nouveau
param=$module/parameters/rust_gsp
driver=/sys/bus/pci/drivers/nouveau
debugfs=/sys/kernel/debug/nouveau
# Counted by the kernel, whatever the log keeps. (Not /proc/sys/kernel/tainted: some shells read
# byte by byte, and a sysctl gives them only one.)
trouble="/sys/kernel/warn_count /sys/kernel/oops_count"

# Reason...
skip() {
	ktap_skip_all "$*"
	exit "$KSFT_SKIP"
}

# File -> $line, its first line.
first_line() {
	line=
	[ -r "$1" ] && read -r line <"$1"
}

# Whether we are root, without id(1).
is_root() {
	while read -r key _ euid _; do
		[ "$key" = Uid: ] && [ "$euid" = 0 ] && return 0
	done </proc/self/status
	return 1
}

# File, text: whether the file takes it; what the shell says is in $said.
put() {
	said=$( (echo "$2" >"$1") 2>&1)
}

# The words of debugfs's first column that stand for a subsystem -> $names.
list_subsystems() {
	names=
	while read -r key rest; do
		case $rest in
		owner=*) names="$names ${key%:}" ;;
		esac
	done <"$counters"
	names=${names# }
}

# Subsystem, key -> $value; without a key all there is, which a number is too (bind).
counter() {
	value=
	while read -r key rest; do
		[ "$key" = "$1:" ] || continue
		[ $# = 1 ] && value=$rest
		for pair in $rest; do
			[ $# = 2 ] && [ "${pair%%=*}" = "$2" ] && value=${pair#*=}
		done
	done <"$counters"
}

# The calls counted up to now -> $calls, a list of subsystem=C:Rust.
all_calls() {
	calls=
	for name in $listed; do
		counter "$name" c_calls
		c=$value
		counter "$name" rust_calls
		calls="$calls $name=$c:$value"
	done
}

# What the kernel counts of trouble -> $state.
kernel_state() {
	state=
	for file in $trouble; do
		first_line "$file"
		state="$state ${file##*/}=${line:-unknown}"
	done
}

is_word() {
	case " $2 " in
	*" $1 "*) return 0 ;;
	esac
	return 1
}

# Name: passes if nothing is $wrong.
verdict() {
	if [ -z "$wrong" ]; then
		ktap_test_pass "$1"
	else
		ktap_print_msg "${wrong#; }"
		ktap_test_fail "$1"
	fi
}

# Setting.
test_taken() {
	wrong=
	put "$param" "$1" || wrong="rust_gsp=$1: $said"
	first_line "$param"
	[ "$line" = "$1" ] || wrong="$wrong; rust_gsp reads '$line' after '$1' was written"
	verdict "rust_gsp=$1 is taken"
}

# Setting, what to call it.
test_refused() {
	wrong=
	# One that a setting which is half understood does not become.
	put "$param" "1,-$some"
	if put "$param" "$1"; then
		wrong="it was taken"
	else
		# Not every shell says which error it was.
		case $said in
		*"Invalid argument"* | *"I/O error"*) ;;
		*) wrong="not EINVAL but: $said" ;;
		esac
	fi
	first_line "$param"
	[ "$line" = "1,-$some" ] || wrong="$wrong; the setting is now '$line'"
	verdict "$2 is refused"
}

# Setting: writes it and binds anew. Fails with $wrong.
bind_with() {
	if ! put "$param" "$1"; then
		wrong="rust_gsp=$1: $said"
		return 1
	fi
	if ! put "$driver/unbind" "$device" || [ -e "$driver/$device" ]; then
		wrong="nouveau did not unbind: $said"
		return 1
	fi
	# What the old owner still did to unbind is not the new one's.
	all_calls
	if ! put "$driver/bind" "$device" || [ ! -e "$driver/$device" ]; then
		wrong="nouveau did not bind: $said"
		return 1
	fi
}

# Subsystem, calls by C and by Rust before, whether Rust was asked for: adds to $wrong.
check_owner() {
	counter "$1" owner
	owner=$value
	counter "$1" c_calls
	by_c=$((value - $2))
	counter "$1" rust_calls
	by_rust=$((value - $3))
	served="$1: owner=$owner, calls served by C $by_c, by Rust $by_rust"
	if [ "$4" = yes ]; then
		[ "$owner" = rust ] && [ "$by_c" = 0 ] && [ "$by_rust" -gt 0 ] && return
	else
		[ "$owner" = c ] && [ "$by_rust" = 0 ] && return
	fi
	wrong="$wrong; $served"
}

# Setting, subsystems that it asks for.
test_bind() {
	wrong=
	counter bind
	binds=$value
	kernel_state
	before=$state
	if bind_with "$1"; then
		counter bind
		[ "$value" -gt "$binds" ] || wrong="bind number $value after $binds"
		counter requested
		[ "$value" = "$1" ] || wrong="$wrong; debugfs says that '$value' was requested"
		for entry in $calls; do
			name=${entry%%=*}
			numbers=${entry#*=}
			asked=no
			is_word "$name" "$2" && asked=yes
			check_owner "$name" "${numbers%:*}" "${numbers#*:}" "$asked"
		done
	fi
	kernel_state
	[ "$state" = "$before" ] || wrong="$wrong; the kernel's state was$before and is$state"
	verdict "rust_gsp=$1 decides who serves after a bind"
}

# The setting as it was; a device that was taken in between goes back, to C.
restore() {
	if [ -n "$rebind" ]; then
		put "$param" 0
		[ -e "$driver/$device" ] && put "$driver/unbind" "$device"
		put "$driver/bind" "$device"
	fi
	[ -z "$old" ] || put "$param" "$old"
}

ktap_print_header

[ -r /proc/self/status ] || skip "/proc is not mounted"
is_root || skip "only root may do this"
[ -d "$module" ] || skip "nouveau is not there"
[ -e "$param" ] || skip "nouveau has no parameter rust_gsp (CONFIG_DRM_NOUVEAU_RUST)"
[ -d "$debugfs" ] || skip "debugfs is not mounted (CONFIG_DEBUG_FS)"
device=$RUST_GSP_DEVICE
if [ -z "$device" ]; then
	for device in "$driver"/*:*:*.*; do
		break
	done
	device=${device##*/}
fi
[ -e "$driver/$device" ] || skip "nouveau has no device ${RUST_GSP_DEVICE:-on the PCI bus}"
counters=$debugfs/rust_gsp/$device
[ -r "$counters" ] || skip "$device has no GSP"
counter firmware
[ "$value" != none ] || skip "$device does not run GSP-RM"
list_subsystems
listed=$names
[ -n "$listed" ] || skip "debugfs lists no subsystem"
names=${RUST_GSP_SUBSYSTEMS:-$listed}
for name in $names; do
	is_word "$name" "$listed" || skip "debugfs lists no subsystem $name"
done
some=${names%% *}
comma=
for name in $names; do
	comma=${comma:+$comma,}$name
done

good="0 1 1@570 shadow 1,shadow"
bad="nonsense 2 -1 , 1, ,1 0,1 1,,1 -shadow shadow@570 0,shadow shadow, 1@ 1@x 1@570.x"
bad="$bad 1@1.2.3.4.5 1@99999999999 @570 ${some}x"
for name in $names; do
	good="$good $name $name@570 1,-$name shadow,$name"
	bad="$bad $name, 0,$name -$name@570 $name@ $name@x"
done
good="$good $comma"
# Longer than any list of subsystems.
long=$some
while [ ${#long} -lt 512 ]; do
	long=$long,$some
done

# Empty, of a space, too long; the rest of the words, and that the old setting is back.
planned=4
bind=
for word in $good $bad; do
	planned=$((planned + 1))
done
if [ -n "$RUST_GSP_BIND" ] && [ "$RUST_GSP_BIND" != 0 ]; then
	bind=yes
	# All of them, C with Rust beside it, and C.
	planned=$((planned + 3))
	for name in $names; do
		planned=$((planned + 1))
	done
fi

first_line "$param"
old=$line
rebind=
trap restore EXIT
trap 'exit 1' HUP INT TERM

ktap_set_plan "$planned"
ktap_print_msg "$device, subsystems: $names"
for word in $good; do
	test_taken "$word"
done
for word in $bad; do
	test_refused "$word" "rust_gsp=$word"
done
test_refused "" "an empty setting"
test_refused " $some" "a setting with a space"
test_refused "$long" "a setting that is too long"

wrong=
put "$param" "$old"
first_line "$param"
[ "$line" = "$old" ] || wrong="rust_gsp reads '$line', and was '$old'"
verdict "the old setting is back"

if [ -n "$bind" ]; then
	rebind=yes
	for name in $names; do
		test_bind "$name" "$name"
	done
	test_bind "$comma" "$names"
	test_bind shadow ""
	test_bind 0 ""
	# Nothing is left to be undone if that went well.
	[ -z "$wrong" ] && rebind=
fi

ktap_finished
