/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pages of every row, and of parts with less flash or the other bank layout. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chip/chip.h"
#include "util/macro.h"

#define KIB 1024U

static void check_map(const struct flash_map *map, const struct chip *chip, uint32_t size) {
        struct flash_page page, previous = {};
        uint32_t bytes = 0;

        for (size_t i = 0; i < flash_map_pages(map); i++) {
                assert_true(flash_map_page(map, i, &page));
                if (i == 0) {
                        assert_int_equal(page.address, chip->flash_start);
                        assert_int_equal(page.number, 0);
                } else {
                        assert_true(page.number > previous.number);
                        assert_true(page.address >= previous.address + previous.size);
                        assert_true(page.bank == previous.bank || page.bank == 2);
                }
                assert_true(chip_page_erase_usec(chip, page.size, CHIP_TYPICAL, false) > 0);
                bytes += page.size;
                previous = page;
        }
        assert_int_equal(bytes, size);
}

static void every_row_has_its_map(void **state) {
        (void)state;

        size_t maps = 0;

        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];
                struct flash_map map;

                if (chip->unusable) {
                        assert_int_equal(chip_flash_map(chip, 0, false, &map), -EINVAL);
                        continue;
                }

                assert_int_equal(chip_flash_map(chip, 0, false, &map), 0);
                check_map(&map, chip, chip->flash_size);
                for (uint32_t size = 8 * KIB; size <= chip->flash_size; size += 8 * KIB)
                        for (int other = 0; other <= 1; other++)
                                if (chip_flash_map(chip, size, other, &map) == 0) {
                                        check_map(&map, chip, size);
                                        maps++;
                                }

                assert_int_equal(chip_flash_map(chip, chip->flash_size + 64 * KIB, false, &map),
                                 -EINVAL);
                assert_int_equal(chip_flash_map(chip, UINT32_MAX, false, &map), -EINVAL);
                assert_int_equal(chip_flash_map(chip, 1, false, &map), -EINVAL);
        }
        print_message("%zu maps of every size\n", maps);
        assert_true(maps > 50 * chip_table_size);
}

