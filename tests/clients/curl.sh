#!/bin/sh
# SPDX-License-Identifier: MIT
#
# No SCEP client at all: the message by `openssl req`, `openssl cms -encrypt`
# and `openssl dgst -sign`, the few octets of SignedData around it by the
# shell, the transport by curl, the answer read by `openssl cms`.
# shellcheck disable=SC2317,SC2119 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
need curl openssl iconv perl

# ---- DER in hex ----

hex()
{
	od -An -v -tx1 | tr -d ' \n'
}

unhex()
{
	perl -e 'local $/; $_ = <STDIN>; s/\s//g; print pack("H*", $_)'
}

# tlv TAG HEX
tlv()
{
	n=$((${#2} / 2))
	if [ "$n" -lt 128 ]; then
		printf '%s%02x%s' "$1" "$n" "$2"
	elif [ "$n" -lt 256 ]; then
		printf '%s81%02x%s' "$1" "$n" "$2"
	else
		printf '%s82%04x%s' "$1" "$n" "$2"
	fi
}

SHA256_ALG=300d06096086480165030402010500
RSA_ALG=300d06092a864886f70d0101010500
CN_CURL=300f310d300b06035504030c046375726c

# scep N TAG HEX: one of SCEP's attributes, 2.16.840.1.113733.1.9.N
scep()
{
	tlv 30 "060a6086480186f8450109$1$(tlv 31 "$(tlv "$2" "$3")")"
}

# attributes TYPE: the contents of signedAttrs over $DIR/env.der, in DER's order
attributes()
{
	digest=$(openssl dgst -sha256 -binary "$DIR/env.der" | hex)
	{
		tlv 30 06092a864886f70d010903310b06092a864886f70d010701
		echo
		tlv 30 "06092a864886f70d010904$(tlv 31 "$(tlv 04 "$digest")")"
		echo
		scep 02 13 "$(printf '%s' "$1" | hex)"
		echo
		scep 05 04 "$NONCE"
		echo
		scep 07 13 "$(printf '%s' "$TRANSACTION" | hex)"
		echo
	} | LC_ALL=C sort | tr -d '\n'
}

# signed TYPE CERT KEY ISSUER-AND-SERIAL: $DIR/msg.der around $DIR/env.der
signed()
{
	attrs=$(attributes "$1")
	tlv 31 "$attrs" | unhex >"$DIR/attrs.der"
	signature=$(openssl dgst -sha256 -sign "$3" "$DIR/attrs.der" | hex)
	signer=$(tlv 30 "020101$4$SHA256_ALG$(tlv a0 "$attrs")$RSA_ALG$(tlv 04 "$signature")")
	content=$(tlv 30 "06092a864886f70d010701$(tlv a0 "$(tlv 04 "$(hex <"$DIR/env.der")")")")
	cert=$(openssl x509 -in "$2" -outform DER | hex)
	data=$(tlv 30 "020101$(tlv 31 "$SHA256_ALG")$content$(tlv a0 "$cert")$(tlv 31 "$signer")")
	tlv 30 "06092a864886f70d010702$(tlv a0 "$data")" | unhex >"$DIR/msg.der"
}

# request KEY CHALLENGE CIPHER: a PKCS#10 for CN=curl, enveloped
request()
{
	[ -s "$1" ] || openssl genrsa -out "$1" 2048 2>/dev/null
	{
		printf '[req]\nprompt = no\ndistinguished_name = dn\n'
		printf 'string_mask = utf8only\nattributes = attrs\n'
		printf '[dn]\nCN = curl\n[attrs]\n'
		[ -z "$2" ] || printf 'challengePassword = %s\n' "$2"
	} >"$DIR/req.cnf"
	openssl req -new -key "$1" -config "$DIR/req.cnf" -outform DER \
		-out "$DIR/csr.der" &&
		openssl cms -encrypt -binary "-$3" -in "$DIR/csr.der" \
			-outform DER -out "$DIR/env.der" "$RA_ENC"
}

# Post $DIR/msg.der; with -G by GET, the base64 escaped by curl.
send()
{
	url=$1
	shift
	if [ "${1:-}" = get ]; then
		openssl base64 -A -in "$DIR/msg.der" >"$DIR/msg.b64"
		curl -sf -m 20 --cacert "$ROOT" -G "$url" \
			-d operation=PKIOperation \
			--data-urlencode "message@$DIR/msg.b64" -o "$DIR/rep.der"
	else
		curl -sf -m 20 --cacert "$ROOT" -o "$DIR/rep.der" \
			-H 'Content-Type: application/x-pki-message' \
			--data-binary "@$DIR/msg.der" "$url?operation=PKIOperation"
	fi
}

# opened CERT KEY OUT: the CertRep's signature holds, and the certificate in it
opened()
{
	openssl cms -verify -binary -noverify -inform DER -in "$DIR/rep.der" \
		-certfile "$RA_SIGN" -nointern -out "$DIR/rep.env" &&
		openssl cms -decrypt -binary -inform DER -in "$DIR/rep.env" \
			-recip "$1" -inkey "$2" -out "$DIR/rep.p7" &&
		openssl pkcs7 -inform DER -in "$DIR/rep.p7" -print_certs \
			-out "$DIR/rep.txt" &&
		openssl x509 -in "$DIR/rep.txt" -out "$3"
}

fresh()
{
	TRANSACTION=$(openssl rand -hex 20)
	NONCE=$(openssl rand -hex 16)
}

# enrol NAME URL CHALLENGE CIPHER [get]
enrol()
{
	fresh
	key=$DIR/$1.key
	request "$key" "$3" "$4" || return 1
	openssl req -x509 -new -key "$key" -subj /CN=curl -set_serial 1 \
		-days 2 -out "$DIR/$1.self" || return 1
	signed 19 "$DIR/$1.self" "$key" "$(tlv 30 "${CN_CURL}020101")"
	send "$2" "${5:-}" && opened "$DIR/$1.self" "$key" "$DIR/$1.pem"
} >"$DIR/out" 2>&1

enrolled()
{
	enrol "$@" && sound "$DIR/$1.pem" "$DIR/$1.key" curl
}

# HTTP 200, a CertRep whose signature holds, and nothing in it
refused()
{
	enrol "$@" && return 1
	[ "$(hex <"$DIR/rep.env")" = 00 ]
}

# renewed NAME URL TYPE: a new key, signed by the certificate that NAME has
renewed()
{
	fresh
	openssl x509 -in "$DIR/$1.pem" -outform DER -out "$DIR/old.der"
	issuer=$(openssl x509 -in "$CA" -outform DER | subject)
	number=$(serial "$DIR/$1.pem")
	number=$(tlv 02 "$(printf '%s' "${number#serial=}" | tr A-F a-f)")
	request "$DIR/$1-new.key" '' aes-256-cbc || return 1
	signed "$3" "$DIR/$1.pem" "$DIR/$1.key" "$(tlv 30 "$issuer$number")"
	send "$2" && opened "$DIR/$1.pem" "$DIR/$1.key" "$DIR/$1-new.pem" &&
		sound "$DIR/$1-new.pem" "$DIR/$1-new.key" curl &&
		another "$DIR/$1-new.pem" "$(serial "$DIR/$1.pem")"
} >"$DIR/out" 2>&1

# The subject of a DER certificate on standard input, in hex: the sixth
# element of its TBSCertificate, by the offsets that asn1parse prints.
subject()
{
	cat >"$DIR/s.der"
	openssl asn1parse -inform DER -in "$DIR/s.der" |
		sed -n 's/^ *\([0-9]*\):d=2  hl=\([0-9]*\) l= *\([0-9]*\) .*/\1 \2 \3/p' |
		sed -n 6p | {
		read -r at head length
		tail -c "+$((at + 1))" "$DIR/s.der" |
			head -c "$((head + length))" | hex
	}
}

mock
must "enrols by POST" enrolled p1 "$URL" "$SECRET" aes-128-cbc
must "enrols by GET" enrolled p2 "$URL" "$SECRET" aes-256-cbc get
must "enrols by POST and HTTPS" enrolled p3 "$URLS" "$SECRET" des3
must "enrols by GET and HTTPS" enrolled p4 "$URLS" "$SECRET" aes-192-cbc get
password=$(otp)
must "enrols with a password from the admin page" \
	enrolled p5 "$URL" "$password" aes-128-cbc
must "is refused the same password again, with one zero byte" \
	refused p6 "$URL" "$password" aes-128-cbc
must "is refused a wrong password" refused p7 "$URL" wrong aes-128-cbc
must "is refused without a password" refused p8 "$URL" '' aes-128-cbc get
must "renews by RenewalReq without a challenge" renewed p1 "$URL" 17
must "renews by PKCSReq without a challenge" renewed p2 "$URLS" 19
cp "$DIR/p3.self" "$DIR/p3.pem"
must_not "cannot renew with a certificate of its own making" renewed p3 "$URL" 17
finish
