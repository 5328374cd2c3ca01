/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/*
 * The other end of the UART pair, as far as the kernel shows it: the format that it was set to, and
 * whether anybody has it open. What reaches a closed port is lost on a wire; QEMU would keep it.
 */

struct peer {
        char *path;
        int events;     /* to poll for input; peer_follow() takes it */
        bool listening; /* somebody has it open */
};

/* Returns 0 or negative errno. */
int peer_open(struct peer *peer, const char *path);
void peer_close(struct peer *peer);

/* Takes what has happened: to be called before `listening` is looked at. */
void peer_follow(struct peer *peer);

/*
 * The format at this moment. Returns 0; -ENOTCONN: nobody has it open; -EPROTO: neither 8E1 nor
 * 8N1; or what the kernel says.
 */
int peer_format(struct peer *peer, unsigned *ret_baud, bool *ret_even_parity);
