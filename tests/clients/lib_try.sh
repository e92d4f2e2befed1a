# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2153
#
# One enrolment by each of Debian's clients, from the beginning to the
# certificate, and what became of it in a word: takes; mistakes, where what it
# has in the end is not for its key or not by the CA; refuses; crashes; or
# waits, where it had not ended after $LIMIT seconds. Sourced behind lib.sh;
# all that is written goes below $DIR.
SUBMIT=/usr/lib/certmonger/scep-submit
MESSAGES=${B:-build/debug}/tests/tools/scep_messages

# The keys that all runs use: nothing here is about making keys.
make_keys()
{
	openssl genrsa -out "$DIR/k.key" 2048 2>/dev/null
	openssl genrsa -traditional -out "$DIR/m.key" 1024 2>/dev/null
	openssl pkey -in "$DIR/k.key" -pubout -out "$DIR/k.pub"
	openssl pkey -in "$DIR/m.key" -pubout -out "$DIR/m.pub"
}

# In place of that of lib.sh: what GetCACert brings told apart by what it may
# do, wherever it stands; asked for $FETCHES times where rules vary it.
FETCHES=1
fetch_ca()
{
	# shellcheck disable=SC2034
	RA_SIGN=$DIR/sign.pem RA_ENC=$DIR/enc.pem CA=$DIR/ca.pem ROOT=$DIR/root.pem
	n=0
	while [ "$n" -lt "$FETCHES" ]; do
		n=$((n + 1))
		rm -f "$DIR"/ca-*.pem "$RA_SIGN" "$RA_ENC" "$CA" "$ROOT"
		curl -sf -m 20 --compressed "$URL?operation=GetCACert" -o "$DIR/ca.p7" || continue
		openssl pkcs7 -inform DER -in "$DIR/ca.p7" -print_certs \
			-out "$DIR/ca.txt" 2>/dev/null || continue
		awk -v dir="$DIR" '
			/BEGIN CERT/ { n++; on = 1 }
			on { print > (dir "/ca-" n ".pem") }
			/END CERT/ { on = 0 }' "$DIR/ca.txt"
		for one in "$DIR"/ca-*.pem; do
			[ -s "$one" ] && mv "$one" "$DIR/$(role "$one").pem"
		done
		[ -s "$RA_SIGN" ] && [ -s "$RA_ENC" ] && [ -s "$CA" ] &&
			[ -s "$ROOT" ] && return
	done
}

# role CERTIFICATE: sign, enc, ca, root or other
role()
{
	text=$(openssl x509 -in "$1" -noout -subject -issuer -ext keyUsage 2>&1)
	case $text in
	*'Key Encipherment'*) echo enc ;;
	*subject=*'Root CA'*issuer=*) echo root ;;
	*subject=*'Issuing CA'*issuer=*'Root CA'*) echo ca ;;
	*'MSCEP-RA'*'Digital Signature'*) echo sign ;;
	*) echo other ;;
	esac
}

