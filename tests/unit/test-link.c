/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the lowest part of a session wants, and what it makes of bytes, time and errors. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot/an3155.h"
#include "boot/link.h"
#include "util/macro.h"

/* At 115200 8E1 a byte takes 95 us. */
#define BYTE 95

struct bench {
        struct link link;
        uint64_t now;
};

static struct bench bench_new(void) {
        return (struct bench){ .link = { .baud = 115200, .even_parity = true, .now = 1000000 },
                               .now = 1000000 };
}

static struct session_want next(struct bench *bench) {
        struct session_want want;

        link_next(&bench->link, bench->now, &want);
        return want;
}

static void tell(struct bench *bench, enum session_event_type type) {
        const struct session_event event = { .type = type, .now = bench->now };

        link_event(&bench->link, &event);
}

static void receive(struct bench *bench, const void *data, size_t size) {
        const struct session_event event = {
                .type = SESSION_EVENT_RECEIVED, .now = bench->now, .data = data, .size = size
        };

        link_event(&bench->link, &event);
}

/* Hands out the SEND, takes the bytes at once, and lets them leave. */
static void let_send(struct bench *bench, size_t size) {
        struct session_want want = next(bench);

        assert_int_equal(want.type, SESSION_WANT_SEND);
        assert_int_equal(want.size, size);
        tell(bench, SESSION_EVENT_SENT);
        bench->now += size * BYTE + 10;
        assert_int_equal(next(bench).type, SESSION_WANT_WAIT);
}

/* ---- exchanges ---- */

static void an_exchange_goes_from_stage_to_stage(void **state) {
        struct bench b = bench_new();

        (void)state;
        an3155_go(&b.link.exchange, 0x08000000);
        link_exchange(&b.link);
        let_send(&b, 2);
        receive(&b, "\x79", 1);
        assert_int_equal(b.link.activity, LINK_EXCHANGE);
        let_send(&b, 5);
        receive(&b, "\x79", 1);
        assert_int_equal(b.link.activity, LINK_IDLE);
        assert_int_equal(b.link.result, LINK_OK);
        assert_false(b.link.stray);
}

static void the_deadline_counts_from_the_last_byte(void **state) {
        struct bench b = bench_new();
        uint8_t data[256] = { 0 };

        (void)state;
        an3155_write(&b.link.exchange, 0x08000000, data, 256, 50000);
        link_exchange(&b.link);
        let_send(&b, 2);
        receive(&b, "\x79", 1);
        let_send(&b, 5);
        receive(&b, "\x79", 1);

        uint64_t start = b.now;
        assert_int_equal(next(&b).size, 258);
        tell(&b, SESSION_EVENT_SENT); /* the port has taken them; the wire takes 25 ms */
        uint64_t until = next(&b).until;
        assert_in_range(until, start + 258 * BYTE + 50000, start + 258 * BYTE + 50000 + 2 * 258);
        b.now = until - 1;
        tell(&b, SESSION_EVENT_TIME);
        assert_int_equal(b.link.activity, LINK_EXCHANGE);
        b.now = until;
        tell(&b, SESSION_EVENT_TIME);
        assert_int_equal(b.link.result, LINK_SILENCE);
        assert_int_equal(b.link.system, 0);
}

/* A USB adapter brings what came within its latency timer in one piece. */
static const struct burst {
        const char *name;
        void (*describe)(struct exchange *);
        const char *bytes;
        size_t size;
        enum link_result result;
        bool stray;
} bursts[] = {
        { "both ACKs of Readout Unprotect", NULL, "\x79\x79", 2, LINK_OK, false },
        { "and a third", NULL, "\x79\x79\x79", 3, LINK_OK, true },
        { "ACK and NACK", NULL, "\x79\x1F", 2, LINK_NACK, false },
        { "ACK and garbage", NULL, "\x79\x33", 2, LINK_GARBAGE, false },
        { "two NACKs", NULL, "\x1F\x1F", 2, LINK_NACK, false },
        { "all of Get ID", an3155_get_id, "\x79\x01\x04\x13\x79", 5, LINK_OK, false },
        { "and one more", an3155_get_id, "\x79\x01\x04\x13\x79\x79", 6, LINK_OK, true },
};

