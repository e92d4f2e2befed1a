#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mockndes run around a command: what the command finds, what of it is passed
# on, how both end, how it is judged, and that nothing is left behind. Real
# clients are judged in tests/clients/judge.sh.
. tests/cli/lib.sh

export TMPDIR="$DIR/tmp"
mkdir "$TMPDIR"
SELF=$MOCKNDES

# left SENTENCE: no file of ours is there any more.
left()
{
	is "$1: no file is left" "$(ls "$TMPDIR")" ""
}

# begin ARG...: run in the background; its output by descriptor 7, the first
# line of it in FIRST; PID. The pipe ends when the last of CMD's has ended.
begin()
{
	rm -f "$DIR/pipe"
	mkfifo "$DIR/pipe"
	"$SELF" run "$@" >"$DIR/pipe" 2>"$DIR/err" </dev/null &
	PID=$!
	PIDS="$PIDS $PID"
	exec 7<"$DIR/pipe"
	IFS= read -r FIRST <&7 || FIRST=
}

# rest: what else came, once all who could write have ended.
rest()
{
	timeout 60 cat <&7
	exec 7<&-
}

# ---- one that will not hear, and takes its time: it is awaited below ----
cat >"$DIR/deaf.py" <<'END'
import os, signal, time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
os.fork()
while True:
    time.sleep(300)
END
mkfifo "$DIR/deaf"
TMPDIR=$DIR "$SELF" run --timeout 500ms -- /usr/bin/python3 "$DIR/deaf.py" >"$DIR/deaf" 2>/dev/null &
deaf=$!
exec 6<"$DIR/deaf"
PIDS="$PIDS $deaf"

# ---- what CMD finds ----
try run --challenge known --seed 7 --scenario caps-modern -- env
is "exit code of a command that succeeds" "$CODE" 0
for name in SCEP_URL SCEP_URL_HTTPS ADMIN_PAGE_URL CONTROL_URL CHALLENGE CA_FILE SCENARIO SEED; do
	ok "CMD has MOCKNDES_$name" grep -q "^MOCKNDES_$name=." "$DIR/out"
done
is "the challenge" "$(sed -n 's/^MOCKNDES_CHALLENGE=//p' "$DIR/out")" known
is "the seed" "$(sed -n 's/^MOCKNDES_SEED=//p' "$DIR/out")" 7
is "the scenario" "$(sed -n 's/^MOCKNDES_SCENARIO=//p' "$DIR/out")" caps-modern
is "the rest is as it was" \
	"$(grep -v '^MOCKNDES_' "$DIR/out" | grep -v '^_=' | sort)" "$(env | grep -v '^_=' | sort)"
left "after a good end"
try run --https-port off --control-port off -- env
is "no listener, no variable" "$(grep -cE '^MOCKNDES_(SCEP_URL_HTTPS|CONTROL_URL)=' "$DIR/out")" 0
try run --scenario caps-modern --scenario ra-expired --seed 5 --challenge known -- "$SELF" run -- env
is "a run within a run takes what it has" "$(grep -E '^MOCKNDES_(SCENARIO|SEED|CHALLENGE)=' "$DIR/out" | sort | tr '\n' ' ')" \
	"MOCKNDES_CHALLENGE=known MOCKNDES_SCENARIO=caps-modern+ra-expired MOCKNDES_SEED=5 "
MOCKNDES_SCEP_URL_HTTPS=stale try run --https-port off -- env
is "nor one from before" "$(grep -c stale "$DIR/out")" 0
try run --control-token secret -- env
is "the token for ctl" "$(sed -n 's/^MOCKNDES_CONTROL_TOKEN=//p' "$DIR/out")" secret
ok "is not in the report" test "$(grep -c secret "$DIR/err")" = 0

# shellcheck disable=SC2016 # for the shell that is run
try run -- sh -c '
	for url in "$MOCKNDES_SCEP_URL" "$MOCKNDES_SCEP_URL_HTTPS"; do
		curl -sf --noproxy "*" --cacert "$MOCKNDES_CA_FILE" "$url?operation=GetCACaps" | head -n 1
	done
	curl -sf --noproxy "*" "$MOCKNDES_CONTROL_URL/v1/ready"'
is "the URLs answer, TLS verifies with the file" "$(tr -d '\r' <"$DIR/out" | tr '\n' ' ')" \
	'POSTPKIOperation POSTPKIOperation {"ready":true}'
# shellcheck disable=SC2016
try run -- sh -c 'stat -c %a "$MOCKNDES_CA_FILE"; grep -c BEGIN "$MOCKNDES_CA_FILE"'
is "the file is for all to read, root and issuing CA" "$(cat "$DIR/out")" "644
2"
sh -c 'ls /proc/self/fd' >"$DIR/before"
try run -- sh -c 'ls /proc/self/fd'
is "no descriptor of ours is open in CMD" "$(cat "$DIR/out")" "$(cat "$DIR/before")"

