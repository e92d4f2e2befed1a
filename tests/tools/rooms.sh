#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Proves src/ROOMS and src/THIRDPARTY over all sources: a room includes only
# itself and the rooms of its row, rows name only rooms above them, every
# folder has a row, each source begins with its own header, and third-party
# headers stay where they may be. Then it plants violations in a scratch tree
# and demands that each is refused, so that the proof is worth something.
# Usage: rooms.sh [GENERATED.c ...]
set -u

# Headers of the standard library, POSIX and Linux; all else is third party.
STANDARD='assert complex ctype errno fenv float inttypes iso646 limits locale
math setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib
stdnoreturn string strings tgmath threads time uchar wchar wctype dirent dlfcn
endian fcntl fnmatch ftw getopt glob grp iconv ifaddrs langinfo libgen malloc
netdb poll pthread pwd regex sched search semaphore spawn sysexits syslog
termios ucontext unistd arpa/ linux/ net/ netinet/ sys/'

# The proof over the tree in the current folder.
prove()
{
	bad=0
	for d in src/*/; do
		room=${d#src/}
		room=${room%/}
		grep -q "^$room:" src/ROOMS || {
			echo "src/$room: no row in src/ROOMS"
			bad=1
		}
	done
	for f in src/*/*.c; do
		h=${f%.c}.h
		[ -f "$h" ] || continue
		first=$(sed -n 's/^#include //p' "$f" | head -n 1)
		[ "$first" = "\"${h#src/}\"" ] || {
			echo "$f: includes $first before its own header"
			bad=1
		}
	done
	# shellcheck disable=SC2046 # file names here have no blanks
	awk -v standard="$STANDARD" '
	function say(what) {
		print FILENAME ":" FNR ": " what
		bad = 1
	}
	BEGIN {
		n = split(standard, w, /[ \n]+/)
		for (i = 1; i <= n; i++) std[w[i]] = 1
	}
	FILENAME == "src/ROOMS" || FILENAME == "src/THIRDPARTY" {
		sub(/#.*/, "")
		if (split($0, p, ":") < 2) next
		n = split(p[2], w, " ")
		if (FILENAME == "src/ROOMS") {
			for (i = 1; i <= n; i++) {
				if (!(w[i] in known)) say(p[1] " names " w[i] ", which is not below it")
				ok[p[1], w[i]] = 1
			}
			known[p[1]] = ok[p[1], p[1]] = 1
		} else {
			if (!(p[1] in known)) say("no such room: " p[1])
			third[p[1]] = n
			for (i = 1; i <= n; i++) may[p[1], i] = w[i]
		}
		next
	}
	FNR == 1 {
		# Generated files carry their room in their name: build/x/gen/ca_keys.c
		n = split(FILENAME, f, "/")
		room = f[1] == "src" ? f[2] : f[n]
		if (f[1] != "src") sub(/_.*/, "", room)
		if (f[1] == "include") room = "include"
	}
	/^[ \t]*#[ \t]*include/ {
		line = $0
		gsub(/^[ \t]*#[ \t]*include[ \t]*/, "", line)
		to = substr(line, 2)
		sub(/[">].*/, "", to)
		if (line ~ /^"/) {
			n = split(to, t, "/")
			if (to == "mockndes.h" && room ~ /^(api|cli)$/) next
			if (n != 2 || t[1] == ".." || t[1] == ".") say("include \"room/file.h\", not " to)
			else if (!((room, t[1]) in ok)) say(room " may not include " to)
		} else if (line ~ /^</) {
			base = to
			sub(/\.h$/, "", base)
			dir = to
			sub(/\/.*/, "/", dir)
			fine = (base in std) || (dir in std) || (to == "mockndes.h" && room == "api")
			for (i = 1; i <= third[room]; i++)
				if (index(to, may[room, i]) == 1) fine = 1
			if (!fine) say(room " may not include <" to ">")
		} else
			say("include by a macro cannot be proved")
	}
	END { exit bad }
	' src/ROOMS src/THIRDPARTY $(ls src/*/*.[ch] include/*.h 2>/dev/null) "$@" || bad=1
	return $bad
}

# plant FILE TEXT: in a copy of the tables, TEXT in FILE must be refused.
plant()
{
	rm -rf "$scratch/src" "$scratch/gen"
	mkdir -p "$scratch/src/base" "$scratch/src/http" "$scratch/src/pki" "$scratch/src/cli" "$scratch/gen"
	cp src/ROOMS src/THIRDPARTY "$scratch/src/"
	mkdir -p "$scratch/$(dirname "$1")"
	printf '%b\n' "$2" >>"$scratch/$1"
	# shellcheck disable=SC2012,SC2046 # file names here have no blanks
	(cd "$scratch" && prove $(ls gen/*.c 2>/dev/null)) >"$scratch/said" 2>&1
	got=$?
	if [ "$got" != "$3" ]; then
		echo "rooms.sh: planted in $1: $2: expected exit $3, got $got"
		cat "$scratch/said"
		failed=$((failed + 1))
	fi
}

self_test()
{
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	failed=0
	plant src/http/a.c '#include "base/err.h"\n#include <stdio.h>\n#include <sys/types.h>' 0
	plant src/pki/a.c '#include <openssl/evp.h>' 0
	plant src/cli/a.c '#include <mockndes.h>\n#include "cli/cli.h"' 0
	plant gen/pki_keys.c '#include "base/err.h"' 0
	plant src/base/a.c '#include "http/query.h"' 1
	plant src/base/a.c '  #  include "http/query.h"' 1
	plant src/http/a.c '#include <openssl/evp.h>' 1
	plant src/http/a.c '#include "err.h"' 1
	plant src/http/a.c '#include "../base/err.h"' 1
	plant src/http/a.c '#define X "pki/key.h"\n#include X' 1
	plant src/cli/a.c '#include "base/err.h"' 1
	plant gen/http_table.c '#include "pki/key.h"' 1
	plant src/attic/a.c '#include <stdio.h>' 1
	plant src/ROOMS 'low: cli\n' 0
	plant src/ROOMS 'low: high\nhigh:' 1
	touch_own='#include <stdio.h>\n#include "http/b.h"'
	plant src/http/b.c "$touch_own" 0
	mkdir -p "$scratch/src/http" && : >"$scratch/src/http/b.h"
	(cd "$scratch" && prove) >/dev/null 2>&1 && {
		echo "rooms.sh: a header that is not first was let through"
		failed=$((failed + 1))
	}
	return "$failed"
}

prove "$@" || exit 1
self_test || exit 1
echo "rooms: every include is where it may be"
