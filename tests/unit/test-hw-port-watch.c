/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hw/port_watch.h"
#include "tree.h"
#include "util/cleanup.h"

#define NEVER 1

struct seen {
        int status; /* the last that was reported */
        unsigned calls;
};

struct fixture {
        char *root, *dev, *sys;
        struct hw_roots roots;
        struct port_watch *watch;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        fixture->root = tree_new();
        fixture->dev = tree_path(fixture->root, "dev");
        fixture->sys = tree_path(fixture->root, "sys");
        fixture->roots = (struct hw_roots){ .dev = fixture->dev, .sys = fixture->sys };
        tree_directory(fixture->root, "dev");
        assert_int_equal(port_watch_new(&fixture->roots, &fixture->watch), 0);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        port_watch_free(fixture->watch);
        tree_remove(fixture->root);
        free(fixture->dev);
        free(fixture->sys);
        free(fixture);
        return 0;
}

static void note(int status, void *userdata) {
        struct seen *seen = userdata;

        seen->status = status;
        seen->calls++;
}

static void follow(struct fixture *fixture, const char *name, struct seen *seen, int status) {
        int is = NEVER;

        *seen = (struct seen){ .status = NEVER };
        assert_int_equal(port_watch_add(fixture->watch, name, note, seen, &is), 0);
        assert_int_equal(is, status);
}

static void dispatch(struct fixture *fixture) {
        struct pollfd poll_fd = { .fd = port_watch_fd(fixture->watch), .events = POLLIN };

        assert_int_equal(poll(&poll_fd, 1, 10000), 1);
        assert_int_equal(port_watch_dispatch(fixture->watch), 0);
}

static void assert_seen(struct seen *seen, int status) {
        assert_int_equal(seen->calls, 1);
        assert_int_equal(seen->status, status);
        *seen = (struct seen){ .status = NEVER };
}

static void remove_path(struct fixture *fixture, const char *path) {
        _cleanup_free_ char *full = tree_path(fixture->root, path);

        assert_int_equal(remove(full), 0);
}

static void plug_usb(struct fixture *fixture, const char *serial) {
        tree_text(fixture->root, "sys/devices/usb1/1-1/idVendor", "10c4\n");
        tree_text(fixture->root, "sys/devices/usb1/1-1/idProduct", "ea60\n");
        tree_text(fixture->root, "sys/devices/usb1/1-1/serial", serial);
        tree_directory(fixture->root, "sys/devices/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0");
        tree_link(fixture->root, "sys/class/tty/ttyUSB0",
                  "../../devices/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0");
        tree_text(fixture->root, "dev/ttyUSB0", "");
}

static void unplug_usb(struct fixture *fixture) {
        remove_path(fixture, "sys/class/tty/ttyUSB0");
        remove_path(fixture, "dev/ttyUSB0");
}

static void reports_a_port_by_its_kernel_name(void **state) {
        struct fixture *fixture = *state;
        struct seen seen;

        follow(fixture, "ttyUSB0", &seen, -ENODEV);
        tree_text(fixture->root, "dev/ttyUSB0", "");
        dispatch(fixture);
        assert_seen(&seen, 0);
        remove_path(fixture, "dev/ttyUSB0");
        dispatch(fixture);
        assert_seen(&seen, -ENODEV);
}

static void reports_a_usb_adapter_by_what_it_is(void **state) {
        struct fixture *fixture = *state;
        struct seen wanted, other;

        follow(fixture, "usb:10c4:ea60:0001", &wanted, -ENODEV);
        follow(fixture, "usb:10c4:ea60:0002", &other, -ENODEV);
        plug_usb(fixture, "0001\n");
        dispatch(fixture);
        assert_seen(&wanted, 0);
        assert_int_equal(other.calls, 0);
        unplug_usb(fixture);
        dispatch(fixture);
        assert_seen(&wanted, -ENODEV);
        assert_int_equal(other.calls, 0);
}

