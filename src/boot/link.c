/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "boot/command.h"
#include "boot/link.h"
#include "util/macro.h"

/* A port that has not taken a few hundred bytes by then never will (flow control, a dead adapter).
 */
#define SEND_TIMEOUT (5 * USEC_PER_SEC)

/* Chatter is waited out this long before the line is called busy. */
#define QUIET_LIMIT (500 * USEC_PER_MSEC)

/* After the last byte of a list that may be shorter than announced: longer than an adapter's
 * latency timer (16 ms) and a late wake-up hold back bytes that stand on the wire. */
#define LIST_GAP (50 * USEC_PER_MSEC)

uint64_t link_wire_time(const struct link *link, size_t bytes) {
        unsigned bits = link->even_parity ? 11 : 10;

        if (link->instant || link->baud == 0)
                return 0;
        return bytes * bits * USEC_PER_SEC / link->baud;
}

static void end(struct link *link, enum link_result result) {
        link->activity = LINK_IDLE;
        link->result = result;
}

static void begin(struct link *link, enum link_activity activity) {
        link->activity = activity;
        link->asked = link->answered = false;
        link->n_received = 0;
        link->stray = false;
        if (!link->lost)
                link->system = 0;
        else if (activity != LINK_STEPS)
                end(link, LINK_LOST);
}

void link_exchange(struct link *link) {
        begin(link, LINK_EXCHANGE);
}

bool link_said_all(const struct link *link) {
        const struct exchange *exchange = &link->exchange;

        if (exchange->stage == exchange->n_stages)
                return true;
        return exchange_ends_here(exchange) &&
               (link->answered || exchange_stage(exchange)->size == 0);
}

void link_probe(struct link *link, uint8_t byte, uint64_t timeout) {
        link->probe = byte;
        link->probe_timeout = timeout;
        begin(link, LINK_PROBE);
}

void link_steps(struct link *link, const struct entry_sequence *steps) {
        link->steps = *steps;
        link->step = 0;
        begin(link, LINK_STEPS);
        if (steps->n_steps == 0)
                end(link, LINK_OK);
}

void link_format(struct link *link, unsigned baud, bool even_parity) {
        link->baud = baud;
        link->even_parity = even_parity;
        begin(link, LINK_SET_FORMAT);
}

void link_quiet(struct link *link, uint64_t quiet) {
        begin(link, LINK_QUIET);
        link->quiet = quiet;
        link->deadline = link->now + quiet;
        link->quiet_limit = link->now + quiet + QUIET_LIMIT;
}

void link_abort(struct link *link) {
        end(link, LINK_SILENCE);
}

/* ---- wants ---- */

static void want_wait(const struct link *link, struct session_want *ret) {
        *ret = (struct session_want){ .type = SESSION_WANT_WAIT, .until = link->deadline };
}

static void want_send(struct link *link, const uint8_t *data, size_t size,
                      struct session_want *ret) {
        if (link->answered) {
                want_wait(link, ret);
                return;
        }
        if (!link->asked)
                link->sent_at = link->now;
        *ret = (struct session_want){
                .type = SESSION_WANT_SEND,
                .data = data,
                .size = size,
                .until = link->sent_at + link_wire_time(link, size) + SEND_TIMEOUT,
        };
}

static void want_step(struct link *link, struct session_want *ret) {
        const struct entry_step *step = &link->steps.steps[link->step];

        if (link->answered || !entry_sets_lines(&step->lines)) {
                if (!link->answered)
                        link->deadline = link->now + step->delay;
                link->answered = true;
                want_wait(link, ret);
                return;
        }
        *ret = (struct session_want){ .type = SESSION_WANT_LINES, .lines = step->lines };
}