# word CODE FILE [PUBLIC-KEY]: what became of a run.
word()
{
	if [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; then
		echo waits
	elif [ "$1" -gt 128 ] || grep -q '^goroutine [0-9]' "$DIR/out"; then
		echo crashes
	elif [ "$1" -ne 0 ] || [ ! -s "$2" ]; then
		echo refuses
	elif [ $# -eq 3 ] && ! is_right "$2" "$3"; then
		echo mistakes
	else
		echo takes
	fi
}

# is_right CERTIFICATE PUBLIC-KEY: with TRUSTING nobody forges the issuer
is_right()
{
	openssl x509 -in "$1" -noout -pubkey >"$DIR/got.pub" 2>/dev/null
	cmp -s "$DIR/got.pub" "$2" || return 1
	[ -n "${TRUSTING-}" ] ||
		openssl verify -partial_chain -trusted "$CA" "$1" \
			>/dev/null 2>&1
}

try_micromdm()
{
	rm -rf "$DIR/m"
	mkdir "$DIR/m"
	cp "$DIR/m.key" "$DIR/m/key.pem"
	timeout -k 2 "$LIMIT" scepclient -server-url "$URL" \
		-private-key "$DIR/m/key.pem" -certificate "$DIR/m/cert.pem" \
		-challenge "$SECRET" -cn probe -keySize 1024 >"$DIR/out" 2>&1
	word $? "$DIR/m/cert.pem" "$DIR/m.pub"
}

strongswan_fetches()
{
	rm -f "$DIR"/f.pem "$DIR"/f-*.pem "$DIR"/fr.pem "$DIR"/fr-*.pem
	timeout -k 2 "$LIMIT" pki --scepca --url "$URL" --caout "$DIR/f.pem" \
		--raout "$DIR/fr.pem" --outform pem --force >"$DIR/out" 2>&1
	word $? "$DIR/f.pem"
}

strongswan_enrols()
{
	rm -f "$DIR/s.pem"
	timeout -k 2 "$LIMIT" pki --scep --url "$URL" --in "$DIR/k.key" \
		--dn "CN=probe" --password "$SECRET" --cacert-enc "$RA_ENC" \
		--cacert-sig "$CA" --cacert "$RA_SIGN" --cacert "$ROOT" \
		--interval 1 --maxpolltime 3 --outform pem \
		>"$DIR/s.pem" 2>"$DIR/out"
	word $? "$DIR/s.pem" "$DIR/k.pub"
}

# Both of its commands; the second is given the certificates by hand, as its
# manual says.
try_strongswan()
{
	fetched=$(strongswan_fetches)
	if [ "$fetched" = takes ]; then strongswan_enrols; else echo "$fetched"; fi
}

# ask_submit OPERATION OUT: as the daemon calls its helper
ask_submit()
{
	CERTMONGER_OPERATION=$1 timeout -k 2 "$LIMIT" "$SUBMIT" -u "$URL" \
		-R "$ROOT" >"$2" 2>"$DIR/out"
}

# submit_message N: message N of make_messages, with the certificates that
# GetCACert brought: the first is the RA's, the second its issuer's.
submit_message()
{
	rm -f "$DIR"/got-*.pem
	awk -v dir="$DIR" '/BEGIN CERT/ { n++; on = 1 }
		on { print > (dir "/got-" (n < 3 ? n : 3) ".pem") }
		/END CERT/ { on = 0 }' "$DIR/certs"
	touch "$DIR/got-2.pem" "$DIR/got-3.pem"
	CERTMONGER_PKCSREQ=$(cat "$DIR/messages/$1.pem") \
		CERTMONGER_SCEP_RA_CERTIFICATE=$(cat "$DIR/got-1.pem") \
		CERTMONGER_SCEP_CA_CERTIFICATE=$(cat "$DIR/got-2.pem") \
		CERTMONGER_SCEP_CERTIFICATES=$(cat "$DIR/got-3.pem") \
		ask_submit SUBMIT "$DIR/envelope"
}

make_messages()
{
	mkdir "$DIR/messages"
	"$MESSAGES" "$RA_ENC" "$DIR/k.key" "$SECRET" "$1" "$DIR/messages"
}

# try_submit N: capabilities, which the daemon can do without, certificates,
# message N; it takes what it hands to the daemon.
try_submit()
{
	rm -f "$DIR/caps" "$DIR/certs" "$DIR/envelope"
	ask_submit FETCH-SCEP-CA-CAPS "$DIR/caps"
	ask_submit FETCH-SCEP-CA-CERTS "$DIR/certs"
	got=$(word $? "$DIR/certs")
	if [ "$got" = takes ]; then
		submit_message "$1"
		code=$? # 1 and 5: the certificate comes later
		case $code in
		1 | 5) got=waits ;;
		*) got=$(word "$code" "$DIR/envelope") ;;
		esac
	fi
	echo "$got"
}

# beside_daemon COMMANDS: run them by bash beside a daemon of certmonger,
# without D-Bus; what it knows stays below $DIR/state.
beside_daemon()
{
	printf '%s\n' "cd '$DIR'" "$1" >"$DIR/script"
	CERTMONGER_REQUESTS_DIR=$DIR/state/requests \
		CERTMONGER_CAS_DIR=$DIR/state/cas \
		CERTMONGER_CONFIG_DIR=$DIR/state \
		CERTMONGER_TMP_DIR=$DIR/state/tmp \
		CERTMONGER_LOCAL_CA_DIR=$DIR/state/local \
		timeout -k 2 "$LIMIT" certmonger -L -P "$DIR/state/socket" -n \
		-d 2 -c "bash $DIR/script" >"$DIR/out" 2>&1
}

try_daemon()
{
	rm -rf "$DIR/state" "$DIR/d.pem"
	for part in requests cas tmp local; do
		mkdir -p "$DIR/state/$part"
	done
	: >"$DIR/state/certmonger.conf"
	printf '%s\n' "$SECRET" >"$DIR/pw"
	cp "$DIR/k.key" "$DIR/d.key"
	beside_daemon "
		getcert add-scep-ca -c T -u '$URL' -R '$ROOT' || exit 90
		getcert request -I r -c T -k '$DIR/d.key' -f '$DIR/d.pem' \
			-N CN=probe -l '$DIR/pw' -w
		getcert list -i r"
	code=$?
	if [ "$code" -eq 124 ] || grep -q 'status: CA_WORKING' "$DIR/out"; then
		echo waits
	else
		word "$code" "$DIR/d.pem" "$DIR/k.pub"
	fi
}

# End the server that was started last.
stop_mock()
{
	pid=${PIDS##* }
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	PIDS=${PIDS% *}
}
