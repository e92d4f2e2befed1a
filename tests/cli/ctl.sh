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
ctl live
shown "live" '^live +yes$'
ctl openapi
shown "the description of the API" '"openapi":? *"3\.1'
ctl schema
shown "the schema of scenario files" 'json-schema\.org/draft/2020-12'
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

ctl scenario
shown "what is in force" '^healthy$'
ctl scenario use ra-expired
shown "a built-in one" '^ra-expired +[0-9]+ +The MSCEP-RA'
is "clients see it" "$(curl -so /dev/null -w '%{http_code}' "$scep?operation=GetCACaps")" 500
ctl scenario use caps-modern robust/caps-lower ttl=1h
shown "several, for a while" '^for a while$'
is "clients see them" "$(curl -s "$scep?operation=GetCACaps" | grep -c aes)" 1
ctl scenario use scenarios/uri-too-long.yaml
shown "a file" '^uri-too-long '
"$MOCKNDES" ctl scenario use - <scenarios/pool-stopped.yaml >"$DIR/out" 2>"$DIR/err"
shown "standard input" '^pool-stopped '
ctl scenario reset
shown "back again" '^healthy$'
printf 'mockndes: 1\nhost:\n  rigths: { impersonate: false }\n  clok: 1\n' >"$DIR/bad.yaml"
for verb in check 'scenario use'; do
	# shellcheck disable=SC2086 # two words
	ctl $verb "$DIR/bad.yaml"
	is "$verb of a file that is not sound" "$CODE" 1
	ok "all complaints with their places" test \
		"$(grep -cE "^$DIR/bad.yaml:[34]:3: error: " "$DIR/err")" = 2
done
ctl check scenarios/ra-expired.yaml
shown "a sound one" '^sound$'
ctl scenario use nonsense
is "one that is not there" "$CODE" 1
ctl scenario use caps-modern scenarios/ra-expired.yaml
is "a file beside a name" "$CODE" 2

# ---- rules ----
ctl rules add '{"id":"busy","when":{"op":"GetCACaps"},"times":2,"then":{"reply":{"status":503}}}'
shown "a rule more" '^busy +yes +0 +0 +2 '
is "applies" "$(curl -so /dev/null -w '%{http_code}' "$scep?operation=GetCACaps")" 503
ctl rules
shown "has counted" '^busy +yes +1 +1 +2 +site +\{op: GetCACaps\}$'
ctl rules disable busy
is "switched off" "$(curl -so /dev/null -w '%{http_code}' "$scep?operation=GetCACaps")" 200
ctl rules enable busy
is "and on" "$(curl -so /dev/null -w '%{http_code}' "$scep?operation=GetCACaps")" 503
ctl rules change busy '{"chance":"100%"}' ttl=1h
shown "a key more" '^chance +1'
ctl rules change busy '{"chanse":"50%"}'
is "a key that there is not" "$CODE" 1
ctl rules show busy
shown "all of it" '^times +2$'
ctl rules remove busy
ctl rules
is "and gone" "$(cat "$DIR/out")" ""
printf '%s\n' '- { id: a, when: { op: GetCACaps }, then: { reply: { status: 502 } } }' >"$DIR/rule.yaml"
ctl rules add "$DIR/rule.yaml" ttl=1h
shown "a file" '^a +yes'
ctl rules add '{"when":{"opp":"GetCACaps"},"then":{}}'
is "one that is not sound" "$CODE" 1
ok "has a place" said '^rule:1:[0-9]+: error: '
ctl rules remove nonsense
is "one that is not there" "$CODE" 1

# ---- back to the start ----
ctl reset
shown "reset tells what" '^reset +scenario, '
ctl rules
is "and does it" "$(cat "$DIR/out")" ""
ctl reset journal counters
shown "parts of it" '^reset +counters, journal$'
ctl reset diary
is "a part that there is not" "$CODE" 1
ok "is told with those there are" said 'journal'

# ---- the clock ----
ctl clock offset 30d
shown "ahead" '^offset +30d$'
ctl clock now 2027-01-31T12:00:00Z
shown "set" '^now +2027-01-31T12:00:00'
ctl clock freeze
shown "standing" '^frozen +yes$'
ctl clock run
shown "going on" '^frozen +no$'
ctl clock offset -1h
shown "behind" '^offset +-1h$'
ctl clock offset 0s
ctl clock
shown "as it is" '^offset +0s?$'
ctl clock now yesterday
is "no time" "$CODE" 1

# ---- private sites ----
ctl sessions new scenario=ra-expired seed=7 ttl=10m --json
is "a session" "$CODE" 0
cp "$DIR/out" "$DIR/session"
id=$(jq -r .id <"$DIR/session")
is "has its seed" "$(jq .seed <"$DIR/session")" 7
is "and its scenario" "$(curl -so /dev/null -w '%{http_code}' \
	"$(jq -r .scep_url <"$DIR/session")?operation=GetCACaps")" 500
