#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The admin page by every way in: Basic, NTLM (curl's own) and Negotiate (SPNEGO
# of krb5 around the NTLM of gss-ntlmssp), over HTTP and HTTPS, and what the log
# of IIS says about each leg. curl built with GSSAPI takes the user of Negotiate
# from there, not from -u: NTLM_USER_FILE names it.
# shellcheck disable=SC2317,SC2119 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
need curl iconv
case $(dpkg-query -W -f '${db:Status-Status}' gss-ntlmssp 2>/dev/null) in
installed) ;;
*)
	echo "gss-ntlmssp is not installed"
	echo "0 passed, 1 failed"
	exit 1
	;;
esac

LEG="401 1 2148074254 -"
DENIED="401 1 2148074252 -"
# Nobody's: neither a ticket nor a user file of whoever runs this.
KRB5CCNAME=FILE:$DIR/none
NTLM_USER_FILE=$DIR/nobody
export KRB5CCNAME NTLM_USER_FILE
printf 'CORP:ndes:ndes\n' >"$DIR/right"
printf 'CORP:ndes:wrong\n' >"$DIR/wrong"

mark()
{
	LINES_BEFORE=$(cat "$DIR"/log/W3SVC1/*.log 2>/dev/null | grep -vc '^#')
}

# legs: what the IIS log says since mark, a line each: status substatus win32 user
legs()
{
	cat "$DIR"/log/W3SVC1/*.log | grep -v '^#' |
		tail -n "+$((LINES_BEFORE + 1))" | tr -d '\r' |
		awk '{ print $(NF - 3), $(NF - 2), $(NF - 1), $8 }'
}

# logged LINE...: exactly these, in this order
logged()
{
	printf '%s\n' "$@" >"$DIR/want"
	legs >"$DIR/got"
	diff "$DIR/want" "$DIR/got" >"$DIR/out"
}

# page CURL-ARG...: 200, and a password on the page
page()
{
	mark
	STATUS=$(curl -s -m 20 --cacert "$ROOT" -o "$DIR/page" \
		-w '%{http_code} ' "$@" 2>"$DIR/out")
	[ "$STATUS" = "200 " ] && iconv -f utf-16le -t utf-8 "$DIR/page" |
		grep -q 'password is: <B> [0-9A-F]\{16\} </B>'
}

# kept AUTH...: two pages on one connection
kept()
{
	mark
	STATUS=$(curl -s -m 20 -o "$DIR/page" -o "$DIR/page2" \
		-w '%{http_code}-%{num_connects} ' "$@" "$ADMIN" "$ADMIN")
	[ "$STATUS" = "200-1 200-0 " ]
}

# apart: a second connection, while the first one is authenticated and open
apart()
{
	mark
	STATUS=$(curl -s -m 20 -o "$DIR/page" -w '%{http_code}-%{num_connects} ' \
		--ntlm -u 'CORP\ndes:ndes' "$ADMIN" --next -s -m 20 \
		-o "$DIR/page2" -w '%{http_code}-%{num_connects} ' "$ADMIN")
	[ "$STATUS" = "200-1 401-1 " ]
}

refused()
{
	mark
	STATUS=$(curl -s -m 20 -o "$DIR/page" -w '%{http_code} %{size_download}' \
		"$@" "$ADMIN" 2>"$DIR/out")
	[ "$STATUS" = "401 1293" ]
}

offers()
{
	curl -s -m 20 -D - -o /dev/null "$1" | tr -d '\r' |
		sed -n 's/^WWW-Authenticate: //p' >"$DIR/out"
	shift
	printf '%s\n' "$@" | cmp -s - "$DIR/out"
}

# as FILE COMMAND...: with the GSSAPI user of this file
as()
{
	NTLM_USER_FILE=$DIR/$1
	shift
	"$@"
	rc=$?
	NTLM_USER_FILE=$DIR/nobody
	return "$rc"
}

cat >"$DIR/roomy.yaml" <<'EOF'
mockndes: 1
name: roomy
title: Room for more passwords than one pair of hands fetches
fidelity: documented
host: { registry: { PasswordMax: 100 } }
EOF
mock --log-dir "$DIR/log" --scenario "$DIR/roomy.yaml"
ADMINS=${URLS%/mscep/*}/mscep_admin/
must "without credentials the page is refused" refused
must "which the log has as 401.2" logged "401 2 5 -"
must "the schemes are offered in the stock order" offers "$ADMIN" \
	Negotiate NTLM 'Basic realm="localhost"'

must "Basic opens the page" page --basic -u ndes:ndes "$ADMIN"
must "in one request" logged "200 0 0 ndes"
must "Basic with a wrong password does not" refused --basic -u ndes:wrong
must "which is 1326 in the log" logged "401 1 1326 -"

must "NTLM opens the page" page --ntlm -u 'CORP\ndes:ndes' "$ADMIN"
must "in two legs" logged "$LEG" '200 0 0 CORP\ndes'
must "NTLM takes any domain" page --ntlm -u 'other.example\NDES:ndes' "$ADMIN"
must "and logs it as sent" logged "$LEG" '200 0 0 other.example\NDES'
must "NTLM takes none" page --ntlm -u ndes:ndes "$ADMIN"
must "and logs none" logged "$LEG" "200 0 0 ndes"
must "NTLM opens the page over HTTPS" \
	page --ntlm -u 'CORP\ndes:ndes' "$ADMINS"
must "NTLM opens the page by POST" \
	page --ntlm -u 'CORP\ndes:ndes' -d a=b "$ADMIN"
must "in the same two legs" logged "$LEG" '200 0 0 CORP\ndes'
must "NTLM or Basic by choice opens the page" \
	page --ntlm --basic -u 'CORP\ndes:ndes' "$ADMIN"
must "after a request that asks what there is" \
	logged "401 2 5 -" "$LEG" '200 0 0 CORP\ndes'
must "NTLM with a wrong password does not open it" \
	refused --ntlm -u ndes:wrong
must "which is SEC_E_LOGON_DENIED in the log" logged "$LEG" "$DENIED"
must "NTLM with a wrong user does not" refused --ntlm -u other:ndes
must "which the log does not tell apart" logged "$LEG" "$DENIED"
must "NTLM asks once for two requests on a connection" \
	kept --ntlm -u 'CORP\ndes:ndes'
must "and the log has the user with both" \
	logged "$LEG" '200 0 0 CORP\ndes' '200 0 0 CORP\ndes'
must "a connection beside it is asked by itself" apart
must "and the log has nobody there" \
	logged "$LEG" '200 0 0 CORP\ndes' "401 2 5 -"

must "Negotiate opens the page" \
	as right page --negotiate -u : "$ADMIN"
must "in two legs" logged "$LEG" '200 0 0 CORP\ndes'
must "Negotiate opens the page over HTTPS" \
	as right page --negotiate -u : "$ADMINS"
must "Negotiate opens the page by POST" \
	as right page --negotiate -u : -d a=b "$ADMIN"
must "any scheme opens the page" as right page --anyauth -u : "$ADMIN"
must "by the first that is offered" \
	logged "401 2 5 -" "$LEG" '200 0 0 CORP\ndes'
must "Negotiate asks once for two requests on a connection" \
	as right kept --negotiate -u :
must "and the log has the user with both" \
	logged "$LEG" '200 0 0 CORP\ndes' '200 0 0 CORP\ndes'
must "Negotiate with a wrong password does not open it" \
	as wrong refused --negotiate -u :
must "which is SEC_E_LOGON_DENIED in the log" logged "$LEG" "$DENIED"
finish
