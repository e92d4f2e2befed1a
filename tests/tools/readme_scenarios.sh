#!/bin/sh
# SPDX-License-Identifier: MIT
#
# README.md holds, between two comments, what `mockndes scenarios --markdown`
# prints. Without an argument: says whether it does, and shows the difference
# if not. With --write: makes it so. Run in the root; MOCKNDES is the command.
set -eu
MOCKNDES=${MOCKNDES:-build/mockndes}
begin='<!-- scenarios: made by tests/tools/readme_scenarios.sh --write -->'
end='<!-- /scenarios -->'
made=$(mktemp)
trap 'rm -f "$made"' EXIT

for mark in "$begin" "$end"; do
	[ "$(grep -cxF -e "$mark" README.md)" = 1 ] || {
		echo "README.md must have one line: $mark"
		exit 1
	}
done
sed -n "1,\\,^$begin\$,p" README.md >"$made"
"$MOCKNDES" scenarios --markdown >>"$made"
sed -n "\\,^$end\$,,\$p" README.md >>"$made"
case ${1:-} in
--write) cat "$made" >README.md ;;
'') diff -u README.md "$made" ;;
*)
	echo "usage: readme_scenarios.sh [--write]" >&2
	exit 2
	;;
esac
