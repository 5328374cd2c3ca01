/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A flash that compares first: what is there already is left alone, and a difference is seen. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

static const struct check {
        enum session_check check;
        bool check_only;
        uint32_t at; /* of the byte that differs; 0: none does */
        enum session_error error;
        bool unchanged;
} checks[] = {
        { SESSION_CHECK_FULL, false, 0, SESSION_OK, true },
        { SESSION_CHECK_FULL, true, 0, SESSION_OK, true },
        { SESSION_CHECK_FAST, false, 0, SESSION_OK, true },
        { SESSION_CHECK_FAST, true, 0, SESSION_OK, true },
        { SESSION_CHECK_FULL, false, 12345, SESSION_OK, false },
        { SESSION_CHECK_FULL, true, 12345, SESSION_DIFFERS, false },
        { SESSION_CHECK_FAST, false, 9, SESSION_OK, false },         /* the head */
        { SESSION_CHECK_FAST, true, 39999, SESSION_DIFFERS, false }, /* the tail */
        { SESSION_CHECK_FAST, true, 12345, SESSION_OK, true },       /* 20 of 157 blocks: missed */
        { SESSION_CHECK_NONE, false, 0, SESSION_OK, false },
};

static void what_is_there_already_is_left_alone(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
                const struct check *c = &checks[i];

                board_open(&board, "STM32F405", NULL);
                struct image *image = drive_image(board.chip, 40000, 1);
                const struct session_request request = { .kind = SESSION_FLASH,
                                                         .image = image,
                                                         .check = c->check,
                                                         .check_only = c->check_only };

                board_put(&board, image);
                if (c->at)
                        board_poke(&board, 0x08000000 + c->at,
                                   (uint8_t)~image->segments[0].data[c->at], 1);
                if (c->error == SESSION_OK) {
                        board_do(&board, &request);
                        assert_int_equal(session_outcome(board.session), SESSION_COMPLETE);
                } else {
                        const struct session_failure *f = board_fail(&board, &request, c->error);

                        assert_int_equal(f->address, 0x08000000 + c->at);
                        assert_int_equal(f->outcome, SESSION_UNTOUCHED);
                }
                assert_int_equal(session_info(board.session)->unchanged, c->unchanged);
                bool writes = c->error == SESSION_OK && !c->unchanged;
                assert_int_equal(virtual_counters(board.drive.chip)->page_erases > 0, writes);
                assert_true(!writes || drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);
                image_free(image);
                board_close(&board);
        }
}

static void the_random_blocks_differ_from_time_to_time(void **state) {
        struct board board;
        unsigned found = 0;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        struct image *image = drive_image(board.chip, 40000, 1);
        board_put(&board, image);
        board_poke(&board, 0x08000000 + 12345, (uint8_t)~image->segments[0].data[12345], 1);
        for (uint64_t seed = 1; seed <= 60; seed++) {
                const struct session_request request = { .kind = SESSION_FLASH,
                                                         .image = image,
                                                         .check = SESSION_CHECK_FAST,
                                                         .check_only = true,
                                                         .seed = seed };

                found += !board_try(&board, &request);
        }
        /* 19 of 156 blocks each time: one in eight */
        assert_in_range(found, 2, 25);
        image_free(image);
        board_close(&board);
}

/* Twenty blocks in a row have one of the 19 parts whole: one of its blocks is looked at. */
static void a_large_difference_is_seen_wherever_it_is(void **state) {
        enum { SIZE = 40000, CHANGED = 20 * 256 };
        static const uint8_t changed[CHANGED];
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        struct image *image = drive_image(board.chip, SIZE, 1);
        for (uint32_t at = 256; at + CHANGED <= SIZE; at += 1777) {
                const struct session_request request = { .kind = SESSION_FLASH,
                                                         .image = image,
                                                         .check = SESSION_CHECK_FAST,
                                                         .check_only = true,
                                                         .seed = at };

                board_put(&board, image);
                assert_true(virtual_poke(board.drive.chip, 0x08000000 + at, changed, CHANGED));
                (void)board_fail(&board, &request, SESSION_DIFFERS);
        }
        image_free(image);
        board_close(&board);
}

/* A byte lost on its way is no difference. */
static void noise_does_not_make_a_flash_of_a_check(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        struct image *image = drive_image(board.chip, 6000, 1);
        const struct session_request request = { .kind = SESSION_FLASH,
                                                 .image = image,
                                                 .check = SESSION_CHECK_FULL };
        board_put(&board, image);
        for (unsigned at = 0; at < 8000; at += 59) {
                const struct virtual_fault lost = { .type = VIRTUAL_FAULT_LOSE_TO_HOST, .at = at };

                virtual_clear_faults(board.drive.chip);
                assert_int_equal(virtual_add_fault(board.drive.chip, &lost), 0);
                board_do(&board, &request);
                assert_true(session_info(board.session)->unchanged);
        }
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 0);
        image_free(image);
        board_close(&board);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_there_already_is_left_alone),
                cmocka_unit_test(the_random_blocks_differ_from_time_to_time),
                cmocka_unit_test(a_large_difference_is_seen_wherever_it_is),
                cmocka_unit_test(noise_does_not_make_a_flash_of_a_check),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
