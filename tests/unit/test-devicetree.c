/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hw/devicetree.h"
#include "tree.h"
#include "util/bytes.h"
#include "util/cleanup.h"
#include "util/macro.h"

#define UART5 2
#define UART4 3
#define GPIO  7
#define ODD   9 /* a controller whose specifiers have three cells */

struct fixture {
        char *root;
        struct devicetree_target *targets;
        size_t n_targets;
};

static void add_cells(const struct fixture *fixture, const char *path, size_t n, ...) {
        uint8_t data[64];
        va_list cells;

        va_start(cells, n);
        for (size_t i = 0; i < n; i++)
                put_be32(data + 4 * i, va_arg(cells, unsigned));
        va_end(cells);
        tree_file(fixture->root, path, data, 4 * n);
}

/* With its NUL, as properties have it. */
static void add_string(const struct fixture *fixture, const char *path, const char *text) {
        tree_file(fixture->root, path, text, strlen(text) + 1);
}

/* What a board has: two UARTs, a GPIO controller, one of an unknown kind. */
static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        fixture->root = tree_new();
        add_string(fixture, "compatible", "raspberrypi,4-model-b");
        add_cells(fixture, "soc/serial@7e201a00/phandle", 1, UART5);
        add_cells(fixture, "soc/serial@7e201800/phandle", 1, UART4);
        add_cells(fixture, "soc/gpio@7e200000/phandle", 1, GPIO);
        add_cells(fixture, "soc/gpio@7e200000/#gpio-cells", 1, 2);
        add_cells(fixture, "soc/gpio@7e300000/phandle", 1, ODD);
        add_cells(fixture, "soc/gpio@7e300000/#gpio-cells", 1, 3);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        free(fixture->targets);
        tree_remove(fixture->root);
        free(fixture);
        return 0;
}

/* A node that would do. */
static void add_target(const struct fixture *fixture, const char *node) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/compatible", node);
        add_string(fixture, path, "stmboot,target");
        (void)snprintf(path, sizeof(path), "%s/uart", node);
        add_cells(fixture, path, 1, UART5);
}

static void read_tree(struct fixture *fixture) {
        free(fixture->targets);
        fixture->targets = NULL;
        assert_int_equal(devicetree_read(fixture->root, &fixture->targets, &fixture->n_targets), 0);
}

static const struct devicetree_target *read_one(struct fixture *fixture) {
        read_tree(fixture);
        assert_int_equal(fixture->n_targets, 1);
        return fixture->targets;
}

static void assert_error(struct fixture *fixture, int error, const char *property) {
        const struct devicetree_target *target = read_one(fixture);

        assert_int_equal(target->error, error);
        assert_string_equal(target->property, property);
}

static void reads_a_target(void **state) {
        struct fixture *fixture = *state;

        add_target(fixture, "stmboot");
        add_string(fixture, "stmboot/label", "motor");
        add_string(fixture, "stmboot/chip", "STM32G431");
        add_cells(fixture, "stmboot/reset-gpios", 3, GPIO, 6, 7);
        add_cells(fixture, "stmboot/boot0-gpios", 3, GPIO, 17, 0);
        const struct devicetree_target *target = read_one(fixture);
        assert_int_equal(target->error, 0);
        assert_string_equal(target->name, "motor");
        assert_string_equal(target->node, "/stmboot");
        assert_string_equal(target->port, "of:/soc/serial@7e201a00");
        assert_string_equal(target->chip, "STM32G431");

        const struct line_config *reset = &target->lines.line[LINE_RESET];
        assert_true(reset->wired);
        assert_string_equal(reset->chip, "of:/soc/gpio@7e200000");
        assert_string_equal(reset->line, "6");
        assert_false(reset->inverted);
        const struct line_config *boot0 = &target->lines.line[LINE_BOOT0];
        assert_true(boot0->wired);
        assert_string_equal(boot0->line, "17");
        assert_false(boot0->inverted);
        assert_false(target->lines.line[LINE_BOOT1].wired);
}

static void uart_alone_is_enough_and_the_node_names_the_target(void **state) {
        struct fixture *fixture = *state;

        add_target(fixture, "soc/pump@3");
        const struct devicetree_target *target = read_one(fixture);
        assert_int_equal(target->error, 0);
        assert_string_equal(target->name, "pump");
        assert_string_equal(target->chip, "");
        for (enum line line = 0; line < LINE_MAX_; line++)
                assert_false(target->lines.line[line].wired);
}

