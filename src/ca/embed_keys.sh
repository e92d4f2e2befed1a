#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Print a C file that holds the keys of a folder: embed_keys.sh DIR > FILE.
# One row for each DIR/<role>.key, in the order of their names; the table is
# declared in ca/builtin_keys.h. The output depends on the keys alone.
set -eu

dir=${1:?usage: embed_keys.sh DIR}

cat <<'HEAD'
/* SPDX-License-Identifier: MIT */
/* Made by src/ca/embed_keys.sh from certs/; do not edit. Keys that everybody has: see certs/README.md. */
#include "ca/builtin_keys.h"

const struct ca_builtin_key ca_builtin_keys[] = {
HEAD

count=0
for file in "$dir"/*.key; do
	[ -f "$file" ] || continue
	role=${file##*/}
	role=${role%.key}
	printf '\t{ "%s",\n' "$role"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t    "/' -e 's/$/\\n"/' "$file"
	printf '\t},\n'
	count=$((count + 1))
done

if [ "$count" -eq 0 ]; then
	echo "embed_keys.sh: no .key files in $dir" >&2
	exit 1
fi

cat <<TAIL
};

const size_t ca_builtin_key_count = $count;
TAIL
