#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What `mockndes scenarios` tells of each built-in file, and the README's table.
. tests/cli/lib.sh

# What stands between two headings, or behind the last.
section()
{
	awk -v head="$1" '$0 == head { on = 1; next } /^[^ ]/ { on = 0 } on' "$DIR/out"
}

for f in scenarios/*.yaml; do
	name=$(basename "$f" .yaml)
	# Levels have rules, or nothing, and no cause.
	case $name in faithful | robust | hostile) continue ;; esac
	try scenarios "$name"
	is "exit code of $name" "$CODE" 0
	title=$(sed -n 's/^title: //p' "$f")
	is "$name begins with its title" "$(sed -n 1p "$DIR/out")" "$name: $title"
	ok "$name is at most 79 columns, calls aside" \
		test "$(grep -v '^     PATCH ' "$DIR/out" | wc -L)" -le 79
	for heading in 'What the client sees' 'Where to look' Why 'Try it'; do
		ok "$name has something at: $heading" \
			test -n "$(section "$heading")"
	done
	ok "$name names its URL" grep -qF "/x/$name/certsrv/mscep/mscep.dll" "$DIR/out"
	is "$name has the calls of its steps" \
		"$(section 'How to mend it' | grep -cE '^     (PATCH|POST) /v1/')" \
		"$(grep -cE '^    do:' "$f")"
	is "$name has its steps" \
		"$(section 'How to mend it' | grep -cE '^  [0-9]+\. ')" \
		"$(grep -cE '^  - say:' "$f")"
done

try scenarios uri-too-long
is "what a correct client does" "$(section 'What a correct client does' | grep -c '^  client: succeeds: ')" 1
ok "keys of a part stand together" grep -qF \
	'PATCH /v1/host {"iis":{"request_filtering":{"maxUrl":65534,"maxQueryString":65534}}}' "$DIR/out"
try scenarios admin-hidden
ok "an empty list is one" grep -qF \
	'PATCH /v1/host {"iis":{"request_filtering":{"hiddenSegments":[]}}}' "$DIR/out"
try scenarios gateway-timeout
ok "one service is one restart" grep -qxF '     POST /v1/restart/connector' "$DIR/out"
try scenarios reporting-stuck
ok "a restart is a POST" grep -qxF '     POST /v1/restart/intune-connector' "$DIR/out"

try scenarios --yaml
is "--yaml without a name" "$CODE" 2
try scenarios --yaml healthy
ok "--yaml prints the file" cmp -s scenarios/healthy.yaml "$DIR/out"
try scenarios --markdown
is "a row for each, below two of head" "$(wc -l <"$DIR/out")" \
	"$(($(grep -l '^cause:' scenarios/*.yaml | wc -l) + 2))"
is "all rows have four cells" "$(sed 's/\\|//g' "$DIR/out" | tr -dc '|\n' | sort -u)" "|||||"
ok "README.md has this table" \
	env MOCKNDES="$MOCKNDES" sh tests/tools/readme_scenarios.sh

cli_done
