/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake-gpiod.h"
#include "hw/lines_internal.h"
#include "hw/port_internal.h"
#include "tree.h"
#include "util/cleanup.h"

static const struct fake_chip chips[] = {
        {
                .name = "gpiochip0",
                .label = "pinctrl-bcm2711",
                .n_lines = 58,
                .named_line = "GPIO17",
                .named_offset = 17,
                .busy_offset = 5,
                .vanishing_offset = 57,
        },
        {
                .name = "gpiochip1",
                .label = "secret",
                .open_error = EACCES,
        },
        {
                .name = "gpiochip2",
                .label = "cp210x",
                .n_lines = 4,
                .busy_offset = FAKE_NO_OFFSET,
                .vanishing_offset = FAKE_NO_OFFSET,
        },
        {
                .name = "gpiochip10",
                .label = "cp210x",
                .n_lines = 4,
                .busy_offset = FAKE_NO_OFFSET,
                .vanishing_offset = FAKE_NO_OFFSET,
        },
        {
                .name = "gpiochip11",
                .label = "raspberrypi-exp-gpio",
                .n_lines = 8,
                .busy_offset = FAKE_NO_OFFSET,
                .vanishing_offset = FAKE_NO_OFFSET,
        },
};

static int log_dtr(struct port *port, bool asserted) {
        (void)port;
        fake_log_printf("dtr: %d\n", asserted);
        return 0;
}

static int log_rts(struct port *port, bool asserted) {
        (void)port;
        fake_log_printf("rts: %d\n", asserted);
        return 0;
}

static const struct port_ops port_ops = { .set_dtr = log_dtr, .set_rts = log_rts };
static struct port port = { .ops = &port_ops };

struct fixture {
        char *root, *dev, *sys;
        struct hw_roots roots;
        struct lines_config config;
        struct lines *lines;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        fixture->root = tree_new();
        fixture->dev = tree_path(fixture->root, "dev");
        fixture->sys = tree_path(fixture->root, "sys");
        fixture->roots = (struct hw_roots){ .dev = fixture->dev, .sys = fixture->sys };
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                char path[64];

                (void)snprintf(path, sizeof(path), "dev/%s", chips[i].name);
                tree_text(fixture->root, path, "");
        }
        tree_link(fixture->root, "dev/gpiochip4", "gpiochip0"); /* as on Raspberry Pi OS */
        fake_chips = chips;
        n_fake_chips = ARRAY_SIZE(chips);
        fake_log[0] = '\0';
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        fixture->lines = lines_close(fixture->lines);
        assert_int_equal(fake_objects, 0);
        tree_remove(fixture->root);
        free(fixture->dev);
        free(fixture->sys);
        free(fixture);
        return 0;
}

static void configure(struct fixture *fixture, enum line line, const char *text) {
        assert_int_equal(line_config_parse(text, "pinctrl-bcm2711", &fixture->config.line[line]),
                         0);
}

static int open_lines(struct fixture *fixture, enum line *ret_which) {
        fake_log[0] = '\0';
        return lines_open_at(&fixture->roots, &fixture->config, &port, "stmbootd:motor",
                             &fixture->lines, ret_which);
}

static void assert_opens(struct fixture *fixture, const char *log) {
        enum line which;

        assert_int_equal(open_lines(fixture, &which), 0);
        assert_string_equal(fake_log, log);
        fake_log[0] = '\0';
}

static void requests_boot_lines_before_reset_and_all_inactive(void **state) {
        struct fixture *fixture = *state;

        configure(fixture, LINE_RESET, "6");
        configure(fixture, LINE_BOOT0, "17");
        configure(fixture, LINE_BOOT1, "22");
        assert_opens(fixture, "gpiochip0 17: request, initially 0, for stmbootd:motor\n"
                              "gpiochip0 22: request, initially 0, for stmbootd:motor\n"
                              "gpiochip0 6: request active-low open-drain, initially 0, for "
                              "stmbootd:motor\n");
}

static void inverted_lines_are_push_pull(void **state) {
        struct fixture *fixture = *state;

        configure(fixture, LINE_RESET, "!6");
        configure(fixture, LINE_BOOT0, "!17");
        assert_opens(fixture, "gpiochip0 17: request active-low, initially 0, for stmbootd:motor\n"
                              "gpiochip0 6: request, initially 0, for stmbootd:motor\n");
}

static void passes_the_bias_on(void **state) {
        struct fixture *fixture = *state;

        configure(fixture, LINE_RESET, "6 pull-up");
        configure(fixture, LINE_BOOT0, "GPIO17 pull-down");
        configure(fixture, LINE_BOOT1, "!22 no-pull");
        assert_opens(fixture,
                     "gpiochip0 17: request pull-down, initially 0, for stmbootd:motor\n"
                     "gpiochip0 22: request active-low no-pull, initially 0, for "
                     "stmbootd:motor\n"
                     "gpiochip0 6: request active-low open-drain pull-up, initially 0, for "
                     "stmbootd:motor\n");
}

