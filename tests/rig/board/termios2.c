/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "termios2.h"

#include <asm/termbits.h>
#include <errno.h>
#include <sys/ioctl.h>

int tty_format(int fd, unsigned *ret_baud, bool *ret_even_parity) {
        struct termios2 t;

        if (ioctl(fd, TCGETS2, &t) < 0)
                return -errno;
        if ((t.c_cflag & CSIZE) != CS8 || t.c_cflag & (CSTOPB | PARODD))
                return -EPROTO;
        *ret_baud = t.c_ospeed;
        *ret_even_parity = t.c_cflag & PARENB;
        return 0;
}

int tty_make_raw(int fd) {
        struct termios2 t;

        if (ioctl(fd, TCGETS2, &t) < 0)
                return -errno;
        t.c_iflag = t.c_oflag = t.c_lflag = 0;
        t.c_cflag = B115200 | CS8 | CREAD | CLOCAL;
        t.c_cc[VMIN] = 1;
        t.c_cc[VTIME] = 0;
        return ioctl(fd, TCSETS2, &t) < 0 ? -errno : 0;
}
