/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/*
 * When the client wrote. A UART sends the first bit as soon as a program has written; what is
 * written to a pseudo-terminal lies there until a kernel worker and then this process get to run,
 * which is no part of the wire's time. A client that can be made to tell (tests/bench/pty-shim.c)
 * stores the time in a file: CLOCK_MONOTONIC, microseconds, 64 bits of this machine's byte order.
 */
struct client_clock {
        const uint64_t *written; /* a mapping; NULL: nobody tells */
        uint64_t last;           /* what was told the last time */
};

/* `path` is of at least eight bytes. Returns 0 or negative errno. */
int client_clock_open(const char *path, struct client_clock *ret);
void client_clock_close(struct client_clock *clock);

/* When what is read at `now` was written: no later than `now`, which is the answer if nobody has
 * told since the last time. */
uint64_t client_clock_time(struct client_clock *clock, uint64_t now);
