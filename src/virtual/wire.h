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
        uint64_t from;     /* looks for a start bit from here on */
        uint32_t length;   /* of its frames */
        uint32_t slack;    /* a frame may be so much longer or shorter */
        uint32_t half_bit; /* from the middle of the stop bit to its end */
        uint8_t n;         /* 11: even parity, 10: none */
};

struct receiver receiver_new(uint64_t from, uint32_t length, uint8_t n);

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
struct line *line_free(struct line *line);

static inline struct frame *line_at(const struct line *line, size_t index) {
        return &line->frames[(line->head + index) & (line->capacity - 1)];
}

static inline void line_pop(struct line *line) {
        line->head = (line->head + 1) & (line->capacity - 1);
        line->count--;
}

static inline uint64_t line_frame_end(const struct line *line, const struct frame *frame) {
        return frame->start + (line->instant ? 0 : frame->length);
}

/* Is it of the receiver's format, and the first that it sees? */
static inline bool line_fits(const struct line *line, const struct receiver *receiver,
                             const struct frame *frame) {
        uint32_t difference = frame->length - receiver->length;

        return frame->n == receiver->n && difference + receiver->slack <= 2 * receiver->slack &&
               (line->instant || frame->start >= receiver->from);
}

uint64_t line_next_odd(const struct line *line, const struct receiver *receiver);
bool line_take_odd(struct line *line, struct receiver *receiver, uint8_t *ret_byte);
bool line_check(const struct receiver *receiver, unsigned bits);

/* When the receiver will have its next byte; USEC_INFINITY: not from the frames there are. */
static inline uint64_t line_next(const struct line *line, const struct receiver *receiver) {
        const struct frame *frame;

        if (line->count == 0)
                return UINT64_MAX;
        frame = line_at(line, 0);
        if (line_fits(line, receiver, frame))
                return line_frame_end(line, frame);
        return line_next_odd(line, receiver);
}

/* Takes that byte. Returns whether parity and stop bit were right. */
static inline bool line_take(struct line *line, struct receiver *receiver, uint8_t *ret_byte) {
        struct frame *frame = line_at(line, 0);
        unsigned bits = frame->bits;

        if (!line_fits(line, receiver, frame))
                return line_take_odd(line, receiver, ret_byte);
        if (!line->instant)
                receiver->from = frame->start + frame->length - receiver->half_bit;
        line_pop(line);
        *ret_byte = (uint8_t)(bits >> 1);
        return line_check(receiver, bits);
}
