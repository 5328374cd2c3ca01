/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/entry.h"
#include "boot/exchange.h"
#include "boot/session.h"

/*
 * The lowest part of a session: one activity at a time on the wires (an exchange, a single byte,
 * line steps, a change of format, waiting for silence), turned into wants and fed by events.
 */

enum link_result {
        LINK_OK,
        LINK_NACK,
        LINK_SILENCE,
        LINK_GARBAGE, /* a byte that fits nothing, one too many, or an answer before its question */
        LINK_LINES,   /* the lines could not be driven */
        LINK_FORMAT,  /* the port cannot do it */
        LINK_LOST,    /* the port is gone or takes no bytes */
};

enum link_activity {
        LINK_IDLE,
        LINK_EXCHANGE,
        LINK_PROBE,
        LINK_STEPS,
        LINK_SET_FORMAT,
        LINK_QUIET,
};

struct link {
        unsigned baud;
        bool even_parity;
        bool instant; /* no time on the wire */
        uint64_t now;

        enum link_activity activity;
        enum link_result result; /* of the last activity */
        int system;              /* negative errno behind LINES, FORMAT, LOST */
        bool lost;               /* nothing can be sent any more */

        struct exchange exchange;
        struct entry_sequence steps;
        size_t step;
        uint8_t probe;
        uint64_t probe_timeout;
        uint64_t quiet, quiet_limit; /* silence wanted; when to give up waiting for it */

        bool asked;        /* the current want was handed out */
        bool answered;     /* ... and its event has come: SENT, LINES, FORMAT, FLUSHED */
        uint64_t sent_at;  /* when sending began */
        uint64_t deadline; /* of what is awaited now */

        uint8_t received[32]; /* the beginning of what came in this activity, stage or line step */
        size_t n_received;
        bool stray; /* a byte came that nobody waited for */
};

/* Starts the exchange that was described in link->exchange. */
void link_exchange(struct link *link);

/* Has the port taken all of the exchange, however it ended? */
bool link_said_all(const struct link *link);

/* Sends one byte and waits for ACK (LINK_OK) or NACK; other bytes are kept in `received`. */
void link_probe(struct link *link, uint8_t byte, uint64_t timeout);

void link_steps(struct link *link, const struct entry_sequence *steps);
void link_format(struct link *link, unsigned baud, bool even_parity);

/* Waits until nothing has come for `quiet` microseconds, then discards it. GARBAGE: it never ends.
 */
void link_quiet(struct link *link, uint64_t quiet);

/* Leaves the activity as it stands. */
void link_abort(struct link *link);

/* The time that `bytes` take on the wire at the current format. */
uint64_t link_wire_time(const struct link *link, size_t bytes);

/* What the activity wants; not to be called when idle. */
void link_next(struct link *link, uint64_t now, struct session_want *ret);
void link_event(struct link *link, const struct session_event *event);
