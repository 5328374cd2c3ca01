/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "boot/command.h"
#include "boot/decode.h"
#include "boot/decode_exchange.h"
#include "util/bytes.h"
#include "util/macro.h"

#define STRAY_MAX 48

/* Bytes of one direction that belong to no exchange, until something else is told. */
struct stray {
        bool sent;
        uint64_t time;
        uint8_t bytes[STRAY_MAX];
        size_t n; /* may exceed STRAY_MAX: the rest is only counted */
};

enum decoder_state {
        STATE_IDLE,
        STATE_HALF, /* the first byte of a command may have been sent */
        STATE_SYNC, /* 0x7F was sent */
        STATE_EXCHANGE,
};

struct decoder {
        FILE *out;
        bool mute;      /* only followed, not told */
        uint64_t start; /* of all */
        enum decoder_state state;
        uint8_t half;
        uint64_t half_time;
        struct decode_exchange exchange;
        struct stray stray;
        uint64_t byte_time; /* nanoseconds on the wire; 0: not known */
        uint64_t sent_end;  /* when the last byte has left */
};

/* False: there is nothing to be told. */
static bool begin_line(const struct decoder *d, uint64_t time) {
        uint64_t at = time > d->start ? time - d->start : 0;
        uint64_t seconds = at / USEC_PER_SEC;

        if (d->mute)
                return false;
        fprintf(d->out, "%4" PRIu64 ".%06u  ", seconds, (unsigned)(at % USEC_PER_SEC));
        return true;
}

static void tell_hex(FILE *out, const uint8_t *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                fprintf(out, " %02X", bytes[i]);
}

static void tell_quoted(FILE *out, const uint8_t *bytes, size_t n) {
        fputs(" \"", out);
        for (size_t i = 0; i < n; i++)
                fputc(bytes[i] >= ' ' && bytes[i] < 0x7F ? bytes[i] : '.', out);
        fputc('"', out);
}

static bool is_text(const uint8_t *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                if ((bytes[i] < ' ' || bytes[i] >= 0x7F) && bytes[i] != '\r' && bytes[i] != '\n' &&
                    bytes[i] != '\t')
                        return false;
        return n >= 4;
}

/* ---- strays ---- */

static void tell_stray(struct decoder *d) {
        struct stray *stray = &d->stray;
        size_t all = stray->n, n = MIN(all, (size_t)STRAY_MAX);

        stray->n = 0;
        if (n == 0 || !begin_line(d, stray->time))
                return;
        fprintf(d->out, "%s", stray->sent ? "sent" : "received");
        if (!stray->sent && is_text(stray->bytes, n))
                tell_quoted(d->out, stray->bytes, n);
        else
                tell_hex(d->out, stray->bytes, n);
        if (all > n)
                fprintf(d->out, " and %zu more", all - n);
        if (all == 1 && !stray->sent && stray->bytes[0] == AN3155_ACK)
                fprintf(d->out, " (ACK)");
        if (all == 1 && !stray->sent && stray->bytes[0] == AN3155_NACK)
                fprintf(d->out, " (NACK)");
        fputc('\n', d->out);
}

static void add_stray(struct decoder *d, bool sent, uint64_t time, uint8_t byte) {
        struct stray *stray = &d->stray;

        if (stray->n > 0 && stray->sent != sent)
                tell_stray(d);
        if (stray->n == 0) {
                stray->sent = sent;
                stray->time = time;
        }
        if (stray->n < STRAY_MAX)
                stray->bytes[stray->n] = byte;
        stray->n++;
}

/* ---- ends ---- */

static void end_half(struct decoder *d) {
        add_stray(d, true, d->half_time, d->half);
        d->state = STATE_IDLE;
}

static void end_exchange(struct decoder *d, enum decode_status status) {
        d->state = STATE_IDLE;
        if (!begin_line(d, d->exchange.start))
                return;
        decode_exchange_tell(&d->exchange, status, d->out);
        fputc('\n', d->out);
}

static void end_sync(struct decoder *d, const char *how) {
        d->state = STATE_IDLE;
        if (begin_line(d, d->half_time))
                fprintf(d->out, "SYNC 0x7F, %s\n", how);
}

