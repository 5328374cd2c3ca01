#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# stm32flash against the virtual STM32 on a pseudo-terminal: a witness for the model and for the
# facts behind it that shares no code with either. -m 8n1, since a pty drops parity.
#   witness-stm32flash.sh STMBOOT-VIRTUAL MAKE-FIRMWARE CHIP...

set -u

virtual=$1 make_firmware=$2
shift 2

if ! command -v stm32flash >/dev/null; then
        echo "SKIP: stm32flash is not installed (Debian package stm32flash)"
        exit 77
fi

directory=$(mktemp -d)
server=
cleanup() {
        [ -n "$server" ] && kill "$server" 2>/dev/null
        rm -rf "$directory"
}
trap cleanup EXIT

fail() {
        echo "FAILED: $chip: $*"
        echo "--- stm32flash"
        tr '\r' '\n' <"$directory/log" | tail -20
        echo "--- stmboot-virtual"
        cat "$directory/state"
        exit 1
}

# flash OPTIONS...: stm32flash on the chip, its words in $directory/log
flash() {
        stm32flash -m 8n1 -b 115200 "$@" "$directory/tty" >"$directory/log" 2>&1
}

# A pattern that turns up in a file within five seconds.
await() {
        tries=0
        until grep -q "$1" "$2" 2>/dev/null; do
                tries=$((tries + 1))
                [ "$tries" -lt 100 ] || return 1
                sleep 0.05
        done
}

python3 "$make_firmware" --size 6300 "$directory/app.bin" || exit 1

for chip; do
        : >"$directory/log"
        : >"$directory/state"
        "$virtual" --pty="$directory/tty" --control="$directory/control" "$chip" >/dev/null 2>"$directory/state" &
        server=$!
        await 'in the ROM' "$directory/state" || fail "is not in its ROM"

        flash || fail "not identified"
        grep -i "^Device ID.*$chip " "$directory/log" || fail "identified as something else"

        flash -w "$directory/app.bin" -v || fail "not written and verified"
        grep -q 'Wrote and verified.*(100.00%) Done' "$directory/log" || fail "not verified"

        flash -r "$directory/back.bin" -S 0x08000000:6300 || fail "not read back"
        cmp "$directory/app.bin" "$directory/back.bin" || fail "read back something else"

        flash -g 0 || fail "not started"
        await 'running from 0x08000000' "$directory/state" || fail "does not run"

        sleep 0.1 # its banner, 3 ms

        # BOOT0 low and the power cycled, since a chip that was blank heeds no less: it starts
        # again, and speaks
        printf 'boot0=0\npower=0\npower=1\n' >"$directory/control"
        timeout 10 grep -a -m 1 'APP [0-9a-f]* running from 0x08000000' "$directory/tty" ||
                fail "no banner"

        kill "$server"
        wait "$server"
        server=
        echo "$chip: identified, written, verified, read back, started"
done