# shellcheck disable=SC3045 # dash has it
is "as many open files as without us" \
	"$(ulimit -Sn 100 && "$SELF" run -- sh -c 'ulimit -Sn' 2>/dev/null)" 100

echo typed | "$SELF" run -- cat >"$DIR/out" 2>"$DIR/err"
is "standard input and output are CMD's" "$(cat "$DIR/out")" typed
try run -- sh -c 'echo told >&2'
is "standard error, too" "$(grep -cx told "$DIR/err")" 1
try run --ready-file "$DIR/ready" -- jq -r .ready "$DIR/ready"
is "the ready file is there" "$(cat "$DIR/out")" true
ok "and gone at the end" test ! -e "$DIR/ready"

# ---- exit codes ----
code()
{
	wanted=$1
	shift
	try "$@"
	is "exit code of: $*" "$CODE" "$wanted"
	is "nothing on standard output of: $*" "$(cat "$DIR/out")" ""
	left "$*"
}
code 0 run -- true
code 1 run -- false
code 7 run -- sh -c 'exit 7'
code 5 run -- sh -c 'exit 5'
# shellcheck disable=SC2016
code 143 run -- sh -c 'kill -TERM $$'
ok "the signal is named" said 'died of signal 15'
# shellcheck disable=SC2016
code 137 run -- sh -c 'kill -KILL $$'
code 127 run -- "$DIR/no-such-command"
ok "a command that is not there is named" said 'no-such-command: No such file'
: >"$DIR/plain"
code 126 run -- "$DIR/plain"
code 2 run
ok "how it is written" said 'mockndes run \[OPTION\.\.\.\] -- CMD'
code 2 run --
code 2 run true
ok "says what is missing" said 'write mockndes run .OPTION...\] -- CMD'
code 2 run --scenaro x -- true
ok "the option that was meant" said 'did you mean --scenario\?'
ok "help of run" said 'Try: mockndes run --help'
code 2 run --timeout 5 -- true
ok "a duration has a unit" said '--timeout: "5" is not a duration'
code 2 run --junit= -- true
code 2 serve --timeout 5s
ok "run's options are not serve's" said 'no option --timeout'
code 3 run --scenario nonsense -- true
serve --challenge x
port=$(field scep_url | sed 's/.*:\([0-9]*\).*/\1/')
code 4 run --http-port "$port" -- true
MOCKNDES_HTTP_PORT=$port code 4 run -- true
stop TERM
MOCKNDES_TIMEOUT=5 code 2 run -- true
ok "the environment is blamed" said 'from the environment: --timeout'

# ---- the report ends with what repeats it ----
# shellcheck disable=SC2016
try run --scenario caps-modern --challenge "it's" -- sh -c 'echo "$MOCKNDES_SEED $1"' x 'a  b'
cp "$DIR/out" "$DIR/first"
repeat=$(tail -n 1 "$DIR/err" | sed 's/^again: //')
is "and it begins with our name" "${repeat%% -*}" 'mockndes run'
(
	mockndes()
	{
		"$SELF" "$@"
	}
	eval "$repeat"
) >"$DIR/second" 2>/dev/null
is "typed in, it does the same" "$(cat "$DIR/second")" "$(cat "$DIR/first")"

# ---- what is expected ----
cat >"$DIR/asks.yaml" <<'END'
mockndes: 1
name: asks
expect:
  - requests: { op: GetCACaps }
    count: { at_least: 2 }
    say: It asks & asks <again>.
END
# shellcheck disable=SC2016
once='curl -sf -o /dev/null "$MOCKNDES_SCEP_URL?operation=GetCACaps"'
code 0 run --scenario "$DIR/asks.yaml" --junit "$DIR/r.xml" -- sh -c "$once && $once"
ok "held, and it is said" said '^held: asks, seed [0-9]+, 2 requests$'
is "two tests, none of which failed" "$(xmllint --xpath 'concat(count(//testcase), count(//failure))' "$DIR/r.xml")" 20
code 5 run --scenario "$DIR/asks.yaml" --junit "$DIR/r.xml" -- sh -c "$once"
ok "not held, and why" said '1 such request was seen, wanted at least 2'
ok "and what is expected in words" said 'It asks & asks <again>\.'
is "one failed" "$(xmllint --xpath 'string(//testcase[failure]/@name)' "$DIR/r.xml" | cut -c1-8)" requests
is "in words, too" "$(xmllint --xpath 'string(//failure)' "$DIR/r.xml")" 'It asks & asks <again>.'
code 5 run --scenario "$DIR/asks.yaml" --junit "$DIR/r.xml" -- true
is "a report is of today, also when nobody came" "$(grep -c 'timestamp="1970' "$DIR/r.xml")" 0
code 3 run --scenario "$DIR/asks.yaml" --junit "$DIR/r.xml" -- sh -c "$once; exit 3"
is "both failed" "$(xmllint --xpath 'count(//failure)' "$DIR/r.xml")" 2
is "the command with its exit code" \
	"$(xmllint --xpath 'string(//testcase[@classname="command"]/failure/@message)' "$DIR/r.xml")" 'sh exited with 3'
