#!/bin/sh
# SPDX-License-Identifier: MIT
#
# micromdm's scepclient 2.1.0 (Debian: scep): single DES and SHA-1 whatever
# the capabilities say, three recipients, a base64 transactionID; POST, and
# GET with base64url where a server does not list POSTPKIOperation.
# shellcheck disable=SC2317,SC2119 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
need scepclient curl openssl iconv

# enrol NAME URL CHALLENGE: key and certificate in a folder of their own
enrol()
{
	mkdir -p "$DIR/$1"
	SSL_CERT_FILE=$ROOT quietly scepclient -server-url "$2" \
		-private-key "$DIR/$1/key.pem" \
		-certificate "$DIR/$1/cert.pem" -challenge "$3" -cn "$1" \
		-country US -organization Probe -debug
}

# enrolled NAME URL CHALLENGE
enrolled()
{
	enrol "$1" "$2" "$3" &&
		sound "$DIR/$1/cert.pem" "$DIR/$1/key.pem" "$1"
}

got_nothing()
{
	! enrol "$1" "$2" "$3" && [ ! -s "$DIR/$1/cert.pem" ]
}

renewed()
{
	before=$(serial "$DIR/$1/cert.pem")
	enrolled "$1" "$2" "$3" && another "$DIR/$1/cert.pem" "$before"
}

mock
must "enrols by HTTP with the fixed challenge" enrolled m1 "$URL" "$SECRET"
password=$(otp)
must "enrols with a password from the admin page" enrolled m2 "$URL" "$password"
must "is refused the same password again" got_nothing m3 "$URL" "$password"
must "is refused a wrong password" got_nothing m4 "$URL" wrong
must "enrols by HTTPS" enrolled m5 "$URLS" "$SECRET"
must "renews with the old challenge in the request" renewed m2 "$URL" "$password"
must "renews by HTTPS" renewed m5 "$URLS" "$SECRET"
must "renews a second time" renewed m2 "$URL" "$password"

cat >"$DIR/no-post.yaml" <<'END'
mockndes: 1
name: no-post
host:
  caps: { tokens: [Renewal, SHA-512, SHA-256, SHA-1, DES3] }
END
mock --scenario "$DIR/no-post.yaml" --log-dir "$DIR/log"
must "enrols by GET in base64url" enrolled m6 "$URL" "$SECRET"
must "and it was a GET indeed" grep -q ' GET .*message=MI[A-Za-z0-9_%=-]*&operation=PKIOperation' \
	"$DIR"/log/W3SVC1/u_ex*.log
must "renews by GET" renewed m6 "$URL" "$SECRET"
must "is refused a wrong password by GET" got_nothing m7 "$URL" wrong
finish