static void answers_may_come_in_one_piece(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bursts); i++) {
                struct bench b = bench_new();

                if (bursts[i].describe)
                        bursts[i].describe(&b.link.exchange);
                else
                        an3155_protection(&b.link.exchange, AN3155_READOUT_UNPROTECT, 20000000);
                link_exchange(&b.link);
                let_send(&b, 2);
                receive(&b, bursts[i].bytes, bursts[i].size);
                if (b.link.activity != LINK_IDLE || b.link.result != bursts[i].result ||
                    b.link.stray != bursts[i].stray)
                        fail_msg("%s: result %d stray %d", bursts[i].name, (int)b.link.result,
                                 b.link.stray);
        }
}

static void a_second_ack_may_take_long(void **state) {
        struct bench b = bench_new();

        (void)state;
        an3155_protection(&b.link.exchange, AN3155_READOUT_UNPROTECT, 20000000);
        link_exchange(&b.link);
        let_send(&b, 2);
        receive(&b, "\x79", 1);
        struct session_want want = next(&b);
        assert_int_equal(want.type, SESSION_WANT_WAIT);
        assert_int_equal(want.until, b.now + 20000000);
        b.now += 19999999;
        tell(&b, SESSION_EVENT_TIME);
        receive(&b, "\x79", 1);
        assert_int_equal(b.link.result, LINK_OK);
}

/* An answer cannot come before its question has left: it is a leftover. */
static void a_byte_that_comes_too_early_is_no_answer(void **state) {
        static const struct {
                uint64_t after; /* of the SEND, microseconds; its 2 bytes take 190 */
                bool early, instant;
        } cases[] = {
                { 0, true, false },    { 100, true, false },  { 170, true, false },
                { 186, false, false }, { 400, false, false }, { 0, false, true },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct bench b = bench_new();

                b.link.instant = cases[i].instant;
                an3155_get_id(&b.link.exchange);
                link_exchange(&b.link);
                assert_int_equal(next(&b).type, SESSION_WANT_SEND);
                tell(&b, SESSION_EVENT_SENT);
                b.now += cases[i].after;
                receive(&b, "\x79", 1);
                assert_int_equal(b.link.activity, cases[i].early ? LINK_IDLE : LINK_EXCHANGE);
                if (cases[i].early)
                        assert_int_equal(b.link.result, LINK_GARBAGE);
        }
        /* not even asked for */
        struct bench b = bench_new();
        an3155_get_id(&b.link.exchange);
        link_exchange(&b.link);
        receive(&b, "\x79", 1);
        assert_int_equal(b.link.result, LINK_GARBAGE);
}

static void what_nobody_waits_for_is_noticed(void **state) {
        struct bench b = bench_new();

        (void)state;
        an3155_get_id(&b.link.exchange);
        link_exchange(&b.link);
        let_send(&b, 2);
        receive(&b, "\x79\x01\x04\x13\x79", 5);
        assert_false(b.link.stray);
        receive(&b, "\x79", 1);
        assert_true(b.link.stray);
        assert_int_equal(b.link.activity, LINK_IDLE);
}

static void a_port_that_takes_no_bytes_is_lost(void **state) {
        struct bench b = bench_new();

        (void)state;
        an3155_get_id(&b.link.exchange);
        link_exchange(&b.link);
        struct session_want want = next(&b);
        b.now = want.until - 1000000;
        tell(&b, SESSION_EVENT_TIME);
        assert_int_equal(b.link.activity, LINK_EXCHANGE);
        assert_int_equal(b.link.system, 0);
        b.now = want.until;
        tell(&b, SESSION_EVENT_TIME);
        assert_int_equal(b.link.result, LINK_LOST);
        assert_int_equal(b.link.system, -ETIMEDOUT);

        /* and the next activity starts afresh */
        link_exchange(&b.link);
        assert_int_equal(b.link.activity, LINK_EXCHANGE);
        assert_int_equal(b.link.system, 0);
}

/* ---- single bytes ---- */

