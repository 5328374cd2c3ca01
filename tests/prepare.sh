# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Sourced by demo.sh and check.sh: installs the Debian packages that are missing, and builds.
# $scratch is a directory that goes when the script ends, however it ends; a script that has more to
# clean up redefines clean_up.

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
scratch=$(mktemp -d) || exit 1
clean_up() { :; }
trap 'trap "" HUP INT TERM; clean_up; rm -rf "$scratch"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

as_root() {
        if [ "$(id -u)" = 0 ]; then
                "$@"
        else
                sudo "$@"
        fi
}

# What tests/packages lists under these headings.
packages() {
        awk -v wanted=" $* " '/^# [a-z]+$/ { listed = index(wanted, " " $2 " ") }
                !/^#/ && listed' "$top/tests/packages"
}

is_installed() {
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing HEADING...
install_missing() {
        missing=
        for package in $(packages "$@"); do
                is_installed "$package" || missing="$missing $package"
        done
        [ -n "$missing" ] || return 0
        if ! command -v apt-get >/dev/null; then
                echo "No apt-get here. What these Debian packages hold has to be there:$missing"
                return 0
        fi
        by_hand="apt-get update && apt-get install --no-install-recommends$missing"
        if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
                printf 'Packages are missing, and sudo as well. As root:\n  %s\n' "$by_hand" >&2
                exit 1
        fi
        echo "Installing (this takes a minute or two):$missing"
        # A source that is out of reach matters only if a package is to come from it.
        # shellcheck disable=SC2086,SC2016 # a list; for the inner shell
        as_root sh -c 'export DEBIAN_FRONTEND=noninteractive
                apt-get -q update
                apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"' \
                sh $missing >"$scratch/install" 2>&1 && return 0
        # Where the lists could not be had, that none of the packages is known says nothing.
        grep -v '^E: Unable to locate package' "$scratch/install" | tail -n 20 >&2
        printf 'That did not work. To see more, as root:\n  %s\n' "$by_hand" >&2
        exit 1
}

# build DIRECTORY [MESON-OPTION...]: configures unless it was configured so, builds; shows output
# only of what fails.
build() {
        directory=$1
        shift
        made_with="$(meson --version), $(${CC:-cc} --version | head -n 1), $top, $*"
        {
                if [ "$(cat "$directory/made-with" 2>/dev/null)" != "$made_with" ]; then
                        rm -rf "$directory/meson-private" "$directory/.ninja_log"
                        meson setup "$directory" "$top" "$@" &&
                                echo "$made_with" >"$directory/made-with"
                fi && ninja -C "$directory"
        } >"$scratch/build" 2>&1 && return 0
        grep -v '^\[[0-9]' "$scratch/build" | tail -n 60 >&2
        return 1
}
