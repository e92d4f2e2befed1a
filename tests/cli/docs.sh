#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Help, manual pages and README say the same as each other and as the command:
# options, defaults, commands, exit codes, logs, routes, choices. What the
# README shows being typed is typed, and the manual pages are sound.
. tests/cli/lib.sh

# Lines of a file between two patterns, without those.
between()
{
	awk -v from="$2" -v to="$3" '
		on && $0 ~ to { exit }
		on { print }
		$0 ~ from { on = 1 }' "$1"
}

try run --help
cp "$DIR/out" "$DIR/run-help"
try --help
# Two that say the same share a line.
cat "$DIR/out" "$DIR/run-help" | grep '^  --' | cut -c 1-32 | grep -oE -e '--[a-z-]+' |
	cut -c 3- | sort >"$DIR/help"
sed -n 's/^\.It Fl -\([a-z-]*\).*/\1/p' src/cli/mockndes.1 | sort >"$DIR/manual"
sed -n 's/^| `--\([a-z-]*\).*/\1/p' README.md | sort >"$DIR/readme"
# --help and --version are no rows of help.
printf 'help\nversion\n' >"$DIR/refused"
ok "--help lists options" test "$(wc -l <"$DIR/help")" -ge 18
is "the manual has the options of --help" "$(cat "$DIR/manual")" \
	"$(sort "$DIR/help" "$DIR/refused")"
is "README.md has the options of --help" "$(cat "$DIR/readme")" "$(cat "$DIR/help")"

# Defaults, too: what --help has in brackets stands in both.
sed -n 's/^  --\([a-z-]*\).*(\([^ ()]*\))$/\1 \2/p' "$DIR/out" >"$DIR/defaults"
ok "--help tells defaults" test "$(wc -l <"$DIR/defaults")" -ge 7
while read -r name fallback; do
	grep -F -e "| \`--$name" README.md >"$DIR/row"
	ok "README.md has the default of --$name" grep -qF -e "| \`$fallback\` |" "$DIR/row"
	sed -n "/^\.It Fl -$name/,/^\.It /p" src/cli/mockndes.1 >"$DIR/entry"
	ok "the manual has the default of --$name" grep -qF -e "$fallback" "$DIR/entry"
done <"$DIR/defaults"

# ---- commands ----
try help
sed -n 's/^  mockndes \([a-z]*\) .*/\1/p' "$DIR/out" | sort >"$DIR/commands"
is "the manual has the commands of help" \
	"$(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' src/cli/mockndes.1 | sort)" \
	"$(cat "$DIR/commands")"
# shellcheck disable=SC2016 # backquotes of Markdown
is "README.md has the commands of help" \
	"$( (echo serve && grep -o 'Other commands: .*' README.md | grep -o '`[a-z]\{1,\}' | tr -d '`') | sort)" \
	"$(cat "$DIR/commands")"

# ---- verbs of ctl: those of help, but for longer names of the same ----
"$MOCKNDES" ctl help | grep -v ' the same$' | grep -oE '^  [a-z-]+( [a-z]+)?' |
	sed 's/^  //' | sort >"$DIR/verbs"
ok "ctl has verbs" test "$(wc -l <"$DIR/verbs")" -ge 40
is "the manual has the verbs of ctl help" \
	"$(between src/cli/mockndes.1 '^.Ss Verbs of ctl' '^.Ss' | grep -oE '^\.It Ic [a-z]+( [a-z]+)?' |
		sed 's/^\.It Ic //' | sort)" \
	"$(cat "$DIR/verbs")"

# ---- exit codes ----
# Those of the library, and those that run adds.
codes=$( (echo 0 && sed -n 's/^	MOCKNDES_[A-Z]* = \([1-9]\).*/\1/p' include/mockndes.h &&
	sed -n 's/^	EXIT_[A-Z_]* = \([0-9]*\).*/\1/p' src/cli/cli.h) | sort -nu | grep -vx 128 | tr '\n' ' ')
ok "run has exit codes of its own" test "${codes% 126 127 }" != "$codes"
is "the manual has the exit codes of the header" \
	"$(between src/cli/mockndes.1 '^.Sh EXIT' '^.Sh' | sed -n 's/^\.It \([0-9]*\)$/\1/p' | tr '\n' ' ')" "$codes"
is "README.md has the exit codes of the header" \
	"$(sed -n 's/^Exit codes: //p' README.md | grep -o '[0-9]\{1,\}' | tr '\n' ' ')" "$codes"

# ---- logs: those that the source lists ----
grep -oE '^ \*   [A-Za-z0-9]+(/[A-Za-z0-9_]+)?\.(log|svclog)' src/ndes/evidence.h |
	cut -c 6- >"$DIR/logs"