static void a_probe_waits_for_an_ack_or_a_nack(void **state) {
        static const struct {
                const char *bytes;
                size_t size;
                enum link_result result; /* LINK_SILENCE: goes on waiting */
        } cases[] = {
                { "\x79", 1, LINK_OK },         { "\x1F", 1, LINK_NACK },
                { "\0\x79", 2, LINK_OK },       { "\x7F\x79", 2, LINK_OK }, /* an echo before it */
                { "\x55", 1, LINK_GARBAGE },    { "", 0, LINK_SILENCE },
                { "App\r\n", 5, LINK_GARBAGE },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct bench b = bench_new();

                link_probe(&b.link, 0x7F, 150000);
                let_send(&b, 1);
                receive(&b, cases[i].bytes, cases[i].size);
                if (cases[i].result == LINK_OK || cases[i].result == LINK_NACK) {
                        assert_int_equal(b.link.activity, LINK_IDLE);
                } else {
                        assert_int_equal(b.link.activity, LINK_PROBE);
                        b.now = next(&b).until;
                        tell(&b, SESSION_EVENT_TIME);
                }
                assert_int_equal(b.link.result, cases[i].result);
                assert_int_equal(b.link.n_received, cases[i].size);
                assert_memory_equal(b.link.received, cases[i].bytes, cases[i].size);
        }
}

/* ---- silence ---- */

static void quiet_is_a_time_without_a_byte(void **state) {
        struct bench b = bench_new();

        (void)state;
        link_quiet(&b.link, 10000);
        for (unsigned i = 0; i < 20; i++) {
                struct session_want want = next(&b);

                assert_int_equal(want.type, SESSION_WANT_WAIT);
                assert_int_equal(want.until, b.now + 10000);
                b.now += 9000;
                receive(&b, "x", 1);
        }
        b.now += 10000;
        tell(&b, SESSION_EVENT_TIME);
        assert_int_equal(next(&b).type, SESSION_WANT_FLUSH);
        tell(&b, SESSION_EVENT_FLUSHED);
        assert_int_equal(b.link.result, LINK_OK);

        /* on a link without wire time two characters take none, and all the same it is flushed */
        b = bench_new();
        b.link.instant = true;
        link_quiet(&b.link, link_wire_time(&b.link, 2));
        assert_int_equal(next(&b).type, SESSION_WANT_FLUSH);
}

static void chatter_without_end_is_not_waited_out(void **state) {
        struct bench b = bench_new();
        unsigned i;

        (void)state;
        link_quiet(&b.link, 10000);
        for (i = 0; i < 1000 && b.link.activity == LINK_QUIET; i++) {
                (void)next(&b);
                b.now += 5000;
                receive(&b, "x", 1);
        }
        assert_int_equal(b.link.result, LINK_GARBAGE);
        assert_true(i < 200);
}

/* ---- lines, format ---- */

static void steps_are_taken_one_after_the_other(void **state) {
        const struct entry_sequence steps = {
                .n_steps = 4,
                .steps = { { { .set_reset = true, .reset = true }, 10000 },
                           { { 0 }, 500 }, /* a pause */
                           { { .set_reset = true }, 0 },
                           { { .set_boot0 = true }, 2000 } },
        };
        struct bench b = bench_new();

        (void)state;
        link_steps(&b.link, &steps);
        assert_int_equal(next(&b).type, SESSION_WANT_LINES);
        assert_true(next(&b).lines.reset);
        receive(&b, "old", 3); /* before the chip is held */
        tell(&b, SESSION_EVENT_LINES);
        assert_int_equal(b.link.n_received, 0);
        assert_int_equal(next(&b).until, b.now + 10000);
        b.now += 10000;
        tell(&b, SESSION_EVENT_TIME);
        assert_int_equal(next(&b).until, b.now + 500);
        b.now += 500;
        tell(&b, SESSION_EVENT_TIME);
        assert_int_equal(next(&b).type, SESSION_WANT_LINES);
        tell(&b, SESSION_EVENT_LINES);
        assert_int_equal(next(&b).type, SESSION_WANT_LINES); /* no wait in between */
        tell(&b, SESSION_EVENT_LINES);
        receive(&b, "Hi", 2);
        b.now += 2000;
        tell(&b, SESSION_EVENT_TIME);
        assert_int_equal(b.link.result, LINK_OK);
        assert_int_equal(b.link.n_received, 2);
        assert_true(b.link.stray);
}

