# SPDX-License-Identifier: LGPL-2.1-or-later
# Everything that stmbootctl does to a chip, as a member of group stmboot, on the Pi's wiring.

run() {
        start_pi part=STM32G431
        pi_target motor </dev/null
        firmware 9000 1 one.bin
        firmware 9000 2 two.bin

        expect 0 as_member stmbootctl probe motor
        output_has 'STM32G431'
        chip_is hung # nothing there to run yet
        expect 0 as_member stmbootctl flash motor one.bin
        chip_has one.bin
        chip_runs
        same "$(board format)" '115200 8E1'
        expect 0 as_member stmbootctl verify motor one.bin
        expect 10 as_member stmbootctl verify motor two.bin
        expect 0 as_member stmbootctl flash motor one.bin --if-different
        output_has 'nothing'
        chip_runs

        expect 0 as_member stmbootctl read motor 0x08000000 9000 -o read.bin
        cmp read.bin one.bin
        expect 0 as_member stmbootctl erase motor 0x08001000 4K
        head -c 4096 /dev/zero | tr '\0' '\377' >blank.bin
        chip_has blank.bin 0x08001000
        expect 10 as_member stmbootctl verify motor one.bin
        expect 0 as_member stmbootctl flash motor two.bin --after=stay
        chip_is rom
        expect 0 as_member stmbootctl run motor
        chip_runs
        expect 0 as_member stmbootctl reset motor
        chip_runs
        expect 0 as_member stmbootctl boot motor
        chip_is rom
        # shellcheck disable=SC2046 # perhaps two words
        expect 0 gpioinfo $(gpio_argument gpiochip0)
        same "$(grep 'stmbootd:motor' output | grep -c GPIO)" 2
        same "$(grep 'stmbootd:motor' output | grep open-drain | grep -o 'GPIO[0-9]*')" GPIO6

        expect 0 as_member stmbootctl protect motor write 0-1
        expect 9 as_member stmbootctl flash motor one.bin
        output_has "write-protected"
        chip_has two.bin
        expect 0 as_member stmbootctl unprotect motor write
        expect 0 as_member stmbootctl flash motor one.bin
        chip_has one.bin

        expect 0 as_member stmbootctl option-bytes motor -o options
        expect 0 as_member stmbootctl option-bytes motor --write=options
        chip_has options 0x1fff7800

        expect 0 as_member stmbootctl protect motor readout
        expect 9 as_member stmbootctl read motor 0x08000000 256 -o read.bin
        expect 2 as_member stmbootctl unprotect motor readout </dev/null # not confirmed
        chip_runs
        expect 0 as_member stmbootctl unprotect motor readout --yes
        chip_has blank.bin
        expect 0 as_member stmbootctl flash motor one.bin
        chip_runs

        same "$(counter option_torn)" 0
        same "$(counter overprogrammed)" 0
        same "$(counter frame_errors)" 0
}
