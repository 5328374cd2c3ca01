/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "util/macro.h"
#include "virtual/wire.h"

#define LINE_FRAMES_MAX 65536

uint32_t frame_length(unsigned baud, unsigned n) {
        uint64_t length = (n * 1000000000ULL + baud / 2) / MAX(baud, 1U);

        return (uint32_t)MIN(length, (uint64_t)UINT32_MAX);
}

uint16_t frame_bits(uint8_t byte, unsigned n) {
        unsigned bits = (unsigned)byte << 1;

        if (n == 11)
                return (uint16_t)(bits | (unsigned)__builtin_parity(byte) << 9 | 1U << 10);
        return (uint16_t)(bits | 1U << 9);
}

static bool line_grow(struct line *line) {
        size_t capacity = line->capacity ? line->capacity * 2 : 1024;
        struct frame *frames;

        if (capacity > LINE_FRAMES_MAX)
                return false;
        frames = malloc(capacity * sizeof(*frames));
        if (!frames)
                return false;

        for (size_t i = 0; i < line->count; i++)
                frames[i] = *line_at(line, i);
        free(line->frames);
        line->frames = frames;
        line->capacity = capacity;
        line->head = 0;
        return true;
}

void line_put(struct line *line, struct frame frame) {
        if (line->count == line->capacity && !line_grow(line))
                return;

        frame.start = MAX(frame.start, line->free);
        line->free = line_frame_end(line, &frame);
        *line_at(line, line->count++) = frame;
}

void line_discard(struct line *line, uint64_t now) {
        while (line->count > 0 && line_frame_end(line, line_at(line, 0)) <= now)
                line_pop(line);
}

/* From `now` on it is idle. */
static void frame_cut(struct frame *frame, uint64_t now) {
        uint64_t sent;

        if (now - frame->start >= frame->length)
                return;
        sent = ((now - frame->start) * frame->n + frame->length - 1) / frame->length;
        frame->bits |= (uint16_t)(0xFFFFU << sent);
}

void line_cut(struct line *line, uint64_t now) {
        while (line->count > 0) {
                struct frame *last = line_at(line, line->count - 1);

                if (line_frame_end(line, last) <= now)
                        break;
                if (last->start < now) {
                        frame_cut(last, now);
                        break;
                }
                line->count--;
        }
        line->free = now;
}

void line_flush(struct line *line, uint64_t now) {
        while (line->count > 0 && line_at(line, line->count - 1)->start > now)
                line->count--;
        line->free = line->count > 0 ? line_frame_end(line, line_at(line, line->count - 1)) : now;
}

void line_reformat(struct line *line, uint64_t now, uint32_t length, uint8_t n) {
        uint64_t free_at = now;

        for (size_t i = 0; i < line->count; i++) {
                struct frame *frame = line_at(line, i);

                if (frame->start >= now) {
                        frame->bits = frame_bits((uint8_t)(frame->bits >> 1), n);
                        frame->start = free_at;
                        frame->length = length;
                        frame->n = n;
                } else
                        frame_cut(frame, now);
                free_at = MAX(now, line_frame_end(line, frame));
        }
        line->free = free_at;
}

struct line *line_free(struct line *line) {
        free(line->frames);
        *line = (struct line){};
        return NULL;
}

/* ---- receiving ---- */

struct receiver receiver_new(uint64_t from, uint32_t length, uint8_t n) {
        return (struct receiver){
                .from = from,
                .length = length,
                .slack = length / 40, /* 2.5 % (AN3155 2) */
                .half_bit = length / n / 2,
                .n = n,
        };
}

/* Are parity and stop bit of a sampled frame right? */
bool line_check(const struct receiver *receiver, unsigned bits) {
        bool stop = bits >> (receiver->n - 1) & 1U;

        if (receiver->n == 10)
                return stop;
        return stop && !__builtin_parity(bits >> 1 & 0x1FF);
}

static unsigned frame_bit(const struct frame *frame, uint64_t index) {
        return index < frame->n ? frame->bits >> index & 1U : 1;
}

/* The level of the line at a time; idle is high. */
static unsigned line_level(const struct line *line, uint64_t time) {
        for (size_t i = 0; i < line->count; i++) {
                const struct frame *frame = line_at(line, i);

                if (time < frame->start)
                        break;
                if (time < frame->start + frame->length)
                        return frame_bit(frame, (time - frame->start) * frame->n / frame->length);
        }
        return 1;
}

/* The first falling edge that the receiver can take for a start bit. */
static uint64_t line_edge(const struct line *line, uint64_t from) {
        for (size_t i = 0; i < line->count; i++) {
                const struct frame *frame = line_at(line, i);

                if (frame->start + frame->length <= from)
                        continue;
                for (unsigned k = 0; k < frame->n; k++) {
                        uint64_t edge = frame->start + (uint64_t)k * frame->length / frame->n;

                        if (!frame_bit(frame, k) && (k == 0 || frame_bit(frame, k - 1)) &&
                            edge >= from)
                                return edge;
                }
        }
        return USEC_INFINITY;
}

/* A receiver's clock is not in phase with the edge: up to an eighth of a bit, ever different. */
static uint64_t edge_phase(uint64_t edge, uint64_t bit) {
        uint64_t hash = edge * 0x9E3779B97F4A7C15ULL;

        return (hash >> 32) % (bit / 8 + 1);
}

/* Samples one frame that starts with the edge. */
static unsigned line_sample(const struct line *line, const struct receiver *receiver,
                            uint64_t edge) {
        uint64_t phase = edge_phase(edge, receiver->length / receiver->n);
        unsigned bits = 0;

        for (unsigned k = 0; k < receiver->n; k++) {
                uint64_t middle = (2ULL * k + 1) * receiver->length / (2ULL * receiver->n);

                bits |= line_level(line, edge + phase + middle) << k;
        }
        return bits;
}

/* The same where frames last no time: each is sampled as if it were alone. */
static unsigned frame_sample(const struct frame *frame, const struct receiver *receiver) {
        unsigned bits = 0;

        for (unsigned k = 0; k < receiver->n; k++) {
                uint64_t middle = (2ULL * k + 1) * receiver->length / (2ULL * receiver->n);

                bits |= frame_bit(frame, middle * frame->n / MAX(frame->length, 1U)) << k;
        }
        return bits;
}

/* The same as line_next() and line_take() for frames of another format, or seen in part. */
uint64_t line_next_odd(const struct line *line, const struct receiver *receiver) {
        uint64_t edge;

        if (line->instant)
                return line_at(line, 0)->start;
        edge = line_edge(line, receiver->from);
        return edge == USEC_INFINITY ? USEC_INFINITY : edge + receiver->length;
}

bool line_take_odd(struct line *line, struct receiver *receiver, uint8_t *ret_byte) {
        unsigned bits;

        if (line->instant) {
                bits = frame_sample(line_at(line, 0), receiver);
                line_pop(line);
        } else {
                uint64_t edge = line_edge(line, receiver->from);

                bits = line_sample(line, receiver, edge);
                receiver->from = edge + receiver->length - receiver->half_bit;
                line_discard(line, receiver->from);
        }

        *ret_byte = (uint8_t)(bits >> 1);
        return line_check(receiver, bits);
}
