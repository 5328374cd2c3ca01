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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_empty_trace_is_an_empty_text),
                cmocka_unit_test(the_oldest_events_give_way),
                cmocka_unit_test(events_of_any_size_keep_the_ring_whole),
                cmocka_unit_test(the_tail_holds_the_last_events_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
