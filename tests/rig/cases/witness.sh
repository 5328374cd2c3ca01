# SPDX-License-Identifier: LGPL-2.1-or-later
# stm32flash and gpioset at the same chip, without the service: what the model behind the drivers
# does is what other tools know of the ROM.

run() {
        start_pi
        firmware 5000 1 firmware.bin

        expect 1 stm32flash -b 115200 /dev/ttyS1 # the application runs: nothing answers
        reset_with_boot0 pinctrl-bcm2711 17 6 1
        chip_is rom
        expect 0 stm32flash -b 115200 -w firmware.bin -v /dev/ttyS1
        output_has 'STM32F40'
        chip_has firmware.bin
        same "$(board format)" '115200 8E1'

        # What the application says while nobody has the port open is lost, as on a wire.
        reset_with_boot0 pinctrl-bcm2711 17 6 0
        chip_runs
        reset_with_boot0 pinctrl-bcm2711 17 6 1
        chip_is rom
        expect 0 stm32flash -b 57600 -r read.bin -S 0x08000000:5000 /dev/ttyS1
        cmp read.bin firmware.bin
        same "$(board format)" '57600 8E1'

        reset_with_boot0 pinctrl-bcm2711 17 6 0
        chip_runs
        same "$(counter frame_errors)" 0
}