static void closing_makes_safe_before_it_releases(void **state) {
        struct fixture *fixture = *state;
        enum line which;

        configure(fixture, LINE_RESET, "6");
        configure(fixture, LINE_BOOT0, "17");
        assert_int_equal(open_lines(fixture, &which), 0);
        assert_int_equal(lines_set(fixture->lines, LINE_RESET, true), 0);
        assert_int_equal(lines_set(fixture->lines, LINE_BOOT0, true), 0);
        fake_log[0] = '\0';
        fixture->lines = lines_close(fixture->lines);
        assert_string_equal(fake_log, "gpiochip0 17: 0\n"
                                      "gpiochip0 6: 0\n"
                                      "gpiochip0 17: release\n"
                                      "gpiochip0 6: release\n");
}

static void sets_logical_values(void **state) {
        struct fixture *fixture = *state;
        enum line which;

        configure(fixture, LINE_RESET, "6");
        configure(fixture, LINE_BOOT0, "!17");
        assert_int_equal(open_lines(fixture, &which), 0);
        fake_log[0] = '\0';
        assert_int_equal(lines_set(fixture->lines, LINE_RESET, true), 0);
        assert_int_equal(lines_set(fixture->lines, LINE_BOOT0, true), 0);
        assert_int_equal(lines_set(fixture->lines, LINE_RESET, false), 0);
        assert_string_equal(fake_log, "gpiochip0 6: 1\ngpiochip0 17: 1\ngpiochip0 6: 0\n");
}

static void unwired_lines_cannot_be_set(void **state) {
        struct fixture *fixture = *state;

        configure(fixture, LINE_BOOT0, "17");
        assert_opens(fixture, "gpiochip0 17: request, initially 0, for stmbootd:motor\n");
        assert_int_equal(lines_set(fixture->lines, LINE_RESET, true), -ENXIO);
        assert_int_equal(lines_set(fixture->lines, LINE_BOOT1, true), -ENXIO);
        assert_string_equal(fake_log, "");
}

/* An asserted modem line is low at a TTL pin: BOOT0 inactive is RTS asserted, and so on. */
static void modem_lines_follow_the_level_of_the_pin(void **state) {
        static const struct {
                const char *reset, *boot0, *opened, *active;
        } cases[] = {
                { "dtr", "rts", "rts: 1\ndtr: 0\n", "dtr: 1\nrts: 0\n" },
                { "!dtr", "rts", "rts: 1\ndtr: 1\n", "dtr: 0\nrts: 0\n" },
                { "rts", "!dtr", "dtr: 0\nrts: 0\n", "rts: 1\ndtr: 1\n" },
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct lines_config *config = &fixture->config;

                assert_int_equal(
                        line_config_parse(cases[i].reset, "serial", &config->line[LINE_RESET]), 0);
                assert_int_equal(
                        line_config_parse(cases[i].boot0, "serial", &config->line[LINE_BOOT0]), 0);
                assert_opens(fixture, cases[i].opened);
                assert_int_equal(lines_set(fixture->lines, LINE_RESET, true), 0);
                assert_int_equal(lines_set(fixture->lines, LINE_BOOT0, true), 0);
                assert_string_equal(fake_log, cases[i].active);
                fake_log[0] = '\0';
                fixture->lines = lines_close(fixture->lines);
                assert_string_equal(fake_log, cases[i].opened); /* safe again */
        }
}

static void one_target_may_mix_a_chip_and_modem_lines(void **state) {
        struct fixture *fixture = *state;

        configure(fixture, LINE_RESET, "pinctrl-bcm2711:6");
        configure(fixture, LINE_BOOT0, "serial:rts");
        assert_opens(fixture, "rts: 1\n"
                              "gpiochip0 6: request active-low open-drain, initially 0, for "
                              "stmbootd:motor\n");
        fixture->lines = lines_close(fixture->lines);
        assert_string_equal(fake_log, "rts: 1\ngpiochip0 6: 0\ngpiochip0 6: release\n");
}

static void modem_lines_need_a_port(void **state) {
        struct fixture *fixture = *state;
        enum line which = LINE_RESET;

        configure(fixture, LINE_BOOT0, "serial:rts");
        assert_int_equal(lines_open_at(&fixture->roots, &fixture->config, NULL, "x",
                                       &fixture->lines, &which),
                         -EINVAL);
        assert_int_equal(which, LINE_BOOT0);
}

static void one_modem_line_serves_one_line(void **state) {
        struct fixture *fixture = *state;
        enum line which = LINE_BOOT0;

        configure(fixture, LINE_BOOT0, "serial:rts");
        configure(fixture, LINE_RESET, "serial:rts");
        assert_int_equal(open_lines(fixture, &which), -EBUSY);
        assert_int_equal(which, LINE_RESET);
}

