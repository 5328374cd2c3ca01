/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdio.h>

/*
 * How tests talk to the rig's programs: a UNIX socket, one line a connection, the answer until its
 * end (rig-tell). "error: ..." on the first line says that it did not work.
 */

/* Listens at `path`, replacing what is there. Returns the descriptor or negative errno
 * (-EINVAL: NULL). */
int control_listen(const char *path);

/* Takes a client and its line, without the newline. Returns the stream for the answer, to be
 * closed by the caller, or NULL. */
FILE *control_accept(int fd, char *ret_line, size_t size);
