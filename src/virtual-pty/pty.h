/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A pseudo-terminal that passes for a UART whose far end we are. */

struct pty;

/*
 * Opens one, raw before any client can come. `link`, or NULL: a symbolic link to it, which replaces
 * a link of that name but nothing else, and is removed at the end. Returns 0 or negative errno.
 */
int pty_open(const char *link, struct pty **ret);
struct pty *pty_free(struct pty *pty);

const char *pty_path(const struct pty *pty);
int pty_fd(const struct pty *pty); /* non-blocking; readable when a client has sent */

/* What a client has sent: how many bytes (0: none now), or negative errno. `ret_flushed`: it has
 * discarded what it had sent before. */
ssize_t pty_read(struct pty *pty, uint8_t *ret_data, size_t size, bool *ret_flushed);

/* To the client. What it does not read in time is lost, as on a UART. */
void pty_write(struct pty *pty, const uint8_t *data, size_t size);

/* The baud rate that the client has set, or 0: not to be had. */
unsigned pty_baud(const struct pty *pty);
