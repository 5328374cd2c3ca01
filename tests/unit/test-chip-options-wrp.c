/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which pages the option bytes protect against writing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip/options.h"
#include "option-area.h"
#include "util/bytes.h"
#include "util/macro.h"

static const char *const names[] = { "unknown", "no", "yes" };

static enum chip_tristate ask(const struct chip *chip, uint32_t flash_size, bool other,
                              const uint8_t *bytes, size_t size, uint32_t address) {
        struct flash_map map;
        struct flash_page page;

        assert_int_equal(chip_flash_map(chip, flash_size, other, &map), 0);
        assert_true(flash_map_find(&map, address, &page));
        return chip_options_page_protected(chip, flash_size, bytes, size, &page);
}

static void the_bytes_of_the_manuals_are_read(void **state) {
        static const struct {
                uint16_t id;
                uint32_t flash_size; /* 0: the largest */
                size_t offset;       /* of these words in the areas, the rest as delivered */
                uint32_t words[2];
                uint32_t page;
                enum chip_tristate expected;
                bool other; /* layout */
        } cases[] = {
                /* F1, PM0075 2.5: WRP0, nWRP0, WRP1, nWRP1; four pages of 1 KiB a bit */
                { 0x410, 0, 8, { 0x00FF01FE, 0x00FF00FF }, 0x08000000, CHIP_YES, false },
                { 0x410, 0, 8, { 0x00FF01FE, 0x00FF00FF }, 0x08000C00, CHIP_YES, false },
                { 0x410, 0, 8, { 0x00FF01FE, 0x00FF00FF }, 0x08001000, CHIP_NO, false },
                { 0x410, 65536, 8, { 0x807F00FF, 0x00FF00FF }, 0x0800F000, CHIP_YES, false },
                /* a complement that does not fit counts as FF; so does what was erased */
                { 0x410, 0, 8, { 0x00FF00FE, 0x00FF00FF }, 0x08000000, CHIP_UNKNOWN, false },
                { 0x410, 0, 8, { 0xFFFFFFFF, 0xFFFFFFFF }, 0x08000000, CHIP_UNKNOWN, false },
                /* two pages of 2 KiB a bit; the last: pages 62 and on */
                { 0x414, 0, 8, { 0x00FF00FF, 0x807F00FF }, 0x0801E800, CHIP_NO, false },
                { 0x414, 0, 8, { 0x00FF00FF, 0x807F00FF }, 0x0801F000, CHIP_YES, false },
                { 0x414, 0, 8, { 0x00FF00FF, 0x807F00FF }, 0x0807F800, CHIP_YES, false },
                { 0x430, 0, 8, { 0x00FF01FE, 0x00FF00FF }, 0x08000000, CHIP_UNKNOWN, false },
                /* F0, RM0091 4.1.3; F3, RM0316 */
                { 0x440, 0, 8, { 0x00FF02FD, 0x00FF00FF }, 0x08001000, CHIP_YES, false },
                { 0x442, 0, 8, { 0x00FF00FF, 0x807F00FF }, 0x0803F800, CHIP_YES, false },
                { 0x422, 0, 8, { 0x01FE00FF, 0x00FF00FF }, 0x08008000, CHIP_YES, false },
                /* F2, PM0059; F4, RM0090: nWRP, of F405 and F2 with nothing in bit 15 */
                { 0x411, 0, 8, { 0xFFFFFFFB, 0xFFFFFFFF }, 0x08008000, CHIP_YES, false },
                { 0x411, 0, 8, { 0xFFFFFFFB, 0xFFFFFFFF }, 0x0800C000, CHIP_NO, false },
                { 0x413, 0, 8, { 0xFFFFF7FF, 0xFFFFFFFF }, 0x080E0000, CHIP_YES, false },
                { 0x413, 0, 8, { 0xFFFF07FF, 0xFFFFFFFF }, 0x080E0000, CHIP_YES, false },
                { 0x413, 0, 8, { 0xFFFF07FF, 0xFFFFFFFF }, 0x080C0000, CHIP_NO, false },
                /* ... SPRMOD: the bits mean PCROP, where a set one protects */
                { 0x411, 0, 8, { 0xFFFF7FFB, 0xFFFFFFFF }, 0x08008000, CHIP_YES, false },
                { 0x431, 0, 8, { 0xFFFF00FB, 0xFFFFFFFF }, 0x08008000, CHIP_YES, false },
                { 0x431, 0, 8, { 0xFFFF8004, 0xFFFFFFFF }, 0x08000000, CHIP_UNKNOWN, false },
                /* bank 2 in its own area, from sector 12 on */
                { 0x419, 0, 24, { 0xFFFF0FFE, 0xFFFFFFFF }, 0x08100000, CHIP_YES, false },
                { 0x419, 0, 24, { 0xFFFF0FFE, 0xFFFFFFFF }, 0x08000000, CHIP_NO, false },
                { 0x419, 0, 8, { 0xFFFF8FFE, 0xFFFFFFFF }, 0x08100000, CHIP_UNKNOWN, false },
                { 0x419, 1 << 20, 8, { 0xFFFF07FF, 0xFFFFFFFF }, 0x080E0000, CHIP_YES, false },
                { 0x419, 1 << 20, 24, { 0xFFFF0FFE, 0xFFFFFFFF }, 0x08080000, CHIP_YES, true },
                /* F413: of sectors 12 to 15 not certain */
                { 0x463, 0, 8, { 0xFFFF07FF, 0xFFFFFFFF }, 0x080E0000, CHIP_YES, false },
                { 0x463, 0, 8, { 0xFFFF0000, 0xFFFFFFFF }, 0x08100000, CHIP_UNKNOWN, false },
                /* F7, RM0385, RM0410: nDBANK 13 clear pairs the sectors */
                { 0x449, 0, 8, { 0xFFFFC0FB, 0xFFFFFFFF }, 0x08010000, CHIP_YES, false },
                { 0x449, 0, 8, { 0xFFFFC0FB, 0xFFFFFFFF }, 0x08018000, CHIP_NO, false },
                { 0x451, 0, 8, { 0xFFFFF7FF, 0xFFFFFFFF }, 0x081C0000, CHIP_YES, false },
                { 0x451, 0, 8, { 0xFFFFD7FF, 0xFFFFFFFF }, 0x081E0000, CHIP_UNKNOWN, true },
                /* L0, RM0367 3.7.8: WRPROT, each half with its complement; WPRMOD is bit 8 */
                { 0x417, 0, 8, { 0xFFFD0002, 0xFFFF0000 }, 0x08001F80, CHIP_YES, false },
                { 0x417, 0, 8, { 0xFFFD0002, 0xFFFF0000 }, 0x08002000, CHIP_NO, false },
                { 0x447, 0, 16, { 0x7FFF8000, 0xFFFF0000 }, 0x0802F000, CHIP_YES, false },
                { 0x417, 0, 8, { 0xFFFF0002, 0xFFFF0000 }, 0x08001000, CHIP_UNKNOWN, false },
                { 0x417, 0, 8, { 0xFFFFFFFF, 0xFFFFFFFF }, 0x08001000, CHIP_UNKNOWN, false },
                { 0x417, 0, 0, { 0xFE5501AA, 0x7F8F8070 }, 0x08001000, CHIP_UNKNOWN, false },
                /* L1, RM0038 3.8: WRP1; WRP4 at 0x1FF80080 */
                { 0x416, 0, 8, { 0xFFFE0001, 0xFFFF0000 }, 0x08000F00, CHIP_YES, false },
                { 0x437, 0, 128, { 0xFFFE0001, 0xFFFF0000 }, 0x08060000, CHIP_YES, false },
                { 0x437, 0, 128, { 0xFFFE0001, 0xFFFF0000 }, 0x0805F000, CHIP_NO, false },
                { 0x416, 0, 0, { 0xFE5501AA, 0xFF0700F8 }, 0x08000000, CHIP_UNKNOWN, false },
                /* G0, RM0444 3.4.8: WRP1A and WRP1B; C0, RM0490; G4, RM0440; WB, RM0434; WL, RM0453
                 */
                { 0x466, 0, 24, { 0x00030002, 0xFFFCFFFD }, 0x08001800, CHIP_YES, false },
                { 0x466, 0, 24, { 0x00030002, 0xFFFCFFFD }, 0x08002000, CHIP_NO, false },
                { 0x466, 0, 32, { 0x00050005, 0xFFFAFFFA }, 0x08002800, CHIP_YES, false },
                { 0x466, 0, 24, { 0x00020003, 0xFFFDFFFC }, 0x08001800, CHIP_NO, false },
                { 0x466, 0, 24, { 0x00030002, 0xFFFCFFFC }, 0x08001800, CHIP_UNKNOWN, false },
                { 0x466, 32768, 24, { 0x00120002, 0xFFEDFFFD }, 0x08001800, CHIP_UNKNOWN, false },
                { 0x466, 0, 24, { 0xFFFFFFFF, 0x00000000 }, 0x08001800, CHIP_UNKNOWN, false },
                { 0x467, 0, 24, { 0x00030002, 0xFFFCFFFD }, 0x08001800, CHIP_UNKNOWN, false },
                { 0x443, 0, 24, { 0x00030002, 0xFFFCFFFD }, 0x08001800, CHIP_YES, false },
                { 0x468, 0, 24, { 0xFF03FF02, 0x00FC00FD }, 0x08001800, CHIP_YES, false },
                { 0x469, 0, 24, { 0xFF03FF02, 0x00FC00FD }, 0x08001800, CHIP_UNKNOWN, false },
                { 0x497, 0, 24, { 0xFF03FF02, 0x00FC00FD }, 0x08001800, CHIP_YES, false },
                { 0x497, 0, 24, { 0xFF03FF02, 0x00FC00FD }, 0x08002000, CHIP_UNKNOWN, false },
                { 0x495, 0, 24, { 0xFF03FF02, 0x00FC00FD }, 0x08003000, CHIP_YES, false },
                { 0x496, 0, 24, { 0xFF03FF02, 0x00FC00FD }, 0x08003000, CHIP_UNKNOWN, false },
                /* not decoded */
                { 0x435, 0, 0, { 0xFFEFF8AA, 0x00100755 }, 0x08001800, CHIP_UNKNOWN, false },
                /* bytes that say readout protection, which who could read them knows better */
                { 0x413, 0, 0, { 0xFFFF0000, 0xFFFFFFFF }, 0x08000000, CHIP_UNKNOWN, false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].id);
                const struct area delivered = { .id = cases[i].id };
                size_t size;
                uint8_t *bytes = area_new(&delivered, &size);

                print_message("  0x%03X: %08X %08X at 0x%08X: %s\n", cases[i].id,
                              (unsigned)cases[i].words[0], (unsigned)cases[i].words[1],
                              (unsigned)cases[i].page, names[cases[i].expected]);
                if (cases[i].other) /* DB1M of F42x; nDBANK of F76 is in the words */
                        put_le32(bytes + 8, 0xFFFF4FFF);
                put_le32(bytes + cases[i].offset, cases[i].words[0]);
                put_le32(bytes + cases[i].offset + 4, cases[i].words[1]);
                assert_string_equal(names[ask(chip, cases[i].flash_size ?: chip->flash_size,
                                              cases[i].other, bytes, size, cases[i].page)],
                                    names[cases[i].expected]);
                free(bytes);
        }
}

