/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * The format that a tty was last set to, at any baud rate. <termios.h> knows the listed ones only.
 * Returns 0 or negative errno; -EPROTO: neither 8E1 nor 8N1.
 */
int tty_format(int fd, unsigned *ret_baud, bool *ret_even_parity);

/* Raw, so that a byte is a byte; the pair of 8250s in QEMU has no rate. */
int tty_make_raw(int fd);
