/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The speed of a tty as a number, odd ones included; 0: not to be had. */
unsigned pty_speed(int fd);
