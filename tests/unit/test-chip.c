/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
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

/* ---- names ---- */

static void name_finds_its_row(void **state) {
        (void)state;

        static const struct {
                const char *name;
                uint16_t id; /* 0: none */
        } cases[] = {
                { "STM32F405", 0x413 },
                { "stm32f405rg", 0x413 },
                { "F405", 0x413 },
                { "f405rgt6", 0x413 },
                { "0x413", 0x413 },
                { "0X413", 0x413 },
                { "STM32F405xx", 0x413 },
                { "STM32F103C4", 0x412 },
                { "STM32F103C8", 0x410 },
                { "STM32F103C8T6", 0x410 },
                { "STM32F103xB", 0x410 },
                { "stm32f103XB", 0x410 },
                { "STM32F103RE", 0x414 },
                { "STM32F103ZG", 0x430 },
                { "STM32F100RB", 0x420 },
                { "STM32F100RE", 0x428 },
                { "STM32F107VC", 0x418 },
                { "STM32F030F4", 0x444 },
                { "STM32F030C8", 0x440 },
                { "STM32F030RC", 0x442 },
                { "STM32F070F6", 0x445 },
                { "STM32F070RB", 0x448 },
                { "STM32F301K8", 0x439 },
                { "STM32F302R8", 0x439 },
                { "STM32F302CC", 0x422 },
                { "STM32F302RE", 0x446 },
                { "STM32F303K8", 0x438 },
                { "STM32F303VC", 0x422 },
                { "STM32F303RE", 0x446 },
                { "STM32F334R8", 0x438 },
                { "STM32F401CC", 0x423 },
                { "STM32F401RE", 0x433 },
                { "STM32F411CE", 0x431 },
                { "STM32F429ZI", 0x419 },
                { "STM32F746NG", 0x449 },
                { "STM32F767ZI", 0x451 },
                { "STM32G030F6", 0x466 },
                { "STM32G071RB", 0x460 },
                { "STM32G0B1RE", 0x467 },
                { "STM32G431KB", 0x468 },
                { "STM32H743ZI", 0x450 },
                { "STM32H7A3ZI", 0x480 },
                { "STM32L010F4", 0x457 },
                { "STM32L010C6", 0x425 },
                { "STM32L010R8", 0x417 },
                { "STM32L010RB", 0x447 },
                { "STM32L151C8", 0x416 },
                { "STM32L152RE", 0x437 },
                { "STM32L151QD", 0x436 },
                { "STM32L100RC", 0x427 },
                { "STM32L432KC", 0x435 },
                { "STM32L476RG", 0x415 },
                { "STM32L4R5ZI", 0x470 },
                { "STM32WLE5JC", 0x497 },
                { "STM32WB55RG", 0x495 },
                { "STM32C011F6", 0x443 },
                { "STM32U585AI", 0x482 },
                { "STM32H563ZI", 0x484 },
                { "", 0 },
                { "STM32", 0 },
                { "STM32F", 0 },
                { "STM32F9", 0 },
                { "STM32F406", 0 },
                { "STM32F103C", 0x412 },
                { "GD32F103C8", 0 },
                { "0x", 0 },
                { "0x41", 0 },
                { "0x413 ", 0 },
                { "413", 0 },
                { "0x10413", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_name(cases[i].name);

                if ((chip ? chip->id : 0) != cases[i].id)
                        print_error("%s: %#x\n", cases[i].name, chip ? chip->id : 0U);
                assert_int_equal(chip ? chip->id : 0, cases[i].id);
                if (chip)
                        assert_true(chip_name_fits(cases[i].name, chip));
        }
}

static size_t count_fits(const char *name) {
        size_t fits = 0;

        for (size_t i = 0; i < chip_table_size; i++)
                fits += chip_name_fits(name, &chip_table[i]);
        return fits;
}

static void short_name_fits_many(void **state) {
        (void)state;

        assert_int_equal(count_fits("STM32F4"), 10);
        assert_int_equal(count_fits("F4"), 10);
        assert_int_equal(count_fits("STM32F103"), 4);
        assert_int_equal(count_fits("STM32F103C8"), 1);
        assert_int_equal(count_fits("STM32xx"), chip_table_size);
}

/* L1 categories 1 and 2 differ in a letter that nobody writes */
static void twins_fit_both_rows(void **state) {
        (void)state;

        assert_true(chip_name_fits("STM32L151C8", chip_by_id(0x416)));
        assert_true(chip_name_fits("STM32L151C8", chip_by_id(0x429)));
        assert_true(chip_name_fits("STM32L151C8-A", chip_by_id(0x429)));
        assert_true(chip_name_fits("STM32L151C8T6A", chip_by_id(0x429)));
        assert_true(chip_name_fits("STM32WB35", chip_by_id(0x495)));
        assert_true(chip_name_fits("STM32WB35", chip_by_id(0x496)));
        assert_true(chip_name_fits("STM32L152QC", chip_by_id(0x436)));
        assert_true(chip_name_fits("STM32L151VD", chip_by_id(0x437)));
        assert_true(chip_name_fits("STM32L151VD", chip_by_id(0x436)));
}

static void every_part_finds_its_own_row(void **state) {
        (void)state;

        char name[32];

        for (size_t i = 0; i < chip_table_size; i++)
                for (const char *const *part = chip_table[i].parts; *part; part++) {
                        assert_true(strlen(*part) < sizeof(name));
                        strcpy(name, *part);
                        assert_true(chip_name_fits(name, &chip_table[i]));
                        assert_true(chip_name_fits(name + strlen("STM32"), &chip_table[i]));
                        for (char *p = name; *p; p++) /* as a person would have it */
                                if (*p == 'x')
                                        *p = 'R';
                        assert_true(chip_name_fits(name, &chip_table[i]));
                }
}

static void unknown_id_has_no_row(void **state) {
        (void)state;

        assert_null(chip_by_id(0));
        assert_null(chip_by_id(0x404));
        assert_null(chip_by_id(0xFFFF));
}

/* ---- maps ---- */

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
                cmocka_unit_test(name_finds_its_row),
                cmocka_unit_test(short_name_fits_many),
                cmocka_unit_test(twins_fit_both_rows),
                cmocka_unit_test(every_part_finds_its_own_row),
                cmocka_unit_test(unknown_id_has_no_row),
                cmocka_unit_test(every_row_has_its_map),
                cmocka_unit_test(map_of_a_part),
                cmocka_unit_test(size_register_is_understood),
                cmocka_unit_test(alias_is_flash),
                cmocka_unit_test(times_are_the_datasheets),
                cmocka_unit_test(worst_is_never_below_typical),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