/* Something else happened: what is under way gets no answer any more. */
static void end_all(struct decoder *d) {
        if (d->state == STATE_HALF)
                end_half(d);
        else if (d->state == STATE_SYNC)
                end_sync(d, "no answer");
        else if (d->state == STATE_EXCHANGE)
                end_exchange(d, decode_exchange_host(&d->exchange) ? DECODE_UNFINISHED
                                                                   : DECODE_SILENT);
        tell_stray(d);
}

/* The trace ends, and an answer may still come. */
static void end_trace(struct decoder *d) {
        if (d->state == STATE_SYNC)
                end_sync(d, "unfinished");
        else if (d->state == STATE_EXCHANGE)
                end_exchange(d, DECODE_UNFINISHED);
        end_all(d);
}

/* ---- bytes ---- */

/* When the last of the bytes that are being sent has left. */
static void wire_sent(struct decoder *d, uint64_t time, size_t n) {
        d->sent_end = MAX(d->sent_end, time) + (n * d->byte_time + 999) / 1000;
}

/* The first byte of a sent event, or the second of a command that another event began. */
static void begin_command(struct decoder *d, uint64_t time, uint8_t byte) {
        if (d->state == STATE_HALF) {
                if ((d->half ^ byte) == 0xFF) {
                        tell_stray(d);
                        decode_exchange_init(&d->exchange, d->half, d->half_time);
                        d->exchange.asked = d->sent_end;
                        d->state = STATE_EXCHANGE;
                        return;
                }
                end_half(d);
        }
        if (byte == AN3155_SYNC) {
                tell_stray(d);
                d->state = STATE_SYNC;
        } else {
                d->state = STATE_HALF;
                d->half = byte;
        }
        d->half_time = time;
}

static void sent_in_exchange(struct decoder *d, uint8_t byte) {
        if (decode_exchange_sent(&d->exchange, byte) == DECODE_COMPLETE)
                end_exchange(d, DECODE_COMPLETE);
        else if (!decode_exchange_host(&d->exchange))
                d->exchange.asked = d->sent_end;
}

static void on_sent(struct decoder *d, const struct trace_event *event) {
        if (event->size == 0)
                return;
        wire_sent(d, event->time, event->size);

        /* The host did not wait for an answer any longer. */
        if (d->state == STATE_SYNC ||
            (d->state == STATE_EXCHANGE && !decode_exchange_host(&d->exchange)))
                end_all(d);
        for (size_t i = 0; i < event->size; i++) {
                uint8_t byte = event->data[i];

                if (d->state == STATE_EXCHANGE && decode_exchange_host(&d->exchange))
                        sent_in_exchange(d, byte);
                else if (i == 0 || (i == 1 && d->state == STATE_HALF))
                        begin_command(d, event->time, byte);
                else {
                        if (d->state == STATE_HALF)
                                end_half(d);
                        else if (d->state != STATE_IDLE)
                                end_all(d);
                        add_stray(d, true, event->time, byte);
                }
        }
}

static void received_in_sync(struct decoder *d, uint64_t time, uint8_t byte) {
        uint64_t waited = time > d->sent_end ? time - d->sent_end : 0;

        /* A glitch of the ROM's TX as it is switched on (peers' tools tolerate it too). */
        if (byte == 0x00)
                return;
        if (byte != AN3155_ACK && byte != AN3155_NACK) {
                end_sync(d, "garbage instead of an answer");
                add_stray(d, false, time, byte);
                return;
        }
        d->state = STATE_IDLE;
        if (!begin_line(d, d->half_time))
                return;
        fprintf(d->out, "SYNC 0x7F, %s after %" PRIu64 ".%" PRIu64 " ms%s\n",
                byte == AN3155_ACK ? "ACK" : "NACK", waited / 1000, waited % 1000 / 100,
                byte == AN3155_ACK ? "" : " (was in sync already)");
}

static void received_in_exchange(struct decoder *d, uint64_t time, uint8_t byte) {
        bool host = decode_exchange_host(&d->exchange);
        enum decode_status status = decode_exchange_received(&d->exchange, byte, time);

        if (status == DECODE_MORE)
                return;
        end_exchange(d, status == DECODE_UNEXPECTED && host ? DECODE_UNFINISHED : status);
        if (status == DECODE_UNEXPECTED)
                add_stray(d, false, time, byte);
}

