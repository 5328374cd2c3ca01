/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chips that ignore BOOT0 (RM0454 3.4.1: nBOOT_SEL is 1 as delivered). */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

/* AN2606: a ROM of G07x that does not launch option bytes. */
static const struct virtual_config v11_2 = { .bootloader_id = 0xB2 };

static void a_chip_that_would_lock_us_out_is_not_flashed_unless_told_how(void **state) {
        static const char *const chips[] = { "STM32G071", "STM32G0B1", "STM32C011", "STM32C071",
                                             "STM32G031" };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                board_open_delivered(&board, chips[i], NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                struct image *next = drive_image(board.chip, 3000, 2);
                struct session_request request = { .kind = SESSION_FLASH, .image = image };

                (void)board_fail(&board, &request, SESSION_BOOT_PIN);
                assert_int_equal(session_outcome(board.session), SESSION_UNTOUCHED);
                assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 0);
                assert_int_equal(virtual_counters(board.drive.chip)->units_programmed, 0);

                request.enable_boot_pin = true;
                board_do(&board, &request);
                assert_false(session_info(board.session)->needs_power_cycle);
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);
                request.enable_boot_pin = false; /* from now on it obeys */
                request.image = next;
                board_do(&board, &request);
                assert_true(drive_holds(board.drive.chip, next));
                assert_true(drive_runs(&board.drive));
                image_free(image);
                image_free(next);
                board_close(&board);
        }
}

/* Without a reset in between: the last one starts the application, and locks us out. */
static void one_piece_flashes_without_a_reset(void **state) {
        static const char *const chips[] = { "STM32G071", "STM32C011", "STM32G031" };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                board_open_delivered(&board, chips[i], NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                const struct session_request request = { .kind = SESSION_FLASH,
                                                         .image = image,
                                                         .one_piece = true };
                const struct virtual_fault fault = { .type = VIRTUAL_FAULT_LOSE_TO_HOST,
                                                     .at = 700 };
                unsigned resets = virtual_counters(board.drive.chip)->resets;

                assert_int_equal(virtual_add_fault(board.drive.chip, &fault), 0);
                board_do(&board, &request);
                assert_int_equal(session_info(board.session)->recoveries, 1);
                assert_int_equal(virtual_counters(board.drive.chip)->resets, resets + 1);
                assert_true(drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);
                board_cycle_power(&board); /* it may think until then that it is empty */
                (void)board_fail(&board, &(struct session_request){ .kind = SESSION_PROBE },
                                 SESSION_NO_ENTRY);
                assert_true(drive_runs(&board.drive));
                image_free(image);
                board_close(&board);
        }
}

