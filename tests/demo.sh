#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is missing, builds stmboot, and shows it at work on two virtual STM32s, at the speed
# of a real wire. Touches nothing but its build directory and a temporary one.

set -eu
. "$(dirname -- "$0")/prepare.sh"

install_missing build
mkdir -p "${STMBOOT_BUILD_DIR:-$top/build-demo}"
directory=$(cd -- "${STMBOOT_BUILD_DIR:-$top/build-demo}" && pwd)
echo "Building in $directory ..."
build "$directory" -Dtests=disabled

demo=$scratch
bus_pid='' daemon_pid=''
clean_up() {
        for pid in $daemon_pid $bus_pid; do
                kill "$pid" 2>/dev/null && wait "$pid" || :
        done
}

bold='' plain=''
if [ -t 1 ]; then
        bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

say() {
        printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}

# Shows a command, then runs it.
show() {
        printf '%s$ %s%s\n' "$bold" "$*" "$plain"
        "$@"
}

# A bus of its own and the daemon on it, beside whatever is installed.
start() {
        cat >"$demo/bus.conf" <<EOF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=$demo/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
EOF
        mkdir -p "$demo/config/targets.d" "$demo/state"
        cat >"$demo/config/targets.d/motor.conf" <<EOF
[Target]
Description=Motor controller
Chip=STM32F405
[Serial]
Port=virtual:STM32F405
EOF
        cat >"$demo/config/targets.d/sensor.conf" <<EOF
[Target]
Description=Sensor hub
[Serial]
Port=virtual:STM32G071
EOF
        dbus-daemon --config-file="$demo/bus.conf" --nofork --nopidfile --print-address \
                >"$demo/address" 2>"$demo/log" &
        bus_pid=$!
        export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$demo/bus"
        wait_for test -s "$demo/address"
        "$directory/src/daemon/stmbootd" --config-dir="$demo/config" --state-dir="$demo/state" \
                2>"$demo/log" &
        daemon_pid=$!
        wait_for stmbootctl list --quiet >/dev/null
}

wait_for() {
        tries=0
        while [ $tries -lt 100 ]; do
                "$@" 2>/dev/null && return
                tries=$((tries + 1))
                sleep 0.1
        done
        echo 'The demonstration does not start:' >&2
        cat "$demo/log" >&2
        exit 1
}

make_firmware() {
        python3 "$top/tests/data/make-firmware.py" "$@"
}

PATH="$directory/src/ctl:$PATH"
start
cd "$demo"
make_firmware --address 0x08000000 --ram-end 0x20020000 --size 40000 --seed 1 --format hex motor.hex
make_firmware --address 0x08000000 --ram-end 0x20009000 --size 20000 --seed 2 --format elf sensor.elf

say 'Two microcontrollers, here virtual: an STM32F405 and an STM32G071.'
show stmbootctl list
say 'Who is there? The chip is reset into its ROM, asked, and started again: with no firmware in it, it hangs.'
show stmbootctl probe motor
say 'Flash: erase, write, verify, run. 115200 baud, 8E1, as the wire would be.'
show stmbootctl flash motor motor.hex
say 'The application runs (a virtual chip tells):'
show busctl --system get-property org.stmboot1 /org/stmboot1/target/motor org.stmboot1.Target VirtualState
say 'Once more, only if something differs:'
show stmbootctl flash --if-different motor motor.hex
say 'An STM32G0 is delivered with its BOOT0 pin off: flashed as it is, nobody would get in again.'
show stmbootctl flash sensor sensor.elf || echo "(exit code $?)"
say 'So that is cured first, in the same job:'
show stmbootctl flash --enable-boot-pin sensor sensor.elf
say 'Now the wire to BOOT0 comes off. What does stmboot make of it?'
printf '[Virtual]\nBoot0Wired=no\n' >>"$demo/config/targets.d/motor.conf"
busctl --system call org.stmboot1 /org/stmboot1 org.stmboot1.Manager Reload
show stmbootctl flash motor motor.hex || echo "(exit code $?)"
say 'And what went over the wire, instead of a logic analyser (the last lines):'
printf '%s$ stmbootctl trace motor | tail%s\n' "$bold" "$plain"
stmbootctl trace motor | tail
say 'That was it. sh tests/check.sh runs the tests; README.md has the rest.'
