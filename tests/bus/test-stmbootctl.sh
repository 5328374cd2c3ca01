#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each verb of stmbootctl against the daemon and virtual chips, and the exit code of each failure:
#   test-stmbootctl.sh STMBOOTD STMBOOTCTL MAKE-FIRMWARE

set -u
export LC_ALL=C TERM=dumb

if [ "$1" != --on-bus ]; then
        top=$(cd -- "$(dirname -- "$0")" && pwd)
        stmbootd=$(realpath "$1") stmbootctl=$(realpath "$2") make_firmware=$(realpath "$3")
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        cd "$work" || exit 1
        mkdir -p config/targets.d firmware
        printf '[Manager]\nFirmwareDirectories=%s/firmware\n' "$work" >config/stmbootd.conf
        # target NAME CHIP [MORE]
        target() {
                printf '[Serial]\nPort=virtual:%s\n[Virtual]\nWireTime=no\n%b' "$2" "${3-}" \
                        >"config/targets.d/$1.conf"
        }
        target motor STM32G431 "[Image]\nFile=$work/motor.elf\n"
        target lonely STM32F405 'Boot0Wired=no\n'
        target wrong STM32F405 '[Target]\nChip=STM32G431\n'
        # One write that does nothing is repaired; so many are not.
        target worn STM32F103 'Fault=write-lost 4\n'
        target dying STM32F103 "Fault=write-lost 4\n$(printf 'Fault=write-lost %s\\n' $(seq 34 48))"
        target deaf STM32F103 'Fault=dead 30\n'
        target small STM32G431 'FlashSize=1M\n'
        printf '[Serial]\nPort=virtual:STM32F405\n' >config/targets.d/slow.conf
        printf '[Serial]\nPort=/dev/ttyNOSUCH0\n' >config/targets.d/gone.conf
        printf '[Serial]\nPort=/dev/null\n' >config/targets.d/null.conf
        printf '[Serial]\nPort=virtual:STM32F405\nBauds=1\n' >config/targets.d/odd.conf
        for format in bin hex srec elf; do
                python3 "$make_firmware" --size 9000 --seed 1 --format $format motor.$format || exit 1
        done
        python3 "$make_firmware" --size 9000 --seed 2 --format hex other.hex || exit 1
        python3 "$make_firmware" --size 300000 --format bin large.bin || exit 1
        head -c 5000 motor.hex >torn.hex
        sh "$top/with-daemon.sh" "$stmbootd" "$work" \
                sh "$top/test-stmbootctl.sh" --on-bus "$stmbootctl"
        exit $?
fi

ctl=$2 failures=0

# try CODE ARGUMENT...: what it must exit with; output is left in `out` and `err`.
try() {
        code=$1
        shift
        "$ctl" "$@" >out 2>err </dev/null
        got=$?
        if [ $got = "$code" ]; then
                echo "ok $got: $*"
        else
                echo "NOT OK: $* exits with $got, not $code"
                cat out err
                failures=$((failures + 1))
        fi
}

# says TEXT: in either output of the last one.
says() {
        grep -q -- "$1" out err || {
                echo "NOT OK: nothing says '$1':"
                cat out err
                failures=$((failures + 1))
        }
}

try 0 list
says 'odd *broken'
says 'gone *absent'
try 0 probe motor
says STM32G431
for format in bin hex srec elf; do
        try 0 flash motor motor.$format
        try 0 verify motor motor.elf
done
says motor
try 0 info motor
says 'Virtual chip: running'
try 0 flash --if-different motor motor.hex
says 'already'
try 0 image motor.elf --target motor
says 'Fits: yes'
try 10 verify motor other.hex
try 0 read motor 0x08000000 9000 -o read.bin
cmp read.bin motor.bin || failures=$((failures + 1))
try 0 sync motor
try 0 flash motor other.hex
try 10 sync motor --check
try 0 sync motor
try 0 sync motor --check
try 0 trace motor
says 'READ 0x08'
try 0 boot motor
try 0 list
says 'motor *bootloader'
try 0 run motor
try 0 reset motor
try 0 option-bytes motor
try 0 protect motor readout
try 9 read motor 0x08000000 4 -o none.bin
try 2 unprotect motor readout
try 0 unprotect motor readout --yes
try 0 read motor 0x08000000 4 -o blank.bin
try 2 erase motor
try 0 erase motor --yes
try 0 jobs
says 'erase *done'

try 4 probe nobody
try 1 probe odd
says 'Bauds'
try 1 probe small
says 'no such virtual chip: FlashSize= is no size that it has'
try 1 probe gone
says 'gone: .dev.ttyNOSUCH0 is not there: is it plugged in'
try 1 probe null
says 'null: .dev.null is not a serial port'
try 2 flash motor motor.hex --baud=7
says 'Option "baud" takes 1200 to 4000000'
try 2 flash motor motor.hex --layout=4x
says 'Option "layout" takes pages like 4x16K'
try 6 flash motor torn.hex
says 'motor: torn.hex:[0-9]*: the file ends within a record'
try 6 flash motor none.hex
try 6 flash motor large.bin
try 7 probe lonely
says 'BOOT0'
try 8 probe wrong
try 0 flash worn motor.bin
try 11 flash dying motor.bin
try 1 flash deaf motor.bin
says 'deaf: the last of its trace:'
tail -n 1 err | grep -q '^Try' || { echo "NOT OK: the advice is not at the end"; failures=$((failures + 1)); }

"$ctl" flash slow large.bin >slow.out 2>&1 &
slow=$!
until "$ctl" list | grep -q 'slow *busy'; do sleep 0.1; done
try 5 probe slow
try 0 cancel slow
wait $slow
[ $? = 13 ] || { echo "NOT OK: a cancelled flash"; cat slow.out; failures=$((failures + 1)); }

[ $failures = 0 ]
