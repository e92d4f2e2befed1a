#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What `make run` and `make test` do about missing packages, with a dpkg and
# an apt that only pretend: nothing is installed here.
. tests/cli/lib.sh

mkdir "$DIR/bin" "$DIR/few"
# Says installed unless the package is listed in $DIR/lacking.
cat >"$DIR/bin/dpkg-query" <<EOT
#!/bin/sh
for p; do :; done
grep -qx "\$p" "$DIR/lacking" && exit 1
echo installed
EOT
# Notes what it was asked; an install heals unless told otherwise.
cat >"$DIR/bin/apt-get" <<EOT
#!/bin/sh
echo "\$*" >>"$DIR/asked"
[ -e "$DIR/offline" ] && exit 100
case "\$*" in *install*) : >"$DIR/lacking" ;; esac
exit 0
EOT
printf '#!/bin/sh\nexec "$@"\n' >"$DIR/bin/sudo"
chmod +x "$DIR"/bin/*

bootstrap()
{
	: >"$DIR/asked"
	PATH="$DIR/bin:$PATH" sh tests/tools/bootstrap.sh "$1" >"$DIR/out" 2>"$DIR/err"
	CODE=$?
}

: >"$DIR/lacking"
for what in run test lint coverage bench; do
	bootstrap $what
	is "nothing missing for $what" "$CODE" 0
	is "no apt for $what" "$(cat "$DIR/asked")" ""
	is "no word for $what" "$(cat "$DIR/out" "$DIR/err")" ""
done

printf 'libfyaml-dev\nlibcmocka-dev\n' >"$DIR/lacking"
bootstrap run
is "run installs" "$CODE" 0
ok "what it needs" grep -q 'install .*libfyaml-dev' "$DIR/asked"
ok "and no more" test "$(grep -c 'cmocka\|libssl' "$DIR/asked")" = 0
ok "and says so" grep -q '^missing Debian packages, installing: libfyaml-dev' "$DIR/out"

printf 'libfyaml-dev\nscep\n' >"$DIR/lacking"
bootstrap test
ok "test installs both" grep -q 'install .*libfyaml-dev scep' "$DIR/asked"

echo scep >"$DIR/lacking"
: >"$DIR/offline"
bootstrap test
is "apt that fails" "$CODE" 1
ok "names what is missing" said 'could not install: scep'

# No apt and no pkg-config: what is missing is named.
for c in sh id; do
	ln -s "$(command -v $c)" "$DIR/few/$c"
done
PATH="$DIR/few" sh tests/tools/bootstrap.sh run >"$DIR/out" 2>"$DIR/err"
is "no apt" "$?" 1
ok "names libraries" said 'missing, and no apt-get here.* gcc .*libfyaml'

# The Makefile itself needs nothing but make.
ln -s "$(command -v make)" "$DIR/few/make"
PATH="$DIR/few" make -n help >"$DIR/out" 2>"$DIR/err"
is "the Makefile parses where nothing is installed" "$?" 0

cli_done
