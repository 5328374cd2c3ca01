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
        TRACE_LINES,  /* data[0]: enum trace_line, data[1]: 1: held in reset, boot line high */
        TRACE_FORMAT, /* data: baud as le32, then 1: even parity, 0: none */
        TRACE_WAIT,   /* data: microseconds as le32 */
        TRACE_NOTE,   /* text, not NUL-terminated */
};

/* The same numbers as enum line of hw/lines.h. */
enum trace_line {
        TRACE_LINE_RESET,
        TRACE_LINE_BOOT0,
        TRACE_LINE_BOOT1,
};

struct trace_event {
        uint64_t time; /* microseconds, monotonic */
        enum trace_type type;
        const uint8_t *data;
        size_t size;
};

/*
 * Writes `events`, oldest first, to `out`: one line an exchange ("WRITE 0x08000400 256 bytes, ACK
 * after 3.1 ms"), a line step or a delay; times are relative to the first event, an answer's delay
 * counts from the moment when the last byte has left. Bytes that fit no exchange are shown as they
 * are. `raw`: one line an event, in hexadecimal. The first events may be the torn end of something
 * older. Knows every command of AN3155, 0xA1, 0x50 and 0x51 included.
 *
 * A command is looked for only where a sent event begins, as it is sent only after the answer to
 * what went before.
 */
void trace_decode(const struct trace_event *events, size_t n_events, bool raw, FILE *out);

/* As trace_decode(), not raw, but tells only what events[first] and those behind it are a part of:
 * what was under way by then is told whole. */
void trace_decode_end(const struct trace_event *events, size_t n_events, size_t first, FILE *out);
