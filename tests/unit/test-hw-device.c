/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hw/port_name.h"
#include "tree.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct fixture {
        char *root, *dev, *sys;
        struct hw_roots roots;
};

static void add_usb(const char *root, const char *device, const char *vendor, const char *product,
                    const char *serial) {
        const struct {
                const char *name, *value;
        } attributes[] = { { "idVendor", vendor }, { "idProduct", product }, { "serial", serial } };

        for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
                char path[128];

                (void)snprintf(path, sizeof(path), "sys/devices/usb1/%s/%s", device,
                               attributes[i].name);
                if (attributes[i].value)
                        tree_text(root, path, attributes[i].value);
        }
}

/* `device`: below sys/devices */
static void add_tty(const char *root, const char *name, const char *device) {
        char path[128], target[128];

        (void)snprintf(path, sizeof(path), "sys/devices/%s/tty/%s", device, name);
        tree_directory(root, path);
        (void)snprintf(path, sizeof(path), "sys/class/tty/%s", name);
        (void)snprintf(target, sizeof(target), "../../devices/%s/tty/%s", device, name);
        tree_link(root, path, target);
        (void)snprintf(path, sizeof(path), "dev/%s", name);
        tree_text(root, path, "");
}

/* Gives sys/devices/`device` a node of the device tree. */
static void add_node(const char *root, const char *device, const char *node) {
        _cleanup_free_ char *sys = tree_path(root, "sys"), *target = NULL;
        char path[256];

        (void)snprintf(path, sizeof(path), "firmware/devicetree/base/%s", node);
        tree_directory(sys, path);
        target = tree_path(sys, path);
        (void)snprintf(path, sizeof(path), "devices/%s/of_node", device);
        tree_link(sys, path, target);
}

#define UART5 "platform/soc/fe201a00.serial"
#define UART1 "platform/soc/fe215040.serial"

/* Two adapters of one kind, one with two ports, one without a serial number; two UARTs. */
static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));
        const char *root = fixture->root = tree_new();

        fixture->dev = tree_path(root, "dev");
        fixture->sys = tree_path(root, "sys");
        fixture->roots = (struct hw_roots){ .dev = fixture->dev, .sys = fixture->sys };

        add_usb(root, "1-1", "10c4\n", "ea60\n", "0001\n");
        add_tty(root, "ttyUSB0", "usb1/1-1/1-1:1.0/ttyUSB0");
        add_usb(root, "1-2", "10c4\n", "ea60\n", "A:B\n");
        add_tty(root, "ttyUSB1", "usb1/1-2/1-2:1.0/ttyUSB1");
        add_usb(root, "1-3", "0403\n", "6010\n", "FT01\n");
        add_tty(root, "ttyUSB2", "usb1/1-3/1-3:1.0/ttyUSB2");
        add_tty(root, "ttyUSB3", "usb1/1-3/1-3:1.1/ttyUSB3");
        add_usb(root, "1-4", "1a86\n", "7523\n", NULL);
        add_tty(root, "ttyUSB10", "usb1/1-4/1-4:1.0/ttyUSB10");
        add_tty(root, "tty0", "virtual");

        /* Linux 6.5 and later: two devices of the serial core in between, of_node higher up. */
        add_tty(root, "ttyAMA5", UART5 "/fe201a00.serial:0/fe201a00.serial:0.0");
        add_node(root, UART5, "soc/serial@7e201a00");
        add_tty(root, "ttyS0", UART1);
        add_node(root, UART1, "soc/serial@7e215040");

        tree_link(root, "dev/serial0", "ttyS0");
        tree_link(root, "dev/serial/by-id/usb-FTDI-if01-port0", "../../ttyUSB3");
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        tree_remove(fixture->root);
        free(fixture->dev);
        free(fixture->sys);
        free(fixture);
        return 0;
}

static void names_resolve_to_device_nodes(void **state) {
        static const struct {
                const char *name, *node;
        } cases[] = {
                { "ttyAMA5", "ttyAMA5" },
                { "serial0", "ttyS0" },
                { "serial/by-id/usb-FTDI-if01-port0", "ttyUSB3" },
                { "usb:10c4:ea60:0001", "ttyUSB0" },
                { "usb:10C4:EA60:0001", "ttyUSB0" },
                { "usb:10c4:ea60:A:B", "ttyUSB1" },
                { "usb:1a86:7523", "ttyUSB10" },
                { "of:/soc/serial@7e201a00", "ttyAMA5" },
                { "of:/soc/serial@7e215040", "ttyS0" },
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *path = NULL, *node = NULL;

                assert_int_equal(port_resolve(&fixture->roots, cases[i].name, &path), 0);
                node = tree_path(fixture->dev, cases[i].node);
                assert_string_equal(path, node);
        }
}

static void names_that_mean_no_port_or_several_are_told_apart(void **state) {
        static const struct {
                const char *name;
                int error;
        } cases[] = {
                { "ttyUSB99", -ENODEV },
                { "/dev/serial/by-id/none", -ENODEV },
                { "usb:10c4:ea60", -ENOTUNIQ },      /* two adapters */
                { "usb:0403:6010:FT01", -ENOTUNIQ }, /* two ports */
                { "usb:10c4:ea60:0002", -ENODEV },
                { "usb:1a86:7523:x", -ENODEV }, /* has no serial number */
                { "of:/soc/serial@7e2", -ENODEV },
                { "of:/soc", -ENODEV },
                { "of:/", -ENODEV },
                { "of:", -EINVAL },
                { "of:soc/serial@7e215040", -EINVAL },
                { "usb:", -EINVAL },
                { "usb:10c4", -EINVAL },
                { "usb:10c4:", -EINVAL },
                { "usb:10c4:ea6", -EINVAL },
                { "usb:10c4:ea600", -EINVAL },
                { "usb:10c4:ea60:", -EINVAL },
                { "usb:10cg:ea60", -EINVAL },
                { "usb:10c4-ea60", -EINVAL },
                { "", -EINVAL },
                { "serial/", -EINVAL },
        };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char *path = NULL;

                assert_int_equal(port_resolve(&fixture->roots, cases[i].name, &path),
                                 cases[i].error);
                assert_null(path);
        }
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(names_resolve_to_device_nodes),
                TEST(names_that_mean_no_port_or_several_are_told_apart),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
