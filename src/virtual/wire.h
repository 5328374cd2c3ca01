/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One direction of an asynchronous serial line: frames as the sender times them, and a receiver
 * with its own idea of bit time and parity. What is sampled with another format is garbage for the
 * same reason as on copper. Private to src/virtual; times in nanoseconds.
 */

struct frame {
        uint64_t start;
        uint32_t length; /* from the start bit to the end of the last bit */
        uint16_t bits;   /* as on the wire; bit 0 is the start bit */
        uint8_t n;       /* how many */
        bool two_stop_bits;
};

struct line {
        struct frame *frames; /* a ring */
        size_t head, count, capacity;
        uint64_t free;  /* when the last frame ends */
        uint64_t total; /* bytes that were put on it */
        bool instant;   /* frames last no time */
};

struct receiver {
        uint64_t from;   /* looks for a start bit from here on */
        uint32_t length; /* of its frames */
        uint8_t n;       /* 11: even parity, 10: none */
};

/* Length of a frame of `n` bits. */
uint32_t frame_length(unsigned baud, unsigned n);

/* The bits of a byte: 11 with even parity, 10 without. */
uint16_t frame_bits(uint8_t byte, unsigned n);

/* Appends; `frame.start` is when it may start, at the earliest. A line that nobody reads loses what
 * exceeds 64 KiB. */
void line_put(struct line *line, struct frame frame);

/* The sender dies: what is not yet sent is gone, a frame on the wire ends in an idle level. */
void line_cut(struct line *line, uint64_t now);

/* The sender changes its mind: frames not begun are gone. */
void line_flush(struct line *line, uint64_t now);

/* The sender changes its format: frames not begun take it, the one on the wire breaks off. */
void line_reformat(struct line *line, uint64_t now, uint32_t length, uint8_t n);

/* Forgets frames that have ended. */
void line_discard(struct line *line, uint64_t now);
void line_pop(struct line *line);
struct line *line_free(struct line *line);

static inline struct frame *line_at(const struct line *line, size_t index) {
        return &line->frames[(line->head + index) & (line->capacity - 1)];
}

static inline uint64_t line_frame_end(const struct line *line, const struct frame *frame) {
        return frame->start + (line->instant ? 0 : frame->length);
}

/* When the receiver will have its next byte; USEC_INFINITY: not from the frames there are. */
uint64_t line_next(const struct line *line, const struct receiver *receiver);

/* Takes that byte. Returns whether parity and stop bit were right. */
bool line_take(struct line *line, struct receiver *receiver, uint8_t *ret_byte);
