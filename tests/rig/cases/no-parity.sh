# SPDX-License-Identifier: LGPL-2.1-or-later
# A port that takes even parity and reads back none, as the Pi's mini-UART: said, with the cure.

run() {
        start_usb adapter=modem wiring=none
        usb_target motor none ttyUSB0
        expect 1 as_member stmbootctl probe motor
        output_has 'parity'
        output_has 'mini-UART'
        output_has 'dtoverlay=(miniuart-bt|disable-bt)'
}
