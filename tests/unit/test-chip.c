/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chip/chip.h"
#include "util/macro.h"

#define KIB 1024U

/* ---- the whole table ---- */

static void every_row_is_whole(void **state) {
        (void)state;

        size_t flashable = 0;

        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];

                assert_ptr_equal(chip_by_id(chip->id), chip);
                assert_non_null(chip->name);
                assert_non_null(chip->family);
                assert_non_null(chip->core);
                assert_non_null(chip->parts);
                assert_non_null(chip->parts[0]);
                if (chip->unusable)
                        continue;

                flashable++;
                assert_true(chip->flash_size > 0);
                assert_non_null(chip->layout);
                assert_non_null(chip->pins);
                assert_true(chip->program_unit > 0);
                assert_true(chip->write_align >= 4);
                assert_int_equal(chip->write_align % chip->program_unit, 0);
                assert_true(chip->pattern >= 1 && chip->pattern <= 19);
                assert_true(chip->system.size > 0);
                assert_true(chip->startup_slow_usec == 0 ||
                            chip->startup_slow_usec > chip->startup_usec);
        }

        print_message("%zu rows, %zu of them can be flashed\n", chip_table_size, flashable);
        assert_int_equal(chip_table_size, 91);
        assert_int_equal(flashable, 90);
}

static void memories_do_not_overlap(void **state) {
        (void)state;

        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];
                struct chip_range ranges[2 * CHIP_RANGES_MAX + 2] = {
                        { chip->flash_start, chip->flash_size },
                        chip->system,
                };

                memcpy(&ranges[2], chip->ram, sizeof(chip->ram));
                memcpy(&ranges[2 + CHIP_RANGES_MAX], chip->options, sizeof(chip->options));
                for (size_t a = 0; a < ARRAY_SIZE(ranges); a++)
                        for (size_t b = 0; b < a; b++)
                                if (ranges[a].size > 0 && ranges[b].size > 0)
                                        assert_true(ranges[a].start - ranges[b].start >=
                                                            ranges[b].size &&
                                                    ranges[b].start - ranges[a].start >=
                                                            ranges[a].size);
        }
}

