#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs test programs and shell tests, shows the output of those that fail, and
# ends with one line, "N passed, N failed", over all of them. A cmocka program
# counts its tests, anything else the numbers of its own last such line.
# Usage: V=.. B=.. MOCKNDES=.. JOBS=n check.sh TEST...
set -u
export V B MOCKNDES
export TMPDIR="${TMPDIR:-/tmp}"
logs=$B/logs
JOBS=${JOBS:-$(nproc)}
LIMIT=${LIMIT:-300}

# One test: output to a file, "passed failed name" to another.
run_one()
{
	name=$(printf '%s' "${1#"$B"/}" | tr '/' '_')
	out=$logs/$name.out
	case $1 in
	*.sh) set -- sh "$1" ;;
	*/replay_*) set -- "$1" "tests/fuzz/corpus/${1##*/replay_}" ;;
	esac
	timeout -k 10 "$LIMIT" "$@" >"$out" 2>&1 </dev/null
	rc=$?
	# The sum of cmocka's tests, else of the script's own last line.
	set -- "$(grep -c '^\[       OK \]' "$out")" \
		"$(grep -cE '^\[  FAILED  \] .*[a-z_]+$|^\[   ERROR  \] ' "$out")"
	if [ "$1" = 0 ] && [ "$2" = 0 ]; then
		# shellcheck disable=SC2046 # two words on purpose
		set -- $(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*/\1 \2/p' \
			"$out" | tail -n 1) 0 0
	fi
	p=$1 f=$2
	# A program that died, or said all is well and did not exit so, failed.
	[ "$rc" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	[ "$rc" -eq 0 ] && [ "$p" -eq 0 ] && [ "$f" -eq 0 ] && f=1 &&
		echo "$name: tested nothing" >>"$out"
	[ "$rc" -eq 0 ] && [ "$f" -ne 0 ] && rc=1
	if [ "$rc" -ne 0 ]; then
		{
			echo "---- FAILED $name (exit $rc)"
			cat "$out"
			echo "---- end of $name"
		} >"$out.shown"
		cat "$out.shown"
		rm -f "$out.shown"
	else
		printf 'ok  %4d  %s\n' "$p" "$name"
	fi
	echo "$p $f" >"$logs/$name.sum"
}

if [ "${1:-}" = --one ]; then
	run_one "$2"
	exit 0
fi
if [ $# -eq 0 ]; then
	echo "no such test"
	echo "0 passed, 1 failed"
	exit 1
fi
rm -rf "$logs"
mkdir -p "$logs"
printf '%s\n' "$@" | xargs -P "$JOBS" -n 1 sh "$0" --one
cat "$logs"/*.sum | awk -v want=$# '
	{ p += $1; f += $2 }
	END {
		if (NR != want) { f += want - NR }
		printf "%d passed, %d failed\n", p, f
		exit f > 0
	}'
