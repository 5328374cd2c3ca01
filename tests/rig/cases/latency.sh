# SPDX-License-Identifier: LGPL-2.1-or-later
# An FT232R answers after its latency timer of 16 ms unless told otherwise: the service does so,
# without root. stm32flash does not, and shows the difference.

timer=/sys/class/tty/ttyUSB0/device/latency_timer

run() {
        start_usb adapter=ft232r
        usb_target motor ftdi-cbus usb:0403:6001
        firmware 32768 1 firmware.bin
        expect 0 as_member stmbootctl flash motor firmware.bin --after=stay
        grep 'latency timer: 1 ms' "$out/board" || fail 'not set'
        same "$(stat -c %U "/proc/$(daemon_pid)")" stmboot

        expect 0 as_member stmbootctl read motor 0x08000000 32768 -o one.bin --after=stay
        # Seconds, to the millisecond.
        with=$(journalctl -u stmbootd.service |
                sed -n 's/.*read done in \([0-9]*\)\.\([0-9]*\) s.*/\1\2/p' | tail -n 1)
        systemctl stop stmbootd.service
        board unplug
        wait_until 10 test ! -e /dev/ttyUSB0
        board plug
        wait_until 10 test -c /dev/ttyUSB0
        same "$(cat $timer)" 16
        reset_with_boot0 ftdi-cbus 0 1 1
        chip_is rom
        start=$(date +%s%N)
        expect 0 stm32flash -b 115200 -r two.bin -S 0x08000000:32768 /dev/ttyUSB0
        took=$((($(date +%s%N) - start) / 1000000))
        cmp one.bin firmware.bin
        cmp two.bin firmware.bin
        note "reading 32 KiB: $with ms, stm32flash $took ms"
        [ "$with" -lt $took ] || fail 'no gain'
}
