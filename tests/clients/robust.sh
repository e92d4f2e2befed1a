#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The level robust: 200 enrolments by each of Debian's clients, one after the
# other, each client against a server of its own. An enrolment may only fail
# where the operator's log names a rule that the second table of
# mockndes-clients(7) says the client refuses, and must fail there. certmonger
# is its helper, which takes messages that were prepared; a few more
# enrolments are by the whole daemon.
# `sh tests/clients/robust.sh --print` prints the table as it is.
# shellcheck disable=SC2317,SC2119 # functions are called through others
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
# shellcheck source=tests/clients/lib_try.sh
. tests/clients/lib_try.sh
need scepclient pki certmonger getcert "$SUBMIT" "$MESSAGES" curl openssl bash
MANUAL=src/scenario/mockndes-clients.7
LIMIT=30
FETCHES=100
SEED=4
TRUSTING=yes
TOP=$DIR
make_keys

# What certmonger's helper hands over is opened here.
try_helper()
{
	got=$(try_submit "$1")
	if [ "$got" = takes ] && ! opened; then got=mistakes; fi
	echo "$got"
}

# Is a certificate for the key among those in the envelope?
opened()
{
	openssl cms -decrypt -inform PEM -in "$DIR/envelope" \
		-inkey "$DIR/k.key" -recip "$DIR/messages/signer.pem" \
		-outform DER -out "$DIR/inner" 2>/dev/null &&
		openssl pkcs7 -inform DER -in "$DIR/inner" -print_certs \
			-out "$DIR/inner.pem" || return 1
	rm -f "$DIR"/in-*.pem
	awk -v dir="$DIR" '/BEGIN CERT/ { n++; on = 1 }
		on { print > (dir "/in-" n ".pem") }
		/END CERT/ { on = 0 }' "$DIR/inner.pem"
	for one in "$DIR"/in-*.pem; do
		is_right "$one" "$DIR/k.pub" && return
	done
	return 1
}

# Ready to enrol: a server of its own in a folder of its own.
begin()
{
	DIR=$TOP/$1
	mkdir "$DIR"
	cp "$TOP"/[km].* "$DIR"
	mock --scenario caps-modern --scenario robust --seed "$SEED"
	case $1 in helper) make_messages "$2" ;; esac
	printf '%s\n' "$URL" >"$DIR/url"
	DIR=$TOP
}

# run CLIENT COUNT: the words, a line each; after each enrolment a request
# that is no SCEP divides the log.
run()
{
	DIR=$TOP/$1
	URL=$(cat "$DIR/url")
	# shellcheck disable=SC2034
	RA_SIGN=$DIR/sign.pem RA_ENC=$DIR/enc.pem CA=$DIR/ca.pem
	ROOT=$DIR/root.pem
	i=0
	while [ "$i" -lt "$2" ]; do
		curl -s -m 20 -o /dev/null "${URL%%/certsrv*}/divide"
		i=$((i + 1))
		"try_$1" "$i"
	done >"$DIR/words"
	curl -s -m 20 -o /dev/null "${URL%%/certsrv*}/divide"
}

# verdicts CLIENT: "word rule rule.." a line for each enrolment.
verdicts()
{
	awk -v words="$TOP/$1/words" '
		/ GET unknown path \/divide -> 404/ {
			if (n++ > 0) { getline word < words; print word rules }
			rules = ""
		}
		match($0, /\[rule [a-z-]*,/) {
			rules = rules " " substr($0, RSTART + 6, RLENGTH - 7)
		}' "$TOP/$1/mock.log"
}

# refused CLIENT: the rules that the manual says it refuses
refused()
{
	case $1 in micromdm) k=2 ;; strongswan) k=3 ;; *) k=4 ;; esac
	awk -v k="$k" '$k != "takes" { print $1 }' "$TOP/table"
}

# as_told CLIENT BOTH: the enrolments that are otherwise than the table says;
# BOTH is 1 when a rule that is refused must have been fatal.
as_told()
{
	refused "$1" >"$TOP/refused"
	awk -v list="$TOP/refused" -v both="$2" '
		BEGIN { while ((getline r < list) > 0) bad[r] = 1 }
		{
			blamed = 0
			for (i = 2; i <= NF; i++) if ($i in bad) blamed++
			if ($1 == "takes" ? both && blamed : !blamed)
				print "enrolment " NR ": " $0
		}' "$TOP/$1.txt"
}

# print_table: of each rule, did one that it was in fail for no other reason?
print_table()
{
	sed -n 's/^  - id: //p' scenarios/robust.yaml | while read -r rule; do
		row=$rule
		for one in micromdm strongswan helper; do
			row="$row Ta $(awk -v r="$rule" '
				{
					on = 0
					for (i = 2; i <= NF; i++) on += $i == r
					if (on) { n++; t += $1 == "takes" }
				}
				END { print !n ? "unseen" : t ? "takes" : "refuses" }
				' "$TOP/$one.txt")"
		done
		echo ".It Cm $row"
	done
}

CLIENTS="micromdm:200 strongswan:200 helper:200 daemon:6"
for one in $CLIENTS; do begin "${one%:*}" "${one#*:}"; done
lanes=
for one in $CLIENTS; do
	run "${one%:*}" "${one#*:}" &
	lanes="$lanes $!"
done
PIDS="$PIDS $lanes"
# shellcheck disable=SC2086 # words on purpose
wait $lanes
for one in $CLIENTS; do
	verdicts "${one%:*}" >"$TOP/${one%:*}.txt"
done
if [ "${1-}" = --print ]; then
	print_table
	exit 0
fi

sed -n 's/^\.It Cm \([a-z-]*\) Ta \([a-z]*\) Ta \([a-z]*\) Ta \([a-z]*\)$/\1 \2 \3 \4/p' \
	"$MANUAL" >"$TOP/table"
sed -n 's/^  - id: //p' scenarios/robust.yaml >"$TOP/rules"
cut -d ' ' -f 1 "$TOP/table" >"$TOP/told"
must "the manual tells of every rule of the level" \
	cmp "$TOP/rules" "$TOP/told"
for one in $CLIENTS; do
	client=${one%:*} count=${one#*:}
	taken=$(grep -c '^takes' "$TOP/$client.txt")
	must "$client: all of $count enrolments are in the log" \
		test "$(wc -l <"$TOP/$client.txt")" = "$count"
	as_told "$client" "$([ "$client" = daemon ] && echo 0 || echo 1)" \
		>"$DIR/out"
	must_not "$client: $taken succeed, the others met a rule it refuses" \
		test -s "$DIR/out"
	[ "$client" = daemon ] && continue
	tr ' ' '\n' <"$TOP/$client.txt" | sort -u >"$TOP/seen"
	must "$client: met every rule" test -z "$(grep -vxFf "$TOP/seen" \
		"$TOP/rules")"
done
finish
