#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The two lines of a gateway's script:
#   test-recipe.sh STMBOOTD MAKE-FIRMWARE

set -eu
if [ "$1" = --on-bus ]; then
        job=$(busctl call org.stmboot1 /org/stmboot1/target/motor org.stmboot1.Target Flash 'sa{sv}' motor.hex 0 | cut -d'"' -f2)
        result=$(busctl --timeout=infinity call org.stmboot1 "$job" org.stmboot1.Job Wait)
        [ "$result" = 's "done"' ] || { echo "Wait said: $result"; exit 1; }

        # What cannot be done is an error of the same calls.
        if busctl call org.stmboot1 /org/stmboot1/target/motor org.stmboot1.Target Flash 'sa{sv}' \
                none.hex 0 2>error; then
                exit 1
        fi
        grep -q none.hex error

        job=$(busctl call org.stmboot1 /org/stmboot1/target/lonely org.stmboot1.Target Probe 'a{sv}' 0 | cut -d'"' -f2)
        if busctl --timeout=infinity call org.stmboot1 "$job" org.stmboot1.Job Wait 2>error; then
                exit 1
        fi
        grep -q 'BOOT0' error
        exit 0
fi

top=$(cd -- "$(dirname -- "$0")" && pwd)
stmbootd=$(realpath "$1") make_firmware=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p config/targets.d firmware
printf '[Manager]\nFirmwareDirectories=%s/firmware\n' "$work" >config/stmbootd.conf
printf '[Serial]\nPort=virtual:STM32F405\n[Virtual]\nWireTime=no\n' >config/targets.d/motor.conf
printf '[Serial]\nPort=virtual:STM32F405\n[Virtual]\nWireTime=no\nBoot0Wired=no\n' \
        >config/targets.d/lonely.conf
python3 "$make_firmware" --size 9000 --format hex firmware/motor.hex
sh "$top/with-daemon.sh" "$stmbootd" "$work" sh "$top/test-recipe.sh" --on-bus