/* The image is there, the pin is not: that alone is done. */
static void the_boot_pin_is_enabled_where_the_image_is_there_already(void **state) {
        struct board board;

        (void)state;
        for (unsigned waits = 0; waits < 2; waits++) {
                board_open_delivered(&board, "STM32G071", waits ? &v11_2 : NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                struct session_request request = { .kind = SESSION_FLASH,
                                                   .image = image,
                                                   .one_piece = true,
                                                   .after = SESSION_AFTER_STAY };

                board_do(&board, &request); /* and it is still in its ROM */
                request = (struct session_request){ .kind = SESSION_FLASH,
                                                    .image = image,
                                                    .check = SESSION_CHECK_FULL,
                                                    .enable_boot_pin = true };
                unsigned erases = virtual_counters(board.drive.chip)->page_erases;
                board_do(&board, &request);
                assert_true(session_info(board.session)->unchanged);
                assert_int_equal(session_info(board.session)->needs_power_cycle, waits);
                assert_int_equal(virtual_counters(board.drive.chip)->page_erases, erases);
                assert_true(drive_runs(&board.drive));
                if (waits)
                        board_cycle_power(&board);
                board_do(&board, &(struct session_request){ .kind = SESSION_PROBE });
                assert_true(drive_runs(&board.drive));
                image_free(image);
                board_close(&board);
        }
}

/* NRST does not load them: what they say is no reason to reset the chip. */
static void a_boot_pin_that_waits_for_power_is_not_trusted(void **state) {
        struct board board;

        (void)state;
        for (unsigned at = 0; at < 2000; at += 7) {
                board_open_delivered(&board, "STM32G071", &v11_2);
                struct image *image = drive_image(board.chip, 3000, 1);
                struct image *next = drive_image(board.chip, 3000, 2);
                struct session_request request = { .kind = SESSION_FLASH,
                                                   .image = image,
                                                   .enable_boot_pin = true };
                const struct virtual_fault fault = { .type = VIRTUAL_FAULT_LOSE_TO_HOST,
                                                     .at = 300 + at };
                unsigned resets = virtual_counters(board.drive.chip)->resets;

                assert_int_equal(virtual_add_fault(board.drive.chip, &fault), 0);
                board_do(&board, &request);
                assert_true(session_info(board.session)->needs_power_cycle);
                /* the last one, which starts the application */
                assert_int_equal(virtual_counters(board.drive.chip)->resets, resets + 1);
                assert_true(drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);

                request = (struct session_request){ .kind = SESSION_FLASH, .image = next };
                (void)board_fail(&board, &request, SESSION_NO_ENTRY);
                char *text = board_text(&board);
                assert_non_null(strstr(text, "power-cycle the chip once"));
                assert_true(strstr(text, "power-cycle") < strstr(text, "debug probe"));
                free(text);
                assert_true(drive_runs(&board.drive));

                board_cycle_power(&board);
                board_do(&board, &request);
                assert_false(session_info(board.session)->needs_power_cycle);
                assert_true(drive_holds(board.drive.chip, next));
                assert_true(drive_runs(&board.drive));
                image_free(image);
                image_free(next);
                board_close(&board);
        }
}

/* A job that failed left it in its ROM, with option bytes that say what does not count yet. */
static void a_boot_pin_that_was_written_before_is_not_trusted_either(void **state) {
        struct board board;
        unsigned failed = 0;

        (void)state;
        for (unsigned at = 10; at < 60; at++) {
                board_open_delivered(&board, "STM32G071", &v11_2);
                struct image *image = drive_image(board.chip, 3000, 1);
                struct session_request request = { .kind = SESSION_FLASH,
                                                   .image = image,
                                                   .enable_boot_pin = true };
                const struct virtual_fault fault = { .type = VIRTUAL_FAULT_LOSE_TO_HOST,
                                                     .at = 700 };

                for (unsigned i = 0; i < 2000; i++)
                        assert_int_equal(virtual_add_fault(board.drive.chip,
                                                           &(struct virtual_fault){
                                                                   VIRTUAL_FAULT_NACK, at + i, 0 }),
                                         0);
                if (!board_try(&board, &request) &&
                    session_info(board.session)->needs_power_cycle) {
                        failed++;
                        virtual_clear_faults(board.drive.chip);
                        request.enable_boot_pin = false;
                        unsigned resets = virtual_counters(board.drive.chip)->resets;
                        assert_int_equal(virtual_add_fault(board.drive.chip, &fault), 0);
                        board_do(&board, &request);
                        assert_int_equal(virtual_counters(board.drive.chip)->resets, resets + 1);
                        assert_true(drive_holds(board.drive.chip, image));
                        assert_true(drive_runs(&board.drive));
                }
                image_free(image);
                board_close(&board);
        }
        assert_true(failed > 10);
}

/* Once it counts, it is as good as any other. */
static void a_boot_pin_in_force_is_trusted(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32G071", &v11_2);
        struct image *old = drive_image(board.chip, 3000, 1);
        struct image *new = drive_image(board.chip, 3000, 2);
        const struct virtual_fault fault = { .type = VIRTUAL_FAULT_LOSE_TO_HOST, .at = 900 };

        board_put(&board, old);
        unsigned resets = virtual_counters(board.drive.chip)->resets;
        assert_int_equal(virtual_add_fault(board.drive.chip, &fault), 0);
        board_do(&board, &(struct session_request){ .kind = SESSION_FLASH, .image = new });
        assert_int_equal(session_info(board.session)->recoveries, 1);
        /* to enter, to recover, to run */
        assert_int_equal(virtual_counters(board.drive.chip)->resets, resets + 3);
        assert_true(drive_runs(&board.drive));
        image_free(old);
        image_free(new);
        board_close(&board);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_chip_that_would_lock_us_out_is_not_flashed_unless_told_how),
                cmocka_unit_test(one_piece_flashes_without_a_reset),
                cmocka_unit_test(the_boot_pin_is_enabled_where_the_image_is_there_already),
                cmocka_unit_test(a_boot_pin_that_waits_for_power_is_not_trusted),
                cmocka_unit_test(a_boot_pin_that_was_written_before_is_not_trusted_either),
                cmocka_unit_test(a_boot_pin_in_force_is_trusted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
