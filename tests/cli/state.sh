#!/bin/sh
# SPDX-License-Identifier: MIT
#
# --state: what a directory is made with, what later starts find there, which
# options they refuse, and what is said of a directory that is not sound.
. tests/cli/lib.sh
STATE=$DIR/state

# A server on any ports must not start, for this reason, and leave what is there alone.
contents()
{
	find "$STATE" -type f ! -name lock ! -name '*-shm' ! -name '*-wal' \
		-exec sha256sum {} + 2>/dev/null | sort
}
refuses()
{
	code=$1 pattern=$2
	shift 2
	before=$(contents)
	try --http-port 0 --https-port off --control-port off --exit-after 1ms --state "$STATE" "$@"
	is "exit code for: $pattern" "$CODE" "$code"
	ok "sentence for: $pattern" said "$pattern"
	is "nothing is changed by: $pattern" "$(contents)" "$before"
}

fingerprint()
{
	field ca_fingerprint_sha256
}

# ---- the first start ----
serve --state "$STATE"
FIRST=$(fingerprint)
is "the directory is private" "$(stat -c %a "$STATE")" 700
is "the folder of keys too" "$(stat -c %a "$STATE/keys")" 700
is "and each key" "$(find "$STATE/keys" -type f ! -perm 600)" ""
is "and the databases" "$(find "$STATE" -name '*.db*' ! -perm 600)" ""
is "seven keys" "$(find "$STATE/keys" -name '*.key' | wc -l)" 7
is "seven certificates" "$(find "$STATE/certs" -name '*.pem' | wc -l)" 7
is "the issuing certificate is the one of the ready line" \
	"$(openssl x509 -in "$STATE/certs/issuing.pem" -outform DER | sha256sum | cut -d' ' -f1)" "$FIRST"
is "the lock tells the process" "$(cat "$STATE/lock")" "$PID"
is "the database can be read meanwhile" \
	"$(sqlite3 "$STATE/store.db" 'SELECT count(*) FROM cert')" 0

# ---- one at a time ----
try --http-port 0 --https-port off --control-port off --state "$STATE"
is "a second server" "$CODE" 1
ok "is told who has it" said "$STATE is in use by process $PID; one server at a time"
ask_caps()
{
	curl -s -o /dev/null --noproxy '*' "$(field scep_url)?operation=GetCACaps"
}
ask_caps
stop TERM
is "stopping" "$CODE" 0
is "the journal is on disk" \
	"$(sqlite3 "$STATE/journal.db" "SELECT count(*) FROM request WHERE site = ''")" 1
is "no log of the database stays" "$(find "$STATE" -name '*-wal')" ""

# ---- later starts ----
serve --state "$STATE"
is "the same CA after a stop" "$(fingerprint)" "$FIRST"
ask_caps
stop TERM
is "the journal goes on" \
	"$(sqlite3 "$STATE/journal.db" 'SELECT group_concat(id) FROM request')" 1,2
serve --state "$STATE"
stop KILL
serve --state "$STATE"
is "the same CA after a kill" "$(fingerprint)" "$FIRST"
ok "another port is told of: the certificates name the first one" \
	grep -q "warning the certificates in $STATE name http://127.0.0.1:[0-9]* for their CRL" "$DIR/log"
stop TERM
serve --state "$STATE" --ca-dir certs
is "the keys that are there may be named" "$(fingerprint)" "$FIRST"
stop TERM
MOCKNDES_STATE=$STATE serve
is "by the environment" "$(fingerprint)" "$FIRST"
stop TERM
serve --state "$STATE" --scenario ra-expired
is "a scenario leaves the CA alone" "$(fingerprint)" "$FIRST"
stop TERM

