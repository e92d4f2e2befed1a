#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mockndes run judges real clients: where long GET requests are refused, one
# that goes on by POST, one that does not, and the helper of certmonger, which
# knows GET alone; where a client is lied to, one that takes it.
# shellcheck disable=SC2016,SC2317 # for the shell that is run; functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
SUBMIT=/usr/lib/certmonger/scep-submit
MESSAGES=$PWD/${B:-build/debug}/tests/tools/scep_messages
need curl openssl "$SUBMIT" "$MESSAGES" scepclient xmllint
: >"$DIR/mock.log"
openssl genrsa -out "$DIR/k.key" 2048 2>/dev/null
mkdir "$DIR/tmp"
TMPDIR=$DIR/tmp
export TMPDIR

# A client by curl: GET first, and with "falls-back" POST when that is refused.
# It says that it has what it wanted whenever a CertRep comes.
cat >"$DIR/client.sh" <<'END'
#!/bin/sh
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
curl -sf "$MOCKNDES_SCEP_URL?operation=GetCACert" |
	openssl pkcs7 -inform DER -print_certs |
	awk -v dir="$dir" '/BEGIN CERT/ { n++; on = 1 } on { print > (dir "/" n ".ca") } /END CERT/ { on = 0 }'
for one in "$dir"/*.ca; do
	case $(openssl x509 -in "$one" -noout -ext keyUsage 2>/dev/null) in
	*'Key Encipherment'*) cp "$one" "$dir/enc.pem" ;;
	esac
done
"$MESSAGES" "$dir/enc.pem" "$KEY" "$MOCKNDES_CHALLENGE" 1 "$dir" || exit 1
message=$(grep -v -e ----- "$dir/1.pem" | tr -d '\n')
status=$(curl -s -G -o "$dir/reply" -w '%{http_code}' \
	--data-urlencode "message=$message" "$MOCKNDES_SCEP_URL?operation=PKIOperation")
if [ "$status" != 200 ] && [ "$1" = falls-back ]; then
	echo "$message" | base64 -d >"$dir/message"
	status=$(curl -s -o "$dir/reply" -w '%{http_code}' -H 'Content-Type: application/x-pki-message' \
		--data-binary "@$dir/message" "$MOCKNDES_SCEP_URL?operation=PKIOperation")
fi
echo "the last answer is $status"
[ "$status" = 200 ] || [ "$1" = careless ]
END
KEY=$DIR/k.key
export KEY MESSAGES

# judged CODE [OPTION...] -- CMD...: run it, the report as JUnit, too.
judged()
{
	wanted=$1
	shift
	rm -f "$DIR/r.xml"
	quietly "$MOCKNDES" run --challenge "$SECRET" --junit "$DIR/r.xml" "$@"
	code=$?
	[ "$code" = "$wanted" ] || {
		echo "exit code $code"
		return 1
	}
}

junit()
{
	[ "$(xmllint --xpath "$1" "$DIR/r.xml" 2>&1)" = "$2" ]
}

must "one that falls back passes" judged 0 --scenario uri-too-long -- sh "$DIR/client.sh" falls-back
must "and no expectation failed" junit 'count(//testcase)>0 and count(//failure|//error)=0' true
must "one that does not, and does not mind, fails by 5" \
	judged 5 --scenario uri-too-long -- sh "$DIR/client.sh" careless
must "the report says why" grep -q 'message whose GET was refused' "$DIR/out"
must "and so does JUnit" junit 'count(//testcase[@classname="uri-too-long"]/failure)' 2
must "where the command itself is not to blame" junit 'count(//testcase[@classname="command"]/failure)' 0
must "its last line repeats the run" grep -qE '^again: mockndes run --scenario uri-too-long .*--seed [0-9]+ -- sh ' "$DIR/out"
must "one that fails exits with what it says" judged 1 --scenario uri-too-long -- sh "$DIR/client.sh" get-only
must "and its report says why, too" junit 'count(//testcase/failure)' 3
must "by the verdict alone it is 5" judged 5 --verdict --scenario uri-too-long -- sh "$DIR/client.sh" get-only

# The helper of certmonger, called as the daemon calls it.
cat >"$DIR/submit.sh" <<'END'
#!/bin/sh
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
submit()
{
	CERTMONGER_OPERATION=$1 "$SUBMIT" -u "$MOCKNDES_SCEP_URL" -R "$MOCKNDES_CA_FILE"
}
submit FETCH-SCEP-CA-CERTS >"$dir/certs"
curl -sf "$MOCKNDES_SCEP_URL?operation=GetCACert" |
	openssl pkcs7 -inform DER -print_certs >"$dir/p7"
for file in certs p7; do
	awk -v out="$dir/$file" '/BEGIN CERT/ { n++; on = 1 }
		on { print >(out "." (n < 3 ? n : 3)) }
		/END CERT/ { on = 0 }' "$dir/$file"
done
for one in "$dir"/p7.[12]; do
	case $(openssl x509 -in "$one" -noout -ext keyUsage) in
	*'Key Encipherment'*) "$MESSAGES" "$one" "$KEY" "$MOCKNDES_CHALLENGE" 1 "$dir" ;;
	esac
done
CERTMONGER_PKCSREQ=$(cat "$dir/1.pem") CERTMONGER_SCEP_RA_CERTIFICATE=$(cat "$dir/certs.1")
CERTMONGER_SCEP_CA_CERTIFICATE=$(cat "$dir/certs.2") CERTMONGER_SCEP_CERTIFICATES=$(cat "$dir/certs.3")
export CERTMONGER_PKCSREQ CERTMONGER_SCEP_RA_CERTIFICATE CERTMONGER_SCEP_CA_CERTIFICATE CERTMONGER_SCEP_CERTIFICATES
submit SUBMIT
END
export SUBMIT
must "scep-submit enrols where it may send long GETs" judged 0 -- sh "$DIR/submit.sh"
must_not "and cannot where it may not" judged 0 --scenario uri-too-long -- sh "$DIR/submit.sh"
must "which the report says" grep -q 'whose GET was refused' "$DIR/out"
must "scepclient, which POSTs at once, passes" judged 0 --scenario uri-too-long -- sh -c \
	'SSL_CERT_FILE=$MOCKNDES_CA_FILE scepclient -server-url "$MOCKNDES_SCEP_URL" -private-key "$TMPDIR/m.key" \
	-certificate "$TMPDIR/m.pem" -challenge "$MOCKNDES_CHALLENGE" -cn m && rm "$TMPDIR"/*'

# ---- a lie ----
must "one that takes what it is told fails by 5" \
	judged 5 --scenario hostile/cr-nonce-wrong -- sh "$DIR/client.sh" falls-back
must "the report says why" grep -q 'should have refused' "$DIR/out"
must "one that refuses exits as it does" judged 3 --scenario hostile/cr-nonce-wrong -- sh -c \
	'sh "$0" falls-back && exit 3' "$DIR/client.sh"
must "and passes by the verdict alone" judged 0 --verdict --scenario hostile/cr-nonce-wrong -- sh -c \
	'sh "$0" falls-back && exit 3' "$DIR/client.sh"
must "one that is not there is no refusal" judged 127 --verdict --scenario hostile/cr-nonce-wrong -- sh -c nowhere
must "nor is one that died" judged 139 --verdict --scenario hostile/cr-nonce-wrong -- sh -c 'kill -SEGV $$'
must "where nothing is expected the verdict is the command's" judged 3 --verdict -- sh -c 'exit 3'

# ---- not enough to judge by ----
must "where the journal lost requests it is 5" judged 5 --journal 1 --scenario uri-too-long -- sh -c \
	'for n in 1 2 3 4 5 6 7 8 9; do curl -so /dev/null "$MOCKNDES_SCEP_URL?operation=GetCACaps"; done'
must "and the report says that, too" grep -q '^incomplete' "$DIR/out"
must "JUnit has it as an error" junit 'count(//testcase/error)>0' true
must_not "no file is left" ls "$TMPDIR"/* 2>/dev/null

finish
