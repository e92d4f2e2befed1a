#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Fuzzes one entry for some seconds, from its seeds. What is found stays in
# build/fuzz; a crash becomes a named vector by hand.
# Usage: fuzz.sh ENTRY SECONDS
set -eu
entry=$1 seconds=$2
finds=build/fuzz/corpus/$entry
mkdir -p "$finds" build/fuzz/crashes
dict=tests/fuzz/$entry.dict
# The sanitizers need room, our own limits are far below it.
set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
	-print_final_stats=0 -verbosity=0 -artifact_prefix="build/fuzz/crashes/$entry-"
[ -f "$dict" ] && set -- "$@" -dict="$dict"
log=build/fuzz/$entry.log
if ! build/fuzz/tests/fuzz/fuzz_"$entry" "$@" "$finds" "tests/fuzz/corpus/$entry" >"$log" 2>&1; then
	cat "$log"
	echo "fuzz $entry: found something, see build/fuzz/crashes"
	exit 1
fi
echo "fuzz $entry: ${seconds}s, $(find "$finds" -type f | wc -l) inputs kept, nothing found"
