/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/macro.h"
#include "util/parse.h"

#define UNTOUCHED 0xdeadbeef

struct number {
        const char *text;
        int r;
        uint64_t value;
};

static void reads_32_bits(void **state) {
        static const struct number tests[] = {
                { "0", 0, 0 },
                { "08", 0, 8 },
                { "4294967295", 0, UINT32_MAX },
                { "0x08000000", 0, 0x08000000 },
                { "0XfFfFfFfF", 0, UINT32_MAX },
                { "4294967296", -ERANGE, 0 },
                { "0x100000000", -ERANGE, 0 },
                { "18446744073709551616", -ERANGE, 0 },
                { "99999999999999999999999999999999999999", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { "0x", -EINVAL, 0 },
                { "x1", -EINVAL, 0 },
                { "0x1g", -EINVAL, 0 },
                { "1a", -EINVAL, 0 },
                { "-1", -EINVAL, 0 },
                { "+1", -EINVAL, 0 },
                { " 1", -EINVAL, 0 },
                { "1 ", -EINVAL, 0 },
                { "1.0", -EINVAL, 0 },
                { "1K", -EINVAL, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                uint32_t value = UNTOUCHED;

                assert_int_equal(parse_u32(tests[i].text, &value), tests[i].r);
                assert_int_equal(value, tests[i].r == 0 ? tests[i].value : UNTOUCHED);
        }
}

static void check(int (*parse)(const char *, uint64_t *), const struct number *tests, size_t n) {
        for (size_t i = 0; i < n; i++) {
                uint64_t value = UNTOUCHED;

                int r = parse(tests[i].text, &value);
                if (r != tests[i].r || value != (r == 0 ? tests[i].value : UNTOUCHED))
                        fail_msg("\"%s\": %d, %ju", tests[i].text, r, (uintmax_t)value);
        }
}

static void reads_64_bits(void **state) {
        static const struct number tests[] = {
                { "18446744073709551615", 0, UINT64_MAX },
                { "0xffffffffffffffff", 0, UINT64_MAX },
                { "0x00000000000000000001", 0, 1 },
                { "18446744073709551616", -ERANGE, 0 },
                { "0x10000000000000000", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { "0x", -EINVAL, 0 },
                { "12 ", -EINVAL, 0 },
        };

        (void)state;
        check(parse_u64, tests, ARRAY_SIZE(tests));
}

static void reads_sizes(void **state) {
        static const struct number tests[] = {
                { "0", 0, 0 },
                { "128", 0, 128 },
                { "0x100", 0, 256 },
                { "128K", 0, 128 << 10 },
                { "128k", 0, 128 << 10 },
                { "128KiB", 0, 128 << 10 },
                { "2M", 0, 2 << 20 },
                { "2MiB", 0, 2 << 20 },
                { "0x10K", 0, 16 << 10 },
                { "18014398509481983K", 0, UINT64_MAX - 1023 },
                { "18014398509481984K", -ERANGE, 0 },
                { "17592186044416M", -ERANGE, 0 },
                { "18446744073709551616", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { "K", -EINVAL, 0 },
                { "1KB", -EINVAL, 0 },
                { "1 K", -EINVAL, 0 },
                { "1G", -EINVAL, 0 },
                { "1.5K", -EINVAL, 0 },
                { "-1K", -EINVAL, 0 },
        };

        (void)state;
        check(parse_size, tests, ARRAY_SIZE(tests));
}

static void reads_times(void **state) {
        static const struct number tests[] = {
                { "0", 0, 0 },
                { "10us", 0, 10 },
                { "10ms", 0, 10 * USEC_PER_MSEC },
                { "10s", 0, 10 * USEC_PER_SEC },
                { "3", 0, 3 * USEC_PER_SEC },
                { "0.5s", 0, USEC_PER_SEC / 2 },
                { "0.25", 0, USEC_PER_SEC / 4 },
                { "1.5ms", 0, 1500 },
                { "0.000001", 0, 1 },
                { "0.0000009", 0, 0 },
                { "1.0000000000000000000000000000001s", 0, USEC_PER_SEC },
                { "0.9us", 0, 0 },
                { "18446744073709551615us", 0, UINT64_MAX },
                { "18446744073709551616us", -ERANGE, 0 },
                { "18446744073710s", -ERANGE, 0 },
                { "18446744073709.551616s", -ERANGE, 0 },
                { "", -EINVAL, 0 },
                { "ms", -EINVAL, 0 },
                { ".5s", -EINVAL, 0 },
                { "1.s", -EINVAL, 0 },
                { "1 s", -EINVAL, 0 },
                { "1S", -EINVAL, 0 },
                { "1min", -EINVAL, 0 },
                { "0x10ms", -EINVAL, 0 },
                { "-1s", -EINVAL, 0 },
                { "1e3s", -EINVAL, 0 },
        };

        (void)state;
        check(parse_usec, tests, ARRAY_SIZE(tests));
}

static void reads_booleans(void **state) {
        static const char *const yes[] = { "yes", "true", "on", "1", "YES", "True" };
        static const char *const no[] = { "no", "false", "off", "0", "No", "OFF" };
        static const char *const neither[] = { "", "y", "2", "yes ", " no", "maybe", "10" };
        bool value = false;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
                assert_int_equal(parse_bool(yes[i], &value), 0);
                assert_true(value);
                assert_int_equal(parse_bool(no[i], &value), 0);
                assert_false(value);
        }
        for (size_t i = 0; i < ARRAY_SIZE(neither); i++) {
                value = i % 2;
                assert_int_equal(parse_bool(neither[i], &value), -EINVAL);
                assert_int_equal(value, i % 2);
        }
}

static void writes_and_reads_hexadecimal(void **state) {
        static const uint8_t data[] = { 0x00, 0x0f, 0xa5, 0xff };
        static const char *const wrong[] = { "", "000fa5f", "000fa5ff0", "000FA5FF", "000fa5fg" };
        uint8_t read[4] = { 1, 2, 3, 4 };
        char text[9];

        (void)state;
        format_hex(data, sizeof(data), text);
        assert_string_equal(text, "000fa5ff");
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                assert_int_equal(parse_hex(wrong[i], read, sizeof(read)), -EINVAL);
        assert_int_equal(read[3], 4);
        assert_int_equal(parse_hex(text, read, sizeof(read)), 0);
        assert_memory_equal(read, data, sizeof(data));
        format_hex(data, 0, text);
        assert_string_equal(text, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_32_bits),  cmocka_unit_test(reads_64_bits),
                cmocka_unit_test(reads_sizes),    cmocka_unit_test(reads_times),
                cmocka_unit_test(reads_booleans), cmocka_unit_test(writes_and_reads_hexadecimal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
