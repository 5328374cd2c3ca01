/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The marks of unfinished work: what is written is what is read, by whoever comes after. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/marker.h"
#include "util/macro.h"

struct fixture {
        char dir[32], path[64];
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        strcpy(fixture->dir, "/tmp/stmboot-marker-XXXXXX");
        assert_non_null(mkdtemp(fixture->dir));
        (void)snprintf(fixture->path, sizeof(fixture->path), "%s/motor.work", fixture->dir);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        marker_remove(fixture->dir, "motor");
        assert_int_equal(rmdir(fixture->dir), 0); /* nothing else was left there */
        free(fixture);
        return 0;
}

static void what_is_written_is_read(void **state) {
        struct fixture *fixture = *state;
        char node[260];
        const struct {
                const char *port;
                struct lines_config lines;
                bool is_virtual;
        } cases[] = {
                { "/dev/ttyAMA5",
                  { { [LINE_RESET] = { true, "pinctrl-bcm2711", "6", false, LINE_BIAS_PULL_UP },
                      [LINE_BOOT0] = { true, "usb:10c4:ea60:0:1", "GPIO 17", true, 0 },
                      [LINE_BOOT1] = { true, "/dev/gpiochip0", "1", false, LINE_BIAS_NONE } } },
                  false },
                { "ttyUSB0", { { [LINE_RESET] = { true, "serial", "dtr", true, 0 } } }, false },
                { "virtual:STM32F405", { { { 0 } } }, true },
                /* longer than a line of a target's file may be */
                { node,
                  { { [LINE_BOOT0] = { true, "of:/soc/gpio@7e200000", "17", false, 0 } } },
                  false },
        };

        memset(node, 'n', sizeof(node) - 1);
        node[sizeof(node) - 1] = '\0';
        memcpy(node, "of:/", strlen("of:/"));
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(target_config_freep) struct target_config *is = NULL;
                struct target_config was = { .port = (char *)cases[i].port,
                                             .lines = cases[i].lines };

                assert_int_equal(marker_write(fixture->dir, "motor", &was), 0);
                assert_int_equal(marker_read(fixture->path, &is), 0);
                assert_string_equal(is->port, cases[i].port);
                assert_int_equal(is->is_virtual, cases[i].is_virtual);
                for (size_t k = 0; k < LINE_MAX_; k++) {
                        const struct line_config *want = &cases[i].lines.line[k];
                        const struct line_config *got = &is->lines.line[k];

                        assert_int_equal(got->wired, want->wired);
                        assert_string_equal(got->chip, want->chip);
                        assert_string_equal(got->line, want->line);
                        assert_int_equal(got->inverted, want->inverted);
                        assert_int_equal(got->bias, want->bias);
                }
        }
}

static void what_is_no_marker_is_told_apart_from_an_empty_one(void **state) {
        struct fixture *fixture = *state;
        static const struct {
                const char *text;
                int result;
        } cases[] = {
                { "", -ENODATA },
                { "Port=/dev/ttyAMA5", -EINVAL }, /* cut off */
                { "Boot0=gpiochip0:5\n", -EINVAL },
                { "Port=a\nPort=b\n", -EINVAL },
                { "Port=a\nBoot0=5\n", -EINVAL },
                { "Port=a\nBoot0\nReset=gpiochip0:5\n", -EINVAL },
                { "Port=a\nBauds=1\n", -EINVAL },
                { "\n", -EINVAL },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct target_config *config = NULL;
                FILE *file = fopen(fixture->path, "we");

                assert_non_null(file);
                (void)fputs(cases[i].text, file);
                (void)fclose(file);
                assert_int_equal(marker_read(fixture->path, &config), cases[i].result);
                assert_null(config);
        }
        marker_remove(fixture->dir, "motor");
        struct target_config *config = NULL;
        assert_int_equal(marker_read(fixture->path, &config), -ENOENT);
}

/* A full file system must not leave half a marker, which nobody could read. */
static void what_cannot_be_written_leaves_none(void **state) {
        struct fixture *fixture = *state;
        struct target_config config = { .port = (char *)"/dev/ttyAMA5" };

        assert_int_equal(symlink("/dev/full", fixture->path), 0);
        assert_int_equal(marker_write(fixture->dir, "motor", &config), -ENOSPC);
        assert_int_equal(access(fixture->path, F_OK), -1);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(what_is_written_is_read),
                TEST(what_is_no_marker_is_told_apart_from_an_empty_one),
                TEST(what_cannot_be_written_leaves_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
