#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The options of stmbootctl, its signals and its several targets, against the daemon:
#   test-ctl-daemon.sh STMBOOTCTL STMBOOTD MAKE-FIRMWARE

set -u
top=$(cd -- "$(dirname -- "$0")" && pwd)
export TERM=dumb LC_ALL=C

if [ "$1" != --on-bus ]; then
        ctl=$(realpath "$1") stmbootd=$(realpath "$2") make_firmware=$(realpath "$3")
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        cd "$work" || exit 1
        mkdir -p config/targets.d firmware
        printf '[Manager]\nFirmwareDirectories=%s/firmware\n' "$work" >config/stmbootd.conf
        # An F103 erases fast.
        for name in motor pump slow; do
                printf '[Serial]\nPort=virtual:0x410\n' >config/targets.d/$name.conf
                [ $name = slow ] || printf '[Virtual]\nWireTime=no\n' >>config/targets.d/$name.conf
        done
        printf '[Image]\nFile=%s/firmware/motor.hex\n' "$work" >>config/targets.d/motor.conf
        printf '[Image]\nFile=%s/firmware/motor.hex\n' "$work" >>config/targets.d/pump.conf
        printf '[Sirial]\n' >config/targets.d/broken.conf
        # The example of README.md, as somebody would copy it.
        sed -n '/^```ini$/,/^```$/p' "$top/../../README.md" | sed '1d;/^```$/,$d' >config/targets.d/readme.conf
        python3 "$make_firmware" --size 20000 --format hex firmware/motor.hex
        python3 "$make_firmware" --size 20000 --format bin motor.bin
        python3 "$make_firmware" --size 20000 --seed 7 --format elf other.elf
        export stmbootd
        sh "$top/with-daemon.sh" "$stmbootd" "$work" sh "$top/test-ctl-daemon.sh" --on-bus "$ctl"
        exit
fi

ctl=$2
. "$top/cases.sh"

reads_the_example_of_the_readme() {
        run info readme
        exits 0
        has out 'Description: Motor controller'
        has out 'Port: /dev/ttyAMA5'
        lacks out ';'
        lacks out 'broken'
}

helps_within_80_columns() {
        "$stmbootd" --help >out || problem 'stmbootd --help failed'
        has out '--config-dir'
        ! grep -q '.\{80\}' out || problem 'stmbootd --help is wide'
}

says_of_an_unknown_chip_that_nobody_knows_what_fits() {
        run image other.elf --target=pump
        exits 8
        has out 'Format: elf'
        has out 'Fits: not known'
        has out 'Reason: the chip is not known yet: probe it first (stmbootctl probe pump)'
        run image other.elf --target=pump --json=short
        exits 8
        has out '"fits":null'
        has out '"reason":"the chip is not known yet'
        run image other.elf
        exits 0
        lacks out 'Fits'
        run -q probe pump
        exits 0
        run image other.elf --target=pump
        exits 0
        has out 'Fits: yes'
}

takes_an_image_by_every_way() {
        "$ctl" -q flash motor - <other.elf >out 2>err
        code=$?
        exits 0
        run -q verify motor other.elf
        exits 0
        run -q flash motor motor.hex --on-gateway
        exits 0
        run -q verify motor motor.bin --check=fast
        exits 2
        run -q flash motor ../motor.bin --on-gateway
        exits 6
        run -q flash motor nosuch.hex --on-gateway
        exits 6
        has err "nosuch.hex: not found in $PWD/firmware (FirmwareDirectories= in stmbootd.conf)"
        # Outside of them what exists and what does not are told the same.
        for outside in "$PWD/motor.bin" "$PWD/nosuch.bin"; do
                run -q flash motor "$outside" --on-gateway
                exits 6
                has err "$outside: not beneath $PWD/firmware (FirmwareDirectories= in stmbootd.conf)"
        done
        for outside in ../motor.bin ../nosuch.bin; do
                run -q flash motor $outside --on-gateway
                exits 6
                has err "$outside: leads out of the firmware directory"
        done
        run image other.elf --target=motor
        exits 0
        has out 'Fits: yes'
        has out 'Stack pointer: 0x2'
        lacks out 'Vector table'
        head -c 2000 /dev/zero >noise.bin
        run image noise.bin --target=motor
        exits 6
        has out 'Fits: no'
        has out 'Reason: the chip cannot start this image'
        run image noise.bin --target=motor --unbootable
        exits 0
        run image motor.bin --target=motor --address=0x0801f000
        exits 6
        has out 'Fits: no'
        has out 'Reason: the image does not fit: 0x08020000-0x08023E1F lies outside of flash ('
        grep -q '^ \{20\}Try: This chip has' out || problem 'the advice has no line of its own'
        lacks out untouched
        lacks out '?'
        run flash motor "$top/test-ctl-daemon.sh"
        exits 6
        sed 3s/.$/Z/ firmware/motor.hex >damaged.hex
        run flash motor ./damaged.hex
        exits 6
        has err './damaged.hex:3: '
        "$ctl" verify motor - <damaged.hex >out 2>err
        code=$?
        exits 6
        has err 'standard input:3: '
}

