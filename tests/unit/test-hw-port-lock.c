/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who has a port: locks of ours and of other programs, and how their holders are named. */

#include <errno.h>
#include <fcntl.h>
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

#include "hw/port_name.h"
#include "port-fixture.h"
#include "tree.h"
#include "util/cleanup.h"
#include "util/macro.h"

static void a_second_open_is_refused_and_changes_nothing(void **state) {
        struct port_fixture *fixture = *state;
        struct termios before = { 0 }, after = { 0 };
        struct port *second = NULL;
        unsigned baud;

        port_fixture_open(fixture);
        assert_int_equal(port_set_format(fixture->port, 57600, true, &baud), 0);
        assert_int_equal(tcgetattr(fixture->slave, &before), 0);
        assert_int_equal(port_open_serial(fixture->name, &second), -EBUSY);
        assert_null(second);
        assert_int_equal(tcgetattr(fixture->slave, &after), 0);
        assert_memory_equal(&before, &after, sizeof(before));

        fixture->port = port_close(fixture->port);
        port_fixture_open(fixture);
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
        struct port_fixture *fixture = *state;

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
        port_fixture_open(fixture);
}

static void names_who_has_the_port_open(void **state) {
        struct port_fixture *fixture = *state;
        char command[32];
        pid_t seen = 0;

        port_fixture_open(fixture); /* this process does not count */
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

/* In a child: has a file open whose server never answers. 0, or -1: not allowed to mount. */
static int hold_dead_file(const char *directory, unsigned number) {
        char options[128];
        int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);

        (void)number;
        (void)snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u",
                       fuse, getuid(), getgid());
        if (fuse < 0 || unshare(CLONE_NEWNS) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("dead", directory, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
                return -1;
        return open(directory, O_PATH | O_CLOEXEC) < 0 ? -1 : 0;
}

/* A child that holds what `hold` opens below a directory, and not the port, is not named. */
static void look_beside(const struct port_fixture *fixture,
                        int (*hold)(const char *directory, unsigned number)) {
        unsigned number = (unsigned)strtoul(strrchr(fixture->name, '/') + 1, NULL, 10);
        char *root = tree_new(), command[32], held;
        pid_t seen = 0;
        int ends[2];

        tree_directory(root, "held");
        _cleanup_free_ char *directory = tree_path(root, "held");
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                held = hold(directory, number) == 0;
                (void)close(fixture->slave);
                (void)write(ends[1], &held, 1);
                (void)pause();
                _exit(0);
        }
        assert_true(pid > 0);
        assert_int_equal(read(ends[0], &held, 1), 1);
        (void)alarm(20); /* a look at a dead file would never end */
        int r = port_holder(fixture->name, &seen, command, sizeof(command));
        (void)alarm(0);
        stop_holder(pid);
        close(ends[0]);
        close(ends[1]);
        tree_remove(root);
        if (!held)
                skip(); /* nobody may mount here */
        assert_int_equal(r, -ENOENT);
}

static void a_pty_of_that_number_in_a_container_is_another(void **state) {
        look_beside(*state, hold_namesake);
}

static void a_file_system_that_is_dead_holds_nobody_up(void **state) {
        look_beside(*state, hold_dead_file);
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
        struct port_fixture *fixture = *state;
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
        port_fixture_open(fixture);
}

static void our_lock_holds_other_programs_off(void **state) {
        struct port_fixture *fixture = *state;
        int exclusive = 0;

        port_fixture_open(fixture);
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

int main(void) {
#define TEST(function)                                                                             \
        cmocka_unit_test_setup_teardown(function, port_fixture_setup, port_fixture_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_second_open_is_refused_and_changes_nothing),
                TEST(other_programs_locks_are_respected_and_named),
                TEST(names_who_has_the_port_open),
                TEST(a_pty_of_that_number_in_a_container_is_another),
                TEST(a_file_system_that_is_dead_holds_nobody_up),
                TEST(the_dead_and_nonsense_lock_nothing),
                TEST(a_lock_file_keeps_us_out_and_names_its_owner),
                TEST(our_lock_holds_other_programs_off),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
