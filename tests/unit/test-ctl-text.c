/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <systemd/sd-bus.h>

#include "ctl/exit_code.h"
#include "ctl/remote_bus.h"
#include "ctl/text.h"
#include "util/macro.h"

static void nothing_drives_the_terminal(void **state) {
        static const struct {
                const char *text;
                bool lines;
                const char *safe;
        } cases[] = {
                { "plain \xc3\xa4\xe2\x82\xac text", false, "plain \xc3\xa4\xe2\x82\xac text" },
                { "\033[2Jx\007", true, "?[2Jx?" },
                { "a\nb\tc\r", true, "a\nb\tc?" },
                { "a\nb\tc\r", false, "a?b?c?" },
                { "\x7f", true, "?" },
                { "\xc2\x9b"
                  "31m",
                  true, "??31m" }, /* CSI as U+009B */
                { "\xc2\x80\xc2\x9f\xc2\xa0", true, "????\xc2\xa0" },
                { "\xc2", true, "\xc2" },
                { "", true, "" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[64];

                (void)strcpy(text, cases[i].text);
                assert_string_equal(text_sanitise(text, cases[i].lines), cases[i].safe);
        }
}

static void sizes_have_fitting_units(void **state) {
        static const struct {
                uint64_t bytes;
                const char *text;
        } cases[] = {
                { 0, "0 B" },           { 1023, "1023 B" },
                { 1024, "1.0 KiB" },    { 44237, "43.2 KiB" },
                { 1 << 20, "1.0 MiB" }, { UINT64_MAX, "17592186044416.0 MiB" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char text[TEXT_NUMBER_MAX];

                text_size(cases[i].bytes, text);
                assert_string_equal(text, cases[i].text);
        }

        char text[TEXT_NUMBER_MAX * 2];
        text_size_of(512, 44237, text);
        assert_string_equal(text, "0.5/43.2 KiB");
        text_size_of(0, 12, text);
        assert_string_equal(text, "0/12 B");
}

static void times_are_short(void **state) {
        char text[TEXT_NUMBER_MAX];

        (void)state;
        text_clock(5999999, text);
        assert_string_equal(text, "0:05");
        text_clock(754 * USEC_PER_SEC, text);
        assert_string_equal(text, "12:34");
        text_clock(3723 * USEC_PER_SEC, text);
        assert_string_equal(text, "1:02:03");
        text_duration(820000, text);
        assert_string_equal(text, "0.8 s");
        text_duration(12 * USEC_PER_SEC, text);
        assert_string_equal(text, "12 s");
        text_duration(125 * USEC_PER_SEC, text);
        assert_string_equal(text, "2 min 5 s");
}

static void hexadecimal_bytes_are_read_or_refused(void **state) {
        static const struct {
                const char *text;
                size_t size;
                uint8_t first, last;
        } good[] = {
                { "aa", 1, 0xaa, 0xaa },
                { "AA55", 2, 0xaa, 0x55 },
                { "aa:bb:0c", 3, 0xaa, 0x0c },
                { "aa bb_cc", 3, 0xaa, 0xcc },
        };
        static const char *const bad[] = { "",     "a",    "aa:",      "aa::bb",
                                           "0xaa", "aag0", "file.bin", ":aa" };
        uint8_t *bytes = NULL;
        size_t size;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                assert_int_equal(text_parse_hex(good[i].text, &bytes, &size), 0);
                assert_int_equal(size, good[i].size);
                assert_int_equal(bytes[0], good[i].first);
                assert_int_equal(bytes[size - 1], good[i].last);
                free(bytes);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(text_parse_hex(bad[i], &bytes, &size), -EINVAL);
}

static void sectors_are_numbers_and_ranges(void **state) {
        static const struct {
                const char *text;
                int result;
        } bad[] = {
                { "", -EINVAL },      { "a", -EINVAL },       { "1,", -EINVAL },
                { "1-", -EINVAL },    { ",1", -EINVAL },      { "1;2", -EINVAL },
                { "-1", -EINVAL },    { "256", -ERANGE },     { "3-1", -ERANGE },
                { "0-256", -ERANGE }, { "0-255,0", -ERANGE }, { "99999999999999999999", -ERANGE },
        };
        static const uint8_t expected[] = { 0, 1, 2, 3, 5 };
        uint8_t *sectors = NULL;
        size_t n;

        (void)state;
        assert_int_equal(text_parse_sectors("0-3,5", &sectors, &n), 0);
        assert_int_equal(n, sizeof expected);
        assert_memory_equal(sectors, expected, sizeof expected);
        free(sectors);
        assert_int_equal(text_parse_sectors("0-255", &sectors, &n), 0);
        assert_int_equal(n, 256);
        assert_int_equal(sectors[255], 255);
        free(sectors);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                assert_int_equal(text_parse_sectors(bad[i].text, &sectors, &n), bad[i].result);
}

static void each_error_has_its_exit_code(void **state) {
        static const struct {
                const char *name;
                int code;
        } cases[] = {
                { "org.stmboot1.Error.Failed", 1 },
                { "org.stmboot1.Error.NoSuchTarget", 4 },
                { "org.stmboot1.Error.Busy", 5 },
                { "org.stmboot1.Error.ImageDoesNotFit", 6 },
                { "org.stmboot1.Error.NoEntry", 7 },
                { "org.stmboot1.Error.UnknownChip", 8 },
                { "org.stmboot1.Error.Protected", 9 },
                { "org.stmboot1.Error.Differs", 10 },
                { "org.stmboot1.Error.VerifyFailed", 11 },
                { "org.stmboot1.Error.LinkLost", 12 },
                { "org.stmboot1.Error.Cancelled", 13 },
                { "org.stmboot1.Error.OfTheFuture", 1 },
                { SD_BUS_ERROR_INVALID_ARGS, 2 },
                { SD_BUS_ERROR_ACCESS_DENIED, 3 },
                { SD_BUS_ERROR_SERVICE_UNKNOWN, 4 },
                { SD_BUS_ERROR_UNKNOWN_METHOD, 1 },
                { "org.freedesktop.DBus.Error.Spawn.ChildExited", 4 },
                { "System.Error.ENOTCONN", 4 },
                { "System.Error.EACCES", 3 },
                { "System.Error.ENOSPC", 1 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                if (exit_code_of_error(cases[i].name) != cases[i].code)
                        fail_msg("%s: %d", cases[i].name, exit_code_of_error(cases[i].name));
        assert_int_equal(exit_code_of_errno(-ENOENT), STMBOOT_EXIT_NO_SERVICE);
        assert_int_equal(exit_code_of_errno(-ENOMEM), STMBOOT_EXIT_OTHER);
}

static void a_host_is_an_argument_of_ssh_whatever_is_in_it(void **state) {
        static const struct {
                const char *host, *end;
        } cases[] = {
                { "gw", ",argv4=--,argv5=gw,argv6=systemd-stdio-bridge" },
                { "me@gw:2222", ",argv4=-p,argv5=2222,argv6=--,argv7=me%40gw,"
                                "argv8=systemd-stdio-bridge" },
                { "fe80::1", ",argv4=--,argv5=fe80%3a%3a1,argv6=systemd-stdio-bridge" },
                { "a;b,c=d", ",argv4=--,argv5=a%3bb%2cc%3dd,argv6=systemd-stdio-bridge" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char *address = remote_bus_address(cases[i].host);

                assert_non_null(address);
                assert_non_null(strstr(address, cases[i].end));
                free(address);
        }
}

static void long_lines_are_broken_at_words(void **state) {
#define NINE "123456789 "
        static const struct {
                size_t column;
                const char *text, *lines;
        } cases[] = {
                { 0, "", "\n" },
                { 0, "a b", "a b\n" },
                /* 79 columns, and one more */
                { 0, NINE NINE NINE NINE NINE NINE NINE "123456789",
                  NINE NINE NINE NINE NINE NINE NINE "123456789\n" },
                { 0, NINE NINE NINE NINE NINE NINE NINE "1234567890",
                  NINE NINE NINE NINE NINE NINE "123456789\n1234567890\n" },
                { 60, NINE NINE "x",
                  NINE "123456789\n"
                       "                                                            x\n" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char *lines;
                size_t size;
                FILE *file = open_memstream(&lines, &size);

                assert_non_null(file);
                text_wrap(file, cases[i].column, cases[i].text);
                assert_int_equal(fclose(file), 0);
                assert_string_equal(lines, cases[i].lines);
                free(lines);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(nothing_drives_the_terminal),
                cmocka_unit_test(sizes_have_fitting_units),
                cmocka_unit_test(times_are_short),
                cmocka_unit_test(long_lines_are_broken_at_words),
                cmocka_unit_test(hexadecimal_bytes_are_read_or_refused),
                cmocka_unit_test(sectors_are_numbers_and_ranges),
                cmocka_unit_test(each_error_has_its_exit_code),
                cmocka_unit_test(a_host_is_an_argument_of_ssh_whatever_is_in_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
