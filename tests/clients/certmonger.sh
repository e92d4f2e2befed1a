#!/bin/sh
# SPDX-License-Identifier: MIT
#
# certmonger 0.79.17 (Debian: certmonger): the helper scep-submit by itself,
# and the daemon without D-Bus, driven by getcert. Always GET, a version 1
# signer certificate with a serial number of 33 octets, renewal as PKCSReq.
# By HTTPS it fetches capabilities and certificates with the root that it is
# given, but sends PKIOperation with the system's roots alone, so it cannot
# enrol there from a private CA.
# shellcheck disable=SC2317,SC2119 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
SUBMIT=/usr/lib/certmonger/scep-submit
need certmonger getcert "$SUBMIT" curl openssl iconv bash

# ---- the helper ----

capable()
{
	quietly "$SUBMIT" -u "$1" -c && grep -q SHA-512 "$DIR/out"
}

certificates()
{
	quietly "$SUBMIT" -u "$1" -R "$ROOT" -C &&
		[ "$(grep -c 'BEGIN CERT' "$DIR/out")" -ge 3 ]
}

# ---- the daemon ----

# daemon URL SCRIPT: run a bash script beside a daemon of its own; URL is the
# CA "T". The script must leave the file descriptors alone that it inherits:
# by one of them the daemon knows that it still runs.
daemon()
{
	state=$DIR/state
	rm -rf "$state"
	mkdir -p "$state/requests" "$state/cas" "$state/tmp" "$state/local"
	: >"$state/certmonger.conf"
	{
		echo "set -u"
		echo "cd '$DIR'"
		echo "getcert add-scep-ca -c T -u '$1' -R '$ROOT' || exit 90"
		cat <<'END'
# reached ID STATE...: what getcert's own waiting ended in
reached()
{
	state=$(getcert list -i "$1" | sed -n 's/.*status: //p')
	case " $2 " in *" $state "*) return 0 ;; esac
	getcert list -i "$1"
	return 1
}
# ask ID SUBJECT PASSWORD
ask()
{
	printf '%s\n' "$3" >"$1.pw"
	getcert request -I "$1" -c T -k "$PWD/$1.key" -f "$PWD/$1.pem" \
		-N "CN=$2" -l "$PWD/$1.pw" -w
}
END
		echo "$2"
	} >"$DIR/script"
	CERTMONGER_REQUESTS_DIR=$state/requests CERTMONGER_CAS_DIR=$state/cas \
		CERTMONGER_CONFIG_DIR=$state CERTMONGER_TMP_DIR=$state/tmp \
		CERTMONGER_LOCAL_CA_DIR=$state/local \
		quietly certmonger -L -P "$state/socket" -n -d 2 \
		-c "bash $DIR/script"
}

enrolled()
{
	rm -f "$DIR/$1".*
	daemon "$2" "ask $1 $1 '$3'; reached $1 MONITORING" &&
		sound "$DIR/$1.pem" "$DIR/$1.key" "$1"
}

refused()
{
	rm -f "$DIR/$1".*
	daemon "$2" "ask $1 $1 '$3'; reached $1 CA_REJECTED" &&
		[ ! -s "$DIR/$1.pem" ]
}

# renewed NAME URL PASSWORD VERB: enrol, then VERB (resubmit, rekey)
renewed()
{
	rm -f "$DIR/$1".*
	daemon "$2" "
		ask $1 $1 '$3' && reached $1 MONITORING || exit 1
		cp $1.pem $1.old
		getcert $4 -i $1 -w -v
		reached $1 MONITORING" &&
		sound "$DIR/$1.pem" "$DIR/$1.key" "$1" &&
		another "$DIR/$1.pem" "$(serial "$DIR/$1.old")"
}

mock --log-dir "$DIR/log"
must "scep-submit reads the capabilities" capable "$URL"
must "scep-submit reads the certificates" certificates "$URL"
must "scep-submit reads the certificates by HTTPS" certificates "$URLS"
must "the daemon enrols by HTTP" enrolled c1 "$URL" "$SECRET"
must "with a password from the admin page" enrolled c2 "$URL" "$(otp)"
must "is refused a wrong password" refused c4 "$URL" wrong
must "renews with the same key" renewed c5 "$URL" "$(otp)" resubmit
must "renews with a new key" renewed c6 "$URL" "$(otp)" rekey
must "and all of it went by GET" sh -c "
	grep -q ' GET .*operation=PKIOperation' '$DIR'/log/W3SVC1/u_ex*.log &&
	! grep -q ' POST /certsrv/mscep' '$DIR'/log/W3SVC1/u_ex*.log"
finish
