# SPDX-License-Identifier: LGPL-2.1-or-later
# An FT232R answers after its latency timer of 16 ms unless told otherwise: the service does so,
# without root. stm32flash does not, and shows the difference.

timer=/sys/class/tty/ttyUSB0/device/latency_timer

milliseconds() {
        start=$(date +%s%N)
        expect 0 "$@"
        took=$((($(date +%s%N) - start) / 1000000))
}

run() {
        start_usb adapter=ft232r
        usb_target motor ftdi-cbus usb:0403:6001
        firmware 16384 1 firmware.bin
        expect 0 as_member stmbootctl flash motor firmware.bin --after=stay
        grep 'latency timer: 1 ms' "$out/board" || fail 'not set'
        same "$(stat -c %U "/proc/$(daemon_pid)")" stmboot

        milliseconds as_member stmbootctl read motor 0x08000000 16384 -o one.bin --after=stay
        with=$took
        systemctl stop stmbootd.service
        board unplug
        wait_until 10 test ! -e /dev/ttyUSB0
        board plug
        wait_until 10 test -c /dev/ttyUSB0
        same "$(cat $timer)" 16
        reset_with_boot0 ftdi-cbus 0 1 1
        chip_is rom
        milliseconds stm32flash -b 115200 -r two.bin -S 0x08000000:16384 /dev/ttyUSB0
        cmp one.bin firmware.bin
        cmp two.bin firmware.bin
        note "reading 16 KiB: $with ms, stm32flash $took ms"
        [ $with -lt $took ] || fail 'no gain'
}