static void flags_mean_what_the_configuration_means(void **state) {
        static const struct {
                const char *property;
                enum line line;
                unsigned flags;
                int error;
                bool inverted;
                enum line_bias bias;
        } cases[] = {
                { "reset-gpios", LINE_RESET, 7, 0, false, LINE_BIAS_AS_IS },
                { "reset-gpios", LINE_RESET, 1, 0, false, LINE_BIAS_AS_IS },
                { "reset-gpios", LINE_RESET, 0, 0, true, LINE_BIAS_AS_IS },
                { "reset-gpios", LINE_RESET, 7 | 16, 0, false, LINE_BIAS_PULL_UP },
                { "reset-gpios", LINE_RESET, 7 | 64, 0, false, LINE_BIAS_NONE },
                { "reset-gpios", LINE_RESET, 6, -EINVAL, 0, 0 },  /* open drain, active high */
                { "reset-gpios", LINE_RESET, 3, -EINVAL, 0, 0 },  /* open source */
                { "reset-gpios", LINE_RESET, 9, -EINVAL, 0, 0 },  /* transitory */
                { "reset-gpios", LINE_RESET, 49, -EINVAL, 0, 0 }, /* pulled both ways */
                { "reset-gpios", LINE_RESET, 0x80000001, -EINVAL, 0, 0 },
                { "boot0-gpios", LINE_BOOT0, 0, 0, false, LINE_BIAS_AS_IS },
                { "boot0-gpios", LINE_BOOT0, 1, 0, true, LINE_BIAS_AS_IS },
                { "boot0-gpios", LINE_BOOT0, 32, 0, false, LINE_BIAS_PULL_DOWN },
                { "boot0-gpios", LINE_BOOT0, 7, -EINVAL, 0, 0 }, /* never open drain */
                { "boot1-gpios", LINE_BOOT1, 1, 0, true, LINE_BIAS_AS_IS },
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char path[64];

                add_target(fixture, "stmboot");
                (void)snprintf(path, sizeof(path), "stmboot/%s", cases[i].property);
                add_cells(fixture, path, 3, GPIO, 17, cases[i].flags);
                const struct devicetree_target *target = read_one(fixture);
                const struct line_config *line = &target->lines.line[cases[i].line];
                assert_int_equal(target->error, cases[i].error);
                if (cases[i].error == 0) {
                        assert_int_equal(line->inverted, cases[i].inverted);
                        assert_int_equal(line->bias, cases[i].bias);
                } else {
                        assert_string_equal(target->property, cases[i].property);
                }
                _cleanup_free_ char *full = tree_path(fixture->root, path);
                assert_int_equal(unlink(full), 0);
        }
}

static void several_nodes_are_several_targets_in_order(void **state) {
        struct fixture *fixture = *state;

        add_target(fixture, "zeta");
        add_target(fixture, "soc/beta");
        add_target(fixture, "alpha");
        add_target(fixture, "alpha/inner");
        read_tree(fixture);
        assert_int_equal(fixture->n_targets, 4);
        assert_string_equal(fixture->targets[0].node, "/alpha");
        assert_string_equal(fixture->targets[1].node, "/alpha/inner");
        assert_string_equal(fixture->targets[2].node, "/soc/beta");
        assert_string_equal(fixture->targets[3].node, "/zeta");
}

static void one_broken_node_does_not_hide_the_others(void **state) {
        struct fixture *fixture = *state;

        add_target(fixture, "alpha");
        add_cells(fixture, "alpha/uart", 1, 999);
        add_target(fixture, "beta");
        read_tree(fixture);
        assert_int_equal(fixture->n_targets, 2);
        assert_int_equal(fixture->targets[0].error, -ENXIO);
        assert_int_equal(fixture->targets[1].error, 0);
}

static void a_name_is_given_once(void **state) {
        struct fixture *fixture = *state;

        add_target(fixture, "alpha");
        add_string(fixture, "alpha/label", "motor");
        add_target(fixture, "beta");
        add_string(fixture, "beta/label", "motor");
        read_tree(fixture);
        assert_int_equal(fixture->targets[0].error, 0);
        assert_int_equal(fixture->targets[1].error, -EEXIST);
        assert_string_equal(fixture->targets[1].property, "label");
}

