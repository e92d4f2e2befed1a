#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Options: flags, environment, defaults, what is refused and how it is said.
. tests/cli/lib.sh

# Refusals: exit code, pattern on standard error, arguments.
refuses()
{
	code=$1 pattern=$2
	shift 2
	try "$@"
	is "exit code of: $*" "$CODE" "$code"
	ok "sentence for: $*" said "$pattern"
	is "silence on standard output of: $*" "$(cat "$DIR/out")" ""
}

refuses 2 'no option --htp-port; did you mean --http-port\?' --htp-port 1
refuses 2 'no option --htp-port; did you mean --http-port\?' serve --htp-port=1
refuses 2 'no option --quux$' --quux
refuses 2 'Try: mockndes serve --help' --quux
refuses 2 '"-x" is no option' -x
refuses 2 '"healthy" is no option; a scenario is given as --scenario' serve healthy
refuses 2 '^mockndes: --http-port wants a value' --http-port
refuses 2 '^mockndes: --http-port: "65536" is not a port' --http-port 65536
refuses 2 '^mockndes: --http-port: "80x" is not a port' --http-port=80x
refuses 2 '^mockndes: --http-port: "" is not a port' --http-port=
refuses 2 '--bind: "nowhere" is not an IPv4 or IPv6 address' --bind nowhere
refuses 2 '--threads' --threads 0
refuses 2 '--state wants a value' --state=
refuses 2 '--exit-after: "5" is not a duration' --exit-after 5
refuses 2 '--exit-after: "5 s" is not a duration' --exit-after '5 s'
refuses 2 '--exit-after: "-5s" is not a duration' --exit-after -5s
refuses 2 '--exit-with-parent: "maybe" is not true or false' --exit-with-parent=maybe
refuses 2 '--ready-fd: "x" is not a file descriptor' --ready-fd x
refuses 2 '--ready-file wants a path' --ready-file=
refuses 2 '--log-colour: "red" is not auto, always or never' --log-colour red
refuses 2 'not loopback: it needs --control-token' --control-bind 0.0.0.0
refuses 2 'both off' --http-port off --https-port off
refuses 2 'no command "serv"; did you mean serve\?' serv
refuses 2 'no command "xyzzy"; `mockndes help` lists them' xyzzy
refuses 2 'no command "xyzzy"' help xyzzy
refuses 2 'which files\?' check
refuses 2 'one name at most' scenarios healthy healthy
refuses 2 'no option --all' scenarios --all
refuses 2 '"ftp://127.0.0.1/" is not an HTTP URL' health ftp://127.0.0.1/

# Scenarios that are not there or not sound.
printf 'mockndes: 1\nhost:\n  rigths: { impersonate: false }\n  rights: { impersonat: false }\n' >"$DIR/bad.yaml"
refuses 3 'heathy' --scenario heathy
refuses 3 "^$DIR/bad.yaml:3:3: error: " --scenario "$DIR/bad.yaml"
refuses 3 "^$DIR/bad.yaml:4:[0-9]+: error: " --scenario healthy --scenario "$DIR/bad.yaml"
refuses 3 'no built-in scenario "ra-expird"; did you mean ra-expired\?' scenarios ra-expird
MOCKNDES_SCENARIO=heathy refuses 3 'heathy'

# The environment is named where it is to blame, and a flag hides it.
MOCKNDES_HTTP_PORT=x refuses 2 'from the environment: --http-port: "x"'
MOCKNDES_STATE=/no/such/dir refuses 1 'the state directory /no/such/dir cannot be made'
MOCKNDES_EXIT_AFTER=5 refuses 2 'from the environment: --exit-after: "5" is not a duration'
MOCKNDES_READY_FD=x refuses 2 'from the environment: --ready-fd: "x"'
MOCKNDES_LOG_COLOUR=red refuses 2 'from the environment: --log-colour: "red"'
MOCKNDES_EXIT_AFTER=5s refuses 2 '^mockndes: --exit-after: "6" is not a duration' --exit-after 6

serve
is "the default scenario" "$(field scenario)" healthy
stop TERM

serve --scenario=ra-expired --seed 7 --challenge given
is "--opt=value" "$(field scenario)" ra-expired
is "--opt value" "$(field seed)" 7
is "the fixed challenge" "$(field challenge)" given
stop TERM

serve --seed 7 --seed 8
is "the last of two flags counts" "$(field seed)" 8
stop TERM

MOCKNDES_SEED=9 MOCKNDES_CHALLENGE=fromenv MOCKNDES_SCENARIO=caps-modern \
	MOCKNDES_EXIT_AFTER='' serve --challenge fromflag
is "environment beats default" "$(field seed)" 9
is "the scenario by environment" "$(field scenario)" caps-modern
is "flag beats environment" "$(field challenge)" fromflag
stop TERM

# Most people write a switch in the environment as 1 or 0.
MOCKNDES_EXIT_WITH_PARENT=1 MOCKNDES_FRESH_KEYS=0 serve --ca-dir certs
is "1 and 0 are switches in the environment" "$(field ready)" true
stop TERM
MOCKNDES_FRESH_KEYS=1 refuses 2 'ca-dir and --fresh-keys exclude' --ca-dir certs
MOCKNDES_EXIT_WITH_PARENT=2 refuses 2 'exit-with-parent: "2" is not true or false'

MOCKNDES_SCENARIO=caps-modern serve --scenario ra-expired
is "a scenario by flag hides the environment's" "$(field scenario)" ra-expired
stop TERM

MOCKNDES_SCENARIO=caps-modern+ra-expired serve
is "several scenarios by the environment" "$(field scenario)" caps-modern+ra-expired
stop TERM
cp scenarios/caps-modern.yaml "$DIR/a+b"
MOCKNDES_SCENARIO=$DIR/a+b serve
is "or a file whose name looks like that" "$(field scenario)" caps-modern
stop TERM
MOCKNDES_SCENARIO=caps-modern+heathy refuses 3 'heathy'

serve --https-port off --control-port off
is "no HTTPS listener, no URL" "$(field scep_url_https)" null
is "no control listener, no URL" "$(field control_url)" null
is "the other one is there" "$(field scep_url | cut -c1-17)" http://127.0.0.1:
stop TERM

serve --bind ::1 --hostname ndes.example.test
is "IPv6" "$(curl -s -o "$DIR/caps" -w '%{http_code}' --noproxy '*' \
	"$(field scep_url | sed 's/ndes.example.test/[::1]/')?operation=GetCACaps")" 200
stop TERM

cli_done
