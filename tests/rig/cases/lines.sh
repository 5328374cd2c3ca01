# SPDX-License-Identifier: LGPL-2.1-or-later
# The rig itself: lines that the kernel drives are what the board sees; pulls hold released ones.

set_lines() {
        case $(gpioset --version | head -n 1) in
        *v1.*) gpioset --mode=time --usec=200000 pinctrl-bcm2711 17=1 ;;
        *) timeout 0.5 gpioset --chip pinctrl-bcm2711 17=1 || : ;;
        esac
}

run() {
        start_pi
        expect 0 gpiodetect
        output_has 'pinctrl-bcm2711.*58 lines'
        set_lines &
        wait_until 10 grep -q 'BOOT0 high' "$out/board"
        wait
        wait_until 10 grep -q 'BOOT0 low' "$out/board"
        expect 0 cat "$out/board"
}
