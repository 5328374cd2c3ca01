/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The port in front of a pseudo-terminal that pty-shim.c, linked in, makes pass for a UART. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "hw/port.h"
#include "hw/port_name.h"
#include "tree.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct fixture {
        int master, slave; /* the slave stays open, or the master hangs up between two ports */
        char name[64];
        struct port *port;
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        assert_int_equal(openpty(&fixture->master, &fixture->slave, fixture->name, NULL, NULL), 0);
        assert_int_equal(fcntl(fixture->master, F_SETFL, O_NONBLOCK), 0);
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;

        fixture->port = port_close(fixture->port);
        unsetenv("PTY_SHIM_NO_PARITY");
        unsetenv("PTY_SHIM_MAX_BAUD");
        if (fixture->master >= 0)
                close(fixture->master);
        close(fixture->slave);
        free(fixture);
        return 0;
}

static void assert_port_opens(struct fixture *fixture) {
        assert_int_equal(port_open_serial(fixture->name, &fixture->port), 0);
}

static void wait_readable(int fd) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&poll_fd, 1, 10000), 1);
}

static void carries_every_byte_both_ways(void **state) {
        struct fixture *fixture = *state;
        uint8_t all[256], received[256];
        size_t n = 0;

        assert_port_opens(fixture);
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
        struct fixture *fixture = *state;

        assert_port_opens(fixture);
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
        struct fixture *fixture = *state;
        unsigned baud = 7;

        setenv("PTY_SHIM_MAX_BAUD", "115200", 1);
        assert_port_opens(fixture);
        assert_int_equal(port_set_format(fixture->port, 1000000, true, &baud), -ERANGE);
        assert_int_equal(port_set_format(fixture->port, 0, true, &baud), -ERANGE);
        assert_int_equal(baud, 7);
        assert_int_equal(port_set_format(fixture->port, 117000, true, &baud), 0);
        assert_int_equal(baud, 115200); /* 1.5 % off will do */
}

static void says_that_the_driver_drops_parity(void **state) {
        struct fixture *fixture = *state;
        unsigned baud;

        setenv("PTY_SHIM_NO_PARITY", "1", 1);
        assert_port_opens(fixture);
        assert_int_equal(port_set_format(fixture->port, 115200, true, &baud), -EPROTONOSUPPORT);
        assert_int_equal(port_set_format(fixture->port, 115200, false, &baud), 0);
}

/* Whatever the last program left behind. */
static void switches_flow_control_and_line_editing_off(void **state) {
        struct fixture *fixture = *state;
        struct termios is;
        unsigned baud;

        assert_int_equal(tcgetattr(fixture->slave, &is), 0);
        is.c_iflag |= IXON | IXANY | IXOFF | ICRNL | ISTRIP | INPCK | PARMRK;
        is.c_cflag |= CRTSCTS | HUPCL;
        is.c_lflag |= ECHO | ICANON | ISIG;
        is.c_oflag |= OPOST | ONLCR;
        assert_int_equal(tcsetattr(fixture->slave, TCSANOW, &is), 0);

        assert_port_opens(fixture);
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
        struct fixture *fixture = *state;
        struct pollfd poll_fd;
        uint8_t byte = 0;
        unsigned baud;

        assert_port_opens(fixture);
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
        struct fixture *fixture = *state;
        size_t total = 0;
        ssize_t n;

        assert_port_opens(fixture);
        while ((n = port_write(fixture->port, data, sizeof(data))) > 0)
                total += (size_t)n;
        assert_int_equal(n, 0);
        assert_true(total > 0 && total < 10 * sizeof(data));
}

static void flush_discards_what_was_received(void **state) {
        struct fixture *fixture = *state;
        uint8_t byte;

        assert_port_opens(fixture);
        assert_int_equal(write(fixture->master, "\x79", 1), 1);
        wait_readable(port_fd(fixture->port));
        assert_int_equal(port_flush(fixture->port), 0);
        assert_int_equal(port_read(fixture->port, &byte, 1), 0);
}

static void what_came_before_is_not_read(void **state) {
        struct fixture *fixture = *state;
        struct termios raw;
        uint8_t byte;

        assert_int_equal(tcgetattr(fixture->slave, &raw), 0);
        cfmakeraw(&raw);
        assert_int_equal(tcsetattr(fixture->slave, TCSANOW, &raw), 0);
        assert_int_equal(write(fixture->master, "\x79", 1), 1);
        wait_readable(fixture->slave);
        assert_port_opens(fixture);
        assert_int_equal(port_read(fixture->port, &byte, 1), 0);
}

