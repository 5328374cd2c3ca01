/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/entry.h"
#include "boot/link.h"

/*
 * Brings the chip into its ROM and proves it: attempts of line steps, 0x7F, Get ID. Above a link;
 * the caller calls enter_advance() whenever the link is idle.
 */

enum enter_status {
        ENTER_BUSY,
        ENTER_OK,
        ENTER_NO_ANSWER, /* see `evidence` */
        ENTER_LINK,      /* lines, format or port: see link->result */
};

struct enter {
        const struct entry_config *config;
        const struct chip *chip; /* what it is believed to be, or NULL */
        unsigned baud;
        bool look;       /* one 0x7F, no lines: is the ROM there? */
        bool look_first; /* before the attempts, touch no line */

        unsigned state;
        unsigned attempt, syncs;
        bool looking, id_retried, id_known, synced_by_nack;
        struct entry_attempt current;
        struct entry_evidence evidence;

        uint16_t chip_id; /* after ENTER_OK */
};

void enter_begin(struct enter *enter, const struct entry_config *config, const struct chip *chip,
                 unsigned baud);

/* Only looks whether the ROM is there, as little as can be said to whatever else may be. */
void enter_begin_look(struct enter *enter, const struct entry_config *config,
                      const struct chip *chip, unsigned baud);

enum enter_status enter_advance(struct enter *enter, struct link *link);
