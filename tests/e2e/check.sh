# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# What tests of tests/e2e share: checks, waiting, and whether this machine can run them.

PATIENCE=20 # seconds for anything that is waited for; it takes less than one
passed=0 failed=0
leftovers=()

# finish: the sum; what only failures need ($leftovers) goes
finish() {
	[ "$failed" -eq 0 ] && rm -f "${leftovers[@]}"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

# give_up WHY: without this there is nothing left to check
give_up() {
	echo "FAILED: $*"
	failed=$((failed + 1))
	finish
}

# check NAME COMMAND...: the last line the command prints is shown beside the name
check() {
	local name=$1 said rc=0
	shift
	said=$("$@" 2>&1) || rc=$?
	if [ $rc -eq 0 ]; then
		passed=$((passed + 1))
		printf 'ok  %3d s  %-50s %s\n' $SECONDS "$name" "$(tail -n 1 <<< "$said")"
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\n' "$name"
		sed 's/^/        | /' <<< "$said" | tail -n 12
	fi
}

ended() {
	! kill -0 "$1" 2> /dev/null
}

# wait_for WHAT LOG PID COMMAND...: until it succeeds, the process ends, or patience does. LOG and
# PID may be empty.
wait_for() {
	local what=$1 log=$2 pid=$3 deadline=$((SECONDS + PATIENCE)) why=
	shift 3
	until "$@"; do
		[ -n "$pid" ] && ended "$pid" && why="the process ended"
		[ $SECONDS -ge $deadline ] && why="not within $PATIENCE s"
		if [ -n "$why" ]; then
			[ -n "$log" ] && tail -n 5 "$log"
			give_up "waiting for $what: $why"
		fi
		sleep 0.05
	done
}

skip() {
	echo "skipped: $1"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

# needs_namespaces: or nothing here can be tested
needs_namespaces() {
	[ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
	ip netns add "$PREFIX-probe" 2> /dev/null || skip "no network namespaces here"
	ip netns del "$PREFIX-probe"
	[ -c /dev/net/tun ] || skip "no /dev/net/tun here"
}
