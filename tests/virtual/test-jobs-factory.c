/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A factory line's single job: image, option bytes and protection together; and what is refused
 * before anything is touched. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

/* ---- all in one job ---- */

static const uint8_t first_sector = 1;

static const struct factory {
        const char *chip;
        uint8_t options[8]; /* laid over the first area */
        size_t n_options;
        bool sectors, readout;
} factories[] = {
        { "STM32F103RC", { 0xA5, 0x5A, 0xFB, 0x04 }, 4, false, false },
        { "STM32F103RC", { 0xA5, 0x5A, 0xFB, 0x04 }, 4, true, true },
        { "STM32F405", { 0xEB, 0xAA, 0xFF, 0xFF }, 4, true, true },
        { "STM32L476", { 0xAA, 0xF8, 0xEE, 0xFF, 0x55, 0x07, 0x11, 0x00 }, 8, false, true },
        { "STM32L152RC", { 0 }, 0, true, false },
        { "STM32H743", { 0 }, 0, true, true },
};

static void image_option_bytes_and_protection_go_in_one_job(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(factories) * 2; i++) {
                const struct factory *f = &factories[i / 2];
                bool there = i % 2; /* the image is: only the rest is to be done */

                board_open(&board, f->chip, NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                const struct session_request request = {
                        .kind = SESSION_FLASH,
                        .image = image,
                        .check = SESSION_CHECK_FULL,
                        .option_bytes = f->n_options > 0 ? f->options : NULL,
                        .option_size = f->n_options,
                        .sectors = f->sectors ? &first_sector : NULL,
                        .n_sectors = f->sectors,
                        .readout_protect = f->readout,
                };

                if (there)
                        board_put(&board, image);
                board_do(&board, &request);
                assert_int_equal(session_info(board.session)->unchanged, there);
                assert_int_equal(session_outcome(board.session), SESSION_COMPLETE);
                assert_true(drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                for (size_t k = 0; k < f->n_options; k++)
                        if (!f->readout || (k != 0 && k != 1 && k != 4)) /* RDP, its complement */
                                assert_int_equal(
                                        board_peek(&board,
                                                   board.chip->options[0].start + (uint32_t)k, 1),
                                        f->options[k]);
                board_check_left(&board);

                board_do(&board, &(struct session_request){ .kind = SESSION_PROBE });
                assert_int_equal(session_info(board.session)->protection,
                                 f->readout ? CHIP_YES : CHIP_NO);
                image_free(image);
                board_close(&board);
        }
}

/* AN3155's text lets all ROMs reset themselves, a footnote of its figures only some. */
static void a_reset_after_each_step_does_no_harm(void **state) {
        static const char *const chips[] = { "STM32F103RC", "STM32F405", "STM32L476", "STM32L152RC",
                                             "STM32G431",   "STM32G0B1", "STM32H743", "STM32U575",
                                             "STM32L552",   "STM32WB55", "STM32WLE5", "STM32L072" };
        const struct session_request steps[] = {
                { .kind = SESSION_WRITE_PROTECT,
                  .sectors = (const uint8_t[]){ 2, 3 },
                  .n_sectors = 2 },
                { .kind = SESSION_WRITE_UNPROTECT },
                { .kind = SESSION_READOUT_PROTECT },
                { .kind = SESSION_READOUT_UNPROTECT },
        };

        (void)state;
        for (size_t i = 0; i < 2 * ARRAY_SIZE(chips); i++) {
                const struct virtual_config wiring = { .resets_itself = i % 2 };
                struct board board;

                board_open(&board, chips[i / 2], &wiring);
                struct image *image = drive_image(board.chip, 3000, 1);
                const struct session_request flash = { .kind = SESSION_FLASH, .image = image };

                board_do(&board, &flash);
                for (size_t k = 0; k < ARRAY_SIZE(steps); k++) {
                        board_do(&board, &steps[k]);
                        if (session_info(board.session)->needs_power_cycle)
                                board_cycle_power(&board);
                }
                board_do(&board, &flash);
                assert_true(drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);

                /* and with all of it in one job */
                struct session_request all = flash;
                all.sectors = steps[0].sectors;
                all.n_sectors = steps[0].n_sectors;
                all.readout_protect = true;
                board_do(&board, &all);
                if (session_info(board.session)->needs_power_cycle)
                        board_cycle_power(&board);
                board_do(&board, &(struct session_request){ .kind = SESSION_PROBE });
                assert_int_equal(session_info(board.session)->protection, CHIP_YES);
                image_free(image);
                board_close(&board);
        }
}

static void an_image_may_bring_its_option_bytes(void **state) {
        uint8_t options[] = { 0xA5, 0x5A, 0xFF, 0x00, 0x12, 0xED, 0x34, 0xCB };
        struct board board;

        (void)state;
        board_open(&board, "STM32F103RC", NULL);
        struct image *plain = drive_image(board.chip, 3000, 1);
        struct image_segment segments[] = { plain->segments[0],
                                            { 0x1FFFF800, sizeof(options), options } };
        const struct image image = { .format = IMAGE_IHEX, .segments = segments, .n_segments = 2 };
        struct session_request request = { .kind = SESSION_FLASH, .image = &image };

        /* not unless asked for */
        const struct session_failure *f = board_fail(&board, &request, SESSION_DOES_NOT_FIT);
        assert_int_equal(f->plan.status, PLAN_OPTION_BYTES);
        assert_int_equal(board_peek(&board, 0x1FFFF804, 1), 0xFF);

        request.option_segments = true;
        board_do(&board, &request);
        assert_true(drive_holds(board.drive.chip, plain));
        assert_int_equal(board_peek(&board, 0x1FFFF804, 4), 0xCB34ED12);
        assert_true(drive_runs(&board.drive));
        board_check_left(&board);

        /* Verify, and a flash that only compares, look at them too */
        const struct session_request compares[] = {
                { .kind = SESSION_VERIFY, .image = &image, .option_segments = true },
                { .kind = SESSION_FLASH,
                  .image = &image,
                  .option_segments = true,
                  .check = SESSION_CHECK_FULL,
                  .check_only = true },
        };
        for (size_t i = 0; i < ARRAY_SIZE(compares); i++) {
                options[6] = 0x34;
                board_do(&board, &compares[i]);
                options[6] = 0x35;
                f = board_fail(&board, &compares[i], SESSION_DIFFERS);
                assert_int_equal(f->address, 0x1FFFF806);
                assert_int_equal(f->expected, 0x35);
                assert_int_equal(f->found, 0x34);
                assert_true(drive_runs(&board.drive));
        }
        image_free(plain);
        board_close(&board);
}

/* Both areas change, and one of them protects the chip: it is written last. */
static void option_bytes_of_two_areas_are_written_protection_last(void **state) {
        uint8_t first[] = { 0xEF, 0x55 }, second[] = { 0xFE, 0x0F };
        struct board board;

        (void)state;
        board_open(&board, "STM32F429", NULL);
        struct image *plain = drive_image(board.chip, 3000, 1);
        struct image_segment segments[] = { plain->segments[0],
                                            { 0x1FFEC008, 2, second },
                                            { 0x1FFFC000, 2, first } };
        const struct image image = { .format = IMAGE_IHEX, .segments = segments, .n_segments = 3 };
        const struct session_request request = { .kind = SESSION_FLASH,
                                                 .image = &image,
                                                 .option_segments = true };

        board_do(&board, &request);
        assert_int_equal(board_peek(&board, 0x1FFEC008, 2), 0x0FFE);
        assert_int_equal(board_peek(&board, 0x1FFFC000, 2), 0x55EF);
        assert_int_equal(session_info(board.session)->protection, CHIP_YES);
        assert_true(drive_runs(&board.drive));
        board_check_left(&board);
        image_free(plain);
        board_close(&board);
}

/* ---- refused before anything is touched ---- */

static const struct refusal {
        const char *chip;
        uint32_t flash_size; /* of this part; 0: the largest */
        const char *name;    /* Chip= */
        uint32_t address, size;
        enum session_error error;
        enum plan_status status;
        uint32_t at;
} refusals[] = {
        { "STM32F103RC", 0, NULL, 0x08000000, 0x80000, SESSION_OK, PLAN_OK, 0 },
        { "STM32F103RC", 0x40000, NULL, 0x08000000, 0x40000, SESSION_OK, PLAN_OK, 0 },
        { "STM32F103RC", 0x40000, NULL, 0x08000000, 0x40001, SESSION_DOES_NOT_FIT, PLAN_TOO_LARGE,
          0x08040000 },
        { "STM32L476", 0x40000, NULL, 0x08000000, 0x40001, SESSION_DOES_NOT_FIT, PLAN_TOO_LARGE,
          0x08040000 },
        { "STM32L072", 0x10000, NULL, 0x08000000, 0x10001, SESSION_DOES_NOT_FIT, PLAN_TOO_LARGE,
          0x08010000 },
        { "STM32H743", 0x20000, NULL, 0x08000000, 0x20001, SESSION_DOES_NOT_FIT, PLAN_TOO_LARGE,
          0x08020000 },
        { "STM32F405", 0, NULL, 0x07FFFF00, 0x200, SESSION_DOES_NOT_FIT, PLAN_OUTSIDE_FLASH,
          0x07FFFF00 },
        { "STM32F405", 0, NULL, 0x20000000, 0x200, SESSION_DOES_NOT_FIT, PLAN_OUTSIDE_FLASH,
          0x20000000 },
        { "STM32F405", 0, NULL, 0x00000000, 0x200, SESSION_OK, PLAN_OK, 0 }, /* an alias */
        { "STM32F405", 0, "STM32F405RG", 0x08000000, 0x200, SESSION_OK, PLAN_OK, 0 },
        { "STM32F405", 0, "STM32F4", 0x08000000, 0x200, SESSION_OK, PLAN_OK, 0 },
        { "STM32F405", 0, "STM32F411", 0x08000000, 0x200, SESSION_WRONG_CHIP, PLAN_OK, 0 },
        { "STM32F405", 0, "STM32G0", 0x08000000, 0x200, SESSION_WRONG_CHIP, PLAN_OK, 0 },
};

static void what_does_not_fit_the_very_part_touches_nothing(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                const struct refusal *r = &refusals[i];
                const struct virtual_config wiring = { .flash_size = r->flash_size };

                board_open(&board, r->chip, &wiring);
                struct image *old = drive_image(board.chip, 2000, 1);
                struct image *image = drive_image(board.chip, r->size, 2);
                const struct session_request request = { .kind = SESSION_FLASH, .image = image };

                board_put(&board, old);
                image->segments[0].address = r->address;
                board.config.chip_name = r->name;
                if (r->error == SESSION_OK) {
                        board_do(&board, &request);
                        image->segments[0].address |= 0x08000000;
                        assert_true(drive_holds(board.drive.chip, image));
                } else {
                        const struct session_failure *f = board_fail(&board, &request, r->error);

                        assert_int_equal(f->plan.status, r->status);
                        assert_int_equal(f->plan.address, r->at);
                        assert_int_equal(f->chip_id, board.chip->id);
                        assert_int_equal(f->outcome, SESSION_UNTOUCHED);
                        assert_true(drive_holds(board.drive.chip, old));
                        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 0);
                        board_check_left(&board);
                }
                assert_true(drive_runs(&board.drive));
                image_free(old);
                image_free(image);
                board_close(&board);
        }
}

