/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is done to option bytes before they are written, and what must not be done to them. */

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

static void boot_pin_is_enabled(void **state) {
        (void)state;

        static const struct {
                struct area before;
                uint32_t after[4];
        } cases[] = {
                { { 0x466, WORDS(0xDFFFE1AA, 0x20001E55) }, { 0xDEFFE1AA, 0x21001E55 } },
                { { 0x466, WORDS(0xD9FFE1AA, 0x26001E55) }, { 0xDAFFE1AA, 0x25001E55 } },
                { { 0x443, WORDS(0xFFFFFEAA, 0x00000155) }, { 0xFEFFFEAA, 0x01000155 } },
                { { 0x489, WORDS(0xFFFFFEAA) }, { 0xFEFFFEAA } },
                { { 0x435, WORDS(0xFBEFF8AA, 0x04100755) }, { 0xFFEFF8AA, 0x00100755 } },
                { { 0x442, WORDS(0x906F55AA) }, { 0x00FF55AA } },
                { { 0x440, WORDS(0x10EF55AA) }, { 0x00FF55AA } },
                { { 0x417, WORDS(0xFF5500AA, 0xFF8F0070) }, { 0xFF5500AA, 0x7F8F8070 } },
                { { 0x410, WORDS(0x00FF5AA5) }, { 0x00FF5AA5 } },
                { { 0x413, WORDS(0xFFFFAAEF) }, { 0xFFFFAAEF } },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].before.id);
                struct chip_options options;
                size_t size;
                uint8_t *bytes = area_new(&cases[i].before, &size);
                uint8_t *rest = area_new(&cases[i].before, &size);

                assert_int_equal(chip_options_enable_boot_pin(chip, bytes, size), 0);
                for (size_t j = 0; j < cases[i].before.n_words; j++)
                        assert_int_equal(get_le32(bytes + j * 4), cases[i].after[j]);
                assert_memory_equal(bytes + cases[i].before.n_words * 4,
                                    rest + cases[i].before.n_words * 4,
                                    size - cases[i].before.n_words * 4);
                assert_int_equal(chip_options_decode(chip, 0, bytes, size, &options), 0);
                assert_int_equal(options.boot_pin, CHIP_YES);
                assert_null(chip_options_permanent(chip, rest, bytes, size));
                free(bytes);
                free(rest);
        }
}

static void f7_boot_pin_is_enabled(void **state) {
        (void)state;

        const struct chip *chip = chip_by_id(0x449);
        struct chip_options options;
        uint8_t bytes[32];

        chip_options_factory(chip, bytes, sizeof(bytes));
        put_le16(bytes + 0x18, 0x0080);
        assert_int_equal(chip_options_enable_boot_pin(chip, bytes, sizeof(bytes)), 0);
        assert_int_equal(get_le16(bytes + 0x18), 0x0040);
        assert_int_equal(chip_options_decode(chip, 0, bytes, sizeof(bytes), &options), 0);
        assert_int_equal(options.boot_pin, CHIP_YES);
}

static void damaged_options_are_not_built_upon(void **state) {
        (void)state;

        const struct chip *chip = chip_by_id(0x466);
        size_t size = chip_options_size(chip);
        uint8_t bytes[128], before[128];

        chip_options_factory(chip, bytes, size);
        bytes[4] ^= 1;
        memcpy(before, bytes, size);
        assert_int_equal(chip_options_enable_boot_pin(chip, bytes, size), -EOPNOTSUPP);
        assert_memory_equal(bytes, before, size);
}

static void wrong_size_is_refused(void **state) {
        (void)state;

        const struct chip *chip = chip_by_id(0x466), *none = chip_by_id(0x450);
        struct chip_options options = { .boot_address = 1 };
        uint8_t bytes[129] = {};

        assert_int_equal(chip_options_size(chip), 128);
        assert_int_equal(chip_options_decode(chip, 0, bytes, 127, &options), -EINVAL);
        assert_int_equal(chip_options_decode(chip, 0, bytes, 129, &options), -EINVAL);
        assert_int_equal(chip_options_decode(chip, 0, bytes, 0, &options), -EINVAL);
        assert_int_equal(chip_options_enable_boot_pin(chip, bytes, 16), -EOPNOTSUPP);
        assert_null(chip_options_permanent(chip, bytes, bytes, 16));

        assert_int_equal(chip_options_size(none), 0);
        assert_int_equal(chip_options_decode(none, 0, bytes, 0, &options), -EINVAL);
        assert_int_equal(chip_options_enable_boot_pin(none, bytes, 0), -EOPNOTSUPP);
        assert_null(chip_options_permanent(none, bytes, bytes, 0));
        assert_int_equal(options.boot_address, 1);
}

