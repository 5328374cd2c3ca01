/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a flash erases, keeps and promises, beside the plain case of test-flash.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/bytes.h"
#include "util/cleanup.h"
#include "util/macro.h"

static const char *const kinds_of_flash[] = {
        "STM32H7R3",   "STM32F103RC", "STM32F405", "STM32F030C8", "STM32G071", "STM32L072",
        "STM32L152RC", "STM32L476",   "STM32H743", "STM32U575",   "STM32WB06",
};

/* ---- what is kept ---- */

/* One segment somewhere in the middle of flash that is full of other data. */
static void flash_a_piece(const char *name, bool preserve, enum plan_erase erase) {
        struct board board;
        struct flash_map map;
        struct flash_page page;

        board_open(&board, name, NULL);
        const struct chip *chip = board.chip;
        assert_int_equal(chip_flash_map(chip, 0, false, &map), 0);
        uint32_t at = chip->flash_start + chip->flash_size / 4 + 40, size = 777;
        uint32_t total = chip->flash_size / 2;
        uint8_t *before = malloc(total), *after = malloc(total);

        for (uint32_t i = 0; i < total; i++)
                before[i] = (uint8_t)(i * 13 + i / 256);
        assert_true(virtual_poke(board.drive.chip, chip->flash_start, before, total));

        struct image *image = drive_image(chip, size, 9);
        image->segments[0].address = at;
        const struct session_request request = {
                .kind = SESSION_FLASH, .image = image, .preserve = preserve, .erase = erase
        };
        board_do(&board, &request);
        assert_true(drive_holds(board.drive.chip, image));
        board_check_left(&board);

        assert_true(virtual_peek(board.drive.chip, chip->flash_start, after, total));
        for (uint32_t i = 0; i < total; i++) {
                uint32_t address = chip->flash_start + i, last = at + size - 1;
                bool touched = false, kept;

                if (address >= at && address <= last)
                        continue;
                assert_true(flash_map_find(&map, address, &page));
                touched = last >= page.address && at < page.address + page.size;
                kept = erase == PLAN_ERASE_TOUCHED && (!touched || preserve);
                if (after[i] != (kept ? before[i] : chip->erased))
                        fail_msg("%s preserve %d erase %d: 0x%08X is %02X, was %02X", name,
                                 preserve, (int)erase, address, after[i], before[i]);
        }
        free(before);
        free(after);
        image_free(image);
        board_close(&board);
}

static void pages_that_are_not_touched_stay_and_the_rest_is_kept_on_request(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(kinds_of_flash); i++) {
                flash_a_piece(kinds_of_flash[i], false, PLAN_ERASE_TOUCHED);
                flash_a_piece(kinds_of_flash[i], true, PLAN_ERASE_TOUCHED);
                flash_a_piece(kinds_of_flash[i], false, PLAN_ERASE_ALL);
        }
}

/* A read carries no checksum, and what is kept would be kept wrong. */
static void what_is_kept_survives_flipped_bits(void **state) {
        struct board board;

        (void)state;
        for (unsigned at = 600; at < 9000; at += 131) {
                const struct virtual_fault flip = { .type = VIRTUAL_FAULT_FLIP_TO_HOST,
                                                    .at = at,
                                                    .detail = at % 8 };
                uint8_t before[2048], after[2048];

                board_open(&board, "STM32L476", NULL);
                struct image *old = drive_image(board.chip, sizeof(before), 1);
                struct image *image = drive_image(board.chip, 100, 2);
                const struct session_request request = { .kind = SESSION_FLASH,
                                                         .image = image,
                                                         .preserve = true };

                board_put(&board, old);
                memcpy(before, old->segments[0].data, sizeof(before));
                memcpy(before, image->segments[0].data, 100);
                assert_int_equal(virtual_add_fault(board.drive.chip, &flip), 0);
                board_do(&board, &request);
                assert_true(virtual_peek(board.drive.chip, 0x08000000, after, sizeof(after)));
                assert_memory_equal(after, before, sizeof(before));
                image_free(old);
                image_free(image);
                board_close(&board);
        }
}