void link_next(struct link *link, uint64_t now, struct session_want *ret) {
        link->now = now;
        switch (link->activity) {
        case LINK_EXCHANGE: {
                const struct exchange_stage *stage = exchange_stage(&link->exchange);

                if (stage->size == 0 && !link->answered) {
                        link->sent_at = now;
                        link->deadline = now + stage->timeout;
                        link->answered = true;
                }
                want_send(link, link->exchange.tx + stage->offset, stage->size, ret);
                break;
        }
        case LINK_PROBE:
                want_send(link, &link->probe, 1, ret);
                break;
        case LINK_STEPS:
                want_step(link, ret);
                break;
        case LINK_SET_FORMAT:
                *ret = (struct session_want){
                        .type = SESSION_WANT_FORMAT,
                        .baud = link->baud,
                        .even_parity = link->even_parity,
                };
                break;
        case LINK_QUIET:
                if (now < link->deadline)
                        want_wait(link, ret);
                else
                        *ret = (struct session_want){ .type = SESSION_WANT_FLUSH };
                break;
        case LINK_IDLE:
                assert(false);
        }
        link->asked = true;
}

/* ---- events ---- */

static void note_received(struct link *link, const uint8_t *data, size_t size) {
        size = MIN(size, sizeof(link->received) - link->n_received);
        memcpy(link->received + link->n_received, data, size);
        link->n_received += size;
}

/* An answer cannot come before its question has left: what does is a leftover. */
static bool too_early(const struct link *link, uint64_t now, size_t sent) {
        uint64_t wire = link_wire_time(link, sent);

        if (!link->asked)
                return true;
        return now < link->sent_at + wire - wire / 16; /* clocks differ by 2.5 % at most */
}

/* A second ACK that comes by itself may arrive together with the first. */
static size_t take_answer(struct exchange *exchange, const uint8_t *data, size_t size) {
        size_t taken = exchange_receive(exchange, data, size);

        while (taken < size && exchange->status == EXCHANGE_BUSY &&
               exchange_stage(exchange)->size == 0)
                taken += exchange_receive(exchange, data + taken, size - taken);
        return taken;
}

static void received_in_exchange(struct link *link, const struct session_event *event) {
        struct exchange *exchange = &link->exchange;
        unsigned stage = exchange->stage;
        const struct exchange_stage *current = exchange_stage(exchange);

        if (!exchange->acked && current->size > 0 && too_early(link, event->now, current->size)) {
                end(link, LINK_GARBAGE);
                return;
        }

        size_t taken = take_answer(exchange, event->data, event->size);
        switch (exchange->status) {
        case EXCHANGE_BUSY:
                if (taken < event->size) { /* more than the stage asked for */
                        end(link, LINK_GARBAGE);
                } else if (exchange->stage != stage) {
                        link->asked = link->answered = false;
                        link->n_received = 0;
                } else if (exchange->acked && current->count_unsure) {
                        link->deadline = MIN(link->deadline, event->now + LIST_GAP);
                }
                break;
        case EXCHANGE_DONE:
                link->stray = taken < event->size;
                end(link, LINK_OK);
                break;
        case EXCHANGE_NACKED:
                end(link, LINK_NACK);
                break;
        case EXCHANGE_GARBAGE:
        case EXCHANGE_SILENT:
                end(link, LINK_GARBAGE);
                break;
        }
}

static void received_in_probe(struct link *link, const struct session_event *event) {
        if (too_early(link, event->now, 1))
                return;
        for (size_t i = 0; i < event->size; i++)
                if (event->data[i] == AN3155_ACK || event->data[i] == AN3155_NACK) {
                        end(link, event->data[i] == AN3155_ACK ? LINK_OK : LINK_NACK);
                        return;
                }
}

static void received(struct link *link, const struct session_event *event) {
        if (event->size == 0)
                return;
        note_received(link, event->data, event->size);
        switch (link->activity) {
        case LINK_EXCHANGE:
                received_in_exchange(link, event);
                break;
        case LINK_PROBE:
                received_in_probe(link, event);
                break;
        case LINK_QUIET:
                if (event->now >= link->quiet_limit)
                        end(link, LINK_GARBAGE);
                else
                        link->deadline = event->now + link->quiet;
                break;
        case LINK_IDLE:
        case LINK_STEPS:
        case LINK_SET_FORMAT:
                link->stray = true;
                break;
        }
}