static void compatible_is_a_list(void **state) {
        static const char fits[] = "vendor,board\0stmboot,target";
        static const char unterminated[] = "stmboot,target";
        struct fixture *fixture = *state;

        add_target(fixture, "stmboot");
        tree_file(fixture->root, "stmboot/compatible", fits, sizeof(fits));
        read_tree(fixture);
        assert_int_equal(fixture->n_targets, 1);
        add_string(fixture, "stmboot/compatible", "stmboot,target2");
        read_tree(fixture);
        assert_int_equal(fixture->n_targets, 0);
        tree_file(fixture->root, "stmboot/compatible", unterminated, sizeof(unterminated) - 1);
        read_tree(fixture);
        assert_int_equal(fixture->n_targets, 0);
        tree_file(fixture->root, "stmboot/compatible", "", 0);
        read_tree(fixture);
        assert_int_equal(fixture->n_targets, 0);
}

static void disabled_nodes_are_left_out(void **state) {
        static const struct {
                const char *status;
                size_t n_targets;
        } cases[] = { { "okay", 1 }, { "ok", 1 }, { "disabled", 0 }, { "fail", 0 }, { "", 0 } };
        struct fixture *fixture = *state;

        add_target(fixture, "stmboot");
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                add_string(fixture, "stmboot/status", cases[i].status);
                read_tree(fixture);
                assert_int_equal(fixture->n_targets, cases[i].n_targets);
        }
}

static void malformed_properties_are_told(void **state) {
        static const struct {
                const char *property, *data;
                size_t size;
                int error;
        } cases[] = {
                { "label", "motor", 5, -EINVAL }, /* without its NUL */
                { "label", "mo\0tor", 7, -EINVAL },
                { "label", "", 0, -EINVAL },
                { "label", "", 1, -EINVAL },
                { "label", "../x", 5, -EINVAL },
                { "label", "2fast", 6, -EINVAL },
                { "label", "a\x1b[2J", 6, -EINVAL },
                { "label", "m\xc3\xb6tor", 7, -EINVAL },
                { "label", "a123456789b123456789c123456789d123456789e123456789f123456789g123", 65,
                  -EINVAL },
                { "chip", "STM32\nG4", 9, -EINVAL },
                { "chip", "", 1, -EINVAL },
                { "uart", "", 0, -EINVAL },
                { "uart", "\0\0\2", 3, -EINVAL },
                { "uart", "\0\0\0\2\0\0\0\2", 8, -EINVAL },
                { "uart", "\0\0\0\0", 4, -ENXIO },
                { "uart", "\xff\xff\xff\xff", 4, -ENXIO },
                { "reset-gpios", "", 0, -EINVAL },
                { "reset-gpios", "\0\0\0\7", 4, -EINVAL },
                { "reset-gpios", "\0\0\0\7\0\0\0\6", 8, -EINVAL },
                { "reset-gpios", "\0\0\0\7\0\0\0\6\0\0\0\1\0\0\0\7", 16, -EINVAL },
                { "reset-gpios", "\0\0\0\0\0\0\0\6\0\0\0\1", 12, -EINVAL },
                { "reset-gpios", "\0\0\0\5\0\0\0\6\0\0\0\1", 12, -ENXIO },
                { "boot0-gpios", "\0\0\0\x2\0\0\0\6\0\0\0\0", 12, -EOPNOTSUPP },
                { "boot1-gpios", "\0\0\0\x9\0\0\0\6\0\0\0\0", 12, -EOPNOTSUPP },
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char path[64];

                add_target(fixture, "stmboot");
                (void)snprintf(path, sizeof(path), "stmboot/%s", cases[i].property);
                tree_file(fixture->root, path, cases[i].data, cases[i].size);
                assert_error(fixture, cases[i].error, cases[i].property);
                _cleanup_free_ char *full = tree_path(fixture->root, path);
                assert_int_equal(unlink(full), 0);
        }
}

static void a_target_needs_a_uart(void **state) {
        struct fixture *fixture = *state;

        add_string(fixture, "stmboot/compatible", "stmboot,target");
        assert_error(fixture, -ENOENT, "uart");
}

