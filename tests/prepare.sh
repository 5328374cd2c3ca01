# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# Sourced by demo.sh and check.sh: installs the Debian packages that are missing, and builds.

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

as_root() {
        if [ "$(id -u)" = 0 ]; then
                "$@"
        else
                sudo "$@"
        fi
}

# What tests/packages lists up to the end of a section; each needs those before it.
packages() {
        awk -v last="$1" '/^# (build|test|rig)$/ { if (end) exit; end = $2 == last }
                !/^#/' "$top/tests/packages"
}

is_installed() {
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing build|test|rig
install_missing() {
        missing=
        for package in $(packages "$1"); do
                is_installed "$package" || missing="$missing $package"
        done
        [ -n "$missing" ] || return 0
        echo "Installing:$missing"
        log=$(mktemp)
        # A source that is out of reach matters only if a package is to come from it.
        # shellcheck disable=SC2086 # a list
        if ! { as_root apt-get update || :; as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
                tail -n 20 "$log" >&2
                rm -f "$log"
                echo "These Debian packages could not be installed:$missing" >&2
                exit 1
        fi
        rm -f "$log"
}

# build DIRECTORY [MESON-OPTION...]: configures once, builds; shows output only of what fails.
build() {
        directory=$1
        shift
        log=$(mktemp)
        if { [ -f "$directory/build.ninja" ] || meson setup "$directory" "$top" "$@"; } \
                >"$log" 2>&1 && ninja -C "$directory" >>"$log" 2>&1; then
                rm -f "$log"
                return 0
        fi
        grep -v '^\[[0-9]' "$log" | tail -n 60 >&2
        rm -f "$log"
        return 1
}
