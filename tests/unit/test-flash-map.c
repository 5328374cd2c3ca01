/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chip/chip.h"
#include "chip/flash_map.h"
#include "util/macro.h"

#define START 0x08000000U

static void layout_becomes_runs(void **state) {
        (void)state;

        static const struct {
                const char *text;
                uint16_t bank2_first;
                uint32_t size;
                size_t pages, n_runs;
                struct flash_run last;
        } cases[] = {
                { "64x1K", 0, 0x10000, 64, 1, { START, 1024, 64, 0, 1 } },
                { "512x128", 0, 0x10000, 512, 1, { START, 128, 512, 0, 1 } },
                { "1x1M", 0, 0x100000, 1, 1, { START, 0x100000, 1, 0, 1 } },
                { "4x16K,1x64K,7x128K", 0, 0x100000, 12, 3, { START + 0x20000, 0x20000, 7, 5, 1 } },
                { "2x(4x16K,1x64K,7x128K)",
                  12,
                  0x200000,
                  24,
                  6,
                  { START + 0x120000, 0x20000, 7, 17, 2 } },
                { "2x(128x2K)", 0, 0x80000, 256, 2, { START + 0x40000, 2048, 128, 128, 2 } },
                { "2x(4x128K)@1M", 8, 0x100000, 8, 2, { START + 0x100000, 0x20000, 4, 8, 2 } },
                { "256x2K/128x2K", 0, 0xC0000, 384, 2, { START + 0x80000, 2048, 128, 256, 2 } },
                { "1x16K,1x16K,1x16K,1x16K,1x16K,1x16K,1x16K,1x16K",
                  0,
                  0x20000,
                  8,
                  8,
                  { START + 0x1C000, 0x4000, 1, 7, 1 } },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct flash_map map;
                const struct flash_run *last;

                assert_int_equal(flash_map_parse(cases[i].text, START, cases[i].bank2_first, &map),
                                 0);
                assert_int_equal(flash_map_size(&map), cases[i].size);
                assert_int_equal(flash_map_pages(&map), cases[i].pages);
                assert_int_equal(map.n_runs, cases[i].n_runs);

                last = &map.runs[map.n_runs - 1];
                assert_int_equal(flash_map_end(&map),
                                 last->address + last->page_size * last->pages);
                assert_int_equal(last->address, cases[i].last.address);
                assert_int_equal(last->page_size, cases[i].last.page_size);
                assert_int_equal(last->pages, cases[i].last.pages);
                assert_int_equal(last->first, cases[i].last.first);
                assert_int_equal(last->bank, cases[i].last.bank);
        }
}

static void damaged_layout_is_refused(void **state) {
        (void)state;

        static const char *const cases[] = {
                "",
                " 4x16K",
                "4x16K ",
                "4",
                "x16K",
                "4x",
                "0x16K",
                "4x0",
                "04x16K",
                "-4x16K",
                "4x16K,",
                ",4x16K",
                "4x16k",
                "4x16KB",
                "4X16K",
                "4x16K;4x16K",
                "65536x1",
                "40000x1K,40000x1K",
                "4x4096M",
                "4x65536K1",
                "99999999999999999999x1",
                "4x99999999999999999999",
                "2x(4x16K",
                "2x4x16K)",
                "3x(4x16K)",
                "2x()",
                "2x(4x16K)@",
                "2x(4x16K)@32K",
                "2x(4x16K)@0",
                "4x16K@1M",
                "2x(4x16K)/4x16K",
                "4x16K/",
                "4x16K/4x16K/4x16K",
                "1x16K,1x16K,1x16K,1x16K,1x16K,1x16K,1x16K,1x16K,1x16K",
                "2x(1x16K,1x16K,1x16K,1x16K,1x16K)",
                "1x4000M", /* beyond the address space from START on */
                "2x(1x2000M)",
                "2x(1x1K)@4000M",
                "2x(40000x16)", /* page numbers beyond 16 bits */
        };
        struct flash_map map, before;

        memset(&map, 0x5A, sizeof(map));
        before = map;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                int r = flash_map_parse(cases[i], START, 0, &map);

                if (r != -EINVAL)
                        print_error("accepted: %s\n", cases[i]);
                assert_int_equal(r, -EINVAL);
        }
        assert_memory_equal(&map, &before, sizeof(map));
}

