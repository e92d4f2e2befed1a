#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the build in $B (release) below $DESTDIR$PREFIX, or removes just that.
# Usage: B=.. PREFIX=.. DESTDIR=.. VERSION=.. install.sh install|uninstall
set -eu
root=$DESTDIR$PREFIX
B=${B:-build/release}

# Each file: mode, source, place.
files()
{
	cat <<-EOT
	755 $B/mockndes bin/mockndes
	644 $B/libmockndes.a lib/libmockndes.a
	644 include/mockndes.h include/mockndes.h
	644 $B/mockndes.pc lib/pkgconfig/mockndes.pc
	644 src/cli/mockndes.1 share/man/man1/mockndes.1
	644 src/cli/mockndes-pipeline.7 share/man/man7/mockndes-pipeline.7
	644 src/scenario/mockndes-scenario.5 share/man/man5/mockndes-scenario.5
	644 src/control/mockndes-control.7 share/man/man7/mockndes-control.7
	644 src/scenario/mockndes-clients.7 share/man/man7/mockndes-clients.7
	EOT
}

case ${1:-} in
install)
	sed "s|@PREFIX@|$PREFIX|; s|@VERSION@|$VERSION|" src/api/mockndes.pc.in \
		>"$B/mockndes.pc"
	files | while read -r mode from to; do
		echo "  INSTALL $root/$to"
		mkdir -p "$(dirname "$root/$to")"
		install -m "$mode" "$from" "$root/$to"
	done
	;;
uninstall)
	files | while read -r mode from to; do
		echo "  REMOVE $root/$to"
		rm -f "$root/$to"
	done
	;;
*)
	echo "usage: install.sh install|uninstall" >&2
	exit 2
	;;
esac
