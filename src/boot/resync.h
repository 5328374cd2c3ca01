/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/link.h"

/*
 * Brings a ROM that waits for the rest of a packet back to its command loop where nobody can reset
 * it. The caller calls resync_advance() whenever the link is idle.
 *
 * The ROM has no time-out between bytes, so filler must complete the packet. 0x02 is the filler: a
 * fresh frame of 02s never adds up. As command pair 02 02 it is no complement; as address 02020202
 * the XOR is 00; as write or read packet N = 2, three bytes and a checksum XOR to 02 ^ 02; as page
 * list the count is odd. No constant is safe from a packet torn in the middle (one chance in 256
 * that the checksum fits), so the caller verifies all of its work again.
 */

enum resync_status {
        RESYNC_BUSY,
        RESYNC_OK,
        RESYNC_FAILED,
        RESYNC_LOST,
};

struct resync {
        unsigned state;
        unsigned sent;
        uint16_t chip_id; /* after RESYNC_OK */
};

void resync_begin(struct resync *resync);
enum resync_status resync_advance(struct resync *resync, struct link *link);