static void layout_that_no_chip_has_is_not_plausible(void **state) {
        static const struct {
                const char *text;
                uint32_t start;
                bool plausible;
        } cases[] = {
                { "64x1K", START, true },         { "512x128", START, true },
                { "1x128,3x256", START, true },   { "1024x64K", START, true },
                { "2x(4x128K)@1M", START, true }, { "64x64", START, false },
                { "64x1", START, false },         { "64x1000", START, false },
                { "1x3K", START, false },         { "1025x64K", START, false },
                { "2x(1x1K)@65M", START, false }, { "2x(1x1K)@1100", START, false },
                { "64x1K", START + 128, false },  { "64x1K", START + 1, false },
                { "1x2048M/1x2048M", 0, false },  { "2x(1x2048M)@2048M", 0, false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct flash_map map;

                assert_int_equal(flash_map_parse(cases[i].text, cases[i].start, 0, &map), 0);
                if (flash_map_is_plausible(&map) != cases[i].plausible)
                        fail_msg("%s: plausible %d", cases[i].text, !cases[i].plausible);
        }
}

static void every_chip_of_the_table_has_a_plausible_layout(void **state) {
        (void)state;
        for (size_t i = 0; i < chip_table_size; i++) {
                struct flash_map map;

                if (chip_table[i].unusable)
                        continue;
                assert_int_equal(chip_flash_map(&chip_table[i], 0, false, &map), 0);
                if (!flash_map_is_plausible(&map))
                        fail_msg("%s", chip_table[i].name);
        }
}

static void bank2_number_must_lie_behind_bank1(void **state) {
        (void)state;

        struct flash_map map;

        assert_int_equal(flash_map_parse("2x(8x8K)", START, 7, &map), -EINVAL);
        assert_int_equal(flash_map_parse("2x(8x8K)", START, 8, &map), 0);
        assert_int_equal(flash_map_parse("2x(8x8K)", START, 65535, &map), -EINVAL);
}

static void swapped_banks_exchange_their_addresses(void **state) {
        (void)state;

        static const struct {
                const char *text;
                uint16_t bank2_first;
                uint32_t address; /* offset */
                uint16_t number, swapped;
        } cases[] = {
                { "2x(128x8K)", 128, 0x6000, 3, 131 }, /* community.st.com/798599: U585 */
                { "2x(128x8K)", 128, 0x106000, 131, 3 },
                { "2x(64x8K)", 128, 0x80000, 128, 0 },
                { "2x(4x16K,1x64K,7x128K)", 12, 0x20000, 5, 17 },
                { "2x(4x128K)@1M", 8, 0x100000, 8, 0 },
                { "256x2K", 0, 0x40000, 128, 128 }, /* one bank */
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct flash_map map, before;
                struct flash_page page, twin;
                bool dual = cases[i].number != cases[i].swapped;

                assert_int_equal(flash_map_parse(cases[i].text, START, cases[i].bank2_first, &map),
                                 0);
                before = map;
                assert_int_equal(flash_map_has_two_banks(&map), dual);
                assert_true(flash_map_find(&map, START + cases[i].address, &page));
                assert_int_equal(page.number, cases[i].number);
                assert_int_equal(flash_map_twin(&map, &page, &twin), dual);
                if (dual)
                        assert_int_equal(twin.number, cases[i].swapped);

                flash_map_swap_banks(&map);
                assert_int_equal(flash_map_has_two_banks(&map), dual);
                assert_true(flash_map_find(&map, START + cases[i].address, &page));
                assert_int_equal(page.number, cases[i].swapped);
                assert_int_equal(page.address, START + cases[i].address);
                if (dual)
                        assert_int_equal(page.bank, page.number >= cases[i].bank2_first ? 2 : 1);
                flash_map_swap_banks(&map);
                assert_memory_equal(&map, &before, sizeof(map));
        }
}

static void flash_may_end_at_the_last_address(void **state) {
        (void)state;

        struct flash_map map;
        struct flash_page page;

        assert_int_equal(flash_map_parse("4x64K", 0xFFFC0000, 0, &map), 0);
        assert_true(flash_map_find(&map, 0xFFFFFFFF, &page));
        assert_int_equal(page.number, 3);
        assert_int_equal(flash_map_parse("5x64K", 0xFFFC0000, 0, &map), -EINVAL);
}

static void page_is_found_by_address(void **state) {
        (void)state;

        static const struct {
                uint32_t address;
                bool found;
                struct flash_page page;
        } cases[] = {
                { START - 1, false, {} },
                { START, true, { START, 0x4000, 0, 1 } },
                { START + 0x3FFF, true, { START, 0x4000, 0, 1 } },
                { START + 0x4000, true, { START + 0x4000, 0x4000, 1, 1 } },
                { START + 0x1FFFF, true, { START + 0x10000, 0x10000, 4, 1 } },
                { START + 0xFFFFF, true, { START + 0xE0000, 0x20000, 11, 1 } },
                { START + 0x100000, true, { START + 0x100000, 0x4000, 12, 2 } },
                { START + 0x1FFFFF, true, { START + 0x1E0000, 0x20000, 23, 2 } },
                { START + 0x200000, false, {} },
                { 0, false, {} },
                { 0xFFFFFFFF, false, {} },
        };
        struct flash_map map;

        assert_int_equal(flash_map_parse("2x(4x16K,1x64K,7x128K)", START, 12, &map), 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct flash_page page;

                assert_int_equal(flash_map_find(&map, cases[i].address, &page), cases[i].found);
                if (!cases[i].found)
                        continue;
                assert_int_equal(page.address, cases[i].page.address);
                assert_int_equal(page.size, cases[i].page.size);
                assert_int_equal(page.number, cases[i].page.number);
                assert_int_equal(page.bank, cases[i].page.bank);
        }
}

static void gap_between_banks_holds_no_page(void **state) {
        (void)state;

        struct flash_map map;
        struct flash_page page;

        assert_int_equal(flash_map_parse("2x(4x128K)@1M", START, 8, &map), 0);
        assert_true(flash_map_find(&map, START + 0x7FFFF, &page));
        assert_int_equal(page.number, 3);
        assert_false(flash_map_find(&map, START + 0x80000, &page));
        assert_false(flash_map_find(&map, START + 0xFFFFF, &page));
        assert_true(flash_map_find(&map, START + 0x100000, &page));
        assert_int_equal(page.number, 8);
}

static void pages_are_counted_by_address(void **state) {
        (void)state;

        struct flash_map map;
        struct flash_page page;
        uint32_t address = START;

        assert_int_equal(flash_map_parse("2x(4x16K,1x64K,7x128K)", START, 12, &map), 0);
        for (size_t i = 0; i < flash_map_pages(&map); i++) {
                assert_true(flash_map_page(&map, i, &page));
                assert_int_equal(page.address, address);
                assert_int_equal(page.number, i);
                address += page.size;
        }
        assert_int_equal(address, START + 0x200000);
        assert_false(flash_map_page(&map, flash_map_pages(&map), &page));
}

static void empty_map_has_no_pages(void **state) {
        (void)state;

        struct flash_map map = {};
        struct flash_page page;

        assert_int_equal(flash_map_size(&map), 0);
        assert_int_equal(flash_map_end(&map), 0);
        assert_int_equal(flash_map_pages(&map), 0);
        assert_false(flash_map_page(&map, 0, &page));
        assert_false(flash_map_find(&map, 0, &page));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(layout_becomes_runs),
                cmocka_unit_test(damaged_layout_is_refused),
                cmocka_unit_test(layout_that_no_chip_has_is_not_plausible),
                cmocka_unit_test(every_chip_of_the_table_has_a_plausible_layout),
                cmocka_unit_test(bank2_number_must_lie_behind_bank1),
                cmocka_unit_test(swapped_banks_exchange_their_addresses),
                cmocka_unit_test(flash_may_end_at_the_last_address),
                cmocka_unit_test(page_is_found_by_address),
                cmocka_unit_test(gap_between_banks_holds_no_page),
                cmocka_unit_test(pages_are_counted_by_address),
                cmocka_unit_test(empty_map_has_no_pages),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
