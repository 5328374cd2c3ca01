# SPDX-License-Identifier: LGPL-2.1-or-later
# Targets behind USB adapters: GPIO of a CP2104 and of an FT232R, and DTR and RTS.

flash() {
        systemctl reload-or-restart stmbootd.service
        expect 0 as_member stmbootctl flash motor firmware.bin
        chip_has firmware.bin
        chip_runs
        same "$(counter frame_errors)" 0
        stop_board
        wait_until 10 test ! -e /dev/ttyUSB0
}

run() {
        firmware 9000 1 firmware.bin
        start_usb adapter=cp2104 part=STM32G071
        usb_target motor cp210x \
                /dev/serial/by-id/usb-Silicon_Labs_CP2104_USB_to_UART_Bridge_Controller_RIG00001-if00-port0
        expect 0 as_member stmbootctl flash motor firmware.bin --enable-boot-pin
        flash # from a running application, with BOOT0

        start_usb adapter=ft232r part=STM32F103
        usb_target motor ftdi-cbus usb:0403:6001
        flash

        start_usb adapter=cp2104 wiring=modem part=STM32L476
        target motor <<'T'
[Serial]
Port=ttyUSB0
[Lines]
Chip=serial
Boot0=rts
Reset=dtr
T
        flash
}