static void sent(struct link *link, uint64_t now) {
        size_t size = 1, reply = 1;
        uint64_t timeout = link->probe_timeout;

        if (link->activity == LINK_EXCHANGE) {
                size = exchange_stage(&link->exchange)->size;
                reply = exchange_reply_size(&link->exchange);
                timeout = exchange_stage(&link->exchange)->timeout;
        }
        /* The port took the bytes; the wire may still be at them. */
        link->answered = true;
        link->deadline = MAX(now, link->sent_at + link_wire_time(link, size)) + timeout +
                         link_wire_time(link, reply);
}

static void time_over_in_exchange(struct link *link) {
        struct exchange *exchange = &link->exchange;

        exchange_timeout(exchange);
        if (exchange->status == EXCHANGE_BUSY)
                link->asked = link->answered = false; /* an optional ACK: the next stage */
        else
                end(link, exchange->status == EXCHANGE_DONE ? LINK_OK : LINK_SILENCE);
}

static void end_step(struct link *link) {
        link->asked = link->answered = false;
        if (++link->step == link->steps.n_steps)
                end(link, LINK_OK);
}

static void time_over(struct link *link, uint64_t now) {
        if ((link->activity == LINK_EXCHANGE || link->activity == LINK_PROBE) && !link->answered) {
                if (now < link->sent_at + SEND_TIMEOUT)
                        return;
                link->system = -ETIMEDOUT;
                end(link, LINK_LOST);
                return;
        }
        if (now < link->deadline)
                return;
        switch (link->activity) {
        case LINK_EXCHANGE:
                time_over_in_exchange(link);
                break;
        case LINK_PROBE:
                end(link, link->n_received > 0 ? LINK_GARBAGE : LINK_SILENCE);
                break;
        case LINK_STEPS:
                if (link->answered)
                        end_step(link);
                break;
        case LINK_QUIET:
        case LINK_SET_FORMAT:
        case LINK_IDLE:
                break;
        }
}

static void lines_set(struct link *link, const struct session_event *event) {
        if (event->error < 0) {
                link->system = event->error;
                end(link, LINK_LINES);
                return;
        }
        link->answered = true;
        link->n_received = 0; /* it came before this step, and says nothing about it */
        link->deadline = event->now + link->steps.steps[link->step].delay;
        if (link->steps.steps[link->step].delay == 0)
                end_step(link);
}

void link_event(struct link *link, const struct session_event *event) {
        link->now = MAX(link->now, event->now);
        switch (event->type) {
        case SESSION_EVENT_RECEIVED:
                received(link, event);
                break;
        case SESSION_EVENT_TIME:
                time_over(link, event->now);
                break;
        case SESSION_EVENT_SENT:
                if ((link->activity == LINK_EXCHANGE || link->activity == LINK_PROBE) &&
                    !link->answered)
                        sent(link, event->now);
                break;
        case SESSION_EVENT_LINES:
                if (link->activity == LINK_STEPS && !link->answered)
                        lines_set(link, event);
                break;
        case SESSION_EVENT_FORMAT:
                if (link->activity != LINK_SET_FORMAT)
                        break;
                link->system = event->error;
                if (event->error == 0 && event->baud > 0)
                        link->baud = event->baud;
                end(link, event->error < 0 ? LINK_FORMAT : LINK_OK);
                break;
        case SESSION_EVENT_FLUSHED:
                if (link->activity == LINK_QUIET)
                        end(link, LINK_OK);
                break;
        case SESSION_EVENT_LINK_LOST:
                link->lost = true;
                link->system = event->error;
                if (link->activity != LINK_IDLE && link->activity != LINK_STEPS)
                        end(link, LINK_LOST);
                break;
        case SESSION_EVENT_CANCEL:
                break;
        }
}
