/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What was last seen of a chip, as a file. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "daemon/known_chip.h"
#include "util/macro.h"

static const char port[] = "/dev/ttyAMA5";

static void what_is_written_is_read_back(void **state) {
        static const struct session_info infos[] = {
                { .identified = true, .chip_id = 0x413, .rom_version = 0x31 },
                { .identified = true,
                  .chip_id = 0xffff, /* in no table */
                  .has_bootloader_id = true,
                  .bootloader_id = 0x91,
                  .has_flash_size = true,
                  .flash_size = 512 << 10,
                  .has_unique_id = true,
                  .unique_id = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xff },
                  .protection = CHIP_YES },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
                struct session_info expected = infos[i], info = { 0 };
                char text[512];

                size_t size = known_chip_format(&infos[i], port, text, sizeof(text));
                assert_true(size > 0);
                assert_true(known_chip_parse(text, size, port, &info));
                expected.chip = chip_by_id(expected.chip_id);
                assert_int_equal(info.chip != NULL, i == 0);
                assert_memory_equal(&info, &expected, sizeof(info));
                assert_false(known_chip_parse(text, size, "/dev/ttyAMA4", &info));
                assert_int_equal(known_chip_format(&infos[i], port, text, size), 0);
        }
}

/* A device tree's path may be longer than any line of a configuration. */
static void a_long_port_is_read_back(void **state) {
        static const char *const fillers[] = { "serial@7e201a00/", "\303\244",
                                               "\360\237\230\200x" };
        static const struct session_info known = { .identified = true, .chip_id = 0x413 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(fillers); i++)
                for (size_t n = 1; n < 400 / strlen(fillers[i]); n++) {
                        char port_name[512] = "of:/", text[1024];
                        struct session_info info;

                        for (size_t k = 0; k < n; k++)
                                strcat(port_name, fillers[i]);
                        size_t size = known_chip_format(&known, port_name, text, sizeof(text));
                        assert_true(size > 0);
                        assert_true(known_chip_parse(text, size, port_name, &info));
                        strcat(port_name, "x");
                        assert_false(known_chip_parse(text, size, port_name, &info));
                        port_name[strlen(port_name) - 2] = '\0';
                        assert_false(known_chip_parse(text, size, port_name, &info));
                }
}

static void damaged_files_say_nothing(void **state) {
        static const char good[] = "[Chip]\nVersion=1\nPort=/dev/ttyAMA5\nChipId=0x0413\n"
                                   "RomVersion=0x31\nBootloaderId=0x91\nFlashSize=1048576\n"
                                   "UniqueId=000102030405060708090a0b\nProtection=none\n";
        static const struct {
                const char *from, *to;
        } damages[] = {
                { "Version=1", "Version=2" },
                { "[Chip]", "[Chips]" },
                { "ChipId=0x0413", "ChipId=0x10413" },
                { "ChipId=0x0413", "ChipId=" },
                { "Port=/dev/ttyAMA5", "Port=" },
                { "Port=/dev/ttyAMA5", "Port=/dev/ttyAMA" },
                { "Port=/dev/ttyAMA5", "Port=/dev/ttyAMA5\nPort=5" },
                { "RomVersion=0x31\n", "" },
                { "0x91", "0x191" },
                { "1048576", "-1" },
                { "1048576", "4294967296" },
                { "0a0b", "0a0" },
                { "0a0b", "0a0g" },
                { "none", "perhaps" },
                { "none\n", "none\nColour=red\n" },
        };
        struct session_info info;

        (void)state;
        assert_true(known_chip_parse(good, strlen(good), port, &info));
        assert_int_equal(info.unique_id[11], 11);
        for (size_t i = 0; i < strlen(good); i++) /* cut short */
                assert_false(known_chip_parse(good, i, port, &info));
        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                const char *at = strstr(good, damages[i].from);
                char text[sizeof(good) + 16];

                assert_non_null(at);
                (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good,
                               damages[i].to, at + strlen(damages[i].from));
                assert_false(known_chip_parse(text, strlen(text), port, &info));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_read_back),
                cmocka_unit_test(a_long_port_is_read_back),
                cmocka_unit_test(damaged_files_say_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
