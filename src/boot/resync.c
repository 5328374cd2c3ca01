/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/resync.h"
#include "boot/an3155.h"
#include "util/macro.h"

/* Longer than a USB adapter keeps a byte (FTDI: 16 ms); a NACK is an answer at once. */
#define FILLER_TIMEOUT (30 * USEC_PER_MSEC)

/* Twice the longest packet, Write with 258 bytes: a filler may have opened a new one. */
#define FILLERS_MAX 600

enum {
        STATE_FILL,
        STATE_FILLED,
        STATE_DRAINED,
        STATE_ID,
};

void resync_begin(struct resync *resync, uint16_t chip_id, uint8_t command) {
        *resync = (struct resync){
                .state = STATE_FILL,
                .filler = command == AN3155_EXTENDED_ERASE ? 0xFF : 0x02,
                .chip_id = chip_id,
        };
}

static enum resync_status fill(struct resync *resync, struct link *link) {
        if (resync->sent++ == FILLERS_MAX)
                return RESYNC_FAILED;
        link_probe(link, resync->filler, FILLER_TIMEOUT);
        resync->state = STATE_FILLED;
        return RESYNC_BUSY;
}

enum resync_status resync_advance(struct resync *resync, struct link *link) {
        if (link->lost || (resync->state != STATE_FILL && link->result == LINK_LOST))
                return RESYNC_LOST;
        switch (resync->state) {
        case STATE_FILL:
                return fill(resync, link);
        case STATE_FILLED:
                if (link->result != LINK_NACK) /* an ACK only ends a part of a packet */
                        return fill(resync, link);
                link_quiet(link, link_wire_time(link, 3) + FILLER_TIMEOUT);
                resync->state = STATE_DRAINED;
                return RESYNC_BUSY;
        case STATE_DRAINED:
                an3155_get_id(&link->exchange);
                link_exchange(link);
                resync->state = STATE_ID;
                return RESYNC_BUSY;
        default:
                if (link->result != LINK_OK || link->stray ||
                    an3155_chip_id(&link->exchange) != resync->chip_id)
                        return fill(resync, link);
                return RESYNC_OK;
        }
}