/* What is kept moves the head to the start of the page that the image shares. */
static void a_page_that_is_kept_and_protected_stays_as_it_is(void **state) {
        const struct session_request protect = { .kind = SESSION_WRITE_PROTECT,
                                                 .sectors = (const uint8_t[]){ 0 },
                                                 .n_sectors = 1 };
        struct board board;

        (void)state;
        board_open(&board, "STM32H743", NULL); /* its ROM does not show what is protected */
        struct image *old = drive_image(board.chip, 3000, 1);
        struct image *image = drive_image(board.chip, 4000, 2);
        const struct session_request request = { .kind = SESSION_FLASH,
                                                 .image = image,
                                                 .preserve = true };

        image->segments[0].address += 0x2000;
        put_le32(image->segments[0].data + 4, image->segments[0].address + 0x101);
        board_put(&board, old);
        board_do(&board, &protect);
        const struct session_failure *f = board_fail(&board, &request, SESSION_WRITE_PROTECTED);
        assert_int_equal(f->outcome, SESSION_UNTOUCHED);
        assert_true(drive_holds(board.drive.chip, old));
        assert_true(drive_runs(&board.drive));
        board_check_left(&board);
        image_free(old);
        image_free(image);
        board_close(&board);
}

static void nothing_is_erased_if_so_asked(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(kinds_of_flash); i++) {
                board_open(&board, kinds_of_flash[i], NULL);
                struct image *first = drive_image(board.chip, 3000, 1);
                struct image *second = drive_image(board.chip, 3000, 2);
                struct session_request request = { .kind = SESSION_FLASH,
                                                   .image = first,
                                                   .erase = PLAN_ERASE_NONE };

                board_do(&board, &request);
                assert_true(drive_holds(board.drive.chip, first));
                assert_int_equal(session_info(board.session)->safety, PLAN_NOT_ERASED);
                board_check_left(&board);

                /* onto what is there it cannot work, and is not made to work by an erase */
                request.image = second;
                bool faults = board.chip->quirks & CHIP_QUIRK_ECC && board.chip->program_unit > 8;
                const struct session_failure *f = board_fail(
                        &board, &request, faults ? SESSION_SILENCE : SESSION_VERIFY_MISMATCH);
                assert_int_equal(f->outcome, SESSION_NOT_BOOTABLE);
                if (faults) {
                        char *text = board_text(&board);

                        assert_non_null(strstr(text, "may be unreadable"));
                        free(text);
                }
                assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 0);
                assert_false(board.drive.boot0 || board.drive.reset);

                /* what that left behind is no hindrance, readable or not */
                request.erase = PLAN_ERASE_TOUCHED;
                board_do(&board, &request);
                assert_true(drive_holds(board.drive.chip, second));
                assert_true(drive_runs(&board.drive));
                image_free(first);
                image_free(second);
                board_close(&board);
        }
}

/* ---- progress ---- */

struct halfway {
        uint64_t at;
        unsigned percent;
};

static void note_halfway(struct drive *drive, uint64_t until) {
        struct halfway *halfway = drive->data;

        (void)until;
        if (halfway->percent == 0 && drive->now >= halfway->at)
                halfway->percent = drive->last_percent;
}

static void progress_keeps_step_with_time(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(kinds_of_flash); i++) {
                struct halfway halfway = { .at = USEC_INFINITY };

                for (unsigned round = 0; round < 2; round++) {
                        board_open(&board, kinds_of_flash[i], NULL);
                        struct image *image =
                                drive_image(board.chip, MIN(board.chip->flash_size, 65536U), 1);
                        const struct session_request request = { .kind = SESSION_FLASH,
                                                                 .image = image };

                        board.drive.data = &halfway;
                        board.drive.before_wait = note_halfway;
                        uint64_t start = board.drive.now;
                        board_do(&board, &request);
                        halfway.at = (board.drive.now - start) / 2;
                        image_free(image);
                        board_close(&board);
                }
                if (halfway.percent < 30 || halfway.percent > 70)
                        fail_msg("%s: %u %% at half the time", kinds_of_flash[i], halfway.percent);
        }
}

/* ---- speed ---- */

static uint64_t time_of_flash(bool fast, const struct virtual_fault *fault,
                              unsigned *ret_recovered) {
        const struct virtual_config wiring = { .timing = CHIP_WORST };
        struct board board;

        board_open(&board, "STM32F405", &wiring);
        struct image *image = drive_image(board.chip, 131072, 1);
        const struct session_request request = { .kind = SESSION_FLASH,
                                                 .image = image,
                                                 .fast_program = fast };
        if (fault)
                assert_int_equal(virtual_add_fault(board.drive.chip, fault), 0);
        uint64_t start = board.drive.now;
        board_do(&board, &request);
        uint64_t time = board.drive.now - start;
        assert_true(drive_holds(board.drive.chip, image));
        *ret_recovered = session_info(board.session)->recoveries;
        image_free(image);
        board_close(&board);
        return time;
}

