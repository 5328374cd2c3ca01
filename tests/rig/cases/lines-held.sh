# SPDX-License-Identifier: LGPL-2.1-or-later
# NRST through a transistor, lines by number: each edge in its order and no other; held while the
# chip is kept in the ROM, in the target's name, and given back afterwards.

held() {
        # shellcheck disable=SC2046 # perhaps two words
        gpioinfo $(gpio_argument gpiochip0) | grep -c 'stmbootd:motor' || :
}

run() {
        start_pi invert-reset=1
        target motor <<'T'
[Serial]
Port=/dev/ttyS1
[Lines]
Chip=/dev/gpiochip0
Boot0=17
Reset=!6
T
        : >"$out/board"
        expect 0 as_member stmbootctl probe motor
        sed -n 's/.*lines: \(.*\), BOOT1.*/\1/p' "$out/board" >edges
        cat >wanted <<'E'
NRST low, BOOT0 low
NRST low, BOOT0 high
NRST high, BOOT0 high
NRST high, BOOT0 low
NRST low, BOOT0 low
NRST high, BOOT0 low
E
        expect 0 diff wanted edges

        same "$(held)" 0
        expect 0 as_member stmbootctl boot motor
        same "$(held)" 2
        # shellcheck disable=SC2046
        expect 1 gpioset $(gpio_argument gpiochip0) 17=0
        output_has 'busy'
        chip_is rom
        expect 0 as_member stmbootctl run motor
        same "$(held)" 0
}
