# SPDX-License-Identifier: LGPL-2.1-or-later
# The same behind USB adapters, whose tty and gpiochip are the kernel's cp210x and ftdi_sio.

flash() {
        chip=$1 boot0=$2 reset=$3
        reset_with_boot0 "$chip" "$boot0" "$reset" 1
        chip_is rom
        : >"$out/board"
        expect 0 stm32flash -b 115200 -w firmware.bin -v /dev/ttyUSB0
        grep -q 'format: 115384 8E1' "$out/board" # the nearest that both chips do
        chip_has firmware.bin
        reset_with_boot0 "$chip" "$boot0" "$reset" 0
        chip_runs
        [ "$(counter frame_errors)" = 0 ] || fail 'frame errors'
}

run() {
        firmware 3000 1 firmware.bin
        start_usb adapter=cp2104
        expect 0 gpiodetect
        output_has 'cp210x.*4 lines'
        expect 0 ls /dev/serial/by-id
        output_has 'usb-Silicon_Labs_CP2104.*RIG00001-if00-port0'
        flash cp210x 0 1

        board unplug
        wait_until 10 test ! -e /dev/ttyUSB0
        wait_until 10 sh -c '! gpiodetect | grep cp210x'
        chip_runs
        board plug
        wait_until 10 test -c /dev/ttyUSB0
        stop_board
        wait_until 10 test ! -e /dev/ttyUSB0

        start_usb adapter=ft232r
        [ "$(cat /sys/class/tty/ttyUSB0/device/latency_timer)" = 16 ]
        flash ftdi-cbus 0 1
        note "$(uname -r)"
}
