#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: roots.sh guest|build SUITE
# Makes $work/SUITE/guest, the user space of that Debian release as the tests need it, or
# $work/SUITE/build, the tree that stmboot is compiled in where the machine is of another release.
. "$(dirname "$0")/lib.sh"

kind=$1
suite=$2
out=$work/$suite/$kind

case $suite in
bookworm) release='libgpiod2 libelf1 libasan8 libubsan1' ;; # its product is built with both
trixie) release='libgpiod3 libelf1t64' ;;
*) die "unknown suite $suite" ;;
esac

case $kind in
guest)
        include="systemd systemd-sysv udev dbus kmod util-linux gpiod libserialport0
                libinih1 libjson-c5 libmd0 zlib1g stm32flash $release"
        ;;
build)
        include='gcc libc6-dev meson pkgconf python3 libsystemd-dev libgpiod-dev libserialport-dev
                libinih-dev libelf-dev libjson-c-dev libmd-dev zlib1g-dev'
        ;;
*) die "unknown kind of tree: $kind" ;;
esac
# shellcheck disable=SC2086 # joins the words
include=$(echo $include | tr ' ' ,)

# The mirror that this machine uses for its own release serves the other one as well.
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
        grep '/debian/*$' | head -n 1)
[ -n "$mirror" ] || die "apt has no source of Debian packages"

# shellcheck disable=SC2016 # $1 is mmdebstrap's
strap() {
        rm -rf "$out"
        mkdir -p "$work/$suite"
        apt-config dump Acquire >"$work/$suite/apt.conf"
        echo 'Acquire::Languages "none";' >>"$work/$suite/apt.conf"
        mmdebstrap --variant=minbase --mode=root --quiet --include="$include" \
                --aptopt="$work/$suite/apt.conf" \
                --dpkgopt='path-exclude=/usr/share/doc/*' \
                --dpkgopt='path-exclude=/usr/share/man/*' \
                --dpkgopt='path-exclude=/usr/share/locale/*' \
                --dpkgopt='path-exclude=/usr/share/i18n/*' \
                --customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*' \
                "$suite" "$out" "deb $mirror $suite main"
}

is_current "$out" "$0" "$include" && exit 0
step "$suite: $kind tree" strap
mark_current "$out" "$0" "$include"
