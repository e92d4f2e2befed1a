#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Help, manual page and README name the same options, and the manual is sound.
. tests/cli/lib.sh

try --help
sed -n 's/^  --\([a-z-]*\).*/\1/p' "$DIR/out" | sort >"$DIR/help"
sed -n 's/^\.It Fl -\([a-z-]*\).*/\1/p' src/cli/mockndes.1 | sort >"$DIR/manual"
sed -n 's/^| `--\([a-z-]*\).*/\1/p' README.md | sort >"$DIR/readme"
# --state is documented as refused; --help and --version are no rows of help.
printf 'help\nstate\nversion\n' >"$DIR/refused"
ok "--help lists options" test "$(wc -l <"$DIR/help")" -ge 18
is "the manual has the options of --help" "$(cat "$DIR/manual")" \
	"$(sort "$DIR/help" "$DIR/refused")"
is "README.md has the options of --help" "$(cat "$DIR/readme")" "$(cat "$DIR/help")"

# Defaults, too: what --help has in brackets stands in both.
sed -n 's/^  --\([a-z-]*\).*(\([^ ()]*\))$/\1 \2/p' "$DIR/out" >"$DIR/defaults"
ok "--help tells defaults" test "$(wc -l <"$DIR/defaults")" -ge 8
while read -r name fallback; do
	grep -F -e "| \`--$name" README.md >"$DIR/row"
	ok "README.md has the default of --$name" grep -qF -e "| \`$fallback\` |" "$DIR/row"
	sed -n "/^\.It Fl -$name/,/^\.It /p" src/cli/mockndes.1 >"$DIR/entry"
	ok "the manual has the default of --$name" grep -qF -e "$fallback" "$DIR/entry"
done <"$DIR/defaults"

for f in src/*/*.[1-9]; do
	command -v mandoc >/dev/null 2>&1 || break
	is "$f is sound" "$(mandoc -Tlint -W warning "$f" 2>&1)" ""
done

cli_done