static void permanent_steps_are_named(void **state) {
        (void)state;

        static const struct {
                struct area before, after;
                const char *name;
        } cases[] = {
                { { 0x440, WORDS(0x00FF55AA) }, { 0x440, WORDS(0x00FF33CC) }, "RDP level 2" },
                { { 0x440, WORDS(0x00FF55AA) }, { 0x440, WORDS(0x00FF44BB) }, NULL },
                { { 0x440, WORDS(0x00FF33CC) }, { 0x440, WORDS(0x00FF33CC) }, NULL },
                { { 0x410, WORDS(0x00FF5AA5) },
                  { 0x410, WORDS(0x00FF33CC) },
                  NULL }, /* no level 2 */
                { { 0x413, WORDS(0xFFFFAAEF) }, { 0x413, WORDS(0xFFFFCCEF) }, "RDP level 2" },
                { { 0x413, WORDS(0xFFFF00EF) }, { 0x413, WORDS(0xFFFFCCEF) }, "RDP level 2" },
                { { 0x449, WORDS(0xFFFFAAFF) }, { 0x449, WORDS(0xFFFFCCFF) }, "RDP level 2" },
                { { 0x417, WORDS(0xFF5500AA) }, { 0x417, WORDS(0xFF3300CC) }, "RDP level 2" },
                { { 0x435, WORDS(0xFFEFF8AA, 0x00100755) },
                  { 0x435, WORDS(0xFFEFF8CC, 0x00100733) },
                  "RDP level 2" },
                { { 0x497, WORDS(0xBFFFF0AA, 0x40000F55) },
                  { 0x497, WORDS(0xFFFFF0AA, 0x00000F55) },
                  "BOOT_LOCK" },
                { { 0x482, WORDS(0x1FEFF8AA) }, { 0x482, WORDS(0x9FEFF8AA) }, "TZEN" },
                { { 0x482, WORDS(0x9FEFF8AA) }, { 0x482, WORDS(0x1FEFF8AA) }, NULL },
                { { 0x482, WORDS(0x1FEFF8AA, 0x0800007F, 0x0BF9007F, 0x0C00007C) },
                  { 0x482, WORDS(0x1FEFF8AA, 0x0800007F, 0x0BF9007F, 0x0C00007D) },
                  "BOOT_LOCK" },
                { { 0x484, WORDS(0x00ED0000) }, { 0x484, WORDS(0x00001700) }, "PRODUCT_STATE" },
                { { 0x484, WORDS(0xF1A0ED00, 0xF1A0ED00) },
                  { 0x484, WORDS(0xF1A0ED00, 0xF1A01700) },
                  "PRODUCT_STATE" },
                { { 0x484, WORDS(0xF1A0ED00, 0xF1A0ED00) },
                  { 0x484, WORDS(0xF1A0ED00, 0xF1A1ED00) },
                  NULL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_id(cases[i].before.id);
                const char *name;
                size_t size;
                uint8_t *before = area_new(&cases[i].before, &size);
                uint8_t *after = area_new(&cases[i].after, &size);

                name = chip_options_permanent(chip, before, after, size);
                if (cases[i].name) {
                        assert_non_null(name);
                        assert_string_equal(name, cases[i].name);
                } else
                        assert_null(name);
                free(before);
                free(after);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(boot_pin_is_enabled),
                cmocka_unit_test(f7_boot_pin_is_enabled),
                cmocka_unit_test(damaged_options_are_not_built_upon),
                cmocka_unit_test(wrong_size_is_refused),
                cmocka_unit_test(permanent_steps_are_named),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
