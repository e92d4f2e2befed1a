#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Proves that the library shows the functions of include/mockndes.h and
# nothing else. Sanitizers and coverage bring symbols of their own; those
# begin with two underscores, which no C file of ours may use.
# Usage: exports.sh LIBRARY
set -u
lib=$1
shown=$(nm -g --defined-only "$lib" | awk 'NF == 3 && $3 !~ /^__/ { print $3 }' | sort -u)
declared=$(sed -n 's/.*[ *]\(mockndes_[a-z_]*\)($/\1/p; s/.*[ *]\(mockndes_[a-z_]*\)([^*].*/\1/p' \
	include/mockndes.h | sort -u)
bad=0
for s in $shown; do
	case $s in
	mockndes_*) ;;
	*)
		echo "exports: $lib shows $s"
		bad=1
		;;
	esac
	printf '%s\n' "$declared" | grep -qx "$s" || {
		echo "exports: $s is not in include/mockndes.h"
		bad=1
	}
done
for s in $declared; do
	printf '%s\n' "$shown" | grep -qx "$s" || {
		echo "exports: $s is declared but not in $lib"
		bad=1
	}
done
[ -n "$declared" ] || bad=1
[ $bad = 0 ] && echo "exports: mockndes_* and nothing else"
exit $bad
