/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file of its own: <asm/termbits.h> cannot be had beside <termios.h>. */

#include <asm/termbits.h>
#include <sys/ioctl.h>

#include "virtual-pty/pty_speed.h"

unsigned pty_speed(int fd) {
        struct termios2 settings;

        return ioctl(fd, TCGETS2, &settings) < 0 ? 0 : settings.c_ospeed;
}