code 5 run --verdict --scenario "$DIR/asks.yaml" -- sh -c "$once; exit 3"
code 0 run --verdict --scenario "$DIR/asks.yaml" -- sh -c "$once; $once; exit 3"
code 0 run --scenario "$DIR/asks.yaml" --scenario ra-expired -- sh -c "$once; $once; true"
ok "scenarios add up" said '^held: asks\+ra-expired'
printf 'mockndes: 1\nname: shy\nexpect:\n  - never: { op: GetCACert }\n' >"$DIR/shy.yaml"
code 5 run --journal 1 --scenario "$DIR/shy.yaml" -- sh -c "for n in 1 2 3 4 5 6 7 8 9; do $once; done"
ok "what cannot be told" said '^incomplete: shy'
is "no part of the report's file is left" "$(find "$DIR" -name 'r.xml?*')" ""
code 2 run --junit "$DIR/no/such/r.xml" -- true
ok "a folder that is not there is told first" said 'no/such: No such file'
code 1 run --junit "$DIR/tmp" -- true
ok "a file that cannot be written" said "$DIR/tmp: Is a directory"
code 2 run --journal 0 -- true
ok "without a journal there is nothing to judge by" said 'nothing to judge by'

# ---- signals: to CMD, once ----
cat >"$DIR/listen.py" <<'END'
import os, signal, sys, time

heard = []
for name in sys.argv[1:]:
    signal.signal(getattr(signal, name), lambda n, f: heard.append(signal.Signals(n).name))
print("listening", flush=True)
while not heard:
    signal.pause()
# A second one would come now, if there is one.
time.sleep(0.2)
print(*heard, flush=True)
os._exit(9)
END
for name in INT TERM HUP QUIT USR1 USR2; do
	begin -- /usr/bin/python3 "$DIR/listen.py" "SIG$name"
	kill "-$name" "$PID"
	wait "$PID"
	is "exit code of CMD after SIG$name" "$?" 9
	is "CMD got SIG$name once" "$(rest)" "SIG$name"
done
left "after signals"
# The shell that dies leaves one behind, but for the group.
begin -- sh -c 'echo up; sleep 300; true'
kill -TERM "$PID"
wait "$PID"
is "a shell that died of it" "$?" 143
is "and what it had started" "$(rest; echo gone)" gone
(
	trap '' HUP
	# shellcheck disable=SC2016
	exec "$SELF" run -- sh -c 'kill -HUP $PPID; kill -HUP $$; echo alive'
) >"$DIR/out" 2>"$DIR/err"
is "what was ignored stays so, for CMD too" "$?: $(cat "$DIR/out")" "0: alive"

# At a terminal: what is typed reaches CMD by itself, and what is sent, once.
cat >"$DIR/terminal.py" <<'END'
import os, pty, signal, subprocess, sys

mockndes, listen = sys.argv[1:3]
listener = [sys.executable, listen, "SIGINT"]
shell = ["sh", "-c", "echo listening; sleep 300 & sleep 300; true"]


def lead(command, held):
    """The leader of the terminal's session, which outlives the run: were it to end, all would be hung up."""
    signal.signal(signal.SIGINT, lambda *_: None)
    p = subprocess.Popen([mockndes, "run", "--", *command], stderr=subprocess.DEVNULL, pass_fds=[held])
    os.close(held)
    print(p.pid, flush=True)
    print("exit", p.wait(), flush=True)
    sys.stdin.readline()
    os._exit(0)


def until(fd, word):
    seen = b""
    while word not in seen:
        seen += os.read(fd, 100)
    return seen.decode().replace("^C", "").split()


for how, command in ("typed", listener), ("sent", listener), ("killed", shell):
    gone, held = os.pipe()
    leader, terminal = pty.fork()
    if leader == 0:
        os.close(gone)
        lead(command, held)
    os.close(held)
    run = int(until(terminal, b"listening")[0])
    if how == "typed":
        os.write(terminal, b"\x03")
    else:
        os.kill(run, signal.SIGINT if how == "sent" else signal.SIGKILL)
    words = until(terminal, b"exit")
    # Ends when the last of CMD's has ended.
    os.read(gone, 1)
    print(how, *(w for w in words if w.startswith("SIG")))
    os.write(terminal, b"\n")
    os.waitpid(leader, 0)