static void quirks_fit_the_family(void **state) {
        (void)state;

        static const struct {
                const char *families; /* blank-separated; all of them and no others */
                uint32_t quirk;
        } cases[] = {
                { "WB0/WL3", CHIP_QUIRK_8N1 },
                { "L0 L1", CHIP_QUIRK_NO_MASS_ERASE },
                { "F0 F1 F3", CHIP_QUIRK_STRICT_HALFWORD },
                { "F2 F4 F7", CHIP_QUIRK_VOLTAGE_RANGE },
                { "G0 C0 U0", CHIP_QUIRK_PIN_OFF },
                { "L0", CHIP_QUIRK_BLOCK_128 },
                { "F4 L0", CHIP_QUIRK_BULK_ID_READ },
                { "H5 H7RS", CHIP_QUIRK_NO_RDP },
                { "C0 C5 G0 G4 H5 H7 H7RS L4 L4+ L5 U0 U3 U5 WB WBA WL", CHIP_QUIRK_ECC },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (size_t j = 0; j < chip_table_size; j++) {
                        const char *at = strstr(cases[i].families, chip_table[j].family);
                        size_t size = strlen(chip_table[j].family);

                        while (at && ((at > cases[i].families && at[-1] != ' ') ||
                                      (at[size] != ' ' && at[size] != '\0')))
                                at = strstr(at + 1, chip_table[j].family);
                        if (!at != !(chip_table[j].quirks & cases[i].quirk))
                                print_error("quirk %#x of %s\n", cases[i].quirk,
                                            chip_table[j].name);
                        assert_int_equal(!at, !(chip_table[j].quirks & cases[i].quirk));
                }
}

/* AN2606: the flash-empty condition of patterns 6, 11, 13, 16 and 19 */
static void empty_check_follows_the_pattern(void **state) {
        (void)state;

        for (size_t i = 0; i < chip_table_size; i++) {
                uint8_t pattern = chip_table[i].pattern;
                bool expected = pattern == 6 || pattern == 11 || pattern == 13 || pattern == 16 ||
                                pattern == 19;

                assert_int_equal(expected, !!(chip_table[i].quirks & CHIP_QUIRK_EMPTY_CHECK));
                if (chip_table[i].quirks & CHIP_QUIRK_EMPTY_CLEARED)
                        assert_true(expected);
        }
}

static void quirks_of_single_chips(void **state) {
        (void)state;

        static const struct {
                uint16_t id;
                uint32_t quirks;
        } cases[] = {
                { 0x411, CHIP_QUIRK_SILENT_ADDRESS | CHIP_QUIRK_DOUBLE_NACK },
                { 0x413, CHIP_QUIRK_SILENT_ADDRESS | CHIP_QUIRK_DOUBLE_NACK |
                                 CHIP_QUIRK_BULK_ID_READ | CHIP_QUIRK_RESET_AFTER_OB },
                { 0x416, CHIP_QUIRK_SILENT_ADDRESS },
                { 0x429, CHIP_QUIRK_SILENT_ADDRESS | CHIP_QUIRK_SIZE_LOW_BYTE },
                { 0x436, CHIP_QUIRK_SIZE_CODE | CHIP_QUIRK_DOUBLE_NACK },
                { 0x445, CHIP_QUIRK_NO_RAM },
                { 0x450, CHIP_QUIRK_GET_COUNT | CHIP_QUIRK_GO_NO_ACK | CHIP_QUIRK_EARLY_ERASE_ACK |
                                 CHIP_QUIRK_NO_BANK_ERASE },
                { 0x454, CHIP_QUIRK_ONE_PAGE_ERASE },
                { 0x460, CHIP_QUIRK_ONE_PAGE_ERASE | CHIP_QUIRK_EMPTY_CLEARED },
                { 0x461, CHIP_QUIRK_NO_BANK_ERASE },
                { 0x464, CHIP_QUIRK_DOUBLE_SYNC_ACK | CHIP_QUIRK_RESET_AFTER_OB },
                { 0x467, CHIP_QUIRK_ONE_PAGE_BANK2 | CHIP_QUIRK_EMPTY_CLEARED },
                { 0x483, CHIP_QUIRK_REREAD },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(chip_by_id(cases[i].id)->quirks & cases[i].quirks,
                                 cases[i].quirks);
}

static void unknown_id_has_no_row(void **state) {
        (void)state;

        assert_null(chip_by_id(0));
        assert_null(chip_by_id(0x404));
        assert_null(chip_by_id(0xFFFF));
}

/* ---- sizes and aliases ---- */

static void size_register_is_understood(void **state) {
        (void)state;

        static const struct {
                uint16_t id, value;
                uint32_t kib; /* 0: implausible */
        } cases[] = {
                { 0x410, 64, 64 },     { 0x410, 128, 128 },    { 0x410, 256, 0 },
                { 0x410, 0, 0 },       { 0x410, 0xFFFF, 0 },   { 0x413, 1024, 1024 },
                { 0x450, 2048, 2048 }, { 0x436, 0, 384 },      { 0x436, 1, 256 },
                { 0x436, 384, 0 },     { 0x429, 0x1280, 128 }, { 0x429, 0xFF20, 32 },
                { 0x427, 256, 256 },   { 0x476, 4096, 4096 },  { 0x486, 64, 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(chip_flash_size(chip_by_id(cases[i].id), cases[i].value),
                                 cases[i].kib * KIB);
}

static void alias_is_flash(void **state) {
        (void)state;

        static const struct {
                uint16_t id;
                uint32_t address, resolved;
        } cases[] = {
                { 0x413, 0x00000000, 0x08000000 },
                { 0x413, 0x000FFFFF, 0x080FFFFF },
                { 0x413, 0x00100000, 0x00100000 },
                { 0x413, 0x08000004, 0x08000004 },
                { 0x413, 0x20000000, 0x20000000 },
                { 0x449, 0x00200000, 0x08000000 },
                { 0x449, 0x002FFFFF, 0x080FFFFF },
                { 0x449, 0x00000000, 0x00000000 }, /* ITCM RAM */
                { 0x450, 0x00000000, 0x00000000 },
                { 0x472, 0x0C000010, 0x08000010 },
                { 0x482, 0x0C1FFFFF, 0x081FFFFF },
                { 0x474, 0x0C000000, 0x0C000000 }, /* no TrustZone */
                { 0x486, 0x00000000, 0x00000000 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_int_equal(chip_resolve_alias(chip_by_id(cases[i].id), cases[i].address),
                                 cases[i].resolved);
}

/* ---- times ---- */

enum operation { PROGRAM, PAGE, MASS };

static void times_are_the_datasheets(void **state) {
        (void)state;

        static const struct {
                uint16_t id;
                enum operation operation;
                uint32_t bytes;
                bool fast;
                uint64_t typical, worst; /* microseconds */
        } cases[] = {
                /* DS8626 table 40: x8, and x32 where the voltage range was raised */
                { 0x413, PROGRAM, 256, false, 256 * 16, 256 * 100 },
                { 0x413, PROGRAM, 256, true, 64 * 16, 64 * 100 },
                { 0x413, PAGE, 16 * KIB, false, 400000, 800000 },
                { 0x413, PAGE, 64 * KIB, false, 1200000, 2400000 },
                { 0x413, PAGE, 128 * KIB, false, 2000000, 4000000 },
                { 0x413, PAGE, 128 * KIB, true, 1000000, 2000000 },
                { 0x413, MASS, 1024 * KIB, false, 16000000, 32000000 },
                { 0x413, MASS, 1024 * KIB, true, 8000000, 16000000 },
                { 0x413, MASS, 512 * KIB, false, 8000000, 16000000 },
                { 0x419, MASS, 2048 * KIB, false, 32000000, 64000000 },
                /* DocID029808 table 54 */
                { 0x452, PAGE, 16 * KIB, false, 346000, 418000 },
                { 0x452, PAGE, 128 * KIB, true, 927000, 1322000 },
                { 0x452, MASS, 512 * KIB, false, 7718000, 9883000 },
                /* DS5319 table 28: 52.5 us a halfword */
                { 0x410, PROGRAM, 256, false, 128 * 105 / 2, 128 * 70 },
                { 0x410, PROGRAM, 256, true, 128 * 105 / 2, 128 * 70 },
                { 0x410, PAGE, 1 * KIB, false, 20000, 40000 },
                { 0x410, MASS, 128 * KIB, false, 20000, 40000 },
                { 0x440, PROGRAM, 2, false, 54, 70 },
                { 0x466, PROGRAM, 256, false, 32 * 85, 32 * 125 },
                { 0x466, PROGRAM, 1, false, 85, 125 },
                { 0x466, PAGE, 2 * KIB, false, 22000, 40000 },
                { 0x467, MASS, 512 * KIB, false, 44000, 80000 }, /* two banks */
                { 0x467, MASS, 128 * KIB, false, 22000, 40000 },
                { 0x468, PAGE, 2 * KIB, false, 22020, 24470 },
                /* half pages of 128 and of 64 bytes */
                { 0x416, PROGRAM, 256, false, 2 * 3280, 2 * 3940 },
                { 0x417, PROGRAM, 128, false, 2 * 3280, 2 * 3940 },
                { 0x417, PAGE, 128, false, 3280, 4000 },
                { 0x417, MASS, 64 * KIB, false, 512 * 3280, 512 * 4000 },
                { 0x450, PAGE, 128 * KIB, false, 1100000, 4000000 },
                { 0x484, PAGE, 8 * KIB, false, 2000, 10000 },
                { 0x484, MASS, 2048 * KIB, false, 256 * 2000, 256 * 10000 },
                /* pages that the chip has not: a layout given by hand */
                { 0x410, PAGE, 4 * KIB, false, 40000, 80000 },
                { 0x410, PAGE, 512, false, 20000, 40000 },
                { 0x486, PROGRAM, 256, false, 0, 0 },
                { 0x486, PAGE, 2 * KIB, false, 0, 0 },
                { 0x486, MASS, 0, false, 0, 0 },
                /* a size that no part has: of the largest */
                { 0x450, MASS, 1536 * KIB, false, 16 * 1100000, 16 * 4000000 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].id);
                uint64_t usec[2];

                for (enum chip_timing timing = CHIP_TYPICAL; timing <= CHIP_WORST; timing++)
                        switch (cases[i].operation) {
                        case PROGRAM:
                                usec[timing] = chip_program_usec(chip, cases[i].bytes, timing,
                                                                 cases[i].fast);
                                break;
                        case PAGE:
                                usec[timing] = chip_page_erase_usec(chip, cases[i].bytes, timing,
                                                                    cases[i].fast);
                                break;
                        case MASS:
                                usec[timing] = chip_mass_erase_usec(chip, cases[i].bytes, timing,
                                                                    cases[i].fast);
                                break;
                        }
                if (usec[0] != cases[i].typical || usec[1] != cases[i].worst)
                        print_error("case %zu, %#x: %llu/%llu us\n", i, cases[i].id,
                                    (unsigned long long)usec[0], (unsigned long long)usec[1]);
                assert_int_equal(usec[0], cases[i].typical);
                assert_int_equal(usec[1], cases[i].worst);
        }
}

static void worst_is_never_below_typical(void **state) {
        (void)state;

        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];

                for (int fast = 0; fast <= 1 && !chip->unusable; fast++) {
                        uint64_t typical = chip_program_usec(chip, 256, CHIP_TYPICAL, fast);

                        assert_true(typical > 0);
                        assert_true(chip_program_usec(chip, 256, CHIP_WORST, fast) >= typical);
                        typical = chip_mass_erase_usec(chip, 0, CHIP_TYPICAL, fast);
                        assert_true(typical > 0);
                        assert_true(chip_mass_erase_usec(chip, 0, CHIP_WORST, fast) >= typical);
                }
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_row_is_whole),
                cmocka_unit_test(memories_do_not_overlap),
                cmocka_unit_test(quirks_fit_the_family),
                cmocka_unit_test(empty_check_follows_the_pattern),
                cmocka_unit_test(quirks_of_single_chips),
                cmocka_unit_test(unknown_id_has_no_row),
                cmocka_unit_test(size_register_is_understood),
                cmocka_unit_test(alias_is_flash),
                cmocka_unit_test(times_are_the_datasheets),
                cmocka_unit_test(worst_is_never_below_typical),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