static void errors_end_what_is_at_work(void **state) {
        const struct entry_sequence steps = { .n_steps = 1,
                                              .steps = { { { .set_reset = true }, 10 } } };
        struct session_event failed = { .now = 2000000, .error = -EBUSY };
        struct bench b = bench_new();

        (void)state;
        link_steps(&b.link, &steps);
        (void)next(&b);
        failed.type = SESSION_EVENT_LINES;
        link_event(&b.link, &failed);
        assert_int_equal(b.link.result, LINK_LINES);
        assert_int_equal(b.link.system, -EBUSY);

        link_format(&b.link, 115200, true);
        assert_int_equal(b.link.system, 0);
        (void)next(&b);
        failed.type = SESSION_EVENT_FORMAT;
        link_event(&b.link, &failed);
        assert_int_equal(b.link.result, LINK_FORMAT);
        assert_int_equal(b.link.system, -EBUSY);
}

static void the_rate_that_the_port_does_is_reckoned_with(void **state) {
        const struct session_event done = { .type = SESSION_EVENT_FORMAT,
                                            .now = 2000000,
                                            .baud = 57600 };
        struct bench b = bench_new();

        (void)state;
        assert_in_range(link_wire_time(&b.link, 100), 9500, 9600);
        link_format(&b.link, 115200, false);
        assert_in_range(link_wire_time(&b.link, 100), 8600, 8700);
        (void)next(&b);
        link_event(&b.link, &done);
        assert_int_equal(b.link.result, LINK_OK);
        assert_in_range(link_wire_time(&b.link, 100), 17300, 17400);
}

/* Once the port is gone nothing is sent, but lines can be driven: the closing steps. */
static void a_lost_port_leaves_the_lines(void **state) {
        const struct entry_sequence steps = { .n_steps = 1,
                                              .steps = { { { .set_boot0 = true }, 0 } } };
        const struct session_event lost = { .type = SESSION_EVENT_LINK_LOST,
                                            .now = 2000000,
                                            .error = -ENODEV };
        struct bench b = bench_new();

        (void)state;
        an3155_get_id(&b.link.exchange);
        link_exchange(&b.link);
        (void)next(&b);
        link_event(&b.link, &lost);
        assert_int_equal(b.link.result, LINK_LOST);
        assert_int_equal(b.link.system, -ENODEV);

        link_exchange(&b.link);
        assert_int_equal(b.link.activity, LINK_IDLE);
        assert_int_equal(b.link.result, LINK_LOST);
        link_probe(&b.link, 0x7F, 1000);
        assert_int_equal(b.link.result, LINK_LOST);
        link_quiet(&b.link, 1000);
        assert_int_equal(b.link.result, LINK_LOST);
        link_steps(&b.link, &steps);
        assert_int_equal(next(&b).type, SESSION_WANT_LINES);
        tell(&b, SESSION_EVENT_LINES);
        assert_int_equal(b.link.result, LINK_OK);
        assert_int_equal(b.link.system, -ENODEV);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_exchange_goes_from_stage_to_stage),
                cmocka_unit_test(the_deadline_counts_from_the_last_byte),
                cmocka_unit_test(answers_may_come_in_one_piece),
                cmocka_unit_test(a_second_ack_may_take_long),
                cmocka_unit_test(a_byte_that_comes_too_early_is_no_answer),
                cmocka_unit_test(what_nobody_waits_for_is_noticed),
                cmocka_unit_test(a_port_that_takes_no_bytes_is_lost),
                cmocka_unit_test(a_probe_waits_for_an_ack_or_a_nack),
                cmocka_unit_test(quiet_is_a_time_without_a_byte),
                cmocka_unit_test(chatter_without_end_is_not_waited_out),
                cmocka_unit_test(steps_are_taken_one_after_the_other),
                cmocka_unit_test(errors_end_what_is_at_work),
                cmocka_unit_test(the_rate_that_the_port_does_is_reckoned_with),
                cmocka_unit_test(a_lost_port_leaves_the_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
