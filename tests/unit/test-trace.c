/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ring that keeps the last conversation. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "daemon/trace.h"

static size_t count_lines(const char *text) {
        size_t n = 0;

        while ((text = strchr(text, '\n'))) {
                text++;
                n++;
        }
        return n;
}

static void an_empty_trace_is_an_empty_text(void **state) {
        _cleanup_(trace_freep) struct trace *trace = trace_new();
        _cleanup_free_ char *text = trace_to_text(trace, true);
        _cleanup_free_ char *tail = trace_tail_to_text(trace, 10);

        (void)state;
        assert_string_equal(text, "");
        assert_string_equal(tail, "");
}

static void the_oldest_events_give_way(void **state) {
        _cleanup_(trace_freep) struct trace *trace = trace_new();
        char note[64];

        (void)state;
        for (unsigned i = 0; i < 5000; i++) {
                (void)snprintf(note, sizeof(note), "note %05u", i);
                trace_add(trace, i, TRACE_NOTE, note, strlen(note) + i % 7);
        }
        _cleanup_free_ char *text = trace_to_text(trace, true);
        assert_null(strstr(text, "note 00000"));
        assert_non_null(strstr(text, "note 04999"));

        /* None is lost in between, and none is torn. */
        size_t n = count_lines(text);
        assert_true(n > 1500 && n < 5000);
        for (unsigned i = 5000 - (unsigned)n; i < 5000; i++) {
                (void)snprintf(note, sizeof(note), "note %05u", i);
                assert_non_null(strstr(text, note));
        }
}

static void events_of_any_size_keep_the_ring_whole(void **state) {
        _cleanup_(trace_freep) struct trace *trace = trace_new();
        static uint8_t large[70000];

        (void)state;
        trace_add(trace, 1, TRACE_SENT, "a", 1);
        trace_add(trace, 2, TRACE_RECEIVED, large, sizeof(large)); /* larger than the ring */
        trace_add(trace, 3, TRACE_SENT, "b", 1);
        for (size_t size = 0; size < 65000; size += 997) {
                trace_add(trace, 4, TRACE_RECEIVED, large, size);
                _cleanup_free_ char *text = trace_to_text(trace, true);
                assert_non_null(text);
        }
}

static void the_tail_holds_the_last_events_only(void **state) {
        _cleanup_(trace_freep) struct trace *trace = trace_new();

        (void)state;
        for (unsigned i = 0; i < 10; i++) {
                char note[16];

                (void)snprintf(note, sizeof(note), "note %u", i);
                trace_add(trace, i, TRACE_NOTE, note, strlen(note));
        }
        _cleanup_free_ char *tail = trace_tail_to_text(trace, 2);
        assert_null(strstr(tail, "note 7"));
        assert_non_null(strstr(tail, "note 8"));
        assert_non_null(strstr(tail, "note 9"));
}

static void add_read(struct trace *trace, uint64_t time) {
        static const uint8_t memory[] = { 0x79, 1, 2, 3, 4, 5, 6, 7, 8 };

        trace_add(trace, time, TRACE_SENT, "\x11\xEE", 2);
        trace_add(trace, time + 1, TRACE_RECEIVED, "\x79", 1);
        trace_add(trace, time + 2, TRACE_SENT, "\x08\0\0\0\x08", 5);
        trace_add(trace, time + 3, TRACE_RECEIVED, "\x79", 1);
        trace_add(trace, time + 4, TRACE_SENT, "\x07\xF8", 2);
        trace_add(trace, time + 5, TRACE_RECEIVED, memory, sizeof(memory));
}

static void the_tail_begins_with_a_whole_exchange(void **state) {
        _cleanup_(trace_freep) struct trace *trace = trace_new();

        (void)state;
        trace_begin_job(trace, 0, "read");
        add_read(trace, 10);
        add_read(trace, 20);
        for (size_t last = 1; last < 13; last++) {
                _cleanup_free_ char *tail = trace_tail_to_text(trace, last);

                assert_null(strstr(tail, "unknown"));
                assert_null(strstr(tail, "note"));
                assert_non_null(strstr(tail, "READ 0x08000000 8 bytes, ACK"));
                assert_int_equal(count_lines(tail), last > 6 ? 2 : 1);
        }
}

static void the_tail_does_not_reach_into_the_job_before(void **state) {
        _cleanup_(trace_freep) struct trace *trace = trace_new();

        (void)state;
        trace_begin_job(trace, 0, "erase");
        add_read(trace, 10);
        trace_begin_job(trace, 20, "probe");
        trace_add(trace, 30, TRACE_SENT, "\x7F", 1);
        _cleanup_free_ char *tail = trace_tail_to_text(trace, 24);
        assert_null(strstr(tail, "READ"));
        assert_non_null(strstr(tail, "note \"probe\""));
        _cleanup_free_ char *text = trace_to_text(trace, false);
        assert_non_null(strstr(text, "note \"erase\""));
}

/* Wherever the ring tore it off. */
static void a_torn_beginning_is_not_guessed_at(void **state) {
        _cleanup_(trace_freep) struct trace *trace = trace_new();

        (void)state;
        trace_begin_job(trace, 0, "read");
        for (uint64_t i = 0; i < 1000; i++) {
                trace_add(trace, i * 10, TRACE_RECEIVED, "++++", i % 5);
                add_read(trace, i * 10);
                if (i < 700)
                        continue;
                _cleanup_free_ char *text = trace_to_text(trace, false);
                assert_null(strstr(text, "unknown"));
                assert_non_null(strstr(text, "READ 0x08000000 8 bytes, ACK"));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_trace_is_an_empty_text),
                cmocka_unit_test(the_oldest_events_give_way),
                cmocka_unit_test(events_of_any_size_keep_the_ring_whole),
                cmocka_unit_test(the_tail_holds_the_last_events_only),
                cmocka_unit_test(the_tail_begins_with_a_whole_exchange),
                cmocka_unit_test(the_tail_does_not_reach_into_the_job_before),
                cmocka_unit_test(a_torn_beginning_is_not_guessed_at),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
