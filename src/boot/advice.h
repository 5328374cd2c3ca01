/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "boot/session.h"

/*
 * What a failure means on this very chip and wiring, and what to try next. Data: one row a cause,
 * each with the source of its claim.
 */

struct advice_context {
        const char *target;      /* NULL: not known; commands then say TARGET */
        const struct chip *chip; /* what it is, or is believed to be; NULL: not known */
        const char *chip_name;   /* what it should be: Chip=; NULL: nobody says */
        const struct entry_config *entry;
        unsigned baud;
        const char *port_user; /* another process that has the port as well; NULL: none is seen */
        bool service_stops; /* CANCELLED: not a client asked for it, the service is being stopped */
        bool is_virtual;
        bool interrupted;      /* an earlier job has left its flash incomplete */
        bool configured_image; /* the image is the one that the target's configuration names */
};

#define ADVICE_MAX      4
#define ADVICE_TEXT_MAX 512

struct advice {
        char text[ADVICE_TEXT_MAX]; /* a sentence or two: what is wrong, what to try */
};

/* Finds what fits, the most likely first. Returns how many; at least one for every failure. */
size_t advice_find(const struct session_failure *failure, const struct advice_context *context,
                   struct advice ret[static ADVICE_MAX]);
