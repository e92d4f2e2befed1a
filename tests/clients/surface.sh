#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a person finds who walks around the server with curl in hand: pages, headers, the admin page, things that are no message, IPv6,
# the command's own manners.
# shellcheck disable=SC2317,SC2119 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
need curl openssl iconv

status()
{
	curl -s -m 20 -o "$DIR/out" -w '%{http_code}' "$@"
}

# gives STATUS CURL-ARG...
gives()
{
	want=$1
	shift
	got=$(status "$@")
	[ "$got" = "$want" ] || {
		echo "status $got, not $want"
		return 1
	}
}

type_of()
{
	curl -s -m 20 -o /dev/null -w '%{content_type}' "$@"
}

mock --log-dir "$DIR/log"
must "browsing to mscep.dll is forbidden" gives 403 "$URL"
must "over HTTPS too" gives 403 --cacert "$ROOT" "$URLS"
must_not "HTTPS is not trusted without the root" gives 403 "$URLS"
must "HTTPS by the name localhost" gives 403 --cacert "$ROOT" \
	"https://localhost:${URLS#https://*:}"
must "a client of TLS 1.2 is served" gives 403 --cacert "$ROOT" \
	--tls-max 1.2 "$URLS"
must "HTTP/1.0 is served" gives 200 -0 "$URL?operation=GetCACaps"
must "no Host and no User-Agent is served" gives 200 -0 -H Host: -H User-Agent: \
	"$URL?operation=GetCACaps"

capabilities()
{
	curl -s -m 20 "$URL?operation=GetCACaps" | tr -d '\r' | sort |
		tr '\n' ' ' >"$DIR/out"
	[ "$(cat "$DIR/out")" = "DES3 POSTPKIOperation Renewal SHA-1 SHA-256 SHA-512 " ]
}
must "GetCACaps lists what NDES lists" capabilities
must "and says text/plain" [ "$(type_of "$URL?operation=GetCACaps")" = text/plain ]
must "GetCACert brings four certificates" [ -s "$ROOT" ]
must "and says application/x-x509-ca-ra-cert" \
	[ "$(type_of "$URL?operation=GetCACert")" = application/x-x509-ca-ra-cert ]
must "GetCACert is the same each time" sh -c "
	curl -s -m 20 '$URL?operation=GetCACert&message=1' | cmp -s - '$DIR/ca.p7'"
must "the chain of the RA signing certificate verifies" \
	quietly openssl verify -CAfile "$ROOT" -untrusted "$CA" "$RA_SIGN"
must "the chain of the RA encryption certificate verifies" \
	quietly openssl verify -CAfile "$ROOT" -untrusted "$CA" "$RA_ENC"

must "the server calls itself IIS" sh -c \
	"curl -s -m 20 -i '$URL?operation=GetCACaps' | grep -qi '^Server: Microsoft-IIS/10.0'"
must "HEAD is answered without a body" gives 200 -I "$URL?operation=GetCACaps"
must "paths ignore case" gives 200 "$(echo "$URL" | sed s,certsrv/mscep/,CertSrv/MSCEP/,)?operation=GetCACaps"
must "a suffix after mscep.dll is taken" gives 200 \
	"$URL/pkiclient.exe?operation=GetCACaps&message=default"
must "another path is not found" gives 404 "$(echo "$URL" | sed s,/certsrv.*,/other,)"

must "the admin page wants a login" gives 401 "$ADMIN"
must "a wrong password is refused" gives 401 -u ndes:wrong "$ADMIN"
must "without its slash it redirects after the login" gives 301 -u ndes:ndes "${ADMIN%/}"
must "curl follows there" gives 200 -L -u ndes:ndes "${ADMIN%/}"
is_password()
{
	printf '%s\n' "$1" | grep -qx '[0-9A-F]\{16\}'
}
must "the page has a password of 16 hex digits" is_password "$(otp)"
must "the ready line's challenge is the fixed one" [ "$CHALLENGE" = "$SECRET" ]

# ---- what is no message ----

# posted STATUS FILE
posted()
{
	gives "$1" --data-binary "@$2" -H 'Content-Type: application/x-pki-message' \
		"$URL?operation=PKIOperation"
}

signed_without_attributes()
{
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$DIR/k.pem" \
		-subj /CN=curl -days 2 -out "$DIR/self.pem" 2>"$DIR/out" &&
		openssl cms -sign -binary -nodetach -signer "$DIR/self.pem" \
			-inkey "$DIR/k.pem" -in "$DIR/junk" -outform DER \
			-out "$DIR/msg.der" 2>"$DIR/out"
}

printf 'This is not CMS' >"$DIR/junk"
must "openssl signs something" signed_without_attributes
must "CMS without SCEP's attributes is an HTTP error" posted 500 "$DIR/msg.der"
must "junk is an HTTP error" posted 500 "$DIR/junk"
must "an empty message too" gives 500 -X POST -d '' "$URL?operation=PKIOperation"
must "and junk in the query" gives 500 "$URL?operation=PKIOperation&message=%%%"
head -c 2000000 /dev/zero >"$DIR/big"
must "a body of 2 MB is refused as request filtering does" posted 404 "$DIR/big"
must "chunks and Expect: 100-continue are understood" gives 500 \
	-T "$DIR/msg.der" -X POST -H 'Transfer-Encoding: chunked' \
	-H 'Expect: 100-continue' "$URL?operation=PKIOperation"
must "and the server goes on" gives 200 "$URL?operation=GetCACaps"

# ---- the rest of a deployment ----
must "the command finds it ready" quietly "$MOCKNDES" health "$(field control_url)"
must "the ready file has the ready line" cmp -s "$DIR/line" "$DIR/ready"
must "the log has lines of IIS" grep -q \
	'^....-..-.. ..:..:.. 127.0.0.1 GET /certsrv/mscep/mscep.dll - [0-9]* - 127.0.0.1 curl/.* - 403 0 0 [0-9]*' \
	"$DIR"/log/W3SVC1/u_ex*.log

last=${PIDS##* }
gone()
{
	kill -TERM "$last" && wait "$last" && [ ! -e "$DIR/ready" ]
}
must "SIGTERM ends it with 0 and the ready file goes" gone

mock --bind ::1
must "IPv6 is served" gives 200 -g "$URL?operation=GetCACaps"
must "and its certificate has the address" gives 403 -g --cacert "$ROOT" "$URLS"
mock --scenario pool-stopped
must "a stopped pool answers 503" gives 503 "$URL?operation=GetCACaps"
must "in the voice of http.sys" grep -q 'HTTP Error 503. The service is unavailable.' "$DIR/out"
mock --scenario impersonation
must "a missing right answers 500" gives 500 "$URL?operation=GetCACaps"
finish