/* udev's order: the node, the directories, the link under another name, its last name. */
static void reports_a_link_whose_directory_comes_later(void **state) {
        struct fixture *fixture = *state;
        _cleanup_free_ char *link = tree_path(fixture->root, "dev/serial/by-id/usb-A");
        _cleanup_free_ char *temporary = tree_path(fixture->root, "dev/serial/by-id/.#usb-A");

        for (int plug = 0; plug < 2; plug++) {
                struct seen seen;

                follow(fixture, link, &seen, -ENODEV);
                tree_text(fixture->root, "dev/ttyUSB0", "");
                dispatch(fixture);
                tree_directory(fixture->root, "dev/serial");
                dispatch(fixture);
                tree_directory(fixture->root, "dev/serial/by-id");
                dispatch(fixture);
                assert_int_equal(seen.calls, 0);
                tree_link(fixture->root, "dev/serial/by-id/.#usb-A", "../../ttyUSB0");
                assert_int_equal(rename(temporary, link), 0);
                dispatch(fixture);
                assert_seen(&seen, 0);

                remove_path(fixture, "dev/serial/by-id/usb-A");
                dispatch(fixture);
                assert_seen(&seen, -ENODEV);
                remove_path(fixture, "dev/ttyUSB0");
                remove_path(fixture, "dev/serial/by-id");
                remove_path(fixture, "dev/serial");
                dispatch(fixture);
                port_watch_remove(fixture->watch, &seen);
        }
}

static void follows_a_path_outside_of_dev(void **state) {
        struct fixture *fixture = *state;
        _cleanup_free_ char *path = tree_path(fixture->root, "elsewhere/motor-port");
        struct seen seen;

        tree_directory(fixture->root, "elsewhere");
        follow(fixture, path, &seen, -ENODEV);
        tree_text(fixture->root, "elsewhere/motor-port", "");
        dispatch(fixture);
        assert_seen(&seen, 0);
}

/* A new node belongs to root until udev has given it its group. */
static void a_port_counts_when_it_may_be_opened(void **state) {
        struct fixture *fixture = *state;
        struct seen seen;

        if (geteuid() == 0)
                skip(); /* who may open everything; it jumps out, so it comes first */
        _cleanup_free_ char *node = tree_path(fixture->root, "dev/ttyUSB0");
        tree_text(fixture->root, "dev/ttyUSB0", "");
        assert_int_equal(chmod(node, 0), 0);
        follow(fixture, "ttyUSB0", &seen, -EACCES);
        assert_int_equal(chmod(node, 0600), 0);
        dispatch(fixture);
        assert_seen(&seen, 0);
}

static void a_removed_watch_is_silent(void **state) {
        struct fixture *fixture = *state;
        struct seen removed, kept;

        follow(fixture, "ttyUSB0", &kept, -ENODEV);
        follow(fixture, "ttyUSB0", &removed, -ENODEV);
        port_watch_remove(fixture->watch, &removed);
        tree_text(fixture->root, "dev/ttyUSB0", "");
        dispatch(fixture);
        assert_seen(&kept, 0);
        assert_int_equal(removed.calls, 0);
}

static void names_that_fit_several_or_none_are_told(void **state) {
        struct fixture *fixture = *state;
        struct seen seen;

        plug_usb(fixture, "0001\n");
        tree_directory(fixture->root, "sys/devices/usb1/1-1/1-1:1.1/ttyUSB1/tty/ttyUSB1");
        tree_link(fixture->root, "sys/class/tty/ttyUSB1",
                  "../../devices/usb1/1-1/1-1:1.1/ttyUSB1/tty/ttyUSB1");
        follow(fixture, "usb:10c4:ea60", &seen, -ENOTUNIQ);
        follow(fixture, "usb:nonsense", &seen, -EINVAL);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(reports_a_port_by_its_kernel_name),
                TEST(reports_a_usb_adapter_by_what_it_is),
                TEST(reports_a_link_whose_directory_comes_later),
                TEST(follows_a_path_outside_of_dev),
                TEST(a_port_counts_when_it_may_be_opened),
                TEST(a_removed_watch_is_silent),
                TEST(names_that_fit_several_or_none_are_told),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