ctl sessions
shown "is listed" "^$id +ra-expired +7 +10m "
ctl sessions show "$id"
shown "and shown" '^scep_url +http'
ctl --site "s/$id" host ra.signing
shown "asked about as a site" '^expired$'
ctl --url "$(jq -r .control_url <"$DIR/session")" host set ra.signing=valid
is "or by its own URL" "$CODE" 0
ctl host ra.signing
shown "the default site is another" '^valid$'
ctl sessions new scenario=scenarios/pool-stopped.yaml
is "one with a file" "$CODE" 0
ctl sessions end "$id"
ctl sessions show "$id"
is "one that was ended" "$CODE" 1
ctl sessions end all
ctl sessions
is "all of them" "$(cat "$DIR/out")" ""
ctl sessions new colour=red
is "a parameter that there is not" "$CODE" 1

# ---- the journal ----
curl -so /dev/null "$scep?operation=GetCACert"
curl -so /dev/null "$scep?operation=GetCaCapz"
ctl requests
shown "has a head" '^ID +TIME +CLIENT +METHOD +OP '
shown "and a line for a request" '^[0-9]+ +20[0-9T:.-]+Z +127\.0\.0\.1 +GET +GetCACert +200 +mscep\.dll +sent$'
is "the newest first" "$(sed -n 2p "$DIR/out" | grep -c ' other ')" 1
id=$(sed -n '2s/ .*//p' "$DIR/out")
ctl requests op=GetCACert status=200
is "those for which conditions hold" "$(tail -n +2 "$DIR/out" | grep -vc GetCACert)" 0
ctl requests list limit=1
is "so many" "$(wc -l <"$DIR/out")" 2
ctl requests --json op=other
is "as they came" "$(jq -r '.requests[0].op' <"$DIR/out")" other
ctl requests show "$id"
shown "all of one" '^target +/certsrv/mscep/mscep\.dll\?operation=GetCaCapz$'
ctl requests explain "$id"
shown "explained" 'The nearest thing that there is: operation=GetCACaps'
ctl requests explain --json "$id"
is "as it came" "$(jq -r 'has("sentences")' <"$DIR/out")" true
ctl requests wait op=GetCACert count=1 timeout=20s
is "waiting for what has come" "$CODE" 0
shown "shows it" ' GetCACert '
ctl requests wait op=PKIOperation timeout=50ms
is "in vain" "$CODE" 1
ok "is told" said '0 of 1 such requests came'
ctl requests reply "$id"
is "the reply as it went, octet by octet" "$(iconv -f utf-16le <"$DIR/out" | grep -c '</HTML>')" 1
ctl requests message "$id"
is "a message that there is not" "$CODE" 1
ctl requests csr "$id"
is "nor a request for a certificate" "$CODE" 1
ctl requests csr "$id" pem
is "DER is the other form" "$CODE" 2
ctl requests opp=GetCACert
is "a condition that there is not" "$CODE" 1
ok "and the one that was meant" said 'did you mean op\?'
ctl requests explain 99999999
is "an entry that there is not" "$CODE" 1

# ---- what is expected ----
ctl verify
shown "nothing is" '^nothing is expected$'
printf 'expect:\n  - requests: { op: GetCACert }\n  - never: { op: other }\n    say: It spells.\n' >"$DIR/expect.yaml"
ctl verify "$DIR/expect.yaml"
is "what did not hold is 5" "$CODE" 5
shown "with what did" '^held +requests: \{op: GetCACert\}$'
shown "and what did not" '^failed +never: \{op: other\}$'
shown "in words" '^ +It spells\.$'
ctl verify "$DIR/expect.yaml" --json
is "5 as it came, too" "$CODE $(jq -r .verdict <"$DIR/out")" "5 failed"
ctl verify "$DIR/expect.yaml" format=junit
is "or for CI servers" "$(xmllint --xpath 'count(//failure)' "$DIR/out")" 1
ctl verify "$DIR/bad.yaml"
is "a file that is not sound" "$CODE" 1
ok "with its places" said "^$DIR/bad.yaml:3:3: error: "
ctl scenario use hostile/cr-nonce-wrong
ctl verify client=failed
is "with what is known of the client" "$CODE" 0
ctl verify client=succeeded
is "one way or the other" "$CODE" 5
ctl verify
is "without it is not told" "$CODE" 5
shown "and says so" '^incomplete: '
ctl scenario reset
ctl requests clear
ctl requests
is "cleared" "$(cat "$DIR/out")" ""

# ---- the stream ----
mkfifo "$DIR/stream"
"$MOCKNDES" ctl stream op=GetCACert >"$DIR/stream" 2>"$DIR/err" &
streaming=$!
PIDS="$PIDS $streaming"
exec 7<"$DIR/stream"
# It may begin after a request; it is asked until it tells of one.
(while sleep 0.1; do curl -so /dev/null "$scep?operation=GetCACert"; done) &
asking=$!
PIDS="$PIDS $asking"
read -r event <&7
kill "$asking" "$streaming"
wait "$asking" "$streaming" 2>/dev/null
exec 7<&-
is "a line for a change" "$(echo "$event" | grep -cE '^(opened|answered|ended)  [0-9]+  GetCACert')" 1

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
shown "a log as an administrator reads it" 'GET /certsrv/mscep/mscep.dll operation=GetCACert .* 200 0 0'
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
refuses 2 'ctl pending is not in this version' pending approve x
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