ok "the source lists logs" test "$(wc -l <"$DIR/logs")" -ge 5
while read -r name; do
	ok "README.md names $name" grep -qF -e "\`$name\`" README.md
	ok "the manual names $name" grep -qFx -e ".It Pa $name" src/cli/mockndes.1
done <"$DIR/logs"

# ---- choices: defaults as in the table of keys, none left out ----
page=src/scenario/mockndes-scenario.5
between "$page" '^.Sh HOST' '^.Sh' | awk '
	/^\.It Ic / { key = $3 }
	/^\.Li .* \.$/ { print key, $2 }' >"$DIR/keys"
between "$page" '^.Sh CHOICES' '^.Sh' |
	sed -n 's/^\.It Ic \([^ ]*\) ; No default Li \(.*\)$/\1 \2/p' >"$DIR/choices"
ok "there are choices" test "$(wc -l <"$DIR/choices")" -ge 10
while read -r choice; do
	ok "the table has this default: $choice" grep -qxF -e "$choice" "$DIR/keys"
done <"$DIR/choices"
between "$page" '^.Sh HOST' '^.Sh' | tr '\n' ' ' | sed 's/\.It Ic /\n/g' |
	grep 'not established' | cut -d ' ' -f 1 >"$DIR/open"
ok "some keys say that they are choices" test -s "$DIR/open"
while read -r key; do
	ok "$key is among the choices" grep -q "^$key " "$DIR/choices"
done <"$DIR/open"

# ---- the control API: the page, the table of routes, the running server ----
page=src/control/mockndes-control.7
awk '/^\.It Li [A-Z]+ \// { for (i = 4; i <= NF; i++) if ($i != ",") print $3, $i }' \
	"$page" | sort >"$DIR/routes"
is "the page has the routes of the source" "$(cat "$DIR/routes")" \
	"$(cat src/control/*.c | tr -d '\n' | grep -oE '\{[[:space:]]*"[A-Z]+",[[:space:]]*"/[^"]*"' |
		sed 's/[^"]*"\([A-Z]*\)",[[:space:]]*"\([^"]*\)"/\1 \2/' | sort)"
serve --log-dir "$DIR/logs.d"
control=$(field control_url)
for path in $(cut -d ' ' -f 2 "$DIR/routes" | sort -u); do
	at=$(echo "$path" | sed 's/{[a-z]*}/computer/g')
	curl -s -o "$DIR/problem" -D "$DIR/head" -X FROB "$control$at"
	is "the server takes at $path what the page says" \
		"$(tr -d '\r' <"$DIR/head" | sed -n 's/^Allow: //p' | tr -d ' ' | tr ',' '\n' | sort)" \
		"$(sed -n "s,^\([A-Z]*\) $path\$,\1,p" "$DIR/routes")"
done
between "$page" '^.It Li POST /v1/restart/{what}' '^.El' |
	sed -n 's/^\.It Cm //p' | sort >"$DIR/restarts"
is "the page has the restarts that the server names" "$(cat "$DIR/restarts")" \
	"$(curl -s -X POST "$control/v1/restart/nothing" | jq -r .detail |
		sed 's/.*; //' | grep -oE '[a-z-]+' | grep -vxE 'and|are' | sort)"
while read -r what; do
	is "$what can be restarted" \
		"$(curl -s -o /dev/null -w '%{http_code}' -X POST "$control/v1/restart/$what")" 200
done <"$DIR/restarts"

# ---- what README.md shows, typed in ----
# Ports and the folder of logs are those of this server; a password is a new one.
http=$(field scep_url)
http=${http%/certsrv*}
awk '/^```/ { on = !on; next } on && (/^\$ / || shown) { print; shown = 1 } !on { shown = 0 }' \
	README.md >"$DIR/shown"
ok "README.md shows commands" test "$(grep -c '^\$ ' "$DIR/shown")" -ge 8
sed -n 's/^\$ //p' "$DIR/shown" |
	sed "s,http://127.0.0.1:8080,$http,g; s,http://127.0.0.1:8081,$control,g; s, logs/, $DIR/logs.d/,g" |
	while IFS= read -r command; do
		sh -c "$command" </dev/null 2>>"$DIR/complaints"
		# On the page a command begins a line, whether the answer ended one or not.
		echo "$DIR"
	done | tr -d '\r' | sed "s,^\(..*\)$DIR\$,\1,; \\,^$DIR\$,d" >"$DIR/typed"
password='s/<B> [0-9A-F]\{16\}$/<B> PASSWORD/'
is "README.md shows what comes" "$(sed "$password" "$DIR/typed")" \
	"$(grep -v '^\$ ' "$DIR/shown" | sed "$password")"
stop TERM

for f in src/*/*.[1-9]; do
	command -v mandoc >/dev/null 2>&1 || break
	is "$f is sound" "$(mandoc -Tlint -W warning "$f" 2>&1)" ""
	ok "$f is installed" grep -q " $f share/man/" tests/tools/install.sh
done

cli_done