static void on_received(struct decoder *d, const struct trace_event *event) {
        if (d->state == STATE_HALF)
                end_half(d);
        for (size_t i = 0; i < event->size; i++)
                switch (d->state) {
                case STATE_SYNC:
                        received_in_sync(d, event->time, event->data[i]);
                        break;
                case STATE_EXCHANGE:
                        received_in_exchange(d, event->time, event->data[i]);
                        break;
                case STATE_IDLE:
                case STATE_HALF:
                        add_stray(d, false, event->time, event->data[i]);
                }
}

/* ---- the rest ---- */

static void tell_event(FILE *out, const struct trace_event *event) {
        static const char *const lines[][2] = {
                [TRACE_LINE_RESET] = { "NRST released", "NRST low" },
                [TRACE_LINE_BOOT0] = { "BOOT0 low", "BOOT0 high" },
                [TRACE_LINE_BOOT1] = { "BOOT1 low", "BOOT1 high" },
        };
        uint32_t usec;

        switch (event->type) {
        case TRACE_LINES:
                if (event->size < 2 || event->data[0] >= ARRAY_SIZE(lines))
                        break;
                fprintf(out, "%s", lines[event->data[0]][event->data[1] != 0]);
                return;
        case TRACE_FORMAT:
                if (event->size < 5)
                        break;
                fprintf(out, "format %" PRIu32 " %s", get_le32(event->data),
                        event->data[4] ? "8E1" : "8N1");
                return;
        case TRACE_WAIT:
                if (event->size < 4)
                        break;
                usec = get_le32(event->data);
                fprintf(out, "waited %" PRIu32 ".%" PRIu32 " ms", usec / 1000, usec % 1000 / 100);
                return;
        case TRACE_NOTE:
                fprintf(out, "note");
                tell_quoted(out, event->data, event->size);
                return;
        default:
                break;
        }
        fprintf(out, "event");
        tell_hex(out, event->data, event->size);
}

static void set_format(struct decoder *d, const struct trace_event *event) {
        uint32_t baud;

        if (event->size < 5 || (baud = get_le32(event->data)) == 0)
                return;
        d->byte_time = (event->data[4] ? 11 : 10) * UINT64_C(1000000000) / baud;
}

static void decode_event(struct decoder *d, const struct trace_event *event) {
        switch (event->type) {
        case TRACE_SENT:
                on_sent(d, event);
                return;
        case TRACE_RECEIVED:
                on_received(d, event);
                return;
        case TRACE_FORMAT:
                set_format(d, event);
                break;
        default:
                break;
        }
        end_all(d);
        if (!begin_line(d, event->time))
                return;
        tell_event(d->out, event);
        fputc('\n', d->out);
}

static void tell_raw(struct decoder *d, const struct trace_event *event) {
        (void)begin_line(d, event->time);
        switch (event->type) {
        case TRACE_SENT:
        case TRACE_RECEIVED:
                fprintf(d->out, "%s", event->type == TRACE_SENT ? "->" : "<-");
                tell_hex(d->out, event->data, event->size);
                break;
        default:
                tell_event(d->out, event);
        }
        fputc('\n', d->out);
}

static void decode_from(struct decoder *d, const struct trace_event *events, size_t n_events,
                        size_t first) {
        for (size_t i = 0; i < n_events; i++) {
                d->mute = i < first;
                decode_event(d, &events[i]);
        }
        end_trace(d);
}

void trace_decode(const struct trace_event *events, size_t n_events, bool raw, FILE *out) {
        struct decoder d = { .out = out, .start = n_events > 0 ? events[0].time : 0 };

        if (!raw) {
                decode_from(&d, events, n_events, 0);
                return;
        }
        for (size_t i = 0; i < n_events; i++)
                tell_raw(&d, &events[i]);
}

void trace_decode_end(const struct trace_event *events, size_t n_events, size_t first, FILE *out) {
        struct decoder d = { .out = out, .start = n_events > 0 ? events[0].time : 0 };

        decode_from(&d, events, n_events, first);
}
