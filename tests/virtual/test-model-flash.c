/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The virtual STM32's flash: program units, pages and times. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/macro.h"

#define FLASH 0x08000000U

static void expect_flash(struct host *host, uint32_t address, const void *expected, size_t size) {
        uint8_t found[256];

        assert_true(virtual_peek(host->chip, address, found, size));
        assert_memory_equal(found, expected, size);
}

/* ---- programming twice ---- */

/* F0, F1, F3: a halfword that is not erased is refused without a word, unless with zeros. */
static void test_halfwords_are_programmed_once(void **state) {
        static const uint8_t first[] = { 0x12, 0x34, 0xFF, 0xFF };
        static const uint8_t second[] = { 0x00, 0x00, 0x56, 0x78 };
        static const uint8_t third[] = { 0x10, 0x10, 0x50, 0x50 };
        static const uint8_t result[] = { 0x00, 0x00, 0x56, 0x78 };
        struct host *host = host_of("0x410", 0);

        (void)state;
        host_enter(host);
        host_write(host, FLASH, first, 4);
        expect_flash(host, FLASH, first, 4);
        host_write(host, FLASH, second, 4);
        expect_flash(host, FLASH, result, 4);
        host_write(host, FLASH, third, 4);
        expect_flash(host, FLASH, result, 4);
        assert_int_equal(virtual_counters(host->chip)->overprogrammed, 3);
        host_free(host);
}

/* F2, F4, F7: bits go from one to zero. */
static void test_f4_clears_bits(void **state) {
        static const uint8_t first[] = { 0xF0, 0xFF, 0x0F, 0xFF };
        static const uint8_t second[] = { 0x3C, 0xAA, 0xFF, 0xFF };
        static const uint8_t result[] = { 0x30, 0xAA, 0x0F, 0xFF };
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_enter(host);
        host_write(host, FLASH, first, 4);
        host_write(host, FLASH, second, 4);
        expect_flash(host, FLASH, result, 4);
        assert_int_equal(virtual_counters(host->chip)->overprogrammed, 2);
        host_free(host);
}

/* L4, G0 ...: a double word is programmed once, be it with ones; a second time it is refused. */
static void test_double_words_are_spent_even_by_ones(void **state) {
        uint8_t ones[16], data[16];
        struct host *host = host_of("0x435", 0);

        (void)state;
        memset(ones, 0xFF, sizeof(ones));
        memset(data, 0x5A, sizeof(data));
        host_enter(host);
        host_write(host, FLASH, ones, 8);
        host_write(host, FLASH, data, 16);
        expect_flash(host, FLASH, ones, 8);
        expect_flash(host, FLASH + 8, data, 8);
        assert_int_equal(virtual_counters(host->chip)->overprogrammed, 1);

        host_erase(host, (const uint16_t[]){ 0 }, 1);
        host_write(host, FLASH, data, 16);
        expect_flash(host, FLASH, data, 16);
        assert_int_equal(virtual_counters(host->chip)->overprogrammed, 1);
        host_free(host);
}

/* A write that is no whole unit is padded, and the padding spends it. */
static void test_padding_spends_the_unit(void **state) {
        uint8_t data[32], ones[16];
        struct host *host = host_of("0x482", 0); /* 16 bytes a unit */

        (void)state;
        memset(data, 0x5A, sizeof(data));
        memset(ones, 0xFF, sizeof(ones));
        host_enter(host);
        host_write(host, FLASH, data, 20);
        expect_flash(host, FLASH, data, 20);
        expect_flash(host, FLASH + 20, ones, 12);
        assert_int_equal(virtual_counters(host->chip)->units_programmed, 2);
        host_write(host, FLASH + 16, data, 16);
        assert_int_equal(virtual_counters(host->chip)->overprogrammed, 1);
        host_free(host);
}

/* H7: nothing is refused, but the error-correcting code is wrong, and reading it ends in a fault.
 */
