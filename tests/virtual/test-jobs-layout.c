/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Layouts given by hand, and flash whose size nothing tells: what is not there is left alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

#define FLASH 0x08000000U

/* An image of a few pages, at an offset of flash. */
static struct image *image_at(const struct board *board, uint32_t offset, uint32_t size) {
        struct image *image = drive_image(board->chip, size, 7);

        image->segments[0].address = board->chip->flash_start + offset;
        return image;
}

static void assert_untouched(struct board *board, const struct image *old) {
        assert_int_equal(session_outcome(board->session), SESSION_UNTOUCHED);
        assert_int_equal(virtual_counters(board->drive.chip)->page_erases, 0);
        assert_int_equal(virtual_counters(board->drive.chip)->mass_erases, 0);
        assert_true(drive_holds(board->drive.chip, old));
        assert_true(drive_runs(&board->drive));
}

/* ---- what 0x43 can name (AN3155 3.7: a byte a page) ---- */

static void pages_that_the_erase_command_cannot_name_are_refused(void **state) {
        struct flash_map map;
        struct board board;

        (void)state;
        board_open(&board, "STM32F103RE", NULL);
        board_set_layout(&board, "512x1K", &map);
        struct image *old = drive_image(board.chip, 5000, 1);
        struct image *image = image_at(&board, 256 * 1024, 1000); /* page 256 */
        const struct session_request requests[] = {
                { .kind = SESSION_FLASH, .image = image },
                { .kind = SESSION_FLASH, .image = old, .erase = PLAN_ERASE_ALL },
                { .kind = SESSION_ERASE, .address = FLASH + 255 * 1024, .length = 1025 },
                { .kind = SESSION_ERASE },
        };

        board_put(&board, old);
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
                const struct session_failure *f =
                        board_fail(&board, &requests[i], SESSION_UNSUPPORTED);

                assert_non_null(strstr(f->reason, "0x43"));
                assert_int_equal(f->address, FLASH + 256 * 1024);
                assert_untouched(&board, old);
        }

        /* all at once it can */
        board_do(&board, &(struct session_request){ .kind = SESSION_ERASE, .mass_erase = true });
        assert_int_equal(virtual_counters(board.drive.chip)->mass_erases, 1);
        image_free(old);
        image_free(image);
        board_close(&board);
}

/* Refused, a mass erase goes on page by page: but not where pages cannot be named. */
static void a_refused_mass_erase_does_not_go_on_with_other_pages(void **state) {
        struct flash_map map;
        struct board board;

        (void)state;
        board_open(&board, "STM32F103RE", NULL);
        board_set_layout(&board, "512x1K", &map);
        struct image *old = drive_image(board.chip, 5000, 1);
        const struct session_request erase = { .kind = SESSION_ERASE, .mass_erase = true };

        board_put(&board, old);
        for (unsigned at = 0; at < 40; at++) { /* whichever command it is */
                const struct virtual_fault nack = { .type = VIRTUAL_FAULT_NACK, .at = at };
                virtual_clear_faults(board.drive.chip);
                assert_int_equal(virtual_add_fault(board.drive.chip, &nack), 0);
                if (board_try(&board, &erase)) {
                        board_put(&board, old);
                        continue;
                }
                const struct session_failure *f = session_failure(board.session);
                assert_int_equal(f->error, SESSION_UNSUPPORTED);
                assert_int_equal(f->outcome, SESSION_UNTOUCHED);
                assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 0);
                assert_true(drive_holds(board.drive.chip, old));
                image_free(old);
                board_close(&board);
                return;
        }
        fail_msg("the mass erase was never refused");
}

static void page_255_is_erased_by_its_number(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32F103RE", NULL);
        struct image *old = drive_image(board.chip, 5000, 1);
        struct image *image = image_at(&board, 510 * 1024, 2048);

        board_put(&board, old);
        board_do(&board, &(struct session_request){ .kind = SESSION_FLASH, .image = image });
        assert_true(drive_holds(board.drive.chip, image));
        assert_true(drive_holds(board.drive.chip, old));
        image_free(old);
        image_free(image);
        board_close(&board);
}

/* AN2606: its ROM, V3.0, has 0x44; two banks, 512 pages that count on. */
static void an_f1_of_xl_density_erases_all_of_its_pages(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32F103ZG", NULL);
        struct image *old = drive_image(board.chip, 5000, 1);
        struct image *image = image_at(&board, 1022 * 1024, 2048);

        board_put(&board, old);
        board_do(&board, &(struct session_request){ .kind = SESSION_FLASH, .image = image });
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 1);
        assert_true(drive_holds(board.drive.chip, image));
        assert_true(drive_holds(board.drive.chip, old));
        image_free(old);
        image_free(image);
        board_close(&board);
}

/* ---- larger than the chip really is ---- */

