/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "virtual-pty/pty.h"
#include "virtual-pty/pty_speed.h"

struct pty {
        int master;
        int slave; /* kept open: a client that closes does not hang up the line */
        char path[64];
        char *link; /* NULL: none was made */
};

DEFINE_CLEANUP(struct pty, pty_free);

struct pty *pty_free(struct pty *pty) {
        if (!pty)
                return NULL;
        if (pty->link)
                (void)unlink(pty->link);
        free(pty->link);
        closep(&pty->slave);
        closep(&pty->master);
        free(pty);
        return NULL;
}

/* Replaces a symbolic link, nothing else. */
static int link_path(struct pty *pty, const char *link) {
        struct stat st;

        if (lstat(link, &st) == 0 && S_ISLNK(st.st_mode))
                (void)unlink(link);
        if (symlink(pty->path, link) < 0)
                return -errno;
        pty->link = strdup(link);
        if (!pty->link) {
                (void)unlink(link);
                return -ENOMEM;
        }
        return 0;
}

static int make_raw(int fd) {
        struct termios settings;

        if (tcgetattr(fd, &settings) < 0)
                return -errno;
        cfmakeraw(&settings);
        settings.c_cflag |= CLOCAL;
        (void)cfsetspeed(&settings, B115200);
        return tcsetattr(fd, TCSANOW, &settings) < 0 ? -errno : 0;
}

int pty_open(const char *link, struct pty **ret) {
        _cleanup_(pty_freep) struct pty *pty = calloc(1, sizeof(*pty));
        int packets = 1, r;

        if (!pty)
                return -ENOMEM;
        pty->slave = -1;
        pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (pty->master < 0)
                return -errno;
        if (grantpt(pty->master) < 0 || unlockpt(pty->master) < 0)
                return -errno;
        r = ptsname_r(pty->master, pty->path, sizeof(pty->path));
        if (r != 0)
                return -r;
        pty->slave = open(pty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (pty->slave < 0)
                return -errno;
        r = make_raw(pty->slave);
        if (r < 0)
                return r;
        /* packet mode tells of the client's tcflush() */
        if (ioctl(pty->master, TIOCPKT, &packets) < 0)
                return -errno;
        if (link) {
                r = link_path(pty, link);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(pty);
        return 0;
}

const char *pty_path(const struct pty *pty) {
        return pty->path;
}

int pty_fd(const struct pty *pty) {
        return pty->master;
}

ssize_t pty_read(struct pty *pty, uint8_t *ret_data, size_t size, bool *ret_flushed) {
        uint8_t packet[1 + 512];
        ssize_t n = read(pty->master, packet, MIN(size + 1, sizeof(packet)));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n < 0)
                return -errno;
        *ret_flushed = n > 0 && packet[0] & TIOCPKT_FLUSHWRITE;
        if (n < 1 || packet[0] != TIOCPKT_DATA)
                return 0;
        memcpy(ret_data, packet + 1, (size_t)n - 1);
        return n - 1;
}

void pty_write(struct pty *pty, const uint8_t *data, size_t size) {
        (void)!write(pty->master, data, size);
}

unsigned pty_baud(const struct pty *pty) {
        return pty_speed(pty->master);
}
