#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The library as somebody else's program gets it: installed, found by
# pkg-config, two servers in one process; and gone again after uninstall.
. tests/cli/lib.sh
B=${B:-build/debug}
CC=${CC:-gcc}
case ${V:-debug} in
san) flags=-fsanitize=address,undefined ;;
cov) flags=--coverage ;;
*) flags= ;;
esac

install()
{
	B=$B PREFIX=$1 DESTDIR=$2 VERSION=1.2.3 sh tests/tools/install.sh "$3" >"$DIR/out" 2>&1
}

ok "installs" install "$DIR/usr" "" install
cat >"$DIR/two.c" <<'EOT'
#include <mockndes.h>
#include <stdio.h>
#include <string.h>

static struct mockndes *
server(const char *challenge)
{
	struct mockndes *m = mockndes_new();

	if (m == NULL || mockndes_set(m, "http-port", "0") != 0 ||
	    mockndes_set(m, "https-port", "off") != 0 ||
	    mockndes_set(m, "control-port", "off") != 0 ||
	    mockndes_set(m, "challenge", challenge) != 0 ||
	    mockndes_start(m) != 0)
		puts(m == NULL ? "no memory" : mockndes_error(m));
	return m;
}

int
main(void)
{
	struct mockndes *a = server("one"), *b = server("two");
	int differ = strcmp(mockndes_url(a, "http"), mockndes_url(b, "http"));

	printf("%s %s %s\n", mockndes_challenge(a), mockndes_challenge(b),
	    differ != 0 ? "apart" : "the same");
	mockndes_free(a);
	mockndes_free(b);
	return 0;
}
EOT
export PKG_CONFIG_PATH="$DIR/usr/lib/pkgconfig"
is "pkg-config knows the version" "$(pkg-config --modversion mockndes)" 1.2.3
# CC may be a command with its arguments ("ccache gcc").
# shellcheck disable=SC2046,SC2086 # words on purpose
ok "a program of two servers links" $CC -std=c11 -Wall -Werror -o "$DIR/two" \
	"$DIR/two.c" $(pkg-config --cflags --libs mockndes) $flags
is "and runs" "$(cd "$DIR" && ./two 2>&1)" "one two apart"
printf '#include <mockndes.h>\nint main() { return mockndes_option(0) == nullptr; }\n' >"$DIR/x.cc"
if command -v g++ >/dev/null 2>&1; then
	ok "the header is C++ too" g++ -Wall -Wextra -Werror -fsyntax-only -I"$DIR/usr/include" "$DIR/x.cc"
fi
ok "uninstalls" install "$DIR/usr" "" uninstall
is "and leaves no file" "$(find "$DIR/usr" -type f)" ""

ok "installs below DESTDIR" install /opt/m "$DIR/stage" install
is "with the prefix of the target" \
	"$(sed -n 's/^prefix=//p' "$DIR/stage/opt/m/lib/pkgconfig/mockndes.pc")" /opt/m
is "the command runs" "$("$DIR/stage/opt/m/bin/mockndes" --version)" \
	"$("$MOCKNDES" --version)"

cli_done
