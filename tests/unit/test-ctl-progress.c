/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/progress.h"
#include "util/macro.h"

static const struct progress_state writing = { "write", 63, 27750, 44237, 10035 };
static const struct progress_state erasing = { "erase", 8, 3, 12, 0 };
static const struct progress_state entering = { "enter", 0, 0, 0, 0 };

static void a_bar_shows_what_fits(void **state) {
        static const struct {
                const struct progress_state *state;
                uint64_t left;
                unsigned width;
                const char *line;
        } cases[] = {
                { &writing, 5000000, 120,
                  "motor  writing   [#######################...............]  63%  "
                  "27.1/43.2 KiB   9.8 KiB/s   0:05 left" },
                { &writing, 5000000, 80,
                  "motor  writing   [########......]  63%  27.1/43.2 KiB   9.8 KiB/s   0:05 left" },
                { &writing, 5000000, 60,
                  "motor  writing   [#############........]  63%   0:05 left" },
                { &writing, 5000000, 40, "motor writing [######....]  63%  0:05" },
                { &writing, 5000000, 30, "motor writing [###...]  63%" },
                { &writing, 5000000, 24, "motor writing  63%" },
                { &writing, 5000000, 10, "motor w" },
                { &writing, 5000000, 3, "" },
                { &writing, 5000000, 0, "" },
                { &erasing, USEC_INFINITY, 80,
                  "motor  erasing   [#.............]   8%     3/12 pages" },
                { &entering, USEC_INFINITY, 40, "motor entering [.........]   0%" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                char line[200];

                progress_format("motor", cases[i].state, cases[i].left, cases[i].width, line,
                                sizeof line);
                assert_string_equal(line, cases[i].line);
        }
}

static void no_bar_is_wider_than_its_terminal(void **state) {
        static const struct progress_state odd = { "a phase of the future, longer\033[",
                                                   4000000000U, UINT64_MAX, UINT64_MAX,
                                                   UINT64_MAX };
        const char *const names[] = {
                "m",
                "a_name_of_sixty_three_characters_is_the_longest_that_there_may_be_x",
        };
        const struct progress_state *const states[] = { &writing, &erasing, &entering, &odd };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                for (size_t j = 0; j < ARRAY_SIZE(states); j++)
                        for (unsigned width = 0; width < 220; width++) {
                                char line[200];

                                progress_format(names[i], states[j], UINT64_MAX / 2, width, line,
                                                sizeof line);
                                assert_true(strlen(line) == 0 || strlen(line) + 3 <= width);
                                assert_null(strchr(line, '\033'));
                        }
}

static void time_left_is_told_when_it_can_be(void **state) {
        static const struct {
                unsigned from, percent;
                uint64_t elapsed, left;
        } cases[] = {
                { 0, 0, 10 * USEC_PER_SEC, USEC_INFINITY },
                { 0, 2, 10 * USEC_PER_SEC, USEC_INFINITY },   /* too coarse */
                { 10, 50, USEC_PER_SEC / 2, USEC_INFINITY },  /* too short */
                { 50, 10, 10 * USEC_PER_SEC, USEC_INFINITY }, /* backwards */
                { 0, 101, 10 * USEC_PER_SEC, USEC_INFINITY },
                { 0, 50, 10 * USEC_PER_SEC, 10 * USEC_PER_SEC },
                { 40, 50, 10 * USEC_PER_SEC, 50 * USEC_PER_SEC },
                { 40, 100, 10 * USEC_PER_SEC, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                assert_true(progress_left(cases[i].from, cases[i].percent, cases[i].elapsed) ==
                            cases[i].left);
}

/* What a display has written so far, and nothing of it twice. */
struct display {
        struct progress *progress;
        FILE *file;
        char *text;
        size_t size;
};

static void display_open(struct display *display, enum progress_mode mode) {
        display->file = open_memstream(&display->text, &display->size);
        assert_non_null(display->file);
        display->progress = progress_new(display->file, mode);
        assert_non_null(display->progress);
}

static void display_close(struct display *display) {
        progress_free(display->progress);
        (void)fclose(display->file);
        free(display->text);
}

static void without_a_terminal_each_phase_is_a_line(void **state) {
        struct display display;

        (void)state;
        display_open(&display, PROGRESS_LINES);
        assert_int_equal(progress_add(display.progress, "motor", 0), 0);
        progress_update(display.progress, 0, &entering, 1);
        progress_update(display.progress, 0, &erasing, 2);
        progress_update(display.progress, 0, &erasing, 3);
        progress_update(display.progress, 0, &writing, 4);
        progress_update(display.progress, 0, &(struct progress_state){ "end", 100, 0, 0, 0 }, 5);
        progress_finish(display.progress, 0, 6);
        (void)fflush(display.file);
        assert_string_equal(display.text,
                            "motor: entering\nmotor: erasing 12 pages\nmotor: writing 43.2 KiB\n");
        display_close(&display);
}

static void bars_are_drawn_over_themselves_and_go(void **state) {
        struct display display;

        (void)state;
        display_open(&display, PROGRESS_BARS);
        assert_int_equal(progress_add(display.progress, "a", 0), 0);
        assert_int_equal(progress_add(display.progress, "long", 0), 1);
        progress_update(display.progress, 0, &entering, 1);
        progress_update(display.progress, 1, &entering, 2);
        (void)fflush(display.file);
        /* the first alone, then both, names in one column */
        assert_non_null(strstr(display.text, "a  entering"));
        assert_non_null(strstr(display.text, "\r\033[Ja     entering"));
        assert_non_null(strstr(display.text, "\nlong  entering"));

        progress_finish(display.progress, 0, 3);
        progress_finish(display.progress, 1, 4);
        (void)fflush(display.file);
        assert_non_null(strstr(display.text, "\r\033[1A\033[J"));
        assert_string_equal(display.text + display.size - 4, "\r\033[J");
        display_close(&display);
}

static void quiet_is_quiet(void **state) {
        struct display display;

        (void)state;
        display_open(&display, PROGRESS_NONE);
        assert_int_equal(progress_add(display.progress, "motor", 0), 0);
        progress_update(display.progress, 0, &writing, 1);
        progress_draw(display.progress, 2);
        progress_finish(display.progress, 0, 3);
        (void)fflush(display.file);
        assert_int_equal(display.size, 0);
        display_close(&display);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_bar_shows_what_fits),
                cmocka_unit_test(no_bar_is_wider_than_its_terminal),
                cmocka_unit_test(time_left_is_told_when_it_can_be),
                cmocka_unit_test(without_a_terminal_each_phase_is_a_line),
                cmocka_unit_test(bars_are_drawn_over_themselves_and_go),
                cmocka_unit_test(quiet_is_quiet),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
