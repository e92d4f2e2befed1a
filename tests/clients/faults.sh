#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What Debian's clients do with faults, against the table of
# mockndes-clients(7): each client enrols where nothing is wrong, and then
# meets each fault. `sh tests/clients/faults.sh --print` prints the rows as
# they are, for the manual.
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
need scepclient pki curl openssl
MANUAL=src/scenario/mockndes-clients.7
LIMIT=15

openssl genrsa -out "$DIR/k.key" 2048 2>/dev/null

# word CODE FILE: what became of a run.
word()
{
	if [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
		echo hangs
	elif [ "$1" -gt 128 ] || grep -q '^panic: ' "$DIR/out"; then
		echo crashes
	elif [ "$1" -eq 0 ] && [ -s "$2" ]; then
		echo takes
	else
		echo refuses
	fi
}

with_micromdm()
{
	rm -rf "$DIR/m"
	mkdir "$DIR/m"
	timeout -k 2 "$LIMIT" scepclient -server-url "$URL" \
		-private-key "$DIR/m/key.pem" -certificate "$DIR/m/cert.pem" \
		-challenge "$SECRET" -cn probe -keySize 1024 >"$DIR/out" 2>&1
	word $? "$DIR/m/cert.pem"
}

with_strongswan()
{
	rm -f "$DIR/s.pem"
	timeout -k 2 "$LIMIT" pki --scep --url "$URL" --in "$DIR/k.key" \
		--dn "CN=probe" --password "$SECRET" --cacert-enc "$RA_ENC" \
		--cacert-sig "$CA" --cacert "$RA_SIGN" --cacert "$ROOT" \
		--interval 1 --maxpolltime 3 --outform pem \
		>"$DIR/s.pem" 2>"$DIR/out"
	word $? "$DIR/s.pem"
}

strongswan_fetches()
{
	rm -f "$DIR"/f*.pem
	timeout -k 2 "$LIMIT" pki --scepca --url "$URL" --caout "$DIR/f.pem" \
		--raout "$DIR/fr.pem" --outform pem --force >"$DIR/out" 2>&1
	word $? "$DIR/f.pem"
}

stop_mock()
{
	pid=${PIDS##* }
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	PIDS=${PIDS% *}
}

mock --scenario caps-modern
if [ "$(with_micromdm)" != takes ] || [ "$(with_strongswan)" != takes ]; then
	fail "where nothing is wrong, both enrol"
	finish
fi
pass "where nothing is wrong, both enrol"
stop_mock

sed -n 's/^\.It Li \([a-z]*\/[a-z0-9-]*\) Ta \([a-z]*\) Ta \([a-z]*\)$/\1 \2 \3/p' \
	"$MANUAL" >"$DIR/rows"
while read -r preset micromdm strongswan; do
	mock --scenario caps-modern --scenario "$preset" --seed 1
	m=$(with_micromdm)
	# strongSwan is given the certificates, which it fetches by --scepca.
	case $preset in
	*/ca-*) s=$(strongswan_fetches) ;;
	*) s=$(with_strongswan) ;;
	esac
	stop_mock
	if [ "${1-}" = --print ]; then
		echo ".It Li $preset Ta $m Ta $s"
	elif [ "$m $s" = "$micromdm $strongswan" ]; then
		pass "$preset: micromdm $m, strongSwan $s"
	else
		fail "$preset: micromdm $m, strongSwan $s; the manual says $micromdm, $strongswan"
	fi
done <"$DIR/rows"
must "there are rows enough" test "$(wc -l <"$DIR/rows")" -ge 25
finish