# ---- options that contradict it ----
mkdir "$DIR/ca"
cp "$STATE"/keys/*.key "$DIR/ca"
openssl genrsa -out "$DIR/ca/ra-sign.key" 2048 2>/dev/null
refuses 2 "^mockndes: --ca-dir $DIR/ca: its ra-sign is not the one in $STATE" --ca-dir "$DIR/ca"
refuses 2 "^mockndes: --fresh-keys: $STATE has keys already, the public ones of certs/" --fresh-keys
refuses 2 "^mockndes: --hostname other: the certificates in $STATE are for localhost" --hostname other

# ---- directories that are not sound ----
mv "$STATE/keys" "$DIR/kept"
refuses 1 "$STATE/keys is missing, but the directory was in use before"
mv "$DIR/kept" "$STATE/keys"
for file in keys/tls.key certs/issuing.pem; do
	mv "$STATE/$file" "$DIR/kept"
	refuses 1 "$STATE/$file: no such file"
	echo junk >"$STATE/$file"
	refuses 1 "$STATE/$file: "
	mv "$DIR/kept" "$STATE/$file"
done
cp "$STATE/certs/root.pem" "$DIR/kept"
cp "$STATE/certs/issuing.pem" "$STATE/certs/root.pem"
refuses 1 "$STATE/certs/root.pem: the certificate does not belong to root.key"
mv "$DIR/kept" "$STATE/certs/root.pem"
cp "$STATE/store.db" "$DIR/kept"
sqlite3 "$STATE/store.db" 'PRAGMA user_version = 99'
refuses 1 "$STATE/store.db: its schema is version 99, this program knows up to"
head -c 100 "$DIR/kept" >"$STATE/store.db"
refuses 1 "$STATE/store.db"
head -c 9000 /dev/zero >"$STATE/store.db"
refuses 1 "$STATE/store.db"
{
	head -c 4096 "$DIR/kept"
	head -c 3000 /dev/zero | tr '\0' x
	tail -c +7097 "$DIR/kept"
} >"$STATE/store.db"
refuses 1 "$STATE/store.db: it is damaged"
: >"$STATE/store.db"
refuses 1 "$STATE/store.db is missing or empty"
rm "$STATE/store.db"
refuses 1 "$STATE/store.db is missing or empty"
cp "$DIR/kept" "$STATE/store.db"
cp "$STATE/journal.db" "$DIR/kept"
sqlite3 "$STATE/journal.db" 'PRAGMA user_version = 99'
refuses 1 "$STATE/journal.db: its schema is version 99"
head -c 9000 /dev/zero >"$STATE/journal.db"
refuses 1 "$STATE/journal.db"
cp "$DIR/kept" "$STATE/journal.db"
serve --state "$STATE"
is "mended, it is what it was" "$(fingerprint)" "$FIRST"
stop TERM

# ---- places that will not do ----
STATE=$DIR/out refuses 1 "$DIR/out is not a directory"
STATE=$DIR/no/such refuses 1 "$DIR/no/such cannot be made: No such file or directory"
mkdir "$DIR/closed"
chmod 500 "$DIR/closed"
if [ "$(id -u)" = 0 ]; then
	nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
	chmod 711 "$DIR"
	cp "$MOCKNDES" "$DIR/mockndes"
	chown 65534 "$DIR/closed"
else
	nobody=
	cp "$MOCKNDES" "$DIR/mockndes"
fi
# shellcheck disable=SC2086 # words on purpose
(cd "$DIR" && timeout 30 $nobody ./mockndes --http-port 0 --https-port off --control-port off \
	--state closed) >"$DIR/out" 2>"$DIR/err" </dev/null
is "a directory that may not be written" "$?" 1
ok "is named" said '^mockndes: the state directory closed cannot be written: Permission denied'

# ---- no room ----
(ulimit -f 0 && exec timeout 30 "$MOCKNDES" --http-port 0 --https-port off --control-port off \
	--state "$DIR/full") 2>&1 >"$DIR/out" </dev/null | cat >"$DIR/err"
ok "a first start without room is refused with the reason" said '^mockndes: .*File too large'
is "and no ready line" "$(cat "$DIR/out")" ""
serve --state "$DIR/full"
is "what it left does not matter once there is room" "$(field ready)" true
stop TERM

# ---- where the keys come from ----
serve --state "$DIR/fresh" --fresh-keys
FRESH=$(fingerprint)
stop TERM
serve --state "$DIR/fresh" --fresh-keys
is "the same command line again is no contradiction" "$(fingerprint)" "$FRESH"
stop TERM
serve --state "$DIR/fresh"
is "and the keys are kept without the option" "$(fingerprint)" "$FRESH"
stop TERM
STATE=$DIR/fresh refuses 2 "its root is not the one in" --ca-dir certs

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$DIR/ca/root.key" -out "$DIR/ca/root.pem" \
	-subj '/CN=Brought Root' -days 2 2>/dev/null
serve --state "$DIR/brought" --ca-dir "$DIR/ca"
ok "a certificate that was brought is kept" cmp -s "$DIR/brought/keys/root.pem" "$DIR/ca/root.pem"
BROUGHT=$(fingerprint)
stop TERM
serve --state "$DIR/brought"
is "and is there when the folder is not named" "$(fingerprint)" "$BROUGHT"
is "as the root of the chain" "$(openssl x509 -noout -issuer -in "$DIR/brought/certs/issuing.pem")" \
	"issuer=CN = Brought Root"
stop TERM
STATE=$DIR/brought refuses 2 "--fresh-keys: $DIR/brought has keys already, those of a --ca-dir" --fresh-keys

# ---- around a command ----
try run --state "$DIR/ran" -- sh -c "cat \"\$MOCKNDES_CA_FILE\" && kill -XFSZ \$\$"
is "a signal that we ignore is CMD's own again" "$CODE" 153
sha256sum <"$DIR/out" >"$DIR/first"
try run --state "$DIR/ran" -- sh -c "cat \"\$MOCKNDES_CA_FILE\""
is "a command finds the same CA again" "$(sha256sum <"$DIR/out")" "$(cat "$DIR/first")"
cat >"$DIR/once.yaml" <<'EOT'
mockndes: 1
name: once
title: asks once
expect:
  - requests: { op: GetCACaps }
    count: 1
EOT
# shellcheck disable=SC2016 # CMD's own
for journal in 100 100 1; do
	try run --state "$DIR/ran" --journal "$journal" --scenario "$DIR/once.yaml" -- sh -c '
		curl -s -o /dev/null --noproxy "*" -w "%{http_code}" \
			"$MOCKNDES_CONTROL_URL/v1/requests/wait?op=GetCACaps&timeout=1ms"
		curl -s -o /dev/null --noproxy "*" "$MOCKNDES_SCEP_URL?operation=GetCACaps"'
	is "a run is judged by its own requests" "$CODE" 0
	is "and waits for its own" "$(cat "$DIR/out")" 408
done
serve --state "$DIR/ran"
try run --state "$DIR/ran" -- true
is "but not while another has the state" "$CODE" 1
ok "and is told" said "in use by process $PID"
stop TERM

cli_done
