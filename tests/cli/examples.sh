#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The examples of mockndes(1), typed in as they stand, but for ports: a server
# that a block starts in the background is started on free ones.
. tests/cli/lib.sh
PAGE=$PWD/src/cli/mockndes.1
case $MOCKNDES in
/*) ;;
*) MOCKNDES=$PWD/$MOCKNDES ;;
esac
mkdir "$DIR/bin" "$DIR/blocks"
ln -s "$MOCKNDES" "$DIR/bin/mockndes"
printf '#!/bin/sh\nexec curl -sf "$MOCKNDES_SCEP_URL?operation=GetCACaps" -o /dev/null\n' >"$DIR/test-client"
chmod +x "$DIR/test-client"
PATH=$DIR/bin:$PATH
cd "$DIR" || exit 1

# Each block as a file; the line that starts a server with its options as another.
awk -v dir="$DIR/blocks" '
	/^\.Sh EXAMPLES/ { on = 1 }
	/^\.Sh SEE ALSO/ { on = 0 }
	on && /^\.Bd/ { n++; block = 1; next }
	/^\.Ed/ { block = 0 }
	!block { next }
	{ gsub(/\\e/, "\\"); sub(/^\$ /, "") }
	/^mockndes --.* &$/ && !/port/ { sub(/ &$/, ""); sub(/^mockndes /, ""); print >(dir "/" n ".serve"); next }
	{ print >(dir "/" n ".do") }' "$PAGE"
ok "there are examples" test "$(find blocks -name '*.do' | wc -l)" -ge 6

for block in blocks/*.do; do
	options=
	[ -f "${block%.do}.serve" ] && options=$(cat "${block%.do}.serve")
	# shellcheck disable=SC2086 # options on purpose
	serve $options
	MOCKNDES_CONTROL_URL=$(field control_url)
	export MOCKNDES_CONTROL_URL
	http=$(field scep_url)
	http=${http%/certsrv*}
	# So that there are requests to speak of.
	for _ in 1 2 3 4 5 6 7; do
		curl -so /dev/null "$http/certsrv/mscep/mscep.dll?operation=GetCACaps"
	done
	sed "s,http://127.0.0.1:8080,$http,g" "$block" >"$block.now"
	# In a session of its own, where a server sees that it was left behind.
	setsid -w timeout 60 sh -e "$block.now" >"$DIR/out" 2>"$DIR/err" </dev/null
	is "exit code of the block: $(head -n 1 "$block")" "$?" "$(
		# The report for a CI server is of a client that asks for nothing more.
		grep -q 'uri-too-long' "$block" && echo 5 || echo 0
	)"
	stop TERM
done
ok "the report is there" grep -q '<testsuites' report.xml

cli_done
