#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The examples of mockndes-pipeline(7), taken from the page as they stand:
# what can be run here is run, in a folder with nothing else; the rest is read
# by a parser of its language.
# shellcheck disable=SC2317 # functions are called through must
# shellcheck source=tests/clients/lib.sh
. tests/clients/lib.sh
need scepclient curl openssl jq xargs /usr/bin/python3
PAGE=$PWD/src/cli/mockndes-pipeline.7
mkdir "$DIR/bin" "$DIR/page" "$DIR/tmp"
ln -s "$MOCKNDES" "$DIR/bin/mockndes"
ln -s /usr/bin/python3 "$DIR/bin/python3"
: >"$DIR/mock.log"
PATH=$DIR/bin:$PATH
TMPDIR=$DIR/tmp
export TMPDIR
for name in $(env | sed -n 's/^\(MOCKNDES_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done
cd "$DIR/page" || exit 1

# ---- off the page: files by their names, what is typed as type-1.sh.. ----
awk '
/^\.\\" file: / { name = $3; next }
/^\.\\" type/ { name = "type-" ++n ".sh"; typed = 1; next }
/^\.Bd/ && name != "" {
	dir = name
	if (sub(/[^\/]*$/, "", dir) && dir != "") system("mkdir -p " dir)
	on = 1
	next
}
/^\.Ed/ { if (on) close(name); on = typed = 0; name = ""; next }
on {
	sub(/^\\&/, "")
	gsub(/\\e/, "\\")
	if (typed) sub(/^[$>] ?/, "")
	print >name
}' "$PAGE"
must "the page has examples" test "$(find . -type f | wc -l)" -ge 15

# typed WORD: the block of typed lines that has this word, by a shell that stops at the first that fails.
typed()
{
	quietly sh -e "$(grep -l -e "$1" type-*.sh | head -n 1)"
}

# ---- shell ----
must "run around an enrolment" typed 'run -- sh enrol.sh'
must "left a certificate" test -s device.pem
must "and a report" grep -q '<testsuites' report.xml
must "which lies are believed" typed believed
for lie in $(sed -n 's/^for lie in \(.*\); do$/\1/p' type-*.sh); do
	must "there is hostile/$lie" quietly mockndes scenarios "hostile/$lie"
done
mended()
{
	quietly sh background.sh && [ "$(grep -E '^[0-9]+$' "$DIR/out" | tr '\n' ' ')" = '500 200 ' ]
}
must "a server in the background" mended

# ---- pytest ----
must "pytest" typed pytest
must "ran two tests" grep -q 'tests="2"' report.xml

# ---- Go, where there is one ----
if command -v gofmt >/dev/null 2>&1; then
	must "the Go file is Go" test -z "$(gofmt -l mockndes_test.go 2>&1)"
fi

# ---- Java, where there is one; JUnit is three annotations and one function ----
java_test()
(
	exec >"$DIR/out" 2>&1
	mkdir -p stubs/org/junit/jupiter/api classes &&
		for a in BeforeAll AfterAll Test; do
			echo "package org.junit.jupiter.api;
import java.lang.annotation.*;
@Retention(RetentionPolicy.RUNTIME) public @interface $a {}" >"stubs/org/junit/jupiter/api/$a.java"
		done &&
		echo 'package org.junit.jupiter.api;
public class Assertions {
    public static void assertEquals(int a, int b) {
        if (a != b) throw new AssertionError(a + " is not " + b);
    }
}' >stubs/org/junit/jupiter/api/Assertions.java &&
		echo 'class Main {
    public static void main(String[] args) throws Exception {
        MockndesTest.start();
        try { new MockndesTest().saysThatTheServerIsDown(); } finally { MockndesTest.stop(); }
    }
}' >stubs/Main.java &&
		javac -d classes stubs/org/junit/jupiter/api/*.java stubs/Main.java MockndesTest.java &&
		timeout "$LIMIT" java -cp classes Main
)
if command -v javac >/dev/null 2>&1; then
	must "the Java test passes" java_test
fi

# ---- JUnit by curl, beside a server that runs ----
curl_judge()
{
	quietly mockndes run --scenario uri-too-long -- sh -c 'sh enrol.sh && sh judge.sh' &&
		grep -qx 200 "$DIR/out" && grep -q '<testsuites' verify.xml
}
must "the report by curl" curl_judge

# ---- parallel ----
must "three at once on sites of their own" typed xargs
must "each has a certificate of its own" \
	test "$(openssl x509 -in healthy/device.pem -noout -fingerprint)" != \
	"$(openssl x509 -in caps-modern/device.pem -noout -fingerprint)"

# ---- the files of pipelines ----
cat >"$DIR/files.py" <<'END'
import sys, yaml

github = [yaml.safe_load(open(".github/workflows/" + f)) for f in ("enrolment.yml", "service.yml")]
for w in github:
    assert w[True] == ["push", "pull_request"], w  # YAML 1.1 reads "on" as true
    for job in w["jobs"].values():
        assert job["runs-on"]
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step), step
            # What a step runs is run by bash: let it read that.
            if "run" in step:
                print(step["run"].replace("${{", "").replace("}}", ""))
assert github[1]["jobs"]["client"]["services"]["mockndes"]["image"]
gitlab = yaml.safe_load(open(".gitlab-ci.yml"))
for job in gitlab.values():
    assert job["image"] and all(isinstance(line, str) for line in job["script"]), job
    print(*job.get("before_script", []), *job["script"], sep="\n")
assert gitlab["run"]["artifacts"]["reports"]["junit"] == "report.xml"
END
yaml_files()
{
	/usr/bin/python3 "$DIR/files.py" >"$DIR/steps.sh" 2>"$DIR/out" && sh -n "$DIR/steps.sh" &&
		grep -q 'mockndes run --scenario' "$DIR/steps.sh"
}
must "files of pipelines are YAML of the right shape, their scripts are shell" yaml_files
# Options in them are options that there are.
known_options()
{
	grep -hoE 'mockndes run .*' "$DIR/steps.sh" | sed 's/ -- .*//' | grep -oE -- '--[a-z]+(-[a-z]+)*' |
		sort -u | while read -r option; do
		mockndes run --help | grep -q -e "$option" || mockndes --help | grep -q -e "$option" || {
			echo "$option"
			exit 1
		}
	done
}
must "with options that there are" known_options
must "the packages of the image are those of the command" test -z "$(
	sed -n '/^FROM.*slim/,$p' Dockerfile | grep -oE '(lib|zlib)[a-z0-9-]+' | sort -u |
		while read -r package; do dpkg-query -W "$package" 2>&1 >/dev/null; done
)"
cd "$DIR" || exit 1
must "nothing is left in the folder for temporary files" test -z "$(ls "$TMPDIR")"
finish
