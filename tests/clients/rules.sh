#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The three example files of mockndes-scenario(5), as they stand there, with
# curl and with micromdm's scepclient; and that the same seed gives the same
# faults again.
# shellcheck disable=SC2317,SC2119 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
need scepclient curl openssl

# The k-th example of the manual as $DIR/<name>.yaml.
example()
{
	{
		echo "mockndes: 1"
		awk -v k="$1" '/^\.Ss Examples/ { on = 1 } /^\.Sh EXPECT/ { on = 0 }
			/^\.Ed/ { text = 0 } text { print }
			on && /^\.Bd/ && ++n == k { text = 1 }' \
			src/scenario/mockndes-scenario.5
	} >"$DIR/$2.yaml"
}

# status CURL-ARGUMENT...: the status, or the number of curl's error.
status()
{
	code=$(curl -sk -m 30 -o "$DIR/body" -w '%{http_code}' "$@") ||
		code=curl-$?
	echo "$code"
}

answers()
{
	wanted=$1
	shift
	got=$(status "$@")
	[ "$got" = "$wanted" ] || {
		echo "$got, not $wanted" >"$DIR/out"
		return 1
	}
}

enrol()
{
	mkdir -p "$DIR/$1"
	SSL_CERT_FILE=$ROOT quietly scepclient -server-url "$2" \
		-private-key "$DIR/$1/key.pem" \
		-certificate "$DIR/$1/cert.pem" -challenge "$SECRET" -cn "$1" \
		-country US -organization Probe
}

enrolled()
{
	enrol "$1" "$2" && sound "$DIR/$1/cert.pem" "$DIR/$1/key.pem" "$1"
}

got_nothing()
{
	! enrol "$1" "$2" && [ ! -s "$DIR/$1/cert.pem" ]
}

# ---- the control: the same client, and no rule ----
mock
must "the client enrols where nothing is wrong" enrolled control "$URL"

# ---- every operation answers 500, and the log ends in 500 0 1346 ----
example 1 impersonation
mock
ready=$URL
mock --scenario "$DIR/impersonation.yaml" --log-dir "$DIR/log1"
must "another server is beside it" answers 200 "$ready?operation=GetCACaps"
for op in GetCACaps GetCACert; do
	must "$op answers 500" answers 500 "$URL?operation=$op"
	must "$op answers 500 on HTTPS" answers 500 "$URLS?operation=$op"
done
must "the IIS log says 500 0 1346" \
	grep -q 'operation=GetCACert.* 500 0 1346 ' "$DIR"/log1/W3SVC1/u_ex*.log
must "the client gets nothing" got_nothing impersonation "$URL"

# ---- 414 on a long GET, while POST works ----
example 2 too-long
mock --scenario "$DIR/too-long.yaml" --log-dir "$DIR/log2"
long=$(head -c 3000 /dev/zero | tr '\0' A)
must "a long GET gets 414" answers 414 "$URL?operation=PKIOperation&message=$long"
must "a long GET gets 414 on HTTPS" \
	answers 414 "$URLS?operation=PKIOperation&message=$long"
must "from http.sys" grep -q 'Request URL Too Long' "$DIR/body"
must "which its own log says" grep -q 'URL_Length' "$DIR"/log2/HTTPERR/httperr1.log
must_not "a short GET does not" answers 414 "$URL?operation=PKIOperation&message=MIIA"
must "the client, which posts, enrols" enrolled posts "$URL"
must "and on HTTPS" enrolled posts-tls "$URLS"

# ---- two gateway time-outs, then one in ten is reset ----
example 3 gateway
sed -i 's/wait: 5s/wait: 50ms/' "$DIR/gateway.yaml"
mock --scenario "$DIR/gateway.yaml" --seed 3
must_not "a first time-out" enrol g1 "$URL"
must "is told by status" grep -q 504 "$DIR/out"
must_not "a second one" enrol g2 "$URLS"
must "then it enrols" enrolled g3 "$URL"

# answered SEED: what sixty requests end in, a word each.
answered()
{
	mock --scenario "$DIR/gateway.yaml" --seed "$1"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		for url in "$URL" "$URLS" "$URL" "$URLS" "$URL"; do
			status --data-binary junk \
				"$url?operation=PKIOperation"
		done
	done >"$DIR/$2"
}

answered 3 once
answered 3 again
answered 4 other
must "two time-outs, and no third" \
	test "$(grep -c 504 "$DIR/once") $(sed 2q "$DIR/once" | grep -c 504)" = "2 2"
resets=$(grep -c curl- "$DIR/once")
must "then a reset now and then ($resets of 58)" \
	test "$resets" -ge 1 -a "$resets" -le 20
must "the same seed, the same faults" cmp -s "$DIR/once" "$DIR/again"
must_not "another seed, others" cmp -s "$DIR/once" "$DIR/other"
repeat=$(sed -n 's/.*; again: mockndes \([^]]*\)\].*/\1/p' "$DIR/mock.log" | tail -n 1)
must "the log tells how to have it again" \
	test "$repeat" = "--scenario $DIR/gateway.yaml --seed 4"
cp "$DIR/gateway.yaml" "$DIR/it's here.yaml"
mock --scenario "$DIR/it's here.yaml" --seed 4
quietly curl -s "$URL?operation=PKIOperation"
repeat=$(sed -n 's/.*; again: mockndes \([^]]*\)\].*/\1/p' "$DIR/mock.log" | tail -n 1)
eval "set -- $repeat"
must "in words that a shell takes" test "$2" = "$DIR/it's here.yaml"

finish
