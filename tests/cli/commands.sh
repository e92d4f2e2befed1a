#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The subcommands beside serve: help, version, scenarios, check, health.
. tests/cli/lib.sh

# ---- help fits a screen of 80 by 24 with its prompt, and has an example ----
for args in --help 'serve --help' 'run --help' 'check --help' 'scenarios --help' \
	'schema --help' 'health --help' 'ctl --help' 'help --help' help 'help serve' \
	'help run' 'help check' 'help scenarios' 'help schema' 'help health' 'help ctl' 'help help'; do
	# shellcheck disable=SC2086 # words on purpose
	try $args
	is "exit code of $args" "$CODE" 0
	ok "$args is at most 23 lines" test "$(wc -l <"$DIR/out")" -le 23
	ok "$args is at most 80 columns" test "$(wc -L <"$DIR/out")" -le 80
	ok "$args has an example" grep -q 'Example:' "$DIR/out"
	is "$args complains of nothing" "$(cat "$DIR/err")" ""
done
try --version
is "the version" "$(cat "$DIR/out")" \
	"mockndes $(sed -n 's/.*MOCKNDES_VERSION "\(.*\)"/\1/p' include/mockndes.h)"

# ---- scenarios ----
try scenarios
is "as many lines as files" "$(wc -l <"$DIR/out")" "$(find scenarios -name '*.yaml' | wc -l)"
for f in scenarios/*.yaml; do
	name=$(basename "$f" .yaml)
	try scenarios
	ok "$name is listed with its symptom" grep -qE "^$name  +[A-Za-z]" "$DIR/out"
	try scenarios --yaml "$name"
	ok "$name is printed as it is" cmp -s "$f" "$DIR/out"
	case $name in */* | faithful | robust | hostile) continue ;; esac
	ok "README.md lists $name" grep -q "\`$name\`" README.md
done
"$MOCKNDES" scenarios >/dev/full 2>"$DIR/err"
is "output that cannot be written" $? 1

# ---- check ----
try check healthy scenarios/ra-expired.yaml
is "sound files" "$CODE" 0
is "are called so" "$(cat "$DIR/out")" "healthy: sound
scenarios/ra-expired.yaml: sound"
printf 'mockndes: 1\nhost:\n  rigths: { impersonate: false }\n  clok: 1\n' >"$DIR/bad.yaml"
try check healthy "$DIR/bad.yaml"
is "a file with complaints" "$CODE" 3
is "all complaints, with positions" \
	"$(grep -cE "^$DIR/bad.yaml:[34]:3: error: " "$DIR/out")" 2
try check "$DIR/no-such.yaml"
is "a file that is not there" "$CODE" 3
ok "is named" grep -q "no-such.yaml" "$DIR/out"

# ---- health ----
serve
control=$(field control_url)
try health "$control"
is "the control API is ready" "$CODE" 0
is "and it is said" "$(cat "$DIR/out")" "$control/v1/ready is ready"
try health "$control/"
is "a slash is no path" "$CODE" 0
try health "${control#http://}"
is "http is understood" "$CODE" 0
try health "$control/v1/nothing"
is "another path is asked as it is" "$CODE" 1
ok "with its status" said 'is not ready: it answers 404'
try health "$(field scep_url)"
is "a SCEP URL" "$CODE" 0
try health "$(field scep_url_https)"
is "HTTPS, unverified" "$CODE" 0
MOCKNDES_CONTROL_PORT=${control##*:} try health
is "the port of the environment" "$CODE" 0
MOCKNDES_CONTROL_URL=$control MOCKNDES_CONTROL_PORT=1 try health
is "the URL of the environment before it" "$CODE" 0
stop TERM
try health "$control"
is "a server that has gone" "$CODE" 1
ok "is said not to be ready" said "^mockndes: $control/v1/ready is not ready: "
serve --scenario pool-stopped
try health "$(field scep_url)"
is "a stopped pool" "$CODE" 1
ok "is 503" said 'it answers 503'
stop TERM

# ---- draws: the same for the same seed, wherever the options stand ----
try check robust --draws --seed 3
is "draws of a level" "$CODE" 0
ok "under the seed that was given" grep -q 'under --seed 3:$' "$DIR/out"
ok "fifty of a rule" grep -q '^    [#. ]* [0-9]* of 50 hit$' "$DIR/out"
cp "$DIR/out" "$DIR/first"
try check --seed=3 --draws robust
ok "are the same again" cmp -s "$DIR/out" "$DIR/first"
try check --seed 4 --draws robust
cmp -s "$DIR/out" "$DIR/first"
is "and others under another" "$?" 1
try check --draws --seed x robust
is "a seed that is no number" "$CODE" 2

cli_done
