/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The port in front of a pseudo-terminal that pty-shim.c, linked in, makes pass for a UART. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "port-fixture.h"
#include "tree.h"
#include "util/cleanup.h"
#include "util/macro.h"

static void wait_readable(int fd) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&poll_fd, 1, 10000), 1);
}

static void carries_every_byte_both_ways(void **state) {
        struct port_fixture *fixture = *state;
        uint8_t all[256], received[256];
        size_t n = 0;

        port_fixture_open(fixture);
        for (size_t i = 0; i < sizeof(all); i++)
                all[i] = (uint8_t)i;

        assert_int_equal(write(fixture->master, all, sizeof(all)), sizeof(all));
        while (n < sizeof(all)) {
                wait_readable(port_fd(fixture->port));
                ssize_t r = port_read(fixture->port, received + n, sizeof(received) - n);
                assert_true(r > 0);
                n += (size_t)r;
        }
        assert_memory_equal(received, all, sizeof(all));
        assert_int_equal(port_read(fixture->port, received, sizeof(received)), 0);

        assert_int_equal(port_write(fixture->port, all, sizeof(all)), sizeof(all));
        for (n = 0; n < sizeof(all);) {
                wait_readable(fixture->master);
                ssize_t r = read(fixture->master, received + n, sizeof(received) - n);
                assert_true(r > 0);
                n += (size_t)r;
        }
        assert_memory_equal(received, all, sizeof(all));
}

static void sets_format_and_reports_the_rate(void **state) {
        static const struct {
                unsigned baud;
                bool even_parity;
        } cases[] = {
                { 115200, true },  { 57600, true }, { 123456, true },
                { 921600, false }, { 1200, true },
        };
        struct port_fixture *fixture = *state;

        port_fixture_open(fixture);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct termios is;
                unsigned baud = 0;

                assert_int_equal(
                        port_set_format(fixture->port, cases[i].baud, cases[i].even_parity, &baud),
                        0);
                assert_int_equal(baud, cases[i].baud);
                assert_int_equal(tcgetattr(fixture->slave, &is), 0);
                assert_int_equal(is.c_cflag & (PARENB | PARODD), cases[i].even_parity ? PARENB : 0);
                assert_int_equal(is.c_cflag & (CSIZE | CSTOPB), CS8);
        }
}

static void refuses_a_rate_that_the_driver_clamps(void **state) {
        struct port_fixture *fixture = *state;
        unsigned baud = 7;

        setenv("PTY_SHIM_MAX_BAUD", "115200", 1);
        port_fixture_open(fixture);
        assert_int_equal(port_set_format(fixture->port, 1000000, true, &baud), -ERANGE);
        assert_int_equal(port_set_format(fixture->port, 0, true, &baud), -ERANGE);
        assert_int_equal(baud, 7);
        assert_int_equal(port_set_format(fixture->port, 117000, true, &baud), 0);
        assert_int_equal(baud, 115200); /* 1.5 % off will do */
}

static void says_that_the_driver_drops_parity(void **state) {
        struct port_fixture *fixture = *state;
        unsigned baud;

        setenv("PTY_SHIM_NO_PARITY", "1", 1);
        port_fixture_open(fixture);
        assert_int_equal(port_set_format(fixture->port, 115200, true, &baud), -EPROTONOSUPPORT);
        assert_int_equal(port_set_format(fixture->port, 115200, false, &baud), 0);
}

/* Whatever the last program left behind. */
static void switches_flow_control_and_line_editing_off(void **state) {
        struct port_fixture *fixture = *state;
        struct termios is;
        unsigned baud;

        assert_int_equal(tcgetattr(fixture->slave, &is), 0);
        is.c_iflag |= IXON | IXANY | IXOFF | ICRNL | ISTRIP | INPCK | PARMRK;
        is.c_cflag |= CRTSCTS | HUPCL;
        is.c_lflag |= ECHO | ICANON | ISIG;
        is.c_oflag |= OPOST | ONLCR;
        assert_int_equal(tcsetattr(fixture->slave, TCSANOW, &is), 0);

        port_fixture_open(fixture);
        for (int formats = 0; formats < 3; formats++) {
                assert_int_equal(tcgetattr(fixture->slave, &is), 0);
                assert_int_equal(is.c_iflag, 0);
                assert_int_equal(is.c_oflag, 0);
                assert_int_equal(is.c_lflag, 0);
                assert_int_equal(is.c_cflag & (CRTSCTS | HUPCL), 0);
                assert_int_equal(is.c_cflag & (CREAD | CLOCAL), CREAD | CLOCAL);
                assert_int_equal(port_set_format(fixture->port, 115200, formats == 0, &baud), 0);
        }
}

