#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The JSON Schema of scenario files, judged by a validator that is not ours:
# it takes what the loader takes and refuses what the loader refuses, but for
# what is no matter of structure.
. tests/cli/lib.sh

cat >"$DIR/judge.py" <<'END'
import json, sys
import jsonschema, yaml

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for name in sys.argv[2:]:
    try:
        document = yaml.safe_load(open(name))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        print("unread", name)
        continue
    errors = [e.message for e in validator.iter_errors(document)]
    print("refused" if errors else "taken", name, *errors[:1])
END

judge()
{
	/usr/bin/python3 "$DIR/judge.py" "$DIR/schema" "$@"
}

# Nothing of these is to be seen in the document: order, spelling, duplicates, bytes.
# longest-name is a number to a reader that guesses types.
beyond_structure='anchor|tag|bool-yes|duplicate-host-key|duplicate-top-key|escaped-zero|surrogate|many-blank-lines|not-utf8|version-later|longest-name|rules-mixed-steps|rules-contradictory|rules-unreachable|rules-words-of-messages|rules-statuses'

print_schema()
{
	"$MOCKNDES" schema >"$DIR/schema"
}

ok "prints a schema" print_schema
judge scenarios/*.yaml scenarios/*/*.yaml >"$DIR/builtins"
is "every built-in file is taken" "$(grep -cv '^taken' "$DIR/builtins")" 0
is "and they were all looked at" "$(wc -l <"$DIR/builtins")" "$(find scenarios -name '*.yaml' | wc -l)"
judge tests/vectors/scenarios/sound/* | grep -Ev "/($beyond_structure)\." >"$DIR/sound"
is "every sound file is taken" "$(grep '^refused' "$DIR/sound")" ""
ok "and some were looked at" test "$(grep -c '^taken' "$DIR/sound")" -ge 5
judge tests/vectors/scenarios/unsound/*.yaml | grep -Ev "/($beyond_structure)\." >"$DIR/unsound"
is "no unsound file is taken" "$(grep '^taken' "$DIR/unsound")" ""
ok "and many were looked at" test "$(grep -c '^refused' "$DIR/unsound")" -ge 40

is "each host key of the manual is in it, and no other" \
	"$(jq -r '.properties.host | [paths(type == "object" and has("default")) | map(select(. != "properties")) | join(".")] | sort[]' "$DIR/schema")" \
	"$(sed -n '/^\.Sh HOST/,/^\.Sh RULES/s/^\.It Ic \([A-Za-z0-9_.]*\)$/\1/p' src/scenario/mockndes-scenario.5 | LC_ALL=C sort)"
is "with its default" "$(jq .properties.host.properties.registry.properties.PasswordMax.default "$DIR/schema")" 5
try schema x
is "takes no argument" "$CODE" 2
ok "and says so" said 'it takes no argument'

cli_done