static void test_h7_corrupts_what_is_programmed_twice(void **state) {
        uint8_t data[32];
        struct host *host = host_of("0x450", 0);

        (void)state;
        memset(data, 0x5A, sizeof(data));
        host_enter(host);
        host_write(host, FLASH, data, sizeof(data));
        host_write(host, FLASH, data, sizeof(data));
        host_talk(host, "11 EE", "79");
        host_talk(host, "08 00 00 20 28", "79");
        host_talk(host, "1F E0",
                  "79 FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF "
                  "FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF");
        host_talk(host, "11 EE", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_talk(host, "1F E0", "79"); /* and no more */
        host_talk(host, "7F 00 FF 00 FF", "");
        host_enter(host);
        host_talk(host, "02 FD", "79 01 04 50 79");
        host_free(host);
}

/* L0, L1: erased is zero; L0 refuses a second time, L1 does not. */
static void test_low_power_units(void **state) {
        static const char *const chips[] = { "0x417", "0x427" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                uint32_t unit = chip_by_name(chips[i])->program_unit;
                struct host *host = host_of(chips[i], 0);
                uint8_t first[256] = {}, second[256], found[256];

                memset(first, 0x11, unit);
                memset(second, 0x22, sizeof(second));
                host_enter(host);
                host_write(host, FLASH, first, 2 * unit);
                host_write(host, FLASH, second, 2 * unit);
                host_read(host, FLASH, found, 2 * unit);
                if (i == 0)
                        assert_memory_equal(found, first, unit);
                else {
                        assert_memory_not_equal(found, first, unit);
                        assert_memory_not_equal(found, second, unit);
                }
                assert_memory_equal(found + unit, second, unit); /* zeros had not spent it */
                host_free(host);
        }
}

/* ---- pages ---- */

static void test_erase_takes_the_pages_named(void **state) {
        uint8_t byte = 0x5A;
        struct host *host = host_of("0x419", 0); /* bank 2 counts from 12 on */

        (void)state;
        assert_true(virtual_poke(host->chip, 0x0800C000, &byte, 1)); /* sector 3 */
        assert_true(virtual_poke(host->chip, 0x08010000, &byte, 1)); /* 4: 64 KiB */
        assert_true(virtual_poke(host->chip, 0x0801FFFF, &byte, 1));
        assert_true(virtual_poke(host->chip, 0x08020000, &byte, 1)); /* 5 */
        assert_true(virtual_poke(host->chip, 0x08100000, &byte, 1)); /* 12 */
        assert_true(virtual_poke(host->chip, 0x08104000, &byte, 1)); /* 13 */
        host_enter(host);
        host_erase(host, (const uint16_t[]){ 4, 12 }, 2);
        assert_true(host_is_filled(host, 0x0800C000, 1, 0x5A));
        assert_true(host_is_filled(host, 0x08010000, 0x10000, 0xFF));
        assert_true(host_is_filled(host, 0x08020000, 1, 0x5A));
        assert_true(host_is_filled(host, 0x08100000, 1, 0xFF));
        assert_true(host_is_filled(host, 0x08104000, 1, 0x5A));
        assert_int_equal(virtual_counters(host->chip)->page_erases, 2);
        host_free(host);
}

/* AN2606: some loaders erase the first page of a list only, one of them in bank 2 only. */
static void test_lists_of_which_one_page_is_erased(void **state) {
        static const struct {
                const char *chip;
                uint32_t page_size;
                uint16_t pages[4];
                bool erased[4];
        } rows[] = {
                { "0x460", 2048, { 2, 3, 4, 5 }, { true, false, false, false } },
                { "0x467", 2048, { 2, 3, 130, 131 }, { true, true, true, false } },
                { "0x466", 2048, { 2, 3, 4, 5 }, { true, true, true, true } },
        };
        uint8_t byte = 0x5A;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct host *host = host_of(rows[i].chip, 0);
                const struct chip *chip = chip_by_name(rows[i].chip);
                struct flash_map map;
                struct flash_page page;

                print_message("  %s\n", rows[i].chip);
                assert_int_equal(chip_flash_map(chip, 0, false, &map), 0);
                host_enter(host);
                for (size_t k = 0; k < 4; k++) {
                        assert_true(flash_map_page(&map, rows[i].pages[k], &page));
                        assert_true(virtual_poke(host->chip, page.address, &byte, 1));
                }
                host_erase(host, rows[i].pages, 4);
                for (size_t k = 0; k < 4; k++) {
                        assert_true(flash_map_page(&map, rows[i].pages[k], &page));
                        assert_int_equal(host_is_filled(host, page.address, 1, 0xFF),
                                         rows[i].erased[k]);
                }
                host_free(host);
        }
}

/* AN2606, H74x V9.1: bank 2 is still being erased when the ACK comes. */
static void test_erase_that_is_acknowledged_too_early(void **state) {
        /* bank erase itself is broken on the row that has this; a row of our own has it alone */
        struct chip chip = *chip_by_id(0x450);
        struct virtual_config config = { .chip = &chip, .seed = 1 };
        uint8_t data[32], blank[32];
        uint64_t usec;
        struct host *host;

        (void)state;
        chip.quirks &= ~(uint32_t)CHIP_QUIRK_NO_BANK_ERASE;
        host = host_new(&config);
        host->quiet = 10 * USEC_PER_MSEC;
        memset(data, 0x5A, sizeof(data));
        memset(blank, 0xFF, sizeof(blank));
        assert_true(virtual_poke(host->chip, 0x08100000, data, sizeof(data)));
        host_enter(host);
        host_talk(host, "44 BB", "79");
        usec = host_talk(host, "FF FD 02", "79");
        assert_true(usec < 1000);

        /* the ROM answers, the old contents stand, and a write does nothing */
        host_talk(host, "02 FD", "79 01 04 50 79");
        expect_flash(host, 0x08100000, data, sizeof(data));
        host_write(host, FLASH, data, sizeof(data));
        expect_flash(host, FLASH, blank, sizeof(blank));
        host_wait(host, 60 * USEC_PER_SEC);
        expect_flash(host, 0x08100000, blank, sizeof(blank));
        host_write(host, FLASH, data, sizeof(data));
        expect_flash(host, FLASH, data, sizeof(data));
        host_free(host);
}

