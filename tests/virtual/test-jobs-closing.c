/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The end of a job, where the lines cannot be driven any more. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

/* The step that fails is the last: no job tries again. */
static void lines_that_are_left_behind_are_told(void **state) {
        static const struct {
                bool reset, boot0;
                const char *text;
        } cases[] = {
                { true, true, "BOOT0 and NRST could not be set to rest (Device or resource busy)" },
                { true, false, "NRST could not be set to rest" },
                { false, true, "BOOT0 could not be set to rest" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct board board;

                board_open(&board, "STM32F405", NULL);
                struct image *image = drive_image(board.chip, 60000, 1);
                const struct session_request verify = { .kind = SESSION_VERIFY, .image = image };

                board_put(&board, image);
                board_do(&board, &(struct session_request){ .kind = SESSION_ENTER });
                board.config.entry.has_reset = cases[i].reset;
                board.config.entry.has_boot0 = cases[i].boot0;

                /* those before it, of the same job */
                unsigned steps = board.drive.steps;
                board.drive.cancel_at = board.drive.now + 3 * USEC_PER_SEC;
                (void)board_fail(&board, &verify, SESSION_CANCELLED);
                assert_int_equal(session_failure(board.session)->lines_left, 0);
                unsigned last = board.drive.steps - steps;

                board_do(&board, &(struct session_request){ .kind = SESSION_ENTER });
                board.drive.cancel_at = board.drive.now + 3 * USEC_PER_SEC;
                board.drive.lines_fail_at = board.drive.steps + last;
                const struct session_failure *f = board_fail(&board, &verify, SESSION_CANCELLED);
                assert_int_equal(f->lines_left, -EBUSY);
                char *text = board_text(&board);
                assert_non_null(strstr(text, cases[i].text));
                assert_null(strstr(text, "Nothing has to be repaired"));
                free(text);
                image_free(image);
                board_close(&board);
        }
}

/* All is done but to let go of the chip. */
static void a_job_that_went_well_tells_of_lines_that_fail(void **state) {
        struct board board;

        (void)state;
        for (unsigned go = 0; go < 2; go++) {
                board_open(&board, "STM32F405", NULL);
                struct image *image = drive_image(board.chip, 2000, 1);
                const struct session_request flash = {
                        .kind = SESSION_FLASH,
                        .image = image,
                        .after = go ? SESSION_AFTER_GO : SESSION_AFTER_RUN,
                };

                board_do(&board, &flash);
                unsigned steps = board.drive.steps;
                board_do(&board, &flash);
                board.drive.lines_fail_at = 2 * board.drive.steps - steps; /* its last */
                const struct session_failure *f = board_fail(&board, &flash, SESSION_LINES);
                assert_int_equal(f->phase, SESSION_PHASE_LEAVE);
                assert_int_equal(f->system, -EBUSY);
                assert_int_equal(f->outcome, SESSION_COMPLETE);
                assert_int_equal(f->lines_left, 0); /* tried again, it worked */
                board_check_left(&board);
                image_free(image);
                board_close(&board);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_that_are_left_behind_are_told),
                cmocka_unit_test(a_job_that_went_well_tells_of_lines_that_fail),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
