/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One command of AN3155 as data: for each stage what is sent, what must come back, and how long
 * that may take. Consumes bytes; knows neither time nor port.
 */

enum exchange_reply {
        EXCHANGE_ACK,
        EXCHANGE_ACK_DATA,        /* ACK, then `count` bytes */
        EXCHANGE_ACK_COUNTED_ACK, /* ACK, N, N + 1 bytes, ACK */
};

struct exchange_stage {
        uint16_t offset, size; /* within tx; size 0: only wait, for a second ACK */
        enum exchange_reply reply;
        uint16_t count;
        uint64_t timeout; /* after the last byte has left, microseconds */
        /* Old ROMs forget this ACK (H74x V9.0, Go): silence counts as one. */
        bool ack_optional;
        /* Old ROMs report more bytes than they send (H74x V9.0, Get): after silence, a list that
         * ends in an ACK is taken as it is. */
        bool count_unsure;
};

enum exchange_status {
        EXCHANGE_BUSY,
        EXCHANGE_DONE,
        EXCHANGE_NACKED,  /* at `stage` */
        EXCHANGE_GARBAGE, /* a byte that fits nothing, or one too many */
        EXCHANGE_SILENT,
};

/* The longest: Write with 256 bytes, 2 + 5 + 258; the longest answer: Read, 256. */
#define EXCHANGE_TX_MAX     300
#define EXCHANGE_RX_MAX     260
#define EXCHANGE_STAGES_MAX 4

struct exchange {
        uint8_t command;
        uint8_t tx[EXCHANGE_TX_MAX];
        uint16_t n_tx;
        struct exchange_stage stages[EXCHANGE_STAGES_MAX];
        unsigned n_stages;

        enum exchange_status status;
        unsigned stage; /* under way, or where it ended */
        bool acked;     /* this stage's ACK has come */
        bool counted;   /* this stage's N has come */
        uint16_t n_missing;
        uint8_t data[EXCHANGE_RX_MAX]; /* what was asked for, without ACKs and counts */
        uint16_t n_data;
};

/* Starts describing a command: its code and complement are the first stage. */
void exchange_init(struct exchange *exchange, uint8_t command, uint64_t timeout);

/* Adds a stage that sends `size` bytes and their checksum (XOR; complement of a single byte). */
struct exchange_stage *exchange_add(struct exchange *exchange, const uint8_t *data, size_t size,
                                    uint64_t timeout);

/* Adds a stage that sends nothing and waits for a further ACK. */
struct exchange_stage *exchange_add_wait(struct exchange *exchange, uint64_t timeout);

/* The stage under way. */
const struct exchange_stage *exchange_stage(const struct exchange *exchange);

/* Is there nothing to send after the stage under way? */
bool exchange_ends_here(const struct exchange *exchange);

/* Bytes of a full answer to the stage under way, for its time on the wire. */
size_t exchange_reply_size(const struct exchange *exchange);

/*
 * Feeds received bytes of the stage under way. Stops at the end of the stage: returns how many were
 * taken. When `stage` has moved on, or status is no longer EXCHANGE_BUSY, the stage is over.
 */
size_t exchange_receive(struct exchange *exchange, const uint8_t *data, size_t size);

/* The stage's time is over. */
void exchange_timeout(struct exchange *exchange);