/* Files that are no properties, and directories that are no nodes. */
static void what_is_no_device_tree_does_no_harm(void **state) {
        struct fixture *fixture = *state;
        _cleanup_free_ char *fifo = tree_path(fixture->root, "stmboot/label");
        static const uint8_t large[100000];

        add_target(fixture, "stmboot");
        assert_int_equal(mkfifo(fifo, 0600), 0);
        assert_error(fixture, -EINVAL, "label");
        assert_int_equal(unlink(fifo), 0);

        tree_link(fixture->root, "stmboot/label", "/etc/hostname");
        assert_error(fixture, -EINVAL, "label");
        assert_int_equal(unlink(fifo), 0);

        tree_directory(fixture->root, "stmboot/label");
        assert_error(fixture, -EINVAL, "label");
        assert_int_equal(rmdir(fifo), 0);

        tree_file(fixture->root, "stmboot/label", large, sizeof(large));
        assert_error(fixture, -EINVAL, "label");
        assert_int_equal(unlink(fifo), 0);

        tree_link(fixture->root, "loop", ".");
        add_target(fixture, "not a node");
        tree_file(fixture->root, "stmboot/phandle", "\0\0\0\2", 3);
        assert_int_equal(read_one(fixture)->error, 0);
}

static void trees_of_no_sane_size_are_refused(void **state) {
        struct fixture *fixture = *state;
        struct devicetree_target *targets = NULL;
        size_t n_targets;
        char path[128] = "a";

        add_target(fixture, "stmboot");
        for (size_t depth = 1; depth <= 17; depth++) /* more than 16 */
                strcat(path, "/a");
        tree_directory(fixture->root, path);
        assert_int_equal(devicetree_read(fixture->root, &targets, &n_targets), -E2BIG);
        assert_null(targets);
}

static void too_many_targets_are_refused(void **state) {
        struct fixture *fixture = *state;
        struct devicetree_target *targets = NULL;
        size_t n_targets;

        for (unsigned i = 0; i < 65; i++) {
                char node[16];

                (void)snprintf(node, sizeof(node), "n%u", i);
                add_target(fixture, node);
        }
        assert_int_equal(devicetree_read(fixture->root, &targets, &n_targets), -E2BIG);
        assert_null(targets);
}

static void a_path_too_long_for_a_chip_is_told(void **state) {
        static const char node[] =
                "a0123456789b0123456789c0123456789d0123456789e0123456789f0123456789/"
                "a0123456789b0123456789c0123456789d0123456789e0123456789f0123456789";
        struct fixture *fixture = *state;
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/phandle", node);
        add_cells(fixture, path, 1, 42);
        (void)snprintf(path, sizeof(path), "%s/#gpio-cells", node);
        add_cells(fixture, path, 1, 2);
        add_target(fixture, "stmboot");
        add_cells(fixture, "stmboot/boot0-gpios", 3, 42, 1, 0);
        assert_error(fixture, -EOPNOTSUPP, "boot0-gpios");
}

static void no_tree_means_no_targets(void **state) {
        struct fixture *fixture = *state;
        _cleanup_free_ char *none = tree_path(fixture->root, "none");

        assert_int_equal(devicetree_read(none, &fixture->targets, &fixture->n_targets), 0);
        assert_int_equal(fixture->n_targets, 0);
        read_tree(fixture);
        assert_int_equal(fixture->n_targets, 0);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(reads_a_target),
                TEST(uart_alone_is_enough_and_the_node_names_the_target),
                TEST(flags_mean_what_the_configuration_means),
                TEST(several_nodes_are_several_targets_in_order),
                TEST(one_broken_node_does_not_hide_the_others),
                TEST(a_name_is_given_once),
                TEST(compatible_is_a_list),
                TEST(disabled_nodes_are_left_out),
                TEST(malformed_properties_are_told),
                TEST(a_target_needs_a_uart),
                TEST(what_is_no_device_tree_does_no_harm),
                TEST(trees_of_no_sane_size_are_refused),
                TEST(too_many_targets_are_refused),
                TEST(a_path_too_long_for_a_chip_is_told),
                TEST(no_tree_means_no_targets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
