#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Usage: run.sh [-s SUITE]... [-k] [CASE]...
# Shows stmboot on a kernel with real gpiochips and ttys, installed, under systemd, in the user
# space of Debian 12 and of Debian 13: one line a test, then how many passed. A CASE is the name of
# a file in cases/; -k keeps what was compiled last. Exit status 77: nothing can run here.
# STMBOOT_RIG_DIR (default: build/rig) keeps what is built; the first time takes minutes.
. "$(dirname "$0")/lib.sh"

suites=
keep=
while getopts s:k option; do
        case $option in
        s) suites="$suites $OPTARG" ;;
        k) keep=yes ;;
        *) exit 2 ;;
        esac
done
shift $((OPTIND - 1))
suites=${suites:-bookworm trixie}

what_lacks() {
        local program
        [ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || echo 'not a Debian amd64 machine'
        [ "$(id -u)" = 0 ] || echo 'not root: file systems with devices in them are made'
        for program in qemu-system-x86_64 mmdebstrap busybox modprobe cpio mke2fs xz gcc make \
                meson; do
                command -v "$program" >/dev/null || echo "no $program"
        done
}

lacks=$(what_lacks)
if [ -n "$lacks" ]; then
        echo "rig: skipped: $(echo "$lacks" | paste -sd, | sed 's/,/, /g')"
        echo 'rig: tests/packages lists what to install'
        exit 77
fi

# One case, one line; and what it printed, where it failed.
run_case() {
        local suite=$1 case=$2 out=$work/$1/out/$2 verb=run start seconds status=0
        case $case in boot-*) verb=boot ;; esac
        start=$(date +%s)
        "$rig/vm.sh" "$verb" "$suite" "$case" "$out" >"$out.host" 2>&1 || status=$?
        seconds=$(($(date +%s) - start))
        case $status in
        0) echo "PASS  $suite  $case  $seconds s$(sed -n 's/^note: /; /p' "$out/log" | tr -d '\n')" ;;
        77) echo "SKIP  $suite  $case: $(tail -n 1 "$out/log")" ;;
        *)
                echo "FAIL  $suite  $case  $seconds s, status $status; see $out"
                tail -n 30 "$out/log" "$out.host" 2>/dev/null | sed 's/^/      /'
                ;;
        esac
}

run_suite() {
        local suite=$1 case
        shift
        mkdir -p "$work/$suite/out"
        "$rig/roots.sh" guest "$suite"
        is_host_suite "$suite" || "$rig/roots.sh" build "$suite"
        if [ -z "$keep" ] || [ ! -d "$work/$suite/product" ]; then "$rig/build.sh" "$suite"; fi
        step "$suite: boot once, save" "$rig/vm.sh" save "$suite"
        step "$suite: install, save" "$rig/vm.sh" install "$suite"
        for case; do
                run_case "$suite" "$case"
        done | tee "$work/$suite/results"
}

if [ $# = 0 ]; then
        for case in "$rig"/cases/*.sh; do
                set -- "$@" "$(basename "$case" .sh)"
        done
fi
"$rig/kernel.sh"
for suite in $suites; do
        mkdir -p "$work/$suite"
        : >"$work/$suite/results"
        run_suite "$suite" "$@" &
done
wait

count() {
        local suite
        for suite in $suites; do cat "$work/$suite/results"; done | grep -c "^$1 " || :
}
passed=$(count PASS)
failed=$(count FAIL)
skipped=$(count SKIP)
# shellcheck disable=SC2086 # a list
expected=$(($# * $(echo $suites | wc -w)))
echo "$passed passed, $failed failed, $skipped skipped"
[ $((passed + skipped)) = "$expected" ]