static void sets_the_modem_lines(void **state) {
        struct fixture *fixture = *state;
        int lines;

        assert_port_opens(fixture);
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
        struct fixture *fixture = *state;

        assert_port_opens(fixture);
        assert_true(fcntl(port_fd(fixture->port), F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(port_fd(fixture->port), F_GETFL) & O_NONBLOCK);
}

static void a_second_open_is_refused_and_changes_nothing(void **state) {
        struct fixture *fixture = *state;
        struct termios before = { 0 }, after = { 0 };
        struct port *second = NULL;
        unsigned baud;

        assert_port_opens(fixture);
        assert_int_equal(port_set_format(fixture->port, 57600, true, &baud), 0);
        assert_int_equal(tcgetattr(fixture->slave, &before), 0);
        assert_int_equal(port_open_serial(fixture->name, &second), -EBUSY);
        assert_null(second);
        assert_int_equal(tcgetattr(fixture->slave, &after), 0);
        assert_memory_equal(&before, &after, sizeof(before));

        fixture->port = port_close(fixture->port);
        assert_port_opens(fixture);
}

/* Runs `lock` on the port in another process until that is killed. */
static pid_t start_holder(const char *name, int (*lock)(int fd)) {
        int ready[2];
        char byte;

        assert_int_equal(pipe(ready), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test does not stop it */
                int fd = open(name, O_RDWR | O_NOCTTY);
                if (fd < 0 || lock(fd) < 0 || write(ready[1], "", 1) != 1)
                        _exit(1);
                for (;;)
                        pause();
        }
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        return pid;
}

static void stop_holder(pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int lock_like_stm32flash(int fd) {
        return lockf(fd, F_TLOCK, 0);
}

static int lock_like_picocom(int fd) {
        return flock(fd, LOCK_EX | LOCK_NB);
}

static int log_in(int fd) {
        return setsid() < 0 || ioctl(fd, TIOCSCTTY, 0) < 0 ? -1 : close(fd);
}

static int lock_not(int fd) {
        (void)fd;
        return 0;
}

static void other_programs_locks_are_respected_and_named(void **state) {
        static int (*const locks[])(int fd) = { lock_like_stm32flash, lock_like_picocom };
        struct fixture *fixture = *state;

        for (size_t i = 0; i < ARRAY_SIZE(locks); i++) {
                pid_t pid = start_holder(fixture->name, locks[i]), seen = 0;
                char command[32], ours[16];

                assert_int_equal(prctl(PR_GET_NAME, ours), 0);
                assert_int_equal(port_open_serial(fixture->name, &fixture->port), -EBUSY);
                assert_int_equal(port_holder(fixture->name, &seen, command, sizeof(command)), 0);
                assert_int_equal(seen, pid);
                assert_string_equal(command, ours);
                stop_holder(pid);
        }
        assert_port_opens(fixture);
}

static void names_who_has_the_port_open(void **state) {
        struct fixture *fixture = *state;
        char command[32];
        pid_t seen = 0;

        assert_port_opens(fixture); /* this process does not count */
        assert_int_equal(port_holder(fixture->name, &seen, command, sizeof(command)), -ENOENT);
        fixture->port = port_close(fixture->port);

        static int (*const ways[])(int fd) = { lock_not, log_in };
        for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
                pid_t pid = start_holder(fixture->name, ways[i]);
                assert_int_equal(port_holder(fixture->name, &seen, command, sizeof(command)), 0);
                assert_int_equal(seen, pid);
                stop_holder(pid);
        }
}

/* In a child: holds number `wanted` of a devpts of its own. 0, or -1: not allowed to mount. */
static int hold_namesake(const char *directory, unsigned wanted) {
        _cleanup_free_ char *ptmx = NULL;
        unsigned number;

        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
            mount("devpts", directory, "devpts", 0, "newinstance,ptmxmode=0666") < 0 ||
            asprintf(&ptmx, "%s/ptmx", directory) < 0)
                return -1;
        do { /* each takes the next number; all stay open */
                int unlocked = 0, master = open(ptmx, O_RDWR | O_NOCTTY);

                if (master < 0 || ioctl(master, TIOCGPTN, &number) < 0 ||
                    ioctl(master, TIOCSPTLCK, &unlocked) < 0 ||
                    ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY) < 0)
                        return -1;
        } while (number < wanted);
        return number == wanted ? 0 : -1;
}

