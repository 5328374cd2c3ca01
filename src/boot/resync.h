/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/link.h"

/*
 * Brings a ROM that waits for the rest of a packet back to its command loop where nobody can reset
 * it. The caller calls resync_advance() whenever the link is idle.
 *
 * The ROM has no time-out between bytes, so filler must complete the packet, and be wrong. A fresh
 * frame of 02s never adds up: as command pair 02 02 it is no complement; as address 02020202 the
 * XOR is 00; as write or page list N = 2, three bytes and their sum is 00. Only Extended Erase
 * would take 02 02 for 515 pages: there FF FF is a mass erase, and FF the wrong sum. No constant is
 * safe from a packet torn in the middle (one chance in 256 that the sum fits), so the caller
 * verifies all of its work again.
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
        uint8_t filler;
        uint16_t chip_id;
};

/* `command` broke off; RESYNC_OK when the chip with this ID answers again. */
void resync_begin(struct resync *resync, uint16_t chip_id, uint8_t command);
enum resync_status resync_advance(struct resync *resync, struct link *link);
