# SPDX-License-Identifier: LGPL-2.1-or-later
# The rig itself: lines that the kernel drives are what the board sees; pulls hold released ones.

run() {
        start_pi
        expect 0 gpiodetect
        output_has 'pinctrl-bcm2711.*58 lines'
        hold pinctrl-bcm2711 17=1
        wait_until 10 grep -q 'BOOT0 high' "$out/board"
        release_line
        wait_until 10 grep -q 'BOOT0 low' "$out/board"
        # Open drain: what is let go, the pull raises.
        pulse pinctrl-bcm2711 6
        wait_until 10 sh -c "sed -n '/NRST low/,\$p' '$out/board' | grep -q 'NRST high'"
        expect 0 cat "$out/board"
}