END
is "at a terminal" "$(timeout 60 /usr/bin/python3 "$DIR/terminal.py" "$SELF" "$DIR/listen.py")" \
	"typed SIGINT
sent SIGINT
killed"

# ---- the end by time ----
begin --timeout 300ms -- sh -c 'echo up; sleep 300; true'
wait "$PID"
is "exit code when the time is up" "$?" 124
is "all of CMD has ended" "$(rest; echo gone)" gone
ok "and it is said" said 'its time was up'
left "after the end by time"
try run --exit-after 100ms -- sleep 300
is "--exit-after is the same" "$CODE" 124
wait "$deaf"
is "one that will not hear is killed" "$?" 124
is "with all that it had started" "$(timeout 60 cat <&6)" up

# ---- killed ourselves ----
begin --ready-file "$DIR/ready" --challenge x -- sh -c '
	sleep 300 &
	echo "$MOCKNDES_SCEP_URL"
	sleep 300; true'
ok "the file is there while it runs" test -n "$(ls "$TMPDIR")"
kill -KILL "$PID"
wait "$PID" 2>/dev/null
is "SIGKILL: all of CMD has ended" "$(rest; echo gone)" gone
# The keeper, which does it, ends after CMD; its end is the end of the file.
for _ in $(seq 600); do
	[ -z "$(ls "$TMPDIR")" ] && [ ! -e "$DIR/ready" ] && break
	sleep 0.05
done
left "SIGKILL"
ok "SIGKILL: no ready file is left" test ! -e "$DIR/ready"
is "SIGKILL: nobody listens" "$(curl -s -o /dev/null -m 10 --noproxy '*' "$FIRST"; echo $?)" 7

# At any moment: each holds the pipe, which ends with the last of them.
mkfifo "$DIR/many"
timeout 60 cat "$DIR/many" >"$DIR/many.out" &
waiting=$!
exec 5>"$DIR/many"
for tenths in 0 1 2 3 4 5 6 7 8 9; do
	"$SELF" run -- sh -c 'sleep 300 & sleep 300; true' >&5 2>/dev/null &
	PID=$!
	sleep "0.0$tenths"
	kill -KILL "$PID"
	wait "$PID" 2>/dev/null
done
exec 5>&-
wait "$waiting"
is "killed at any moment: all of CMD has ended" "$?" 0
for _ in $(seq 600); do
	[ -z "$(ls "$TMPDIR")" ] && break
	sleep 0.05
done
left "killed at any moment"

mkfifo "$DIR/held"
(
	"$SELF" run --exit-with-parent -- sh -c 'echo up; sleep 300' >"$DIR/held" 2>/dev/null &
	exec sleep 300
) &
parent=$!
PIDS="$PIDS $parent"
exec 8<"$DIR/held"
read -r line <&8
is "it runs beside its parent" "$line" up
kill "$parent"
is "it ends with its parent, and CMD too" "$(timeout 60 cat <&8 && echo ended)" ended
exec 8<&-

# ---- two at once ----
# Each waits for the other to be there.
mkfifo "$DIR/a" "$DIR/b" "$DIR/c"
# shellcheck disable=SC2016
"$SELF" run -- sh -c 'echo "$MOCKNDES_SCEP_URL" >"$0"; read -r other <"$1"; echo "$MOCKNDES_SCEP_URL $other"
	curl -sf --noproxy "*" -o /dev/null "$other?operation=GetCACaps"
	echo $? >"$2"' "$DIR/a" "$DIR/b" "$DIR/c" >"$DIR/one" 2>/dev/null &
one=$!
# shellcheck disable=SC2016
"$SELF" run -- sh -c 'read -r other <"$0"; echo "$MOCKNDES_SCEP_URL" >"$1"; echo "$other $MOCKNDES_SCEP_URL"
	read -r said <"$2"
	exit "$said"' "$DIR/a" "$DIR/b" "$DIR/c" >"$DIR/two" 2>/dev/null
is "each is there for the other" "$?" 0
wait "$one"
is "and both end well" "$?" 0
is "both saw both" "$(cat "$DIR/one")" "$(cat "$DIR/two")"
ok "at different places" test "$(tr ' ' '\n' <"$DIR/one" | sort -u | wc -l)" = 2
# The keepers of those that ended with their parent may take a moment.
for _ in $(seq 600); do
	[ -z "$(ls "$TMPDIR")" ] && break
	sleep 0.05
done
left "at the end of all"

cli_done
