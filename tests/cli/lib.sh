# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034 # variables are for the scripts
#
# What the tests of the command line share: a folder, a count, and servers on
# free ports that end with the test. Sourced from the repository root.
set -u
MOCKNDES=${MOCKNDES:-build/mockndes}
DIR=$(mktemp -d "${TMPDIR:-/tmp}/mockndes-cli.XXXXXX") || exit 1
PIDS=
PASSED=0
FAILED=0

# Nothing of the caller's environment may leak into what is tested.
for name in $(env | sed -n 's/^\(MOCKNDES_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

cli_end()
{
	trap - EXIT INT TERM
	for pid in $PIDS; do
		kill -KILL "$pid" 2>/dev/null
	done
	rm -rf "$DIR"
}
trap cli_end EXIT
trap 'exit 1' INT TERM

# ok SENTENCE COMMAND...: the command must succeed.
ok()
{
	sentence=$1
	shift
	if "$@"; then
		PASSED=$((PASSED + 1))
	else
		FAILED=$((FAILED + 1))
		echo "FAILED: $sentence: $*"
	fi
}

# is SENTENCE GOT WANTED
is()
{
	if [ "$2" = "$3" ]; then
		PASSED=$((PASSED + 1))
	else
		FAILED=$((FAILED + 1))
		printf 'FAILED: %s\n  got:    %s\n  wanted: %s\n' "$1" "$2" "$3"
	fi
}

# try ARG...: run the command to its end; CODE, $DIR/out, $DIR/err.
try()
{
	timeout 30 "$MOCKNDES" "$@" >"$DIR/out" 2>"$DIR/err" </dev/null
	CODE=$?
}

# said PATTERN: the last try wrote a line like that to standard error.
said()
{
	grep -qE -e "$1" "$DIR/err" || {
		echo "standard error was:"
		cat "$DIR/err"
		return 1
	}
}

# serve ARG...: a server on free ports in the background; PID, LINE.
serve()
{
	start --http-port 0 --https-port 0 --control-port 0 "$@"
}

# start ARG...: the same with no options but these. Its output is a pipe, so
# waiting for the ready line needs no sleep; a server that dies closes it.
start()
{
	rm -f "$DIR/pipe"
	mkfifo "$DIR/pipe"
	"$MOCKNDES" "$@" >"$DIR/pipe" 2>"$DIR/log" </dev/null &
	PID=$!
	PIDS="$PIDS $PID"
	exec 9<"$DIR/pipe"
	IFS= read -r LINE <&9 || LINE=
}

# stop SIGNAL: end the server; CODE, and what else it had printed in REST.
stop()
{
	kill "-$1" "$PID"
	finish
}

finish()
{
	wait "$PID"
	CODE=$?
	REST=$(cat <&9)
	exec 9<&-
}

field()
{
	printf '%s\n' "$LINE" | jq -r ".$1"
}

cli_done()
{
	echo "$PASSED passed, $FAILED failed"
	[ "$FAILED" = 0 ]
	exit
}