/* H72x: the second block that is read after a write begins with FF, until a reset. */
static void test_read_that_lies_after_a_write(void **state) {
        struct host *host = host_of("0x483", 0);
        uint8_t data[64], found[64];

        (void)state;
        memset(data, 0x5A, sizeof(data));
        host_enter(host);
        host_write(host, FLASH, data, sizeof(data));
        for (unsigned i = 0; i < 4; i++) {
                host_read(host, FLASH, found, sizeof(found));
                if (i > 0) {
                        assert_int_equal(found[0], 0xFF);
                        assert_int_equal(found[31], 0xFF);
                        assert_memory_equal(found + 32, data + 32, 32);
                } else
                        assert_memory_equal(found, data, sizeof(data));
        }
        host_write(host, FLASH + 64, data, sizeof(data));
        host_enter(host);
        for (unsigned i = 0; i < 4; i++) {
                host_read(host, FLASH, found, sizeof(found));
                assert_memory_equal(found, data, sizeof(data));
        }
        host_free(host);
}

/* ---- time ---- */

static void test_times_are_those_of_the_table(void **state) {
        static const struct {
                const char *chip;
                enum chip_timing timing;
        } rows[] = {
                { "0x410", CHIP_TYPICAL }, { "0x410", CHIP_WORST },   { "0x413", CHIP_TYPICAL },
                { "0x417", CHIP_TYPICAL }, { "0x466", CHIP_TYPICAL }, { "0x450", CHIP_WORST },
        };
        uint8_t data[256];

        (void)state;
        memset(data, 0x5A, sizeof(data));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct chip *chip = chip_by_name(rows[i].chip);
                struct virtual_config config = {
                        .chip = chip,
                        .timing = rows[i].timing,
                        .no_wire_time = true,
                };
                struct host *host = host_new(&config);
                uint64_t start;

                print_message("  %s\n", rows[i].chip);
                host_enter(host);
                start = host->now;
                host_write(host, FLASH, data, sizeof(data));
                assert_in_range(host->now - start,
                                chip_program_usec(chip, 256, rows[i].timing, false) - 1,
                                chip_program_usec(chip, 256, rows[i].timing, false) + 1);
                start = host->now;
                if (strcmp(chip->family, "F1") == 0) {
                        host_talk(host, "43 BC", "79");
                        host_talk(host, "01 00 01 00", "79");
                } else
                        host_erase(host, (const uint16_t[]){ 0, 1 }, 2);
                {
                        struct flash_map map;
                        uint64_t page;

                        assert_int_equal(chip_flash_map(chip, 0, false, &map), 0);
                        page = chip_page_erase_usec(chip, map.runs[0].page_size, rows[i].timing,
                                                    false);
                        assert_in_range(host->now - start, 2 * page - 1, 2 * page + 1);
                }
                host_free(host);
        }
}

static void test_voltage_range_makes_it_faster(void **state) {
        const struct chip *chip = chip_by_id(0x413);
        struct virtual_config config = { .chip = chip, .no_wire_time = true };
        struct host *host = host_new(&config);
        uint8_t data[256] = {};
        uint64_t start;

        (void)state;
        host_enter(host);
        start = host->now;
        host_write(host, FLASH, data, sizeof(data));
        assert_int_equal(host->now - start, chip_program_usec(chip, 256, CHIP_TYPICAL, false));
        host_write(host, 0xFFFF0000, "\x03\xFF\xFF\xFF", 4);
        start = host->now;
        host_write(host, FLASH + 256, data, sizeof(data));
        assert_int_equal(host->now - start, chip_program_usec(chip, 256, CHIP_TYPICAL, true));
        assert_true(chip_program_usec(chip, 256, CHIP_TYPICAL, true) <
                    chip_program_usec(chip, 256, CHIP_TYPICAL, false));

        /* a reset forgets it */
        host_enter(host);
        start = host->now;
        host_write(host, FLASH + 512, data, sizeof(data));
        assert_int_equal(host->now - start, chip_program_usec(chip, 256, CHIP_TYPICAL, false));
        host_free(host);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_halfwords_are_programmed_once),
                cmocka_unit_test(test_f4_clears_bits),
                cmocka_unit_test(test_double_words_are_spent_even_by_ones),
                cmocka_unit_test(test_padding_spends_the_unit),
                cmocka_unit_test(test_h7_corrupts_what_is_programmed_twice),
                cmocka_unit_test(test_low_power_units),
                cmocka_unit_test(test_erase_takes_the_pages_named),
                cmocka_unit_test(test_lists_of_which_one_page_is_erased),
                cmocka_unit_test(test_erase_that_is_acknowledged_too_early),
                cmocka_unit_test(test_read_that_lies_after_a_write),
                cmocka_unit_test(test_times_are_those_of_the_table),
                cmocka_unit_test(test_voltage_range_makes_it_faster),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
