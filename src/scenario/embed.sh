#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: embed.sh FOLDER >scenario_builtins.c
# The scenario files of a folder and its sub-folders as one C file, which
# defines what src/scenario/builtins.h declares. Bytes are written as numbers:
# a string literal may not be as long as a file is.
set -eu
LC_ALL=C
export LC_ALL
folder=${1:?usage: embed.sh FOLDER}
cd "$folder"
names=$(find . -type f -name '*.yaml' | sed -e 's,^\./,,' -e 's,\.yaml$,,' | sort)

echo '/* Made by src/scenario/embed.sh; edit the files in scenarios/ instead. */'
echo '#include "scenario/builtins.h"'
i=0
for name in $names; do
	printf '\nstatic const uint8_t file_%d[] = {\n' "$i"
	od -An -v -tu1 "$name.yaml" | awk '{ gsub(/ +/, ","); print "\t" substr($0, 2) "," }'
	# C has no empty arrays; the size below leaves this byte out
	printf '\t0\n};\n'
	i=$((i + 1))
done
printf '\nconst struct scenario_builtin scenario_builtin_rows[] = {\n'
i=0
for name in $names; do
	printf '\t{ "%s", { file_%d, sizeof(file_%d) - 1 } },\n' "$name" "$i" "$i"
	i=$((i + 1))
done
[ "$i" -gt 0 ] || printf '\t{ 0 }\n'
printf '};\nconst size_t scenario_builtin_row_count = %d;\n' "$i"
