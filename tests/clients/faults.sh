#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What Debian's clients do with faults, against the first table of
# mockndes-clients(7): each client enrols where nothing is wrong, and then
# meets each fault. `sh tests/clients/faults.sh --print [SCENARIO...]` prints
# the rows as they are, for the manual.
# shellcheck disable=SC2317,SC2119 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
# shellcheck source=tests/clients/lib_try.sh
. tests/clients/lib_try.sh
need scepclient pki certmonger getcert "$SUBMIT" "$MESSAGES" curl openssl bash
MANUAL=src/scenario/mockndes-clients.7
LIMIT=15
LANES=2
TOP=$DIR
make_keys

# all_try PRESET: the four words of a row. The daemon is asked only where its
# helper hands something over.
all_try()
{
	m=$(try_micromdm)
	# strongSwan is given the certificates by hand; GetCACert is another
	# of its commands.
	case $1 in
	*/ca-* | */http-ct-*) s=$(try_strongswan) ;;
	*) s=$(strongswan_enrols) ;;
	esac
	c=$(try_submit 1)
	d=-
	[ "$c" = takes ] && d=$(try_daemon)
	echo "$m $s $c $d"
}

# lane N FILE: every LANESth row of the file, each with a server of its own
lane()
{
	PIDS=
	DIR=$TOP/lane-$1
	trap client_end EXIT INT TERM
	mkdir "$DIR"
	cp "$TOP"/[km].* "$DIR"
	awk -v n="$1" -v of="$LANES" 'NR % of == n' "$2" >"$DIR/rows"
	while read -r preset rest; do
		rm -rf "$DIR/messages"
		mock --scenario caps-modern --scenario "$preset" --seed 1
		make_messages 1 2>/dev/null
		echo "$preset $rest is $(all_try "$preset")"
		stop_mock
	done <"$DIR/rows" >"$TOP/found-$1"
}

# lanes FILE: all rows, in their order, to $TOP/found
lanes()
{
	n=0
	while [ "$n" -lt "$LANES" ]; do
		lane "$n" "$1" &
		PIDS="$PIDS $!"
		n=$((n + 1))
	done
	wait
	PIDS=
	while read -r preset rest; do
		grep -h "^$preset " "$TOP"/found-*
	done <"$1" >"$TOP/found"
}

if [ "${1-}" = --print ]; then
	shift
	if [ $# -gt 0 ]; then printf '%s\n' "$@"; else sed -n \
		's/^\.It Li \([a-z]*\/[a-z0-9-]*\) Ta .*/\1/p' "$MANUAL"; fi \
		>"$DIR/rows"
	lanes "$DIR/rows"
	awk '{ print ".It Li " $1 " Ta " $3 " Ta " $4 " Ta " $5 " Ta " $6 }' \
		"$TOP/found"
	exit 0
fi

mock --scenario caps-modern
make_messages 1
must "where nothing is wrong, all enrol" \
	test "$(all_try /ca-)" = "takes takes takes takes"
stop_mock

sed -n 's/^\.It Li \([a-z]*\/[a-z0-9-]*\) Ta \([a-z]*\) Ta \([a-z]*\) Ta \([a-z]*\) Ta \([a-z-]*\)$/\1 \2 \3 \4 \5/p' \
	"$MANUAL" >"$DIR/rows"
must "there are rows enough" test "$(wc -l <"$DIR/rows")" -ge 45
lanes "$DIR/rows"
while read -r preset m s c d _ now; do
	if [ "$m $s $c $d" = "$now" ]; then
		pass "$preset: $now"
	else
		fail "$preset: $now; the manual says $m $s $c $d"
	fi
done <"$TOP/found"

# An empty line is every capability to strongSwan: NDES's own list has no
# cipher for it.
mock
must_not "strongSwan does not enrol with the list of NDES" \
	test "$(strongswan_enrols)" = takes
stop_mock
mock --scenario robust/caps-blankline
must "and does when there is an empty line in it" \
	test "$(strongswan_enrols)" = takes
stop_mock

# To certmonger seven letters are Renewal: then it signs with the certificate
# that it has.
cat >"$DIR/renewal.yaml" <<'END'
mockndes: 1
name: renewal
rules:
  - id: signed-with-the-old
    when: { op: PKIOperation, cms: { signer: issued } }
    then: { headers: { X-Renewal: seen } }
END
cat >"$DIR/none.yaml" <<'END'
mockndes: 1
name: none
rules:
  - id: none
    when: { op: GetCACaps }
    then: { caps: { tokens: [POSTPKIOperation, SHA-1, DES3] } }
END
# rekey SCENARIO: enrol, then ask for a new key
rekey()
{
	mock --scenario "$DIR/renewal.yaml" --scenario "$1"
	test "$(try_daemon)" = takes || fail "certmonger enrols with $1"
	beside_daemon 'getcert rekey -i r -w'
	stop_mock
}
renewed()
{
	grep -q 'rule signed-with-the-old' "$DIR/mock.log"
}
rekey "$DIR/none.yaml"
must_not "certmonger signs a rekey with the old certificate" renewed
rekey robust/caps-samelen
must "and does when a token is as long as Renewal" renewed

mock --scenario hostile/cr-fail-nocontent
try_daemon >/dev/null
must "certmonger takes FAILURE without content for a broken signature" \
	grep -q 'failed to verify signature' "$DIR/out"
finish