/* A chip of which the table knows nothing, or that it cannot flash: the silicon is an F103's. */
static void open_as(struct board *board, struct chip *row, uint16_t id) {
        *row = *chip_by_name("STM32F103RC");
        row->id = id;
        board_open_row(board, row, NULL);
}

static void an_unknown_chip_is_named_and_flashed_by_a_layout_by_hand(void **state) {
        struct flash_map map;
        struct board board;
        struct chip row;

        (void)state;
        open_as(&board, &row, 0x7AB);
        struct image *image = drive_image(&row, 3001, 1);
        const struct session_request flash = { .kind = SESSION_FLASH, .image = image };
        const struct session_request erase = { .kind = SESSION_ERASE };

        board_do(&board, &(struct session_request){ .kind = SESSION_PROBE });
        assert_null(session_info(board.session)->chip);
        assert_int_equal(session_info(board.session)->chip_id, 0x7AB);
        const struct session_failure *f = board_fail(&board, &flash, SESSION_UNKNOWN_CHIP);
        assert_int_equal(f->chip_id, 0x7AB);
        (void)board_fail(&board, &erase, SESSION_UNKNOWN_CHIP);
        (void)board_fail(&board, &(struct session_request){ .kind = SESSION_READ_OPTIONS },
                         SESSION_UNSUPPORTED);

        board_set_layout(&board, "64x2K", &map);
        board_do(&board, &flash);
        assert_true(drive_holds(board.drive.chip, image));
        assert_true(drive_runs(&board.drive));
        assert_int_equal(session_info(board.session)->safety, PLAN_BOOT_UNCERTAIN);
        board_check_left(&board);
        board_do(&board, &erase);
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 2 + 64);
        image_free(image);
        board_close(&board);
}

static void a_chip_that_cannot_be_flashed_says_why(void **state) {
        struct board board;
        struct chip row;

        (void)state;
        open_as(&board, &row, 0x486); /* N6: no flash */
        struct image *image = drive_image(&row, 3001, 1);
        const struct session_request flash = { .kind = SESSION_FLASH, .image = image };

        board_do(&board, &(struct session_request){ .kind = SESSION_PROBE });
        assert_int_equal(session_info(board.session)->chip->id, 0x486);
        const struct session_failure *f = board_fail(&board, &flash, SESSION_UNFLASHABLE);
        assert_string_equal(f->reason, chip_by_id(0x486)->unusable);
        image_free(image);
        board_close(&board);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(image_option_bytes_and_protection_go_in_one_job),
                cmocka_unit_test(an_image_may_bring_its_option_bytes),
                cmocka_unit_test(option_bytes_of_two_areas_are_written_protection_last),
                cmocka_unit_test(what_does_not_fit_the_very_part_touches_nothing),
                cmocka_unit_test(an_unknown_chip_is_named_and_flashed_by_a_layout_by_hand),
                cmocka_unit_test(a_chip_that_cannot_be_flashed_says_why),
                cmocka_unit_test(a_reset_after_each_step_does_no_harm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