/* Reference manuals, embedded flash memory, and what OpenOCD and stm32-data make of them. */
static void map_of_a_part(void **state) {
        (void)state;

        static const struct {
                uint16_t id;
                uint32_t kib;
                bool other;
                const char *layout;   /* NULL: there is none */
                uint16_t bank2_first; /* 0: counts on */
        } cases[] = {
                { 0x410, 64, false, "64x1K", 0 },
                { 0x410, 20, false, "20x1K", 0 },
                { 0x430, 1024, false, "2x(256x2K)", 0 },
                { 0x430, 768, false, "256x2K/128x2K", 0 },
                { 0x430, 512, false, NULL, 0 },
                { 0x413, 512, false, "4x16K,1x64K,3x128K", 0 },
                { 0x423, 128, false, "4x16K,1x64K", 0 },
                { 0x413, 96, false, NULL, 0 }, /* cuts a sector in two */
                { 0x419, 2048, false, "2x(4x16K,1x64K,7x128K)", 12 },
                { 0x419, 2048, true, "2x(4x16K,1x64K,7x128K)", 12 },
                { 0x419, 1024, false, "4x16K,1x64K,7x128K", 0 },
                { 0x419, 1024, true, "2x(4x16K,1x64K,3x128K)", 12 },
                { 0x419, 512, false, "4x16K,1x64K,3x128K", 0 },
                { 0x419, 1536, false, NULL, 0 },
                { 0x452, 64, false, "4x16K", 0 },
                { 0x449, 64, false, "2x32K", 0 },
                { 0x449, 512, false, "4x32K,1x128K,1x256K", 0 },
                { 0x451, 2048, false, "4x32K,1x128K,7x256K", 0 },
                { 0x451, 2048, true, "2x(4x16K,1x64K,7x128K)", 12 },
                { 0x451, 1024, false, "4x32K,1x128K,3x256K", 0 },
                { 0x451, 1024, true, "2x(4x16K,1x64K,3x128K)", 12 },
                { 0x467, 512, false, "2x(128x2K)", 128 },
                { 0x467, 512, true, "256x2K", 0 },
                { 0x467, 256, false, "2x(64x2K)", 128 },
                { 0x467, 256, true, "128x2K", 0 },
                { 0x467, 128, false, "64x2K", 0 },
                { 0x469, 512, true, "128x4K", 0 },
                { 0x469, 256, false, "2x(64x2K)@256K", 128 },
                { 0x469, 128, true, "32x4K", 0 },
                { 0x450, 2048, false, "2x(8x128K)", 8 },
                { 0x450, 1024, false, "2x(4x128K)@1M", 8 },
                { 0x450, 128, false, "1x128K", 0 },
                { 0x483, 128, false, "1x128K", 0 },
                { 0x480, 1024, false, "2x(64x8K)@1M", 128 },
                { 0x480, 128, false, "16x8K", 0 },
                { 0x415, 1024, true, "2x(256x2K)", 256 },
                { 0x415, 512, false, "2x(128x2K)", 256 },
                { 0x415, 256, true, "128x2K", 0 },
                { 0x470, 2048, true, "256x8K", 0 },
                { 0x470, 1024, false, "2x(128x4K)", 256 },
                { 0x470, 1024, true, "128x8K", 0 },
                { 0x472, 512, false, "2x(128x2K)", 128 },
                { 0x472, 512, true, "128x4K", 0 },
                { 0x447, 192, false, "2x(768x128)", 0 },
                { 0x447, 64, false, "512x128", 0 },
                { 0x436, 256, false, "768x256/256x256", 0 },
                { 0x437, 384, false, "2x(768x256)", 0 },
                { 0x482, 1024, false, "2x(64x8K)", 128 },
                { 0x482, 1024, true, "128x8K", 0 },
                { 0x484, 1024, false, "2x(64x8K)", 128 },
                { 0x44E, 256, false, "2x(16x8K)@256K", 32 },
                { 0x495, 640, false, "160x4K", 0 },
                { 0x03B, 192, false, "96x2K", 0 },
                { 0x486, 0, false, NULL, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].id);
                struct flash_map map = {}, expected = {};
                int r = chip_flash_map(chip, cases[i].kib * KIB, cases[i].other, &map);

                if ((r == 0) != (cases[i].layout != NULL))
                        print_error("%#x, %u KiB: %d\n", cases[i].id, cases[i].kib, r);
                assert_int_equal(r, cases[i].layout ? 0 : -EINVAL);
                if (!cases[i].layout)
                        continue;

                assert_int_equal(flash_map_parse(cases[i].layout, chip->flash_start,
                                                 cases[i].bank2_first, &expected),
                                 0);
                assert_int_equal(map.n_runs, expected.n_runs);
                for (size_t j = 0; j < map.n_runs; j++) {
                        assert_int_equal(map.runs[j].address, expected.runs[j].address);
                        assert_int_equal(map.runs[j].page_size, expected.runs[j].page_size);
                        assert_int_equal(map.runs[j].pages, expected.runs[j].pages);
                        assert_int_equal(map.runs[j].first, expected.runs[j].first);
                        assert_int_equal(map.runs[j].bank, expected.runs[j].bank);
                }
        }
}

static void write_protection_counts_its_own_sectors(void **state) {
        (void)state;

        static const struct {
                uint16_t id;
                uint32_t size; /* KiB; 0: the largest */
                unsigned sectors;
        } cases[] = {
                { 0x413, 0, 12 },                         /* F405 */
                { 0x413, 512, 8 },   { 0x419, 2048, 24 }, /* F42x */
                { 0x419, 1024, 20 },                      /* with DB1M, 12 to 19 are bank 2 */
                { 0x451, 2048, 24 },                      /* F76x, two banks */
                { 0x449, 1024, 8 },                       /* F74x */
                { 0x450, 2048, 16 },                      /* H743 */
                { 0x412, 32, 8 },                         /* F1: four pages of 1 KiB */
                { 0x410, 128, 32 },  { 0x410, 64, 16 },
                { 0x414, 512, 32 },                      /* the last covers the rest */
                { 0x430, 1024, 32 }, { 0x440, 64, 16 },  /* F0 */
                { 0x422, 256, 32 },                      /* F3 */
                { 0x417, 64, 16 },                       /* L0 */
                { 0x447, 192, 48 },  { 0x416, 128, 32 }, /* L1 */
                { 0x437, 512, 128 }, { 0x415, 0, 0 },    /* L4: ranges of pages */
                { 0x460, 0, 0 },                         /* G0 */
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(chip_protect_sectors(chip_by_id(cases[i].id), cases[i].size * KIB),
                                 cases[i].sectors);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_has_its_map),
                cmocka_unit_test(map_of_a_part),
                cmocka_unit_test(write_protection_counts_its_own_sectors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
