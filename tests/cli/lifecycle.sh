#!/bin/sh
# SPDX-License-Identifier: MIT
#
# From start to end: the ready line, file and descriptor, signals, ports that
# are taken, and ends by time and with the parent.
. tests/cli/lib.sh

KEYS=ready,pid,scenario,seed,scep_url,scep_url_https,admin_page_url,control_url,challenge,ca_fingerprint_sha256

# ---- the ready line ----
serve
is "the keys of the ready line, in order" \
	"$(printf '%s\n' "$LINE" | jq -r 'keys_unsorted | join(",")')" "$KEYS"
is "ready is true" "$(field ready)" true
is "pid is the server's" "$(field pid)" "$PID"
is "seed is a number" "$(field 'seed | type')" number
is "a fresh password" "$(field challenge | grep -cE '^[0-9A-F]{16}$')" 1
is "a fingerprint" "$(field ca_fingerprint_sha256 | grep -cE '^[0-9a-f]{64}$')" 1
is "the shape of the SCEP URL" "$(field scep_url | sed 's/:[0-9][0-9]*/:N/')" \
	http://127.0.0.1:N/certsrv/mscep/mscep.dll
is "the shape of the HTTPS URL" "$(field scep_url_https | sed 's/:[0-9][0-9]*/:N/')" \
	https://127.0.0.1:N/certsrv/mscep/mscep.dll
is "the shape of the admin URL" "$(field admin_page_url | sed 's/:[0-9][0-9]*/:N/')" \
	http://127.0.0.1:N/certsrv/mscep_admin/
is "the shape of the control URL" "$(field control_url | sed 's/:[0-9][0-9]*/:N/')" \
	http://127.0.0.1:N
for url in "$(field scep_url)?operation=GetCACaps" "$(field control_url)/v1/ready"; do
	is "answers when ready: $url" \
		"$(curl -s -o /dev/null -w '%{http_code}' --noproxy '*' "$url")" 200
done
ok "the log is plain, with ISO times" \
	grep -qE '^20[0-9-]{8}T[0-9:.]{12}Z info .*GetCACaps' "$DIR/log"

# ---- taken ports: code 4, no ready line ----
port=$(field scep_url | sed 's/.*:\([0-9]*\).*/\1/')
try --http-port "$port" --https-port off --control-port 0
is "a taken SCEP port" "$CODE" 4
ok "the taken port is named" said "$port"
is "no ready line" "$(cat "$DIR/out")" ""
try --http-port 0 --https-port off --control-port "$port"
is "a taken control port" "$CODE" 4
try --bind 192.0.2.1 --http-port 0 --https-port off --control-port 0
is "an address that is not ours" "$CODE" 4
stop TERM
is "SIGTERM" "$CODE" 0
is "nothing but the ready line on standard output" "$REST" ""

# ---- signals ----
serve
stop INT
is "SIGINT" "$CODE" 0
serve
stop HUP
is "SIGHUP" "$CODE" 0
serve
kill -USR1 "$PID"
is "SIGUSR1 is no order to stop" "$(curl -s -o /dev/null -w '%{http_code}' \
	--noproxy '*' "$(field control_url)/v1/ready")" 200
stop TERM
is "and SIGTERM is, after it" "$CODE" 0

# ---- ready file and descriptor ----
serve --ready-file "$DIR/ready"
is "the ready file holds the line" "$(cat "$DIR/ready")" "$LINE"
is "and no more" "$(wc -l <"$DIR/ready")" 1
is "no temporary file stays" "$(find "$DIR" -name 'ready*' | wc -l)" 1
stop TERM
ok "the ready file is removed at exit" test ! -e "$DIR/ready"

serve --ready-file "$DIR/ready" --exit-after 1ms
finish
ok "the ready file is removed at the end of the time" test ! -e "$DIR/ready"
is "an end by time is a good one" "$CODE" 0

try --http-port 0 --https-port off --control-port off --ready-file "$DIR/no/such/ready"
is "a ready file that cannot be written" "$CODE" 1
ok "is named" said "$DIR/no/such/ready"

timeout 30 "$MOCKNDES" --http-port 0 --https-port off --control-port off \
	--ready-fd 5 --exit-after 1ms 5>"$DIR/fd" >"$DIR/out" 2>"$DIR/err"
is "the descriptor gets the line" "$(cat "$DIR/fd")" "$(cat "$DIR/out")"
is "and it is a ready line" "$(jq -r .ready <"$DIR/fd")" true
timeout 30 "$MOCKNDES" --http-port 0 --https-port off --control-port off \
	--ready-fd 1 --exit-after 1ms >"$DIR/out" 2>"$DIR/err"
is "descriptor 1 gets the line once" "$(wc -l <"$DIR/out")" 1
try --http-port 0 --https-port off --control-port off --ready-fd 77
is "a descriptor that is not open" "$CODE" 1
ok "is named" said 'descriptor 77 cannot be written'

# ---- open files: as many as there may be, and said when those are few ----
# shellcheck disable=SC3045 # dash and bash have them
(
	ulimit -Sn 300
	ulimit -Hn 1100
	exec timeout 30 "$MOCKNDES" --http-port 0 --https-port 0 \
		--control-port 0 --exit-after 1ms
) >"$DIR/out" 2>"$DIR/err"
is "few files are no reason to stop" "$?" 0
ok "how few connections there can be is said" \
	said 'at most 588 connections at once, for the limit of open files is 1100'
# shellcheck disable=SC3045
if [ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 12512 ]; then
	(
		ulimit -Sn 300
		exec timeout 30 "$MOCKNDES" --http-port 0 --https-port 0 \
			--control-port 0 --exit-after 1ms
	) >"$DIR/out" 2>"$DIR/err"
	is "the soft limit is raised" "$(grep -c 'at most' "$DIR/err")" 0
fi

# ---- POST /v1/shutdown: the answer first, then the end that SIGTERM would bring ----
serve
is "the control API stops the server" \
	"$(curl -s -w ' %{http_code}' -X POST "$(field control_url)/v1/shutdown")" \
	'{"stopping":true} 202'
finish
is "and it ends well" "$CODE" 0

# ---- no orphans: the shell in between dies, the server follows ----
mkfifo "$DIR/held"
(
	"$MOCKNDES" --http-port 0 --https-port off --control-port off \
		--exit-with-parent >"$DIR/held" 2>/dev/null &
	exec sleep 60
) &
parent=$!
PIDS="$PIDS $parent"
exec 8<"$DIR/held"
read -r LINE <&8
child=$(field pid)
PIDS="$PIDS $child"
ok "the server runs beside its parent" kill -0 "$child"
kill "$parent"
# The pipe ends when the server does; nothing else holds it.
is "the server ends with its parent" "$(timeout 20 cat <&8 && echo ended)" ended
exec 8<&-

# ---- nor where it dies before the server has begun ----
# shellcheck disable=SC2016
MOCKNDES=$MOCKNDES setsid sh -c '(
	while kill -0 $$ 2>/dev/null; do sleep 0.02; done
	exec "$MOCKNDES" --http-port 0 --https-port off --control-port off \
		--exit-with-parent
) >"$1" 2>/dev/null &' sh "$DIR/held"
exec 8<"$DIR/held"
read -r LINE <&8
PIDS="$PIDS $(field pid)"
is "a server without a parent ends at once" \
	"$(timeout 20 cat <&8 && echo ended)" ended
exec 8<&-

cli_done
