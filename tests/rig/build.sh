#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: build.sh SUITE
# Compiles stmboot for that Debian release, here or in its build tree, and installs it into
# $work/SUITE/product, together with the programs of the rig.
. "$(dirname "$0")/lib.sh"

suite=$1
product=$work/$suite/product
options='--prefix=/usr -Dtests=disabled'
# In Debian 12's guest the sanitizers watch.
[ "$suite" != bookworm ] || options="$options -Db_sanitize=address,undefined -Db_lundef=false"

if is_host_suite "$suite"; then
        root=
        enter=
        tree=$source
        build=$work/$suite/meson
else
        root=$work/$suite/build
        enter="chroot $root env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8"
        tree=/src/stmboot
        build=/src/meson
fi

# File times are kept: what did not change is not compiled again.
copy_source() {
        rm -rf "$root$tree"
        mkdir -p "$root$tree"
        tar -cf - -C "$source" --exclude='./build*' --exclude=./.git . | tar -xf - -C "$root$tree"
}

# shellcheck disable=SC2086 # $enter and $options are lists
compile() {
        [ -z "$root" ] || copy_source
        [ -f "$root$build/build.ninja" ] || $enter meson setup $options "$build" "$tree"
        $enter meson compile -C "$build"
        $enter meson compile -C "$build" rig-pi rig-usb rig-tell
        rm -rf "$root$build/install"
        $enter env DESTDIR="$build/install" meson install -C "$build" --no-rebuild --quiet
}

# shellcheck disable=SC2086 # $enter is a list
uninstall() {
        rm -rf "$root$build/uninstalled"
        $enter env DESTDIR="$build/uninstalled" meson install -C "$build" --no-rebuild --quiet
        [ -e "$root$build/uninstalled/usr/bin/stmbootd" ]
        $enter env DESTDIR="$build/uninstalled" ninja -C "$build" uninstall
        if [ -e "$root$build/uninstalled" ]; then
                find "$root$build/uninstalled"
                return 1
        fi
}

collect() {
        rm -rf "$product"
        mkdir -p "$product/usr/local/lib/rig"
        cp -a "$root$build/install/." "$product/"
        find "$root$build/tests/rig/board" -maxdepth 1 -type f -name 'rig-*' -perm -100 \
                -exec cp {} "$product/usr/local/lib/rig/" \;
        [ "$suite" != bookworm ] || configure_sanitizers
}

# The leak finder cannot work where a process may not be traced, as in the unit's sandbox.
configure_sanitizers() {
        local unit directory
        for unit in stmbootd.service stmboot-sync@.service; do
                directory=$product/etc/systemd/system/$unit.d
                mkdir -p "$directory"
                printf '[Service]\nEnvironment=ASAN_OPTIONS=detect_leaks=0 %s\n' \
                        UBSAN_OPTIONS=halt_on_error=1 >"$directory/sanitizers.conf"
        done
}

step "$suite: compile" compile
step "$suite: uninstall leaves nothing" uninstall
step "$suite: collect" collect