/* AN2606: 0xFFFF0000; bytes take four times as long as words (STM32F405 datasheet). */
static void an_f4_programs_words_on_request_also_after_a_recovery(void **state) {
        const struct virtual_fault reset = { .type = VIRTUAL_FAULT_RESET, .at = 40 };
        unsigned recovered;

        (void)state;
        uint64_t slow = time_of_flash(false, NULL, &recovered);
        assert_int_equal(recovered, 0);
        uint64_t fast = time_of_flash(true, NULL, &recovered);
        assert_int_equal(recovered, 0);
        uint64_t disturbed = time_of_flash(true, &reset, &recovered);
        assert_int_equal(recovered, 1);

        /* 128 KiB: 13.1 s in bytes, 3.3 s in words, and shorter erases; a recovery takes 2 s */
        assert_true(slow > fast + 9 * USEC_PER_SEC);
        assert_true(disturbed < fast + 3 * USEC_PER_SEC);
}

/* ---- write-protected sectors ---- */

/* Where the option bytes do not say what is protected: at the first page that is found out in time.
 */
static void a_protected_sector_fails_the_flash_truthfully(void **state) {
        static const struct {
                const char *chip;
                uint8_t sectors[2][2]; /* of the head; further behind */
                uint32_t behind;       /* its offset */
        } cases[] = {
                { "STM32L476", { { 0, 1 }, { 16, 17 } }, 0x8000 }, /* ranges of pages */
                { "STM32G474", { { 0, 1 }, { 16, 17 } }, 0x8000 },
                { "STM32H743", { { 0, 0 }, { 1, 1 } }, 0x20000 },
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (unsigned behind = 0; behind < 2; behind++) {
                        struct session_request request = {
                                .kind = SESSION_WRITE_PROTECT,
                                .sectors = cases[i].sectors[behind],
                                .n_sectors = 2,
                        };

                        board_open(&board, cases[i].chip, NULL);
                        struct image *old = drive_image(board.chip, cases[i].behind + 5000, 1);
                        struct image *new = drive_image(board.chip, cases[i].behind + 5000, 2);
                        board_put(&board, old);
                        board_do(&board, &request);
                        assert_true(drive_runs(&board.drive));
                        board_cycle_power(&board);

                        request = (struct session_request){ .kind = SESSION_FLASH, .image = new };
                        const struct session_failure *f = board_fail(
                                &board, &request,
                                behind ? SESSION_VERIFY_MISMATCH : SESSION_WRITE_PROTECTED);
                        assert_int_equal(f->outcome,
                                         behind ? SESSION_NOT_BOOTABLE : SESSION_UNTOUCHED);
                        assert_int_equal(f->address & ~0xFFFU,
                                         board.chip->flash_start + (behind ? cases[i].behind : 0));
                        assert_false(board.drive.boot0 || board.drive.reset);
                        assert_int_equal(board_look(&board, old, new),
                                         behind ? BOARD_RUNS_NOTHING : BOARD_RUNS_OLD);

                        board_do(&board,
                                 &(struct session_request){ .kind = SESSION_WRITE_UNPROTECT });
                        board_cycle_power(&board);
                        board_do(&board, &request);
                        assert_int_equal(board_look(&board, old, new), BOARD_RUNS_NEW);
                        image_free(old);
                        image_free(new);
                        board_close(&board);
                }
}

/* ---- reads that lie until a reset (H72x) ---- */

static void a_read_that_lies_is_looked_at_again_after_a_reset(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32H723", NULL);
        struct image *image = drive_image(board.chip, 9000, 1);
        const struct session_request request = { .kind = SESSION_FLASH, .image = image };

        board_do(&board, &request);
        assert_true(drive_holds(board.drive.chip, image));
        assert_true(drive_runs(&board.drive));
        assert_int_equal(board.drive.pulses, 3); /* in, in again, out */
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 1);
        board_check_left(&board);
        image_free(image);
        board_close(&board);
}

static void where_nobody_can_reset_it_a_lie_is_not_repaired_but_told(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32H723", NULL);
        struct image *image = drive_image(board.chip, 9000, 1);
        const struct session_request request = { .kind = SESSION_FLASH, .image = image };

        board_do(&board, &(struct session_request){ .kind = SESSION_ENTER });
        board.config.entry = (struct entry_config){ 0 };
        const struct session_failure *f = board_fail(&board, &request, SESSION_VERIFY_MISMATCH);
        assert_int_equal(f->outcome, SESSION_NOT_BOOTABLE);
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 1);
        _cleanup_free_ char *text = board_text(&board);
        assert_non_null(strstr(text, "is not known"));
        assert_null(strstr(text, "worn out"));
        image_free(image);
        board_close(&board);
}

