#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Everything that judges sources without running them: the format, the length
# of functions, cppcheck, clang-tidy, the manual pages, the scripts. All of
# them speak, then the exit status says whether one complained.
# Usage: lint.sh SOURCE...
set -u
bad=

judge()
{
	title=$1
	shift
	echo "== $title"
	"$@" || bad="$bad $title"
}

# A function runs from its name in the first column to a brace there.
long_functions()
{
	awk '
	FNR == 1 { start = 0 }
	/^[a-z_A-Z0-9]+\(/ && !/;[ \t]*$/ { start = FNR; name = $0; sub(/\(.*/, "", name) }
	/^}/ && start {
		if (FNR - start + 1 > 80) {
			print FILENAME ":" start ": " name " has " FNR - start + 1 " lines, at most 80"
			bad = 1
		}
		start = 0
	}
	END { exit bad }' "$@"
}

tidy()
{
	printf '%s\n' "$@" | grep '^src/.*\.c$' | xargs -P "$(nproc)" -n 3 sh -c '
		clang-tidy --quiet "$@" -- -std=c11 -D_GNU_SOURCE -Isrc -Iinclude 2>&1 |
			grep -vE "warnings? (generated|treated)|^Suppressed|^Use -header" |
			awk "{ print } /(error|warning):/ { bad = 1 } END { exit bad }"' tidy
}

manuals()
{
	mandoc -Tlint -W warning src/*/*.[1-9]
}

judge clang-format clang-format --dry-run -Werror "$@"
judge function-length long_functions "$@"
# The include path of the system is left out: its headers are not ours to judge.
# shellcheck disable=SC2046 # file names here have no blanks
judge cppcheck cppcheck -q --std=c11 --enable=warning,portability,performance \
	--inline-suppr --error-exitcode=1 --suppress=missingIncludeSystem \
	-j "$(nproc)" -D_GNU_SOURCE -Isrc -Iinclude -Itests \
	$(printf '%s\n' "$@" | grep '\.c$')
judge clang-tidy tidy "$@"
judge mandoc manuals
# shellcheck disable=SC2046
judge shellcheck shellcheck -s sh -S warning .ci/run $(ls tests/*/*.sh src/*/*.sh)

if [ -n "$bad" ]; then
	echo "lint: complaints from:$bad"
	exit 1
fi
echo "lint: clean"
