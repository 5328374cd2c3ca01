/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A recorded conversation with a ROM, told in words for people who would reach for a logic
 * analyser. */

enum trace_type {
        TRACE_SENT,
        TRACE_RECEIVED,
        TRACE_LINES,  /* data[0]: enum line, data[1]: level */
        TRACE_FORMAT, /* data: baud as le32, then 1: even parity, 0: none */
        TRACE_WAIT,   /* data: microseconds as le32 */
        TRACE_NOTE,   /* text, not NUL-terminated */
};

struct trace_event {
        uint64_t time; /* microseconds, monotonic */
        enum trace_type type;
        const uint8_t *data;
        size_t size;
};

/*
 * Writes `events`, oldest first, to `out`: one line an exchange ("WRITE 0x08000400 256 bytes, ACK
 * after 3.1 ms"), a line step or a delay; times are relative to the first event. Bytes that fit no
 * exchange are shown as they are. `raw`: one line an event, in hexadecimal. The first events may be
 * the torn end of something older. Knows every command of AN3155, 0xA1, 0x50 and 0x51 included.
 */
void trace_decode(const struct trace_event *events, size_t n_events, bool raw, FILE *out);