static void a_pty_of_that_number_in_a_container_is_another(void **state) {
        struct fixture *fixture = *state;
        unsigned number = (unsigned)strtoul(strrchr(fixture->name, '/') + 1, NULL, 10);
        char *root = tree_new(), command[32], held;
        pid_t seen = 0;
        int ends[2];

        tree_directory(root, "pts");
        _cleanup_free_ char *directory = tree_path(root, "pts");
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                held = hold_namesake(directory, number) == 0;
                (void)close(fixture->slave);
                (void)write(ends[1], &held, 1);
                (void)pause();
                _exit(0);
        }
        assert_true(pid > 0);
        assert_int_equal(read(ends[0], &held, 1), 1);
        int r = port_holder(fixture->name, &seen, command, sizeof(command));
        stop_holder(pid);
        close(ends[0]);
        close(ends[1]);
        tree_remove(root);
        if (!held)
                skip(); /* nobody may mount here */
        assert_int_equal(r, -ENOENT);
}

static void the_dead_and_nonsense_lock_nothing(void **state) {
        char *root = tree_new();
        _cleanup_free_ char *locks = tree_path(root, "lock");
        const struct hw_roots roots = { .locks = locks };
        char living[16], ours[16], dead[16];

        (void)state;
        pid_t pid = fork();
        if (pid == 0)
                _exit(0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        (void)snprintf(dead, sizeof(dead), "%10d\n", pid);
        (void)snprintf(ours, sizeof(ours), "%10d\n", getpid());
        (void)snprintf(living, sizeof(living), "%10d\n", getppid());
        assert_int_equal(port_lock_file(&roots, "/dev/ttyS0"), 0);

        tree_text(root, "lock/LCK..ttyS0", living);
        assert_int_equal(port_lock_file(&roots, "/dev/ttyS0"), getppid());
        assert_int_equal(port_lock_file(&roots, "/dev/ttyS1"), 0);
        const char *const nothing[] = { dead,   ours,  "",          "\n",
                                        "-1\n", "0\n", "minicom\n", "99999999999999999999" };
        for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
                tree_text(root, "lock/LCK..ttyS0", nothing[i]);
                assert_int_equal(port_lock_file(&roots, "/dev/ttyS0"), 0);
        }
        tree_text(root, "lock/LCK..ttyS1", living);
        tree_link(root, "lock/LCK..ttyS2", "LCK..ttyS1");
        tree_directory(root, "lock/LCK..ttyS3");
        assert_int_equal(port_lock_file(&roots, "/dev/ttyS2"), 0);
        assert_int_equal(port_lock_file(&roots, "/dev/ttyS3"), 0);
        tree_remove(root);
}

static void a_lock_file_keeps_us_out_and_names_its_owner(void **state) {
        struct fixture *fixture = *state;
        char path[64], command[32];
        pid_t seen = 0;

        (void)snprintf(path, sizeof(path), "/run/lock/LCK..%s", strrchr(fixture->name, '/') + 1);
        FILE *file = fopen(path, "wxe");
        if (!file)
                skip(); /* no such directory here, or not ours to write to */
        (void)fprintf(file, "%10d\n", getppid());
        (void)fclose(file);
        int opened = port_open_serial(fixture->name, &fixture->port);
        int held = port_holder(fixture->name, &seen, command, sizeof(command));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(opened, -EBUSY);
        assert_int_equal(held, 0);
        assert_int_equal(seen, getppid());
        assert_port_opens(fixture);
}

static void our_lock_holds_other_programs_off(void **state) {
        struct fixture *fixture = *state;
        int exclusive = 0;

        assert_port_opens(fixture);
        assert_int_equal(ioctl(fixture->slave, TIOCGEXCL, &exclusive), 0);
        assert_true(exclusive);
        assert_int_equal(flock(fixture->slave, LOCK_EX | LOCK_NB), -1);
        assert_int_equal(lockf(fixture->slave, F_TLOCK, 0), -1);
        fixture->port = port_close(fixture->port);
        assert_int_equal(ioctl(fixture->slave, TIOCGEXCL, &exclusive), 0);
        assert_false(exclusive);
        assert_int_equal(flock(fixture->slave, LOCK_EX | LOCK_NB), 0);
        assert_int_equal(lockf(fixture->slave, F_TLOCK, 0), 0);
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
        struct fixture *fixture = *state;
        char *root = tree_new();
        _cleanup_free_ char *link = tree_path(root, "by-id/usb-Some_Adapter-if00");

        tree_link(root, "by-id/usb-Some_Adapter-if00", fixture->name);
        assert_int_equal(port_open_serial(link, &fixture->port), 0);
        tree_remove(root);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
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
                TEST(a_second_open_is_refused_and_changes_nothing),
                TEST(other_programs_locks_are_respected_and_named),
                TEST(names_who_has_the_port_open),
                TEST(a_pty_of_that_number_in_a_container_is_another),
                TEST(the_dead_and_nonsense_lock_nothing),
                TEST(a_lock_file_keeps_us_out_and_names_its_owner),
                TEST(our_lock_holds_other_programs_off),
                TEST(what_is_no_port_is_told_apart),
                TEST(a_link_opens_its_port),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
