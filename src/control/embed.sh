#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: embed.sh FILE >control_openapi.c
# The description of the control API as one C file, which defines what
# src/control/openapi.h declares. Bytes are written as numbers: a string
# literal may not be as long as the file is.
set -eu
LC_ALL=C
export LC_ALL
file=${1:?usage: embed.sh FILE}
echo '/* Made by src/control/embed.sh; edit src/control/openapi.json instead. */'
echo '#include "control/openapi.h"'
printf '\nconst uint8_t control_openapi[] = {\n'
od -An -v -tu1 "$file" | awk '{ gsub(/ +/, ","); print "\t" substr($0, 2) "," }'
printf '};\nconst size_t control_openapi_size = sizeof(control_openapi);\n'