takes_every_option_that_it_offers() {
        run -q flash motor motor.bin --format=bin --address=0x08000000 --erase=touched --preserve \
                --option-segments --one-piece --unbootable --after=go:0x08000000 --baud=57600 \
                --check=fast --permanent
        exits 0
        run -q flash motor motor.bin --no-run
        exits 0
        run info motor
        has out 'State: bootloader'
        run -q run motor
        exits 0
        run -q flash motor motor.bin --layout=128x1K --yes --erase=all
        exits 0
        run -q verify motor motor.bin --after=stay --baud=230400
        exits 0
        run -q run motor 0x08000000
        exits 0
        run -q boot motor
        exits 0
        run -q flash motor motor.bin --address=0x08001000
        exits 0
        has err 'motor: note: not power-fail safe: '
        run -q reset motor
        exits 0
        run -q erase motor 0x08004000 16K
        exits 0
        run -q erase motor --mass -y
        exits 0
        run -q sync motor --compare=full --preserve
        exits 0
        run -q sync motor --check --compare=record
        exits 0
}

writes_protection_and_option_bytes() {
        run -q protect pump write 0-1
        exits 0
        run -q flash pump motor.bin
        exits 9
        has err 'pump: the page at 0x08000000 is write-protected.'
        has err 'Try: `stmbootctl unprotect pump write`'
        run -q unprotect pump write
        exits 0
        run option-bytes pump
        exits 0
        has out '0000 '
        run -q option-bytes pump -o options.bin
        exits 0
        run -q option-bytes pump --write=options.bin
        exits 0
        run -q flash pump motor.bin --option-bytes=options.bin --protect-write=0 --protect-readout
        exits 0
        run -q read pump 0x08000000 16 -o never.bin
        exits 9
        [ ! -e never.bin ] || problem "there is a file"
        run -q unprotect pump readout --yes
        exits 0
        run -q unprotect pump write
        exits 0
}

brings_all_up_to_date() {
        run -q erase motor --yes
        run sync --check motor pump
        exits 10
        run sync motor pump
        exits 0
        has out 'motor: brought up to date'
        run sync motor pump --json=short
        exits 0
        has out '"unchanged":true'
        run sync --check motor pump
        exits 0
        run sync # broken.conf is one of all
        exits 1
        has err 'broken.conf:1'
}

cancels_in_the_middle() {
        "$ctl" flash slow motor.bin >out 2>err &
        pid=$!
        wait_for err 'slow: writing'
        run_code=0
        "$ctl" flash slow motor.bin >second 2>&1 || run_code=$?
        [ $run_code = 5 ] || problem "a second job gave $run_code"
        kill -s INT $pid
        wait $pid
        code=$?
        exits 13
        has err 'Cancelling'
        run flash slow motor.bin --no-wait
        exits 0
        job=$(cat out)
        run -q cancel "${job##*/}"
        exits 0
        run jobs
        has out 'cancelled'
}

follows_jobs() {
        "$ctl" monitor motor >events 2>err &
        pid=$!
        sleep 0.3
        run -q probe motor
        wait_for events 'probe started'
        wait_for events 'done'
        kill -s TERM $pid
        wait $pid
        code=$?
        exits 0
        grep -q 'motor: job .* probe started' events || problem "no start: $(cat events)"
        grep -q 'motor: job .* done' events || problem "no end: $(cat events)"
}

case_ 'reads the example of the README' reads_the_example_of_the_readme
case_ 'stmbootd helps within 80 columns' helps_within_80_columns
case_ 'says of an unknown chip that nobody knows what fits' \
        says_of_an_unknown_chip_that_nobody_knows_what_fits
case_ 'takes an image by every way' takes_an_image_by_every_way
case_ 'takes every option that it offers' takes_every_option_that_it_offers
case_ 'writes protection and option bytes' writes_protection_and_option_bytes
case_ 'brings all up to date' brings_all_up_to_date
case_ 'cancels in the middle' cancels_in_the_middle
case_ 'follows jobs' follows_jobs
[ $failures = 0 ]