static void without_a_size_nothing_is_certain(void **state) {
        const struct chip *chip = chip_by_id(0x413);
        const struct area area = { 0x413, WORDS(0xFFFFAAEF, 0xFFFFFFFF, 0xFFFF0FFE) };
        struct flash_page page = { .address = chip->flash_start, .size = 16384, .bank = 1 };
        size_t size;
        uint8_t *bytes = area_new(&area, &size);

        (void)state;
        assert_int_equal(chip_options_page_protected(chip, chip->flash_size, bytes, size, &page),
                         CHIP_YES);
        assert_int_equal(chip_options_page_protected(chip, 0, bytes, size, &page), CHIP_UNKNOWN);
        assert_int_equal(
                chip_options_page_protected(chip, chip->flash_size, bytes, size - 1, &page),
                CHIP_UNKNOWN);
        assert_int_equal(chip_options_page_protected(chip, chip->flash_size, bytes, 0, &page),
                         CHIP_UNKNOWN);
        free(bytes);
}

static void as_delivered_nothing_is_protected(void **state) {
        unsigned certain = 0;

        (void)state;
        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];
                const struct area delivered = { .id = chip->id };
                struct flash_map map;
                struct flash_page page;
                size_t size;

                if (chip->unusable || chip_flash_map(chip, 0, false, &map) < 0)
                        continue;
                uint8_t *bytes = area_new(&delivered, &size);
                for (size_t k = 0; flash_map_page(&map, k, &page); k++) {
                        enum chip_tristate found = chip_options_page_protected(
                                chip, chip->flash_size, bytes, size, &page);

                        if (found == CHIP_YES)
                                fail_msg("0x%03X: page at 0x%08X", chip->id,
                                         (unsigned)page.address);
                        certain += k == 0 && found == CHIP_NO;
                }
                free(bytes);
        }
        assert_true(certain > 30);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_bytes_of_the_manuals_are_read),
                cmocka_unit_test(without_a_size_nothing_is_certain),
                cmocka_unit_test(as_delivered_nothing_is_protected),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
