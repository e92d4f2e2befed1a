#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The examples of mockndes-control(7), typed in as they stand at a server whose
# control API is at CONTROL: each must do what it says, and print what is shown.
# A block that starts a server of its own is left out.
# Usage: manual.sh CONTROL PAGE
set -u
control=$1
page=$2
dir=$(mktemp -d "${TMPDIR:-/tmp}/mockndes-manual.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
bad=0

# One file a block: commands, and what they print, apart.
awk -v dir="$dir" '
	/^\.Sh EXAMPLES/ { on = 1 }
	/^\.Sh SEE ALSO/ { on = 0 }
	on && /^\.Bd/ { n++; block = 1; next }
	/^\.Ed/ { block = 0 }
	!block { next }
	{ gsub(/\\e/, "\\"); gsub(/\\&/, "") }
	/^\$ / { print substr($0, 3) >(dir "/" n ".do"); next }
	/^ / { print >(dir "/" n ".do"); next }
	{ print >(dir "/" n ".shown") }' "$page"

# What is not found must fail, which curl alone does not.
mkdir "$dir/bin"
printf '#!/bin/sh\nexec %s --fail-with-body "$@"\n' "$(command -v curl)" >"$dir/bin/curl"
chmod +x "$dir/bin/curl"
PATH=$dir/bin:$PATH

for block in "$dir"/*.do; do
	grep -q '^mockndes ' "$block" && continue
	sed "s,http://127.0.0.1:8081,$control,g; s/--max-time 60/--max-time 1/" "$block" >"$block.now"
	sh -e "$block.now" >"$block.out" 2>"$block.err"
	rc=$?
	grep -q -e '--max-time' "$block" && [ $rc -eq 28 ] && rc=0
	shown=${block%.do}.shown
	if [ $rc -ne 0 ]; then
		echo "exit $rc of:"
		cat "$block.now" "$block.err"
		bad=1
	elif [ -f "$shown" ] &&
		[ "$(tr -d '\n' <"$shown")" != "$(tr -d '\n' <"$block.out")" ]; then
		echo "printed instead of what is shown, by:"
		cat "$block.now" "$block.out"
		bad=1
	fi
done
[ -f "$dir/5.do" ] || bad=1
exit $bad
