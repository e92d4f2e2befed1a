#!/bin/sh
# SPDX-License-Identifier: MIT
#
# strongSwan's pki --scep 5.9.8 (Debian: strongswan-pki with the fetcher of
# libstrongswan-extra-plugins): POST without Content-Type, challenge as
# UTF8String. This version finds no cipher in the list of a real NDES, hence
# the scenario caps-modern.
# shellcheck disable=SC2317,SC2119 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
need pki curl openssl iconv

newkey()
{
	[ -s "$DIR/$1.key" ] || openssl genrsa -out "$DIR/$1.key" 2048 2>/dev/null
}

# request NAME KEY URL [OPTION...]: certificate to $DIR/NAME.pem
request()
{
	name=$1 key=$2 url=$3
	shift 3
	timeout -k 5 "$LIMIT" pki --scep --url "$url" --in "$DIR/$key.key" \
		--dn "C=US, O=Probe, CN=$name" --cacert-enc "$RA_ENC" \
		--cacert-sig "$CA" --cacert "$RA_SIGN" --cacert "$ROOT" \
		--interval 1 --maxpolltime 10 --outform pem "$@" \
		>"$DIR/$name.pem" 2>"$DIR/out"
}

enrolled()
{
	newkey "$1"
	name=$1 url=$2
	shift 2
	request "$name" "$name" "$url" "$@" &&
		sound "$DIR/$name.pem" "$DIR/$name.key" "$name"
}

got_nothing()
{
	newkey "$1"
	name=$1 url=$2
	shift 2
	! request "$name" "$name" "$url" "$@" && [ ! -s "$DIR/$name.pem" ]
}

# renewed NAME NEWKEY URL: signed with the old certificate, for a new key
renewed()
{
	newkey "$2"
	cp "$DIR/$1.pem" "$DIR/old.pem"
	cp "$DIR/$1.key" "$DIR/old.key"
	before=$(serial "$DIR/old.pem")
	request "$1" "$2" "$3" --cert "$DIR/old.pem" --key "$DIR/old.key" &&
		sound "$DIR/$1.pem" "$DIR/$2.key" "$1" &&
		another "$DIR/$1.pem" "$before"
}

certificates_found()
{
	(cd "$DIR" && quietly pki --scepca --url "$URL" --caout sca.pem \
		--raout sra.pem --outform pem --force) &&
		[ -s "$DIR/sca.pem" ] && [ -s "$DIR/sra.pem" ]
}

mock --scenario caps-modern
must "finds the CA and RA certificates" certificates_found
must "enrols with AES and SHA-256" \
	enrolled s1 "$URL" --password "$SECRET" --cipher aes --digest sha256
password=$(otp)
must "enrols with a password from the admin page" \
	enrolled s2 "$URL" --password "$password" --cipher aes --digest sha256
must "is refused the same password again" \
	got_nothing s3 "$URL" --password "$password" --cipher aes --digest sha256
must "is refused a wrong password" \
	got_nothing s4 "$URL" --password wrong --cipher aes --digest sha256
must "is refused without a password" \
	got_nothing s5 "$URL" --cipher aes --digest sha256
must "enrols with 3DES and SHA-512" \
	enrolled s6 "$URL" --password "$SECRET" --cipher des3 --digest sha512
must "enrols with subjectAltNames" enrolled s7 "$URL" --password "$SECRET" \
	--san s7.example.test --san s7@example.test --cipher aes --digest sha384
must "has the subjectAltName in the certificate" \
	sh -c "openssl x509 -in '$DIR/s7.pem' -noout -ext subjectAltName |
		grep -q 'DNS:s7.example.test'"
must "enrols with RSA-PSS" enrolled s8 "$URL" --password "$SECRET" \
	--cipher aes --digest sha256 --rsa-padding pss
must "renews for a new key" renewed s1 s1new "$URL"
finish
