/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hw/lines.h"
#include "util/macro.h"

static void reads_lines(void **state) {
        static const struct {
                const char *text, *default_chip;
                struct line_config expected;
        } cases[] = {
                { "17", "gpiochip0", { true, "gpiochip0", "17", false, LINE_BIAS_AS_IS } },
                { "!17", "gpiochip0", { true, "gpiochip0", "17", true, LINE_BIAS_AS_IS } },
                { "GPIO17", "pinctrl-rp1", { true, "pinctrl-rp1", "GPIO17", false, 0 } },
                { "gpiochip0:17", NULL, { true, "gpiochip0", "17", false, 0 } },
                { "pinctrl-rp1:!6", "gpiochip0", { true, "pinctrl-rp1", "6", true, 0 } },
                { "/dev/gpiochip3:6", NULL, { true, "/dev/gpiochip3", "6", false, 0 } },
                { "usb:10c4:ea60:!2", NULL, { true, "usb:10c4:ea60", "2", true, 0 } },
                { "2", "usb:10c4:ea60:0001", { true, "usb:10c4:ea60:0001", "2", false, 0 } },
                { "6 pull-up", "a", { true, "a", "6", false, LINE_BIAS_PULL_UP } },
                { "!6 pull-down", "a", { true, "a", "6", true, LINE_BIAS_PULL_DOWN } },
                { "b:6 no-pull", "a", { true, "b", "6", false, LINE_BIAS_NONE } },
                { "PMOD 1", "a", { true, "a", "PMOD 1", false, LINE_BIAS_AS_IS } },
                { "PMOD 1 pull-up", "a", { true, "a", "PMOD 1", false, LINE_BIAS_PULL_UP } },
                { "!dtr", "serial", { true, "serial", "dtr", true, LINE_BIAS_AS_IS } },
                { "serial:rts", "a", { true, "serial", "rts", false, LINE_BIAS_AS_IS } },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct line_config *expected = &cases[i].expected;
                struct line_config config = { 0 };

                assert_int_equal(line_config_parse(cases[i].text, cases[i].default_chip, &config),
                                 0);
                assert_true(config.wired);
                assert_string_equal(config.chip, expected->chip);
                assert_string_equal(config.line, expected->line);
                assert_int_equal(config.inverted, expected->inverted);
                assert_int_equal(config.bias, expected->bias);
        }
}

#define SIXTEEN "0123456789abcdef"
#define LONG    SIXTEEN SIXTEEN SIXTEEN SIXTEEN

static void refuses_what_is_no_line(void **state) {
        static const struct {
                const char *text, *default_chip;
        } cases[] = {
                { "", "a" },
                { "!", "a" },
                { "17", NULL },
                { "17", "" },
                { ":17", "a" },
                { "a:", NULL },
                { "a:!", NULL },
                { " pull-up", "a" },
                { "cts", "serial" },
                { "17", "serial" },
                { "DTR", "serial" },
                { "serial:!rtsx", NULL },
                { LONG, "a" },
                { "17", LONG LONG },
                { "dtr pull-up", "serial" },
                { LONG LONG ":1", "a" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct line_config config, before;

                memset(&config, 0x5a, sizeof(config));
                memcpy(&before, &config, sizeof(config));
                assert_int_equal(line_config_parse(cases[i].text, cases[i].default_chip, &config),
                                 -EINVAL);
                assert_memory_equal(&config, &before, sizeof(config));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_lines),
                cmocka_unit_test(refuses_what_is_no_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
