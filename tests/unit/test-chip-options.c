/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chip/options.h"
#include "option-area.h"
#include "util/bytes.h"
#include "util/macro.h"

#define FLASH   0x08000000U
#define NOWHERE 0xFFFFFFFFU /* has_boot_address is false */

static const char *const names[] = { "unknown", "no", "yes" };

static void bytes_are_decoded(void **state) {
        (void)state;

        static const struct {
                struct area area;
                enum chip_tristate boot_pin, other_layout, protection;
                uint32_t boot_address;
        } cases[] = {
                /* F1, PM0075: RDP, nRDP, USER, nUSER */
                { { 0x410, WORDS(0x00FF5AA5) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x410, WORDS(0x00FFFF00) }, CHIP_YES, CHIP_NO, CHIP_YES, FLASH },
                { { 0x410, WORDS(0x00FFFFFF) }, CHIP_YES, CHIP_NO, CHIP_YES, FLASH }, /* erased */
                { { 0x410, WORDS(0x00FF5AA4) }, CHIP_UNKNOWN, CHIP_UNKNOWN, CHIP_UNKNOWN, NOWHERE },
                { { 0x430, WORDS(0x00FF5AA5) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x430, WORDS(0x08F75AA5) }, CHIP_YES, CHIP_NO, CHIP_NO, NOWHERE }, /* BFB2=0 */
                /* F0, RM0360 4.1.1: ST production value 0x00FF55AA */
                { { 0x440, WORDS(0x00FF55AA) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x440, WORDS(0x10EF55AA) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH }, /* nBOOT1=0 */
                { { 0x440, WORDS(0x00FF33CC) }, CHIP_YES, CHIP_NO, CHIP_YES, FLASH },
                { { 0x442, WORDS(0x807F55AA) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH }, /* BOOT_SEL=0 */
                { { 0x442, WORDS(0x887755AA) }, CHIP_NO, CHIP_NO, CHIP_NO, NOWHERE }, /* nBOOT0=0 */
                { { 0x446, WORDS(0x00FF55AA) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                /* F4, RM0090: USER and RDP; nWRP, DB1M 14, SPRMOD 15 in the second doubleword */
                { { 0x413, WORDS(0xFFFFAAEF) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x413, WORDS(0xFFFF00EF) }, CHIP_YES, CHIP_NO, CHIP_YES, FLASH },
                { { 0x419, WORDS(0xFFFFAAEF, 0xFFFFFFFF, 0xFFFF0FFF, 0xFFFFFFFF) },
                  CHIP_YES,
                  CHIP_NO,
                  CHIP_NO,
                  FLASH },
                { { 0x419, WORDS(0xFFFFAAFF, 0xFFFFFFFF, 0xFFFF4FFF, 0xFFFFFFFF) },
                  CHIP_YES,
                  CHIP_YES,
                  CHIP_NO,
                  NOWHERE },
                /* L0, RM0367 3.7.8: OPTR 0x807000AA, each half with its complement */
                { { 0x417, WORDS(0xFF5500AA, 0x7F8F8070) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x417, WORDS(0xFF5500AA, 0xFF8F0070) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH },
                { { 0x417, WORDS(0xFF4400BB, 0x7F8F8070) }, CHIP_YES, CHIP_NO, CHIP_YES, FLASH },
                { { 0x447, WORDS(0xFF5500AA, 0x7F0F80F0) }, CHIP_YES, CHIP_NO, CHIP_NO, NOWHERE },
                { { 0x457, WORDS(0xFF5500AA, 0x7F8F8070) },
                  CHIP_UNKNOWN,
                  CHIP_NO,
                  CHIP_NO,
                  NOWHERE },
                /* L1, RM0038: OBR 0x00F800AA */
                { { 0x416, WORDS(0xFF5500AA, 0xFF0700F8) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x437, WORDS(0xFF5500AA, 0xFF0700F8) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x437, WORDS(0xFF5500AA, 0xFF870078) }, CHIP_YES, CHIP_NO, CHIP_NO, NOWHERE },
                /* L4, G4: OPTR 0xFFEFF8AA and its complement */
                { { 0x435, WORDS(0xFFEFF8AA, 0x00100755) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x435, WORDS(0xFBEFF8AA, 0x04100755) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH },
                { { 0x435, WORDS(0xF3EFF8AA, 0x0C100755) }, CHIP_NO, CHIP_NO, CHIP_NO, NOWHERE },
                { { 0x435, WORDS(0xFF6FF8AA, 0x00900755) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH },
                { { 0x435, WORDS(0xFFEFF8AA, 0x00100754) },
                  CHIP_UNKNOWN,
                  CHIP_UNKNOWN,
                  CHIP_UNKNOWN,
                  NOWHERE },
                { { 0x415, WORDS(0xFFEFF8AA, 0x00100755) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x415, WORDS(0xFFDFF8AA, 0x00200755) }, CHIP_YES, CHIP_YES, CHIP_NO, NOWHERE },
                { { 0x470, WORDS(0xFFEFF8AA, 0x00100755) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x470, WORDS(0xFF8FF8AA, 0x00700755) }, CHIP_YES, CHIP_YES, CHIP_NO, FLASH },
                { { 0x470, WORDS(0xFFAFF8AA, 0x00500755) },
                  CHIP_YES,
                  CHIP_UNKNOWN,
                  CHIP_NO,
                  FLASH },
                { { 0x469, WORDS(0xFFEFF8AA, 0x00100755) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x469, WORDS(0xFFAFF800, 0x005007FF) }, CHIP_YES, CHIP_YES, CHIP_YES, FLASH },
                /* G0, C0: nBOOT_SEL 24, nBOOT1 25, nBOOT0 26 */
                { { 0x466, WORDS(0xDFFFE1AA, 0x20001E55) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH },
                { { 0x466, WORDS(0xDEFFE1AA, 0x21001E55) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x466, WORDS(0xDBFFE1AA, 0x24001E55) }, CHIP_NO, CHIP_NO, CHIP_NO, NOWHERE },
                { { 0x466, WORDS(0xDCFFE1BB, 0x23001E44) }, CHIP_NO, CHIP_NO, CHIP_YES, FLASH },
                { { 0x467, WORDS(0xFEDFFEAA, 0x01200155) }, CHIP_YES, CHIP_YES, CHIP_NO, FLASH },
                { { 0x443, WORDS(0xFFFFFEAA, 0x00000155) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH },
                /* U0, RM0503: the register alone */
                { { 0x489, WORDS(0xFFFFFEAA) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH },
                { { 0x489, WORDS(0xFEFFFEAA) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x495, WORDS(0xFFFFF1AA, 0x00000E55) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x497, WORDS(0xBFFFF0AA, 0x40000F55) }, CHIP_YES, CHIP_NO, CHIP_NO, FLASH },
                { { 0x497, WORDS(0xFFFFF0AA, 0x00000F55) }, CHIP_NO, CHIP_NO, CHIP_NO, FLASH },
                /* U5, RM0456 table 25: OPTR, NSBOOTADD0R, NSBOOTADD1R */
                { { 0x482, WORDS(0x1FEFF8AA, 0x0800007F, 0x0BF9007F, 0x0C00007C) },
                  CHIP_YES,
                  CHIP_NO,
                  CHIP_NO,
                  FLASH },
                { { 0x482, WORDS(0x13CFF855, 0x0801007F, 0x0BF9007F, 0x0C00007C) },
                  CHIP_NO,
                  CHIP_YES,
                  CHIP_NO,
                  0x0BF90000 },
                { { 0x482, WORDS(0x9FEFF8DC, 0x0800007F, 0x0BF9007F, 0x0C00007C) },
                  CHIP_UNKNOWN,
                  CHIP_NO,
                  CHIP_YES,
                  NOWHERE },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].area.id);
                struct chip_options options;
                size_t size;
                uint8_t *bytes = area_new(&cases[i].area, &size);
                uint32_t address;

                assert_int_equal(chip_options_decode(chip, 0, bytes, size, &options), 0);
                address = options.has_boot_address ? options.boot_address : NOWHERE;
                if (options.boot_pin != cases[i].boot_pin ||
                    options.other_layout != cases[i].other_layout ||
                    options.protection != cases[i].protection || address != cases[i].boot_address)
                        print_error("%#x, %#010x: pin %s, other layout %s, protection %s, %#010x\n",
                                    cases[i].area.id, cases[i].area.words[0],
                                    names[options.boot_pin], names[options.other_layout],
                                    names[options.protection], address);
                assert_int_equal(options.boot_pin, cases[i].boot_pin);
                assert_int_equal(options.other_layout, cases[i].other_layout);
                assert_int_equal(options.protection, cases[i].protection);
                assert_int_equal(address, cases[i].boot_address);
                free(bytes);
        }
}

/* Of two bank options one counts at the largest size, the other below; L5 heeds both below. */
static void size_says_which_bank_option_counts(void **state) {
        (void)state;

        static const struct {
                struct area area;
                uint32_t flash_kib;
                enum chip_tristate other_layout;
        } cases[] = {
                /* L4R, RM0432: DB1M 21, DBANK 22 */
                { { 0x470, WORDS(0xFFAFF8AA, 0x00500755) }, 2048, CHIP_YES },
                { { 0x470, WORDS(0xFFAFF8AA, 0x00500755) }, 1024, CHIP_NO },
                { { 0x470, WORDS(0xFFCFF8AA, 0x00300755) }, 2048, CHIP_NO },
                { { 0x470, WORDS(0xFFCFF8AA, 0x00300755) }, 1024, CHIP_YES },
                { { 0x470, WORDS(0xFFCFF8AA, 0x00300755) }, 0, CHIP_UNKNOWN },
                /* L5, RM0438: DB256K 21, DBANK 22 */
                { { 0x472, WORDS(0x7FEFF8AA) }, 512, CHIP_NO },
                { { 0x472, WORDS(0x7FAFF8AA) }, 512, CHIP_YES },
                { { 0x472, WORDS(0x7FCFF8AA) }, 512, CHIP_NO },
                { { 0x472, WORDS(0x7F8FF8AA) }, 256, CHIP_YES },
                { { 0x472, WORDS(0x7FAFF8AA) }, 256, CHIP_UNKNOWN },
                { { 0x472, WORDS(0x7FCFF8AA) }, 256, CHIP_UNKNOWN },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].area.id);
                struct chip_options options;
                size_t size;
                uint8_t *bytes = area_new(&cases[i].area, &size);

                assert_int_equal(
                        chip_options_decode(chip, cases[i].flash_kib * 1024, bytes, size, &options),
                        0);
                assert_int_equal(options.other_layout, cases[i].other_layout);
                free(bytes);
        }
}

static void swapped_banks_are_seen(void **state) {
        (void)state;

        static const struct {
                struct area area;
                enum chip_tristate swapped;
        } cases[] = {
                /* G0B1, RM0444: nSWAP_BANK 20; fef9feaa and fee9feaa are what NuttX users read */
                { { 0x467, WORDS(0xFEF9FEAA, 0x01060155) }, CHIP_NO },
                { { 0x467, WORDS(0xFEE9FEAA, 0x01160155) }, CHIP_YES },
                { { 0x467, WORDS(0xFEE9FEAA, 0x01160154) }, CHIP_UNKNOWN }, /* damaged */
                { { 0x466, WORDS(0xFEE9FEAA, 0x01160155) }, CHIP_NO },      /* has one bank */
                /* U5, RM0456, and L5, RM0438: SWAP_BANK 20 */
                { { 0x482, WORDS(0x1FEFF8AA) }, CHIP_NO },
                { { 0x482, WORDS(0x1FFFF8AA) }, CHIP_YES },
                { { 0x472, WORDS(0x7FFFF8AA) }, CHIP_YES },
                /* H563, RM0481: OPTSR_CUR.SWAP_BANK 31; what is to be programmed does not count */
                { { 0x484, WORDS(0x2D30EDF8, 0xAD30EDF8) }, CHIP_NO },
                { { 0x484, WORDS(0xAD30EDF8, 0x2D30EDF8) }, CHIP_YES },
                /* RM0090, RM0351, RM0440: a bit of SYSCFG, which each reset clears */
                { { 0x419, WORDS(0xFFFFAAFF, 0xFFFFFFFF, 0xFFFF4FFF, 0xFFFFFFFF) }, CHIP_NO },
                { { 0x415, WORDS(0xFFFFF8AA, 0x00000755) }, CHIP_NO },
                { { 0x469, WORDS(0xFFFFF8AA, 0x00000755) }, CHIP_NO },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].area.id);
                struct chip_options options;
                size_t size;
                uint8_t *bytes = area_new(&cases[i].area, &size);

                assert_int_equal(chip_options_decode(chip, 0, bytes, size, &options), 0);
                assert_int_equal(options.banks_swapped, cases[i].swapped);
                free(bytes);
        }
}

/* RM0385, RM0410: BOOT_ADD0 and BOOT_ADD1 in units of 16 KiB, at 0x10 and 0x18 */
static void f7_boots_by_address(void **state) {
        (void)state;

        static const struct {
                uint16_t id, word1, add0, add1;
                enum chip_tristate boot_pin, other_layout;
                uint32_t boot_address;
        } cases[] = {
                { 0x449, 0xC0FF, 0x0080, 0x0040, CHIP_YES, CHIP_NO, FLASH },
                { 0x449, 0xC0FF, 0x2000, 0x0040, CHIP_YES, CHIP_NO, FLASH },
                { 0x449, 0xC0FF, 0x0082, 0x0040, CHIP_YES, CHIP_NO, FLASH + 0x8000 },
                { 0x449, 0xC0FF, 0x2010, 0x7FC0, CHIP_YES, CHIP_NO, FLASH + 0x40000 },
                { 0x449, 0xC0FF, 0x0080, 0x0080, CHIP_NO, CHIP_NO, FLASH },
                { 0x449, 0xC0FF, 0x0040, 0x0040, CHIP_YES, CHIP_NO, 0x00100000 },
                { 0x451, 0xFFFF, 0x0080, 0x0040, CHIP_YES, CHIP_NO, FLASH },
                { 0x451, 0xDFFF, 0x0080, 0x0040, CHIP_YES, CHIP_YES, FLASH },
                { 0x451, 0xCFFF, 0x0080, 0x0040, CHIP_NO, CHIP_YES, NOWHERE },
                { 0x451, 0xEFFF, 0x0080, 0x0040, CHIP_YES, CHIP_NO, FLASH },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].id);
                struct chip_options options;
                uint8_t bytes[32];

                assert_int_equal(chip_options_size(chip), sizeof(bytes));
                chip_options_factory(chip, bytes, sizeof(bytes));
                put_le16(bytes + 0x08, cases[i].word1);
                put_le16(bytes + 0x10, cases[i].add0);
                put_le16(bytes + 0x18, cases[i].add1);

                assert_int_equal(chip_options_decode(chip, 0, bytes, sizeof(bytes), &options), 0);
                assert_int_equal(options.boot_pin, cases[i].boot_pin);
                assert_int_equal(options.other_layout, cases[i].other_layout);
                assert_int_equal(options.protection, CHIP_NO);
                assert_int_equal(options.has_boot_address ? options.boot_address : NOWHERE,
                                 cases[i].boot_address);
        }
}

/* BOOT_LOCK: word 14 of G0 and C0 (0x1FFF7870), word 5 of G4 (0x1FFF7828) */
static void boot_lock_overrules_the_pin(void **state) {
        (void)state;

        static const struct {
                uint16_t id;
                size_t offset;
                uint32_t locked;
                const char *name;
        } cases[] = {
                { 0x460, 0x70, 0x00010000, "BOOT_LOCK" }, { 0x467, 0x70, 0x00010000, "BOOT_LOCK" },
                { 0x493, 0x70, 0x00010000, "BOOT_LOCK" }, { 0x468, 0x28, 0xFF01FE00, "BOOT_LOCK" },
                { 0x469, 0x28, 0xFF01FE00, "BOOT_LOCK" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].id);
                size_t size = chip_options_size(chip);
                struct chip_options options;
                uint8_t before[128], after[128];

                assert_true(size <= sizeof(before));
                chip_options_factory(chip, before, size);
                assert_int_equal(chip_options_enable_boot_pin(chip, before, size), 0);
                memcpy(after, before, size);
                put_le16(after + cases[i].offset, (uint16_t)cases[i].locked);
                put_le16(after + cases[i].offset + 2, (uint16_t)(cases[i].locked >> 16));
                put_le16(after + cases[i].offset + 4, (uint16_t)~cases[i].locked);
                put_le16(after + cases[i].offset + 6, (uint16_t)(~cases[i].locked >> 16));

                assert_int_equal(chip_options_decode(chip, 0, before, size, &options), 0);
                assert_int_equal(options.boot_pin, CHIP_YES);
                assert_int_equal(chip_options_decode(chip, 0, after, size, &options), 0);
                assert_int_equal(options.boot_pin, CHIP_NO);
                assert_int_equal(options.boot_address, FLASH);
                assert_int_equal(chip_options_enable_boot_pin(chip, after, size), -EOPNOTSUPP);

                assert_string_equal(chip_options_permanent(chip, before, after, size),
                                    cases[i].name);
                assert_null(chip_options_permanent(chip, after, before, size));
        }
}

/* As delivered no chip is protected, and the pin works but on G0, C0 and U0. */
static void factory_state_is_open(void **state) {
        (void)state;

        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];
                size_t size = chip_options_size(chip);
                struct chip_options options;
                uint8_t *bytes;

                if (size == 0)
                        continue;

                bytes = malloc(size);
                assert_non_null(bytes);
                chip_options_factory(chip, bytes, size);
                assert_int_equal(chip_options_decode(chip, 0, bytes, size, &options), 0);
                assert_int_not_equal(options.protection, CHIP_YES);
                assert_int_not_equal(options.boot_pin,
                                     chip->quirks & CHIP_QUIRK_PIN_OFF ? CHIP_YES : CHIP_NO);
                if (options.has_boot_address)
                        assert_int_equal(options.boot_address, chip->flash_start);
                assert_int_equal(options.banks_swapped, CHIP_NO);
                free(bytes);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(bytes_are_decoded),
                cmocka_unit_test(size_says_which_bank_option_counts),
                cmocka_unit_test(swapped_banks_are_seen),
                cmocka_unit_test(f7_boots_by_address),
                cmocka_unit_test(boot_lock_overrules_the_pin),
                cmocka_unit_test(factory_state_is_open),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