static void finds_a_chip_by_path_name_label_or_device(void **state) {
        struct fixture *fixture = *state;
        _cleanup_free_ char *path = tree_path(fixture->root, "dev/gpiochip2:3");
        const struct {
                const char *line, *log;
        } cases[] = {
                { path, "gpiochip2 3: request, initially 0, for stmbootd:motor\n" },
                { "gpiochip10:3", "gpiochip10 3: request, initially 0, for stmbootd:motor\n" },
                { "gpiochip4:3", "gpiochip0 3: request, initially 0, for stmbootd:motor\n" },
                { "raspberrypi-exp-gpio:3",
                  "gpiochip11 3: request, initially 0, for stmbootd:motor\n" },
                { "pinctrl-bcm2711:GPIO17",
                  "gpiochip0 17: request, initially 0, for stmbootd:motor\n" },
                { "usb:10c4:ea60:0001:3",
                  "gpiochip10 3: request, initially 0, for stmbootd:motor\n" },
                { "of:/soc/gpio@7e200000:3",
                  "gpiochip0 3: request, initially 0, for stmbootd:motor\n" },
        };

        tree_text(fixture->root, "sys/devices/usb1/1-1/idVendor", "10c4\n");
        tree_text(fixture->root, "sys/devices/usb1/1-1/idProduct", "ea60\n");
        tree_text(fixture->root, "sys/devices/usb1/1-1/serial", "0001\n");
        tree_directory(fixture->root, "sys/devices/usb1/1-1/1-1:1.0/gpiochip10");
        tree_link(fixture->root, "sys/bus/gpio/devices/gpiochip10",
                  "../../../devices/usb1/1-1/1-1:1.0/gpiochip10");
        tree_directory(fixture->root, "sys/firmware/devicetree/base/soc/gpio@7e200000");
        tree_link(fixture->root, "sys/devices/soc/gpiochip0/of_node",
                  "../../../firmware/devicetree/base/soc/gpio@7e200000");
        tree_link(fixture->root, "sys/bus/gpio/devices/gpiochip0",
                  "../../../devices/soc/gpiochip0");

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                configure(fixture, LINE_BOOT0, cases[i].line);
                assert_opens(fixture, cases[i].log);
                fixture->lines = lines_close(fixture->lines);
        }
}

static void names_the_line_that_cannot_be_had_and_gives_the_others_back(void **state) {
        static const struct {
                const char *reset;
                int error;
        } cases[] = {
                { "gpiochip0:5", -EBUSY },
                { "gpiochip0:58", -ENOENT },
                { "gpiochip0:GPIO99", -ENOENT },
                { "gpiochip1:6", -EACCES },
                { "gpiochip9:6", -ENOENT },
                { "/dev/none/gpiochip0:6", -ENOENT },
                { "cp210x:3", -ENOTUNIQ },
                { "pinctrl-rp1:6", -EACCES }, /* it may be the one that cannot be opened */
                { "usb:10c4:ea60:6", -ENOENT },
        };
        struct fixture *fixture = *state;

        configure(fixture, LINE_BOOT0, "17");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                enum line which = LINE_MAX_;

                configure(fixture, LINE_RESET, cases[i].reset);
                assert_int_equal(open_lines(fixture, &which), cases[i].error);
                assert_int_equal(which, LINE_RESET);
                assert_null(fixture->lines);
                assert_string_equal(fake_log, "gpiochip0 17: request, initially 0, for "
                                              "stmbootd:motor\n"
                                              "gpiochip0 17: 0\n"
                                              "gpiochip0 17: release\n");
                assert_int_equal(fake_objects, 0);
        }
}

static void without_unreadable_chips_an_unknown_label_is_absent(void **state) {
        struct fixture *fixture = *state;
        enum line which;

        n_fake_chips = 1; /* the other nodes are there, and nothing behind them */
        configure(fixture, LINE_BOOT0, "pinctrl-rp1:17");
        assert_int_equal(open_lines(fixture, &which), -ENOENT);
}

static void a_chip_that_goes_away_is_reported(void **state) {
        struct fixture *fixture = *state;

        configure(fixture, LINE_BOOT0, "57");
        assert_opens(fixture, "gpiochip0 57: request, initially 0, for stmbootd:motor\n");
        assert_int_equal(lines_set(fixture->lines, LINE_BOOT0, true), -ENODEV);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(requests_boot_lines_before_reset_and_all_inactive),
                TEST(inverted_lines_are_push_pull),
                TEST(passes_the_bias_on),
                TEST(closing_makes_safe_before_it_releases),
                TEST(sets_logical_values),
                TEST(unwired_lines_cannot_be_set),
                TEST(modem_lines_follow_the_level_of_the_pin),
                TEST(one_target_may_mix_a_chip_and_modem_lines),
                TEST(modem_lines_need_a_port),
                TEST(one_modem_line_serves_one_line),
                TEST(finds_a_chip_by_path_name_label_or_device),
                TEST(names_the_line_that_cannot_be_had_and_gives_the_others_back),
                TEST(without_unreadable_chips_an_unknown_label_is_absent),
                TEST(a_chip_that_goes_away_is_reported),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
