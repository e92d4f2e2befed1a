#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mockndes ctl: each verb against a server, for people and as it came, and what
# it says when the server refuses or is not there.
. tests/cli/lib.sh

# ctl ARG...: a verb; CODE, $DIR/out, $DIR/err.
ctl()
{
	try ctl "$@"
}

# shown SENTENCE PATTERN: a line of the last output is like that.
shown()
{
	sentence=$1
	grep -qE -e "$2" "$DIR/out" && grep -q . "$DIR/out" && {
		PASSED=$((PASSED + 1))
		return
	}
	FAILED=$((FAILED + 1))
	echo "FAILED: $sentence: no line like $2 in:"
	cat "$DIR/out" "$DIR/err"
}

serve --challenge known
MOCKNDES_CONTROL_URL=$(field control_url)
export MOCKNDES_CONTROL_URL
scep=$(field scep_url)

# ---- the server ----
ctl info
is "info" "$CODE" 0
shown "has the URL" "^scep_url +$scep\$"
shown "and the scenario" '^scenario +healthy$'
ctl info --json
is "as it came" "$(jq -r .scep_url <"$DIR/out")" "$scep"
ctl --json info
is "options stand anywhere" "$(jq -r .name <"$DIR/out")" mockndes
ctl ready
shown "ready" '^ready +yes$'
env -u MOCKNDES_CONTROL_URL "$MOCKNDES" ctl --url "$MOCKNDES_CONTROL_URL/" info >"$DIR/out"
shown "the URL by flag, with a slash" '^name +mockndes$'

# ---- the model ----
ctl host
shown "all keys are lines" '^iis\.request_filtering\.maxUrl +65534$'
ctl host rights registry.PasswordMax
shown "parts of it" '^impersonate +yes$'
shown "or one value" '^5$'
ctl host --json rights
is "as it came" "$(cat "$DIR/out")" '{"impersonate":true}'
ctl host set rights.impersonate=false registry.PasswordMax=7
is "set" "$CODE" 0
shown "tells what waits" '^rights\.impersonate +computer$'
ctl host get view=in-force rights
shown "and it waits" '^impersonate +yes$'
ctl restart computer
shown "a restart brings it into force" '^in force$'
ctl host get view=in-force rights
shown "so it does" '^impersonate +no$'
is "clients see it" "$(curl -so /dev/null -w '%{http_code}' "$scep?operation=GetCACaps")" 500
ctl host set rights.impersonate=true clock.offset=1h registry.PasswordMax=null
is "texts, booleans and null" "$CODE" 0
ctl restart computer
ctl host clock registry.PasswordMax
shown "a duration is text" '^offset +(1h|60m|3600s)$'
shown "null is the default" '^5$'
ctl host set clock.offset=0s
ctl host set rights.impersonate=false rigths.impersonate=false
is "one mistake" "$CODE" 1
ok "is told" said '^mockndes: .*rigths'
ctl host rights
shown "and nothing has changed" '^impersonate +yes$'
ctl restart everything
is "what cannot be restarted" "$CODE" 1
ok "is told, with what can" said 'computer'
ctl --site x/ra-expired host ra.signing
shown "of another site" '^expired$'
ctl --site x/nothing host
is "a site that is not there" "$CODE" 1

# ---- scenarios ----
ctl scenarios
shown "the catalogue" '^ra-expired +[a-z]+ +[A-Z]'

# ---- the CA ----
ctl ca root
ok "root, PEM" openssl x509 -in "$DIR/out" -noout
ctl ca issuing.der
ok "issuing, DER" openssl x509 -in "$DIR/out" -inform DER -noout
ctl ca tls.key
is "keys are not given" "$CODE" 1
ok "and it is said how they would be" said 'serve-keys'
ctl challenges new
is "a fresh password alone on its line" "$(grep -cE '^[0-9A-F]{16}$' "$DIR/out")" 1
password=$(cat "$DIR/out")
ctl challenges new ttl=1h static=true
is "one that is asked for" "$CODE" 0
ctl challenges
shown "passwords" "^$password +unused +20"
shown "with their states" ' static'
ctl certificates
is "none was issued" "$CODE: $(cat "$DIR/out")" "0: "
ctl revoke 0a
is "one that is not there" "$CODE" 1
ok "is told" said 'serial number 0a'

# ---- what came of it ----
ctl evidence iis
shown "a log as an administrator reads it" 'GET /certsrv/mscep/mscep.dll operation=GetCACaps .* 500 0 1346'
ctl evidence events format=xml
shown "another form of it" '^<'
ctl evidence diary
is "a log that is not there" "$CODE" 1
ctl metrics
shown "figures" '^mockndes_requests_total\{.*\} [0-9]+$'

# ---- what is not there, or not meant ----
refuses()
{
	code=$1 pattern=$2
	shift 2
	ctl "$@"
	is "exit code of: ctl $*" "$CODE" "$code"
	ok "sentence for: ctl $*" said "$pattern"
	is "silence on standard output of: ctl $*" "$(cat "$DIR/out")" ""
}
refuses 2 'which verb\?'
refuses 2 'no verb "hots"; did you mean host\?' hots
refuses 2 'no verb "frobnicate"; `mockndes ctl help` lists them' frobnicate
refuses 2 'did you mean host set\?' host sett
refuses 2 'did you mean requests explain\?' requests expalin 3
refuses 2 'usage: mockndes ctl restart WHAT' restart
refuses 2 '"b" is too much' restart a b
refuses 2 '"x" is not KEY=VALUE' host set x
refuses 2 'no option --frob' --frob info
refuses 2 '--url wants a value' info --url
refuses 1 'Could.*t connect' --url http://127.0.0.1:1 info
refuses 1 'Unsupported protocol|not supported|disabled' --url file:///etc/passwd info
ctl help
ok "help lists verbs" test "$(wc -l <"$DIR/out")" -ge 40
ok "in 80 columns" test "$(wc -L <"$DIR/out")" -le 80
ctl help rules
is "or those of a noun" "$(grep -cv '^  rules' "$DIR/out")" 0
"$MOCKNDES" ctl info >/dev/full 2>"$DIR/err"
is "output that cannot be written" "$?" 1
stop TERM

# ---- a token, and the end ----
serve --control-token secret
MOCKNDES_CONTROL_URL=$(field control_url)
refuses 1 'asks for Authorization' info
ctl --token secret info
is "the token by flag" "$CODE" 0
MOCKNDES_CONTROL_TOKEN=secret ctl info
is "and by the environment" "$CODE" 0
ctl --token secret shutdown
is "shutdown" "$CODE" 0
finish
is "ends the server" "$CODE" 0

# ---- in a run, nothing needs to be said ----
try run --control-token secret -- "$MOCKNDES" ctl info
shown "ctl finds the server of a run" '^name +mockndes$'

cli_done
