# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# What the tests with real clients share: a folder of their own, mock servers
# on free ports, passwords from the admin page, certificates taken apart and
# verified by openssl, and the count. Sourced from the repository root, by
# POSIX sh. Everything that a script starts is ended and removed by
# client_end, which runs at exit.
set -u

MOCKNDES=${MOCKNDES:-build/mockndes}
case $MOCKNDES in
/*) ;;
*) MOCKNDES=$PWD/$MOCKNDES ;;
esac
SECRET=Static-Probe-1
LIMIT=${CLIENT_LIMIT:-60} # seconds that one run of a client may take
PASSED=0
FAILED=0
PIDS=
DIR=$(mktemp -d "${TMPDIR:-/tmp}/mockndes-clients.XXXXXX") || exit 1

client_end()
{
	trap - EXIT INT TERM
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null
	done
	for pid in $PIDS; do
		wait "$pid" 2>/dev/null
	done
	rm -rf "$DIR"
}
trap client_end EXIT
trap 'exit 1' INT TERM

# need TOOL...: say so and stop when one is not installed.
need()
{
	for tool in "$@"; do
		if ! command -v "$tool" >/dev/null 2>&1; then
			echo "$tool is not installed"
			echo "0 passed, 1 failed"
			exit 1
		fi
	done
}

field()
{
	sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p" "$DIR/line"
}

# mock [OPTION...]: start a server; sets URL, URLS, ADMIN, CHALLENGE. Its
# standard output is a pipe, so waiting for the ready line needs no sleep.
mock()
{
	rm -f "$DIR/pipe"
	mkfifo "$DIR/pipe"
	"$MOCKNDES" --http-port 0 --https-port 0 --control-port 0 \
		--challenge "$SECRET" --ready-file "$DIR/ready" "$@" \
		>"$DIR/pipe" 2>>"$DIR/mock.log" &
	PIDS="$PIDS $!"
	if ! IFS= read -r line <"$DIR/pipe"; then
		echo "the server does not start:"
		cat "$DIR/mock.log"
		echo "$PASSED passed, $((FAILED + 1)) failed"
		exit 1
	fi
	printf '%s\n' "$line" >"$DIR/line"
	URL=$(field scep_url)
	# shellcheck disable=SC2034
	URLS=$(field scep_url_https)
	ADMIN=$(field admin_page_url)
	# shellcheck disable=SC2034 # for the scripts
	CHALLENGE=$(field challenge)
	fetch_ca
}

# The certificates of GetCACert as $DIR/ca-1.pem (RA signing), ca-2 (RA
# encryption), ca-3 (issuing CA), ca-4 (root).
fetch_ca()
{
	rm -f "$DIR"/ca-*.pem
	curl -sf -m 20 "$URL?operation=GetCACert" -o "$DIR/ca.p7" &&
		openssl pkcs7 -inform DER -in "$DIR/ca.p7" -print_certs \
			-out "$DIR/ca.txt" 2>/dev/null &&
		awk -v dir="$DIR" '
			/BEGIN CERT/ { n++; on = 1 }
			on { print > (dir "/ca-" n ".pem") }
			/END CERT/ { on = 0 }' "$DIR/ca.txt"
	# shellcheck disable=SC2034
	RA_SIGN=$DIR/ca-1.pem RA_ENC=$DIR/ca-2.pem
	CA=$DIR/ca-3.pem ROOT=$DIR/ca-4.pem
}

# A fresh one-time password.
otp()
{
	curl -sf -m 20 -u ndes:ndes "$ADMIN" | iconv -f utf-16le -t utf-8 |
		sed -n 's/.*The enrollment challenge password is: <B> \([0-9A-F]\{16\}\) <\/B>.*/\1/p'
}

pass()
{
	PASSED=$((PASSED + 1))
	echo "ok: $1"
}

fail()
{
	FAILED=$((FAILED + 1))
	echo "FAILED: $1"
	[ -s "$DIR/out" ] && tail -n 25 "$DIR/out" | sed 's/^/    /'
	tail -n 5 "$DIR/mock.log" | sed 's/^/    mock: /'
}

# quietly COMMAND...: bounded, output kept for fail.
quietly()
{
	timeout -k 5 "$LIMIT" "$@" >"$DIR/out" 2>&1
}

# must SENTENCE COMMAND...
must()
{
	sentence=$1
	shift
	if "$@"; then pass "$sentence"; else fail "$sentence"; fi
}

# must_not SENTENCE COMMAND...
must_not()
{
	sentence=$1
	shift
	if "$@"; then fail "$sentence"; else pass "$sentence"; fi
}

# sound CERT KEY CN: the chain verifies, the key is ours, the name is CN.
sound()
{
	openssl verify -CAfile "$ROOT" -untrusted "$CA" "$1" \
		>"$DIR/out" 2>&1 || return 1
	openssl x509 -in "$1" -noout -pubkey >"$DIR/a.pub" 2>>"$DIR/out"
	openssl pkey -in "$2" -pubout >"$DIR/b.pub" 2>>"$DIR/out"
	cmp -s "$DIR/a.pub" "$DIR/b.pub" || return 1
	openssl x509 -in "$1" -noout -subject -nameopt RFC2253 |
		grep -q "CN=$3\\([,+]\\|\$\\)"
}

serial()
{
	openssl x509 -in "$1" -noout -serial
}

# another CERT OLD-SERIAL: it has another serial number.
another()
{
	[ -s "$1" ] && [ "$(serial "$1")" != "$2" ]
}

finish()
{
	echo "$PASSED passed, $FAILED failed"
	[ "$FAILED" -eq 0 ]
	exit $?
}