/* ---- erase commands ---- */

static void long_lists_of_pages_are_split(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32F103RE", NULL); /* 256 pages of 2 KiB */
        struct image *image = drive_image(board.chip, 200 * 2048, 1);

        board_do(&board, &(struct session_request){ .kind = SESSION_FLASH, .image = image });
        assert_true(drive_holds(board.drive.chip, image));
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 200);
        /* the head's page alone, then 64, 64, 64 and 7 */
        assert_int_equal(virtual_counters(board.drive.chip)->erases, 5);

        board_do(&board, &(struct session_request){ .kind = SESSION_ERASE });
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 200 + 256);
        assert_int_equal(virtual_counters(board.drive.chip)->erases, 5 + 5);
        image_free(image);
        board_close(&board);
}

/* AN2606, G0B1: of a list in bank 2 the first page only is erased. */
static void pages_on_both_sides_of_the_border_of_banks_need_no_repair(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32G0B1", NULL);
        struct image *old = drive_image(board.chip, 512 * 1024, 1);
        struct image *image = drive_image(board.chip, 20 * 1024, 2);

        image->segments[0].address = 0x08000000 + 256 * 1024 - 10 * 1024;
        board_put(&board, old);
        board_do(&board, &(struct session_request){ .kind = SESSION_FLASH, .image = image });
        assert_true(drive_holds(board.drive.chip, image));
        assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 10);
        assert_int_equal(virtual_counters(board.drive.chip)->erases, 1 + 5);
        board_check_left(&board);
        image_free(old);
        image_free(image);
        board_close(&board);
}

/* Noise at the start of flash, as a picture is. What is only preserved there, or stands there
 * already, is nobody's wrong file. */
static void an_image_that_cannot_start_is_refused_where_it_would_be_written(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        struct image *data = drive_image(board.chip, 4096, 1);
        memset(data->segments[0].data, 0xA5, 8);
        struct session_request request = { .kind = SESSION_FLASH, .image = data };

        const struct session_failure *f = board_fail(&board, &request, SESSION_DOES_NOT_FIT);
        assert_int_equal(f->plan.status, PLAN_CANNOT_START);
        assert_int_equal(f->address, 0x08000000);
        assert_int_equal(f->outcome, SESSION_UNTOUCHED);
        assert_int_equal(virtual_counters(board.drive.chip)->erases, 0);
        request.unbootable = true;
        board_do(&board, &request);
        assert_true(drive_holds(board.drive.chip, data));
        request.unbootable = false;
        request.check = SESSION_CHECK_FULL;
        board_do(&board, &request);
        assert_true(session_info(board.session)->unchanged);
        request.check_only = true;
        board_do(&board, &request);
        board_close(&board);

        board_open(&board, "STM32F405", NULL);
        data->segments[0].address = 0x08000400;
        request =
                (struct session_request){ .kind = SESSION_FLASH, .image = data, .preserve = true };
        board_do(&board, &request);
        assert_true(drive_holds(board.drive.chip, data));
        assert_false(session_info(board.session)->cannot_start);
        image_free(data);
        board_close(&board);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_image_that_cannot_start_is_refused_where_it_would_be_written),
                cmocka_unit_test(pages_that_are_not_touched_stay_and_the_rest_is_kept_on_request),
                cmocka_unit_test(what_is_kept_survives_flipped_bits),
                cmocka_unit_test(a_page_that_is_kept_and_protected_stays_as_it_is),
                cmocka_unit_test(nothing_is_erased_if_so_asked),
                cmocka_unit_test(progress_keeps_step_with_time),
                cmocka_unit_test(an_f4_programs_words_on_request_also_after_a_recovery),
                cmocka_unit_test(a_protected_sector_fails_the_flash_truthfully),
                cmocka_unit_test(a_read_that_lies_is_looked_at_again_after_a_reset),
                cmocka_unit_test(where_nobody_can_reset_it_a_lie_is_not_repaired_but_told),
                cmocka_unit_test(long_lists_of_pages_are_split),
                cmocka_unit_test(pages_on_both_sides_of_the_border_of_banks_need_no_repair),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
