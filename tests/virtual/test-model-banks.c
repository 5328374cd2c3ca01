/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Banks whose addresses an option swaps, while their page numbers stay with the flash. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/bytes.h"
#include "util/macro.h"

#define FLASH 0x08000000U

static const struct swap {
        const char *chip;
        uint32_t flash_size;  /* 0: the largest */
        uint32_t bank2;       /* offset of the upper bank */
        uint16_t bank2_first; /* number of its first page */
        uint32_t option;      /* address of the word; 0: not shown */
        uint32_t set, clear;  /* its bits that swap */
        bool complement;
} swaps[] = {
        { "STM32G0B1", 0, 0x40000, 128, 0x1FFF7800, 0, 1U << 20, true },
        { "STM32G0B1", 256 * 1024, 0x20000, 128, 0x1FFF7800, 0, 1U << 20, true },
        { "STM32U575", 0, 0x100000, 128, 0x40022040, 1U << 20, 0, false },
        { "STM32L552", 0, 0x40000, 128, 0x40022040, 1U << 20, 0, false },
        { "STM32H563", 0, 0x100000, 128, 0x40022050, 1U << 31, 0, false },
        { "STM32H523", 0, 0x40000, 32, 0, 0, 0, false },
};

static struct host *host_swapped(const struct swap *swap, bool swapped) {
        const struct virtual_config config = {
                .chip = chip_by_name(swap->chip),
                .flash_size = swap->flash_size,
                .banks_swapped = swapped && swap->option == 0,
        };
        struct host *host = host_new(&config);

        if (swapped && swap->option > 0) {
                uint8_t word[8];

                assert_true(virtual_peek(host->chip, swap->option, word, 4));
                put_le32(word, (get_le32(word) | swap->set) & ~swap->clear);
                put_le32(word + 4, ~get_le32(word));
                assert_true(virtual_poke(host->chip, swap->option, word, swap->complement ? 8 : 4));
                (void)host_power_cycle(host, false); /* the option is loaded */
        }
        return host;
}

static void erases_hit_the_bank_as_it_is_built(void **state) {
        (void)state;

        for (size_t i = 0; i < 2 * ARRAY_SIZE(swaps); i++) {
                const struct swap *swap = &swaps[i / 2];
                bool swapped = i % 2;
                struct host *host = host_swapped(swap, swapped);
                uint32_t lower = FLASH, upper = FLASH + swap->bank2;
                uint8_t ones[16], twos[16];

                host_enter(host);
                memset(ones, 0x11, sizeof(ones));
                memset(twos, 0x22, sizeof(twos));
                host_write(host, lower, ones, sizeof(ones));
                host_write(host, upper, twos, sizeof(twos));

                host_erase(host, (uint16_t[]){ 0 }, 1);
                assert_int_equal(host_is_filled(host, lower, 16, 0xFF), !swapped);
                assert_int_equal(host_is_filled(host, upper, 16, 0xFF), swapped);
                host_erase(host, &swap->bank2_first, 1);
                assert_true(host_is_filled(host, lower, 16, 0xFF));
                assert_true(host_is_filled(host, upper, 16, 0xFF));

                host_write(host, lower, ones, sizeof(ones));
                host_write(host, upper, twos, sizeof(twos));
                host_talk(host, "44 BB", "79");
                host_talk(host, "FF FD 02", "79"); /* bank 2 */
                assert_int_equal(host_is_filled(host, lower, 16, 0x11), !swapped);
                assert_int_equal(host_is_filled(host, upper, 16, 0x22), swapped);
                host_free(host);
        }
}

/* What a reset finds at the other address was written before. */
static void contents_move_with_their_bank(void **state) {
        (void)state;

        for (size_t i = 0; i < ARRAY_SIZE(swaps); i++) {
                const struct swap *swap = &swaps[i];
                struct host *host;
                uint8_t word[8], ones[16];

                if (swap->option == 0)
                        continue;
                host = host_swapped(swap, false);
                host_enter(host);
                memset(ones, 0x11, sizeof(ones));
                host_write(host, FLASH, ones, sizeof(ones));

                assert_true(virtual_peek(host->chip, swap->option, word, 4));
                put_le32(word, (get_le32(word) | swap->set) & ~swap->clear);
                put_le32(word + 4, ~get_le32(word));
                assert_true(virtual_poke(host->chip, swap->option, word, swap->complement ? 8 : 4));
                assert_true(host_is_filled(host, FLASH, 16, 0x11)); /* not loaded yet */
                host_power_cycle(host, true);
                assert_true(host_is_filled(host, FLASH, 16, 0xFF));
                assert_true(host_is_filled(host, FLASH + swap->bank2, 16, 0x11));
                host_free(host);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(erases_hit_the_bank_as_it_is_built),
                cmocka_unit_test(contents_move_with_their_bank),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
