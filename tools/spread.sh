# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Jobs side by side, each on a processor of its own: there a machine is quickest (tools/ab/src/vm/place.rs), and so is a build beside
# another. To be sourced.

spread_processors=$(python3 -c 'import os; print(*os.sched_getaffinity(0))')
declare -A spread_on=() # a job, by processor
spread_jobs=()
spread_failed=0

# spread COMMAND…: starts it on a processor that is free, for which it waits. It is told which in $processor; what it prints comes when
# it has ended.
spread() {
	local processor said code
	while :; do
		for processor in $spread_processors; do
			kill -0 "${spread_on[$processor]:-none}" 2>/dev/null || break 2
		done
		sleep 0.2
	done
	{
		taskset -pc "$processor" "$BASHPID" >/dev/null
		said=$("$@" 2>&1 </dev/null)
		code=$?
		printf '%s\n' "$said"
		exit "$code"
	} &
	spread_on[$processor]=$!
	spread_jobs+=($!)
}

# gathered: waits for all; how many failed is in $spread_failed.
gathered() {
	local job
	for job in "${spread_jobs[@]}"; do
		wait "$job" || spread_failed=$((spread_failed + 1))
	done
	spread_jobs=()
	[ "$spread_failed" = 0 ]
}
