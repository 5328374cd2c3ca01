# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Sourced by the host's side of the rig: where things are, and what all steps share.
set -eu
export LC_ALL=C

rig=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this
source=$(cd "$rig/../.." && pwd)
work=${STMBOOT_RIG_DIR:-$source/build/rig}
mkdir -p "$work"
work=$(cd "$work" && pwd)

die() {
        printf 'rig: %s\n' "$*" >&2
        exit 1
}

# Runs a step of the set-up, quietly, and says how long it took.
step() {
        local name=$1 log start
        shift
        log=$work/log/$(echo "$name" | tr -c 'A-Za-z0-9\n' -).log
        mkdir -p "$work/log"
        start=$(date +%s%N)
        # In the background "set -e" holds within functions, too.
        "$@" >"$log" 2>&1 &
        if ! wait $!; then
                tail -n 20 "$log" >&2
                die "$name failed: $log"
        fi
        printf '  %-36s %5d ms\n' "$name" $((($(date +%s%N) - start) / 1000000))
}

# What a thing was made from: `stamp DIR FILE-OR-WORD...` is true when DIR is already that.
stamp_of() {
        local item
        for item; do
                if [ -f "$item" ]; then cat "$item"; else printf '%s\n' "$item"; fi
        done | sha256sum | cut -d' ' -f1
}

is_current() {
        local directory=$1
        shift
        [ "$(cat "$directory/.made-from" 2>/dev/null)" = "$(stamp_of "$@")" ]
}

mark_current() {
        local directory=$1
        shift
        stamp_of "$@" >"$directory/.made-from"
}

# KVM only where the processor has it: a /dev/kvm without hardware behind it runs nothing stock.
accelerator() {
        if grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]; then echo kvm; else echo tcg; fi
}

is_host_suite() {
        [ "$(. /etc/os-release && echo "$VERSION_CODENAME")" = "$1" ]
}
