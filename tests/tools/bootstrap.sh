#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the Debian packages that a target needs and that are missing; says
# which. When nothing is missing it asks only dpkg and touches nothing. Where
# there is no apt it says what is missing and stops.
# Usage: bootstrap.sh run|test|bench|lint|coverage
set -u

RUN='gcc libc6-dev binutils make pkg-config libmicrohttpd-dev libgnutls28-dev
libssl-dev libfyaml-dev libjansson-dev libsqlite3-dev zlib1g-dev libcurl4-openssl-dev'
# The clients of the tests, and clang for the fuzz targets.
TEST='libcmocka-dev openssl curl jq python3-yaml python3-jsonschema python3-pytest scep strongswan-pki
libstrongswan-standard-plugins libstrongswan-extra-plugins certmonger gss-ntlmssp
clang libclang-rt-dev libxml2 libxml2-utils'
LINT='clang-format clang-tidy cppcheck mandoc shellcheck'
COVERAGE='libcmocka-dev openssl curl jq python3-yaml python3-jsonschema libxml2-utils gcovr'

case ${1:-} in
run) want=$RUN ;;
test) want="$RUN $TEST" ;;
lint) want="$RUN libcmocka-dev $LINT" ;;
bench) want="$RUN libcmocka-dev" ;;
coverage) want="$RUN $COVERAGE" ;;
*)
	echo "usage: bootstrap.sh run|test|bench|lint|coverage" >&2
	exit 2
	;;
esac

# Packages of the list that dpkg does not know as installed.
missing()
{
	for p in $want; do
		# shellcheck disable=SC2016 # a format of dpkg's, not a variable
		case $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) in
		*installed*) ;;
		*) printf '%s ' "$p" ;;
		esac
	done
}

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
	# Not Debian: the libraries and commands themselves are the question.
	lacking=
	for c in gcc make pkg-config nm objcopy; do
		command -v "$c" >/dev/null 2>&1 || lacking="$lacking $c"
	done
	for l in libmicrohttpd gnutls openssl libfyaml jansson sqlite3 zlib libcurl; do
		pkg-config --exists "$l" 2>/dev/null || lacking="$lacking $l"
	done
	[ -z "$lacking" ] && exit 0
	echo "missing, and no apt-get here to install it:$lacking" >&2
	echo "on Debian the packages are: $want" >&2
	exit 1
fi

need=$(missing)
[ -z "$need" ] && exit 0
echo "missing Debian packages, installing: $need"

if [ "$(id -u)" = 0 ]; then
	as_root=
elif command -v sudo >/dev/null 2>&1; then
	as_root=sudo
else
	echo "neither root nor sudo here; install them yourself: apt-get install $need" >&2
	exit 1
fi
# shellcheck disable=SC2086 # lists of words on purpose
apt()
{
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=120 "$@"
}
# shellcheck disable=SC2086
{
	apt update || echo "apt-get update failed; trying with the lists at hand" >&2
	apt install -y --no-install-recommends $need >/dev/null || {
		echo "apt-get could not install: $need" >&2
		exit 1
	}
}
need=$(missing)
[ -z "$need" ] && exit 0
echo "still missing: $need" >&2
exit 1