static void what_this_part_does_not_have_is_refused(void **state) {
        static const struct {
                const char *chip;
                uint32_t size; /* of the part */
                bool size_blank;
                const char *layout;
                enum plan_status status;
        } cases[] = {
                /* a layout says how pages are divided, the register how many there are */
                { "STM32F103RC", 256 * 1024, false, "256x2K", PLAN_OUTSIDE_FLASH },
                { "STM32F405", 512 * 1024, false, "4x16K,1x64K,7x128K", PLAN_OUTSIDE_FLASH },
                /* WB0 and WL3 let nobody read a register (AN2606) */
                { "STM32WB06", 128 * 1024, false, NULL, PLAN_NOT_THERE },
                { "STM32WL33", 128 * 1024, false, NULL, PLAN_NOT_THERE },
                /* the register makes no sense */
                { "STM32F103RC", 256 * 1024, true, NULL, PLAN_NOT_THERE },
                { "STM32F405", 512 * 1024, true, NULL, PLAN_NOT_THERE }, /* silent addresses */
                { "STM32G071", 64 * 1024, true, NULL, PLAN_NOT_THERE },
                { "STM32F103RC", 256 * 1024, true, "256x2K", PLAN_NOT_THERE },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct virtual_config wiring = { .flash_size = cases[i].size,
                                                       .size_blank = cases[i].size_blank };
                struct flash_map map;
                struct board board;

                board_open(&board, cases[i].chip, &wiring);
                if (cases[i].layout)
                        board_set_layout(&board, cases[i].layout, &map);
                struct image *old = drive_image(board.chip, 5000, 1);
                struct image *beyond = image_at(&board, cases[i].size, 1000);
                struct image *last = image_at(&board, cases[i].size - 1000, 1000);
                struct session_request request = { .kind = SESSION_FLASH, .image = beyond };

                board_put(&board, old);
                const struct session_failure *f =
                        board_fail(&board, &request, SESSION_DOES_NOT_FIT);
                assert_int_equal(f->plan.status, cases[i].status);
                assert_int_equal(f->phase, SESSION_PHASE_IDENTIFY);
                assert_untouched(&board, old);

                request.image = last;
                board_do(&board, &request);
                assert_true(drive_holds(board.drive.chip, last));
                assert_true(drive_holds(board.drive.chip, old));
                image_free(old);
                image_free(beyond);
                image_free(last);
                board_close(&board);
        }
}

/* A part of an XL-density row as small as none that the table knows. */
static void where_no_part_of_that_size_is_known_the_end_is_read(void **state) {
        struct flash_map map;
        struct chip row = *chip_by_name("STM32F103RC");
        const struct virtual_config wiring = { .flash_size = 256 * 1024 };
        struct board board;

        (void)state;
        row.id = 0x430;
        board_open_row(&board, &row, &wiring);
        struct image *old = drive_image(&row, 5000, 1);
        struct image *beyond = image_at(&board, 256 * 1024, 1000);
        const struct session_request request = { .kind = SESSION_FLASH, .image = beyond };

        board_put(&board, old);
        (void)board_fail(&board, &request, SESSION_UNFLASHABLE);
        assert_untouched(&board, old);
        board_set_layout(&board, "256x2K", &map);
        const struct session_failure *f = board_fail(&board, &request, SESSION_DOES_NOT_FIT);
        assert_int_equal(f->plan.status, PLAN_NOT_THERE);
        assert_untouched(&board, old);
        image_free(old);
        image_free(beyond);
        board_close(&board);
}

/* A block of 256 bytes would lie in two pages, of which only one is repaired. */
static void small_pages_of_a_layout_are_written_in_small_blocks(void **state) {
        const struct virtual_fault torn = { .type = VIRTUAL_FAULT_WRITE_TORN, .at = 5 };
        struct flash_map map;
        struct board board;
        struct chip row = *chip_by_name("STM32L072");

        (void)state;
        row.id = 0x7AB; /* of which the table knows nothing; its flash is erased to 0xFF */
        row.erased = 0xFF;
        row.program_unit = row.write_align = 4;
        row.quirks = 0;
        board_open_row(&board, &row, NULL);
        board_set_layout(&board, "512x128", &map);
        struct image *image = drive_image(&row, 5000, 1);

        assert_int_equal(virtual_add_fault(board.drive.chip, &torn), 0);
        board_do(&board, &(struct session_request){ .kind = SESSION_FLASH, .image = image });
        assert_true(drive_holds(board.drive.chip, image));
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 40 + 1);
        image_free(image);
        board_close(&board);
}

static void a_layout_that_names_nothing_of_the_chip_is_refused(void **state) {
        struct flash_map map;
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        assert_int_equal(flash_map_parse("64x2K", 0x90000000, 0, &map), 0);
        board.config.map = &map;
        struct image *old = drive_image(board.chip, 5000, 1);

        board_put(&board, old);
        (void)board_fail(&board, &(struct session_request){ .kind = SESSION_FLASH, .image = old },
                         SESSION_UNFLASHABLE);
        assert_untouched(&board, old);
        image_free(old);
        board_close(&board);
}

/* Whoever gave a layout is told the same as others. */
static void a_layout_hides_no_protection(void **state) {
        struct flash_map map;
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        board_set_layout(&board, "4x16K,1x64K,7x128K", &map);
        struct image *image = drive_image(board.chip, 5000, 1);

        board_put(&board, image);
        board_do(&board, &(struct session_request){ .kind = SESSION_READOUT_PROTECT });
        const struct session_failure *f = board_fail(
                &board, &(struct session_request){ .kind = SESSION_FLASH, .image = image },
                SESSION_PROTECTED);
        assert_int_equal(f->phase, SESSION_PHASE_IDENTIFY);
        assert_int_equal(f->outcome, SESSION_UNTOUCHED);
        char *text = board_text(&board);
        assert_null(strstr(text, "BOOT0"));
        free(text);
        image_free(image);
        board_close(&board);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pages_that_the_erase_command_cannot_name_are_refused),
                cmocka_unit_test(a_refused_mass_erase_does_not_go_on_with_other_pages),
                cmocka_unit_test(page_255_is_erased_by_its_number),
                cmocka_unit_test(an_f1_of_xl_density_erases_all_of_its_pages),
                cmocka_unit_test(what_this_part_does_not_have_is_refused),
                cmocka_unit_test(where_no_part_of_that_size_is_known_the_end_is_read),
                cmocka_unit_test(small_pages_of_a_layout_are_written_in_small_blocks),
                cmocka_unit_test(a_layout_that_names_nothing_of_the_chip_is_refused),
                cmocka_unit_test(a_layout_hides_no_protection),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
