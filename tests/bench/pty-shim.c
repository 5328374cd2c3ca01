/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * LD_PRELOAD: makes a pseudo-terminal pass for a UART, for tests only. Three things are missing: a
 * pty drops parity in silence, it has no modem lines (TIOCMGET is ENOTTY), and libserialport wants
 * to find it in /sys/class/tty. Parity and modem lines are remembered here, a device each; bytes
 * travel as ever. With it the daemon and stm32flash run at 8E1 over a pty.
 *
 * A pty hands over what is written once a kernel worker and the reader get to run, where a UART
 * starts to send: with PTY_SHIM_CLOCK=FILE the time of each write is stored in FILE, which
 * stmboot-virtual --client-clock takes for the start of the wire's time.
 *
 * The environment makes it a worse UART: PTY_SHIM_NO_PARITY=1 drops parity like a Raspberry Pi's
 * mini-UART, PTY_SHIM_MAX_BAUD=115200 clamps the rate like an 8250.
 */

#undef _FILE_OFFSET_BITS /* or lstat() becomes lstat64(), of which both are wanted */

#include <asm/termbits.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define PTY_SLAVE_MAJOR_MIN 136
#define PTY_SLAVE_MAJOR_MAX 143
#define FORMAT_BITS         (PARENB | PARODD | CMSPAR)

struct tty {
        tcflag_t format;
        int modem_lines;
};

/* <termios.h> cannot be had beside <asm/termbits.h>; c_cflag stands at the same place in both. */
int tcgetattr(int fd, struct termios *settings);
int tcsetattr(int fd, int action, const struct termios *settings);
int __lxstat(int version, const char *path, struct stat *ret);
ssize_t __readlink_chk(const char *path, char *ret, size_t size, size_t room);

#define NEXT(function) ((__typeof__(function) *)dlsym(RTLD_NEXT, #function))

/* What is remembered of the pty slave behind `fd`; NULL: it is something else. */
static struct tty *tty_of(int fd) {
        static struct tty ttys[(PTY_SLAVE_MAJOR_MAX - PTY_SLAVE_MAJOR_MIN + 1) * 256];
        struct stat st;

        if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) < PTY_SLAVE_MAJOR_MIN ||
            major(st.st_rdev) > PTY_SLAVE_MAJOR_MAX || minor(st.st_rdev) > 255)
                return NULL;
        return &ttys[(major(st.st_rdev) - PTY_SLAVE_MAJOR_MIN) * 256 + minor(st.st_rdev)];
}

static int drops_parity(void) {
        return getenv("PTY_SHIM_NO_PARITY") != NULL;
}

static void keep_parity(struct tty *tty, tcflag_t cflag) {
        tty->format = drops_parity() ? 0 : cflag & FORMAT_BITS;
}

static void clamp_speed(struct termios2 *settings) {
        const char *text = getenv("PTY_SHIM_MAX_BAUD");
        speed_t max = text ? (speed_t)atoi(text) : settings->c_ospeed;

        if (settings->c_ospeed > max)
                settings->c_ospeed = settings->c_ispeed = max;
}

int tcgetattr(int fd, struct termios *settings) {
        struct tty *tty = tty_of(fd);

        int r = NEXT(tcgetattr)(fd, settings);
        if (r == 0 && tty)
                settings->c_cflag |= tty->format;
        return r;
}

int tcsetattr(int fd, int action, const struct termios *settings) {
        struct tty *tty = tty_of(fd);

        if (tty)
                keep_parity(tty, settings->c_cflag);
        if (!tty || drops_parity())
                return NEXT(tcsetattr)(fd, action, settings);
        /* Not through glibc, which fails when the kernel drops parity and keeps the rest. */
        return NEXT(ioctl)(fd, TCSETS + (unsigned long)action, settings);
}

/* Answers what a pty has no answer to; true: done. */
static int modem_ioctl(struct tty *tty, unsigned long request, int *lines) {
        switch (request) {
        case TIOCMGET:
                *lines = tty->modem_lines;
                return 1;
        case TIOCMSET:
                tty->modem_lines = *lines;
                return 1;
        case TIOCMBIS:
                tty->modem_lines |= *lines;
                return 1;
        case TIOCMBIC:
                tty->modem_lines &= ~*lines;
                return 1;
        default:
                return 0;
        }
}

int ioctl(int fd, unsigned long request, ...) {
        struct tty *tty = tty_of(fd);
        va_list arguments;

        va_start(arguments, request);
        void *argument = va_arg(arguments, void *);
        va_end(arguments);
        if (tty && modem_ioctl(tty, request, argument))
                return 0;

        int r = NEXT(ioctl)(fd, request, argument);
        if (r < 0 || !tty)
                return r;
        if (request == TCGETS || request == TCGETS2)
                ((struct termios *)argument)->c_cflag |= tty->format;
        else if (request == TCSETS || request == TCSETS2)
                keep_parity(tty, ((const struct termios *)argument)->c_cflag);
        if (request == TCGETS2)
                clamp_speed(argument);
        return r;
}

static uint64_t *map_clock(const char *path) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        void *mapping = mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

        if (mapping == MAP_FAILED) {
                fprintf(stderr, "pty-shim: %s: %m\n", path);
                abort();
        }
        (void)close(fd);
        return mapping;
}

static void tell_clock(void) {
        static uint64_t *clock;
        const char *path = getenv("PTY_SHIM_CLOCK");
        struct timespec now;

        if (!path)
                return;
        if (!clock)
                clock = map_clock(path);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        __atomic_store_n(clock, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
                         __ATOMIC_RELEASE);
}

ssize_t write(int fd, const void *data, size_t size) {
        if (tty_of(fd))
                tell_clock();
        return NEXT(write)(fd, data, size);
}

/* For libserialport a pty is the same kind of device as the ptmx. */
static const char *sysfs_path(const char *path) {
        static const char ptys[] = "/sys/class/tty/pts/";

        return strncmp(path, ptys, strlen(ptys)) == 0 ? "/sys/class/tty/ptmx" : path;
}

int lstat(const char *path, struct stat *ret) {
        return NEXT(lstat)(sysfs_path(path), ret);
}

int lstat64(const char *path, struct stat64 *ret) {
        return NEXT(lstat64)(sysfs_path(path), ret);
}

int __lxstat(int version, const char *path, struct stat *ret) {
        return NEXT(__lxstat)(version, sysfs_path(path), ret);
}

ssize_t readlink(const char *path, char *ret, size_t size) {
        return NEXT(readlink)(sysfs_path(path), ret, size);
}

ssize_t __readlink_chk(const char *path, char *ret, size_t size, size_t room) {
        return NEXT(__readlink_chk)(sysfs_path(path), ret, size, room);
}
