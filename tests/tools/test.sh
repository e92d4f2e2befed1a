#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Everything that proves mockndes, one stage after the other. A failing stage
# does not keep the later ones from telling what they know. Ends with one line
# over all stages, `N passed, N failed`.
# Usage: test.sh MAKE
set -u
make=$1
jobs=$(nproc)
log=build/test.log
sums=build/test.sums
mkdir -p build
: >"$sums"
broken=

stage()
{
	title=$1
	shift
	echo "== $title"
	{
		"$@" 2>&1
		echo $? >build/test.rc
	} | tee "$log"
	grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 >>"$sums"
	[ "$(cat build/test.rc)" = 0 ] || broken="$broken, $title"
}

stage "check, debug" "$make" --no-print-directory -j"$jobs" V=debug all check
stage "check, sanitizers" "$make" --no-print-directory -j"$jobs" V=san check
stage "threads" "$make" --no-print-directory -j"$jobs" threads
stage "clients" "$make" --no-print-directory V=debug clients
stage "fuzz" "$make" --no-print-directory -j"$jobs" SECONDS="${FUZZ_SECONDS:-5}" fuzz

rm -f build/test.rc "$log"
# Each stage that ran tests left one line; a stage that broke without a count is one failure more.
awk -v broken="$broken" '
	{ p += $1; f += $3 }
	END {
		if (broken != "") {
			print "broken stages: " substr(broken, 3)
			if (f == 0) f = 1
		}
		printf "%d passed, %d failed\n", p, f
		exit f > 0
	}' "$sums"