static void sees_at_once_that_the_port_is_gone(void **state) {
        struct port_fixture *fixture = *state;
        struct pollfd poll_fd;
        uint8_t byte = 0;
        unsigned baud;

        port_fixture_open(fixture);
        close(fixture->master);
        fixture->master = -1;
        poll_fd = (struct pollfd){ .fd = port_fd(fixture->port), .events = POLLIN };
        assert_int_equal(poll(&poll_fd, 1, 10000), 1);
        assert_int_equal(port_read(fixture->port, &byte, 1), -ENODEV);
        assert_int_equal(port_write(fixture->port, &byte, 1), -ENODEV);
        assert_int_equal(port_set_format(fixture->port, 115200, true, &baud), -ENODEV);
        assert_int_equal(port_flush(fixture->port), -ENODEV);
}

static void takes_what_fits_when_nobody_reads(void **state) {
        static const uint8_t data[65536];
        struct port_fixture *fixture = *state;
        size_t total = 0;
        ssize_t n;

        port_fixture_open(fixture);
        while ((n = port_write(fixture->port, data, sizeof(data))) > 0)
                total += (size_t)n;
        assert_int_equal(n, 0);
        assert_true(total > 0 && total < 10 * sizeof(data));
}

static void flush_discards_what_was_received(void **state) {
        struct port_fixture *fixture = *state;
        uint8_t byte;

        port_fixture_open(fixture);
        assert_int_equal(write(fixture->master, "\x79", 1), 1);
        wait_readable(port_fd(fixture->port));
        assert_int_equal(port_flush(fixture->port), 0);
        assert_int_equal(port_read(fixture->port, &byte, 1), 0);
}

static void what_came_before_is_not_read(void **state) {
        struct port_fixture *fixture = *state;
        struct termios raw;
        uint8_t byte;

        assert_int_equal(tcgetattr(fixture->slave, &raw), 0);
        cfmakeraw(&raw);
        assert_int_equal(tcsetattr(fixture->slave, TCSANOW, &raw), 0);
        assert_int_equal(write(fixture->master, "\x79", 1), 1);
        wait_readable(fixture->slave);
        port_fixture_open(fixture);
        assert_int_equal(port_read(fixture->port, &byte, 1), 0);
}

static void sets_the_modem_lines(void **state) {
        struct port_fixture *fixture = *state;
        int lines;

        port_fixture_open(fixture);
        assert_int_equal(port_set_dtr(fixture->port, true), 0);
        assert_int_equal(port_set_rts(fixture->port, false), 0);
        assert_int_equal(ioctl(fixture->slave, TIOCMGET, &lines), 0);
        assert_int_equal(lines & (TIOCM_DTR | TIOCM_RTS), TIOCM_DTR);
        assert_int_equal(port_set_dtr(fixture->port, false), 0);
        assert_int_equal(port_set_rts(fixture->port, true), 0);
        assert_int_equal(ioctl(fixture->slave, TIOCMGET, &lines), 0);
        assert_int_equal(lines & (TIOCM_DTR | TIOCM_RTS), TIOCM_RTS);
}

static void the_descriptor_is_not_inherited_and_never_blocks(void **state) {
        struct port_fixture *fixture = *state;

        port_fixture_open(fixture);
        assert_true(fcntl(port_fd(fixture->port), F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(port_fd(fixture->port), F_GETFL) & O_NONBLOCK);
}

static void what_is_no_port_is_told_apart(void **state) {
        static const struct {
                const char *name;
                int error;
        } cases[] = {
                { "/dev/null", -ENOTTY },          { "null", -ENOTTY },
                { "ttyNone99", -ENODEV },          { "/dev/none/ttyUSB0", -ENODEV },
                { "usb:ffff:fffe:none", -ENODEV }, { "of:/soc/serial@0", -ENODEV },
                { "usb:ffff", -EINVAL },           { "", -EINVAL },
        };
        struct port *port = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                assert_int_equal(port_open_serial(cases[i].name, &port), cases[i].error);
                assert_null(port);
        }
}

static void a_link_opens_its_port(void **state) {
        struct port_fixture *fixture = *state;
        char *root = tree_new();
        _cleanup_free_ char *link = tree_path(root, "by-id/usb-Some_Adapter-if00");

        tree_link(root, "by-id/usb-Some_Adapter-if00", fixture->name);
        assert_int_equal(port_open_serial(link, &fixture->port), 0);
        tree_remove(root);
}

int main(void) {
#define TEST(function)                                                                             \
        cmocka_unit_test_setup_teardown(function, port_fixture_setup, port_fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(carries_every_byte_both_ways),
                TEST(sets_format_and_reports_the_rate),
                TEST(refuses_a_rate_that_the_driver_clamps),
                TEST(says_that_the_driver_drops_parity),
                TEST(switches_flow_control_and_line_editing_off),
                TEST(sees_at_once_that_the_port_is_gone),
                TEST(takes_what_fits_when_nobody_reads),
                TEST(flush_discards_what_was_received),
                TEST(what_came_before_is_not_read),
                TEST(sets_the_modem_lines),
                TEST(the_descriptor_is_not_inherited_and_never_blocks),
                TEST(what_is_no_port_is_told_apart),
                TEST(a_link_opens_its_port),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
