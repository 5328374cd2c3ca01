#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# As many targets as there may be, synced by one command, on a bus with the limits of a system bus
# (128 calls that wait for an answer):
#   test-many.sh STMBOOTD STMBOOTCTL MAKE-FIRMWARE

set -eu
if [ "$1" = --on-bus ]; then
        LC_ALL=C TERM=dumb "$2" sync >out 2>err || {
                echo "exit code $?"
                sort err | uniq -c | sort -rn | head
                exit 1
        }
        done=$(grep -c ': brought up to date in' out)
        [ "$done" = 256 ] || { echo "$done of 256 are up to date"; exit 1; }
        exit 0
fi

top=$(cd -- "$(dirname -- "$0")" && pwd)
stmbootd=$(realpath "$1") stmbootctl=$(realpath "$2") make_firmware=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p config/targets.d
: >config/stmbootd.conf
for n in $(seq 256); do
        printf '[Serial]\nPort=virtual:STM32F103\n[Virtual]\nWireTime=no\n[Image]\nFile=%s/a.bin\n' \
                "$work" >"config/targets.d/t$n.conf"
done
# Two that share a line take turns.
for n in 1 2; do
        printf '[Lines]\nChip=gpiochip0\nReset=4\nBoot0=5\n' >>"config/targets.d/t$n.conf"
done
python3 "$make_firmware" --size 900 --format bin a.bin
sh "$top/with-daemon.sh" "$stmbootd" "$work" sh "$top/test-many.sh" --on-bus "$stmbootctl"
