/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Protection: of sectors and against readout; switched, lifted, proved, and refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

static void sectors_are_protected_and_freed(void **state) {
        static const struct {
                const char *chip;
                uint8_t sector;
                uint32_t offset;
        } cases[] = {
                { "STM32F103RC", 1, 0x1000 },
                { "STM32F405", 1, 0x4000 },
                { "STM32L152RC", 1, 0x1000 },
                { "STM32H743", 1, 0x20000 }, /* shows no option bytes: the page tells */
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct session_request request = { .kind = SESSION_WRITE_PROTECT,
                                                   .sectors = &cases[i].sector,
                                                   .n_sectors = 1 };

                board_open(&board, cases[i].chip, NULL);
                const struct chip *chip = board.chip;
                const struct session_request erase = { .kind = SESSION_ERASE,
                                                       .address =
                                                               chip->flash_start + cases[i].offset,
                                                       .length = 1 };
                struct image *image = drive_image(chip, cases[i].offset + 1000, 1);
                board_put(&board, image);
                board_do(&board, &request);
                assert_true(drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                (void)board_fail(&board, &erase, SESSION_WRITE_PROTECTED);
                assert_true(drive_holds(board.drive.chip, image));

                request = (struct session_request){ .kind = SESSION_WRITE_UNPROTECT };
                board_do(&board, &request);
                board_do(&board, &erase);
                assert_int_equal(virtual_counters(board.drive.chip)->option_torn, 0);
                image_free(image);
                board_close(&board);
        }
}

/* A chip of each way in which option bytes name what is protected, and what 0x63 is told there. */
static const struct guarded {
        const char *chip;
        uint8_t sectors[2];
        uint32_t page; /* the first that they protect */
} guarded[] = {
        { "STM32F103RC", { 2, 3 }, 0x08002000 }, /* 4 KiB each */
        { "STM32F051", { 2, 3 }, 0x08002000 },   { "STM32F303xC", { 2, 3 }, 0x08002000 },
        { "STM32F205", { 2, 3 }, 0x08008000 }, /* sectors */
        { "STM32F405", { 2, 3 }, 0x08008000 },   { "STM32F411", { 2, 3 }, 0x08008000 },
        { "STM32F746", { 1, 2 }, 0x08008000 },   { "STM32L053", { 2, 3 }, 0x08002000 },
        { "STM32L152RC", { 2, 3 }, 0x08002000 }, { "STM32G031", { 2, 3 }, 0x08001000 }, /* pages */
        { "STM32C031", { 2, 3 }, 0x08001000 },   { "STM32G431", { 2, 3 }, 0x08001000 },
        { "STM32WB15", { 2, 3 }, 0x08001000 },   { "STM32WLE5", { 2, 3 }, 0x08001000 },
};

static uint32_t beyond(const struct guarded *row) {
        return row->page - 0x08000000 + 5000;
}

static void board_guard(struct board *board, const struct guarded *row, struct image **ret_old,
                        struct image **ret_new) {
        const struct session_request protect = { .kind = SESSION_WRITE_PROTECT,
                                                 .sectors = row->sectors,
                                                 .n_sectors = 2 };

        board_open(board, row->chip, NULL);
        *ret_old = drive_image(board->chip, beyond(row), 1);
        *ret_new = drive_image(board->chip, beyond(row), 2);
        board_put(board, *ret_old);
        board_do(board, &protect);
        board_cycle_power(board);
}

static void check_refused(struct board *board, const struct guarded *row,
                          const struct session_request *request, const struct image *old) {
        unsigned erases = virtual_counters(board->drive.chip)->page_erases;
        const struct session_failure *f = board_fail(board, request, SESSION_WRITE_PROTECTED);

        assert_true(f->has_address);
        assert_int_equal(f->address, row->page);
        assert_int_equal(f->outcome, SESSION_UNTOUCHED);
        assert_int_equal(virtual_counters(board->drive.chip)->page_erases, erases);
        assert_true(drive_holds(board->drive.chip, old));
        assert_true(drive_runs(&board->drive));
        board_check_left(board);
}

static void a_job_on_protected_pages_is_refused_before_it_erases(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(guarded); i++) {
                const struct guarded *row = &guarded[i];
                struct image *old, *new;

                print_message("  %s\n", row->chip);
                board_guard(&board, row, &old, &new);
                struct image *small = drive_image(board.chip, 2000, 3); /* ends before them */
                const struct session_request flash = { .kind = SESSION_FLASH, .image = new };
                const struct session_request refused[] = {
                        flash,
                        { .kind = SESSION_FLASH, .image = new, .check = SESSION_CHECK_FULL },
                        { .kind = SESSION_FLASH, .image = new, .check = SESSION_CHECK_FAST },
                        { .kind = SESSION_FLASH, .image = new, .erase = PLAN_ERASE_ALL },
                        { .kind = SESSION_FLASH, .image = small, .erase = PLAN_ERASE_ALL },
                        { .kind = SESSION_FLASH, .image = new, .erase = PLAN_ERASE_NONE },
                        { .kind = SESSION_FLASH, .image = new, .preserve = true },
                        { .kind = SESSION_ERASE },
                        { .kind = SESSION_ERASE, .mass_erase = true },
                        { .kind = SESSION_ERASE, .address = row->page, .length = 1 },
                };
                for (size_t k = 0; k < ARRAY_SIZE(refused); k++)
                        check_refused(&board, row, &refused[k], old);

                const struct session_request unprotect = { .kind = SESSION_WRITE_UNPROTECT };
                board_do(&board, &unprotect);
                board_cycle_power(&board);
                board_do(&board, &flash);
                assert_true(drive_holds(board.drive.chip, new));
                assert_true(drive_runs(&board.drive));
                image_free(old);
                image_free(new);
                image_free(small);
                board_close(&board);
        }
}

/* Only what a job would change counts. */
static void protected_pages_that_stay_as_they_are_do_no_harm(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(guarded); i++) {
                const struct guarded *row = &guarded[i];
                struct image *old, *new;

                print_message("  %s\n", row->chip);
                board_guard(&board, row, &old, &new);

                /* another head, and the same on the protected pages */
                for (uint32_t k = row->page - 0x08000000; k < beyond(row); k++)
                        new->segments[0].data[k] = old->segments[0].data[k];
                struct session_request request = { .kind = SESSION_FLASH, .image = new };
                board_do(&board, &request);
                assert_true(drive_holds(board.drive.chip, new));

                /* it is there already */
                request.check = SESSION_CHECK_FULL;
                board_do(&board, &request);
                assert_true(session_info(board.session)->unchanged);

                /* an image in front of them, and the page in front of them */
                struct image *small = drive_image(board.chip, 2048, 3);
                board_do(&board,
                         &(struct session_request){ .kind = SESSION_FLASH, .image = small });
                assert_true(drive_runs(&board.drive));
                board_do(&board, &(struct session_request){ .kind = SESSION_ERASE,
                                                            .address = 0x08000000,
                                                            .length = 1 });
                board_check_left(&board);
                image_free(small);
                image_free(old);
                image_free(new);
                board_close(&board);
        }
}

/* The head must read erased once: its page refuses any image, even the one that is on it. */
static void a_protected_head_page_refuses_every_image(void **state) {
        static const struct guarded head = { "STM32F405", { 0, 1 }, 0x08000000 };
        struct image *old, *new;
        struct board board;

        (void)state;
        board_guard(&board, &head, &old, &new);
        check_refused(&board, &head,
                      &(struct session_request){ .kind = SESSION_FLASH, .image = new }, old);
        check_refused(&board, &head,
                      &(struct session_request){ .kind = SESSION_FLASH, .image = old }, old);
        board_do(&board, &(struct session_request){ .kind = SESSION_FLASH,
                                                    .image = old,
                                                    .check = SESSION_CHECK_FULL });
        char *text = NULL;
        check_refused(&board, &head,
                      &(struct session_request){ .kind = SESSION_FLASH, .image = new }, old);
        text = board_text(&board);
        assert_non_null(strstr(text, "the page at 0x08000000 is write-protected.\n"));
        assert_non_null(strstr(text, "stmbootctl unprotect motor write"));
        free(text);
        image_free(old);
        image_free(new);
        board_close(&board);
}

static void a_sector_that_is_not_there_is_not_asked_for(void **state) {
        static const struct {
                const char *chip;
                uint32_t flash_size; /* 0: the largest */
                uint8_t sectors[2];
                unsigned n; /* of the chip's; 0: it is taken */
        } cases[] = {
                { "STM32F405", 0, { 0, 99 }, 12 },
                { "STM32F405", 0, { 0, 12 }, 12 },
                { "STM32F405", 0, { 0, 11 }, 0 },
                { "STM32F103C8", 64 * 1024, { 15, 16 }, 16 },
                { "STM32F103RC", 0, { 31, 32 }, 32 },
                { "STM32F103RC", 0, { 0, 31 }, 0 },
                { "STM32L152RC", 256 * 1024, { 64, 63 }, 64 },
                { "STM32H743", 0, { 15, 255 }, 16 },
                { "STM32L476", 0, { 0, 200 }, 0 }, /* pages: not judged */
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (unsigned flash = 0; flash < 2; flash++) {
                        const struct virtual_config wiring = { .flash_size = cases[i].flash_size };
                        struct session_request request = { .kind = SESSION_WRITE_PROTECT,
                                                           .sectors = cases[i].sectors,
                                                           .n_sectors = 2 };

                        board_open(&board, cases[i].chip, &wiring);
                        struct image *old = drive_image(board.chip, 3000, 1);
                        struct image *new = drive_image(board.chip, 3000, 2);
                        board_put(&board, old);
                        if (flash) {
                                request.kind = SESSION_FLASH;
                                request.image = new;
                        }
                        if (cases[i].n == 0) {
                                board_do(&board, &request);
                        } else {
                                const struct session_failure *f =
                                        board_fail(&board, &request, SESSION_UNSUPPORTED);

                                assert_int_equal(f->n_sectors, cases[i].n);
                                assert_true(f->sector >= cases[i].n);
                                assert_int_equal(f->outcome, SESSION_UNTOUCHED);
                                assert_true(drive_holds(board.drive.chip, old));
                                board_check_left(&board);
                        }
                        assert_true(drive_runs(&board.drive));
                        image_free(old);
                        image_free(new);
                        board_close(&board);
                }
}

/* Loaders since protocol 3.1 give the second ACK of Readout Unprotect before the mass erase, older
 * ones after it. */
static void readout_protection_hides_and_lifting_it_erases(void **state) {
        static const struct {
                const char *chip;
                enum chip_timing timing;
                uint64_t erase; /* at least, microseconds */
        } cases[] = {
                { "STM32F103RC", CHIP_TYPICAL, 20000 }, /* 2.2: late */
                { "STM32F103RC", CHIP_WORST, 40000 },   { "STM32L152RC", CHIP_TYPICAL, 1000 },
                { "STM32F405", CHIP_TYPICAL, 8000000 }, /* 3.1: early; 16 s in bytes */
                { "STM32F405", CHIP_WORST, 16000000 },  { "STM32G0B1", CHIP_WORST, 20000 },
                { "STM32L476", CHIP_WORST, 20000 },     { "STM32H743", CHIP_TYPICAL, 1000000 },
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct virtual_config wiring = { .timing = cases[i].timing };
                const struct session_request protect = { .kind = SESSION_READOUT_PROTECT };
                const struct session_request unprotect = { .kind = SESSION_READOUT_UNPROTECT };

                board_open(&board, cases[i].chip, &wiring);
                struct image *image = drive_image(board.chip, 3000, 1);
                board_put(&board, image);
                board_do(&board, &protect);
                assert_int_equal(session_info(board.session)->protection, CHIP_YES);
                assert_int_equal(session_outcome(board.session), SESSION_UNTOUCHED);
                assert_true(drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                board_do(&board, &protect); /* it is on: nothing to do */

                static const struct session_request closed[] = {
                        { .kind = SESSION_READ, .address = 0x08000000, .length = 4 },
                        { .kind = SESSION_READ_OPTIONS },
                        { .kind = SESSION_ERASE },
                        { .kind = SESSION_WRITE_UNPROTECT },
                };
                for (size_t k = 0; k < ARRAY_SIZE(closed); k++) {
                        /* H7 shows no option bytes, protected or not */
                        (void)board_fail(&board, &closed[k], SESSION_PROTECTED);
                        assert_int_equal(session_outcome(board.session), SESSION_UNTOUCHED);
                        assert_true(drive_runs(&board.drive));
                }
                const struct session_request flash = { .kind = SESSION_FLASH, .image = image };
                (void)board_fail(&board, &flash, SESSION_PROTECTED);
                assert_true(drive_runs(&board.drive));

                uint64_t start = board.drive.now;
                board_do(&board, &unprotect);
                assert_true(board.drive.now - start > cases[i].erase);
                assert_int_equal(session_info(board.session)->protection, CHIP_NO);
                assert_int_equal(session_outcome(board.session), SESSION_NOT_BOOTABLE);
                assert_int_equal(virtual_counters(board.drive.chip)->mass_erases, 1);
                assert_false(drive_holds(board.drive.chip, image));
                board_check_left(&board);

                struct session_request again = flash;
                again.enable_boot_pin = board.chip->quirks & CHIP_QUIRK_PIN_OFF;
                board_do(&board, &again);
                assert_true(drive_runs(&board.drive));
                image_free(image);
                board_close(&board);
        }
}

/* AN2606: WB55 V13.5 resets itself without loading option bytes, and G07x V11.2 does nothing. A
 * second mass erase would not help. */
static void what_waits_for_power_is_said_once(void **state) {
        static const struct {
                const char *chip;
                uint8_t rom;
                bool lines;
        } cases[] = { { "STM32WB55", 0xD5, true },
                      { "STM32WB55", 0xD5, false },
                      { "STM32G071", 0xB2, true },
                      { "STM32G071", 0xB2, false } };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct session_request jobs[] = {
                        { .kind = SESSION_READOUT_PROTECT, .after = SESSION_AFTER_STAY },
                        { .kind = SESSION_READOUT_UNPROTECT, .after = SESSION_AFTER_STAY },
                };

                board_open(&board, cases[i].chip,
                           &(struct virtual_config){ .bootloader_id = cases[i].rom });
                struct image *image = drive_image(board.chip, 3000, 1);
                board_put(&board, image);
                for (size_t k = 0; k < ARRAY_SIZE(jobs); k++) {
                        unsigned erases = virtual_counters(board.drive.chip)->mass_erases;

                        board.config.entry = drive_config(board.chip).entry;
                        board_do(&board, &(struct session_request){ .kind = SESSION_PROBE,
                                                                    .after = SESSION_AFTER_STAY });
                        board.config.baud = session_info(board.session)->baud;
                        if (!cases[i].lines)
                                board.config.entry = (struct entry_config){ 0 };
                        board_do(&board, &jobs[k]);
                        assert_true(session_info(board.session)->needs_power_cycle);
                        assert_int_equal(virtual_counters(board.drive.chip)->mass_erases - erases,
                                         k);
                        board_cycle_power(&board);
                        board.config.entry = drive_config(board.chip).entry;
                        board_do(&board, &(struct session_request){ .kind = SESSION_PROBE });
                        assert_int_equal(session_info(board.session)->protection,
                                         k == 0 ? CHIP_YES : CHIP_NO);
                }
                image_free(image);
                board_close(&board);
        }
}

static void be_late(struct drive *drive, uint64_t until) {
        (void)until;
        drive->now += 300 * USEC_PER_MSEC;
}

/* Two ACKs that are read together say nothing about when the second one came. */
static void a_late_host_does_not_reset_into_the_mass_erase(void **state) {
        static const char *const chips[] = { "STM32F103RC", "STM32F405", "STM32F411",
                                             "STM32F767",   "STM32G0B1", "STM32L476" };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++)
                for (enum chip_timing timing = CHIP_TYPICAL; timing <= CHIP_WORST; timing++) {
                        const struct virtual_config wiring = { .timing = timing };

                        board_open(&board, chips[i], &wiring);
                        struct image *image = drive_image(board.chip, 3000, 1);
                        board_put(&board, image);
                        board_do(&board,
                                 &(struct session_request){ .kind = SESSION_READOUT_PROTECT });
                        board.drive.before_wait = be_late;
                        board_do(&board,
                                 &(struct session_request){ .kind = SESSION_READOUT_UNPROTECT });
                        assert_int_equal(session_info(board.session)->protection, CHIP_NO);
                        assert_int_equal(virtual_counters(board.drive.chip)->mass_erases, 1);
                        board_check_left(&board);
                        image_free(image);
                        board_close(&board);
                }
}

/* Only what the ROM took may have erased anything. */
static void a_refused_unprotection_leaves_all_as_it_was(void **state) {
        const struct session_request unprotect = { .kind = SESSION_READOUT_UNPROTECT };
        struct board board;
        unsigned refused = 0;

        (void)state;
        for (unsigned from = 5; from < 30; from++) {
                board_open(&board, "STM32F405", NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                board_put(&board, image);
                for (unsigned i = from; i < 40; i++)
                        assert_int_equal(virtual_add_fault(board.drive.chip,
                                                           &(struct virtual_fault){
                                                                   VIRTUAL_FAULT_NACK, i, 0 }),
                                         0);
                if (!board_try(&board, &unprotect) &&
                    session_outcome(board.session) == SESSION_UNTOUCHED) {
                        refused += session_failure(board.session)->command == 0x92;
                        assert_true(drive_holds(board.drive.chip, image));
                        assert_true(drive_runs(&board.drive));
                }
                image_free(image);
                board_close(&board);
        }
        assert_true(refused > 0);
}

static void what_a_rom_does_not_list_is_refused(void **state) {
        static const uint8_t sector = 0;
        static const struct {
                const char *chip;
                struct session_request request;
        } cases[] = {
                { "STM32H563", { .kind = SESSION_READOUT_PROTECT } },
                { "STM32H563", { .kind = SESSION_READOUT_UNPROTECT } },
                { "STM32WB06",
                  { .kind = SESSION_WRITE_PROTECT, .sectors = &sector, .n_sectors = 1 } },
                { "STM32WB06", { .kind = SESSION_WRITE_UNPROTECT } },
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                board_open(&board, cases[i].chip, NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                board_put(&board, image);
                assert_non_null(board_fail(&board, &cases[i].request, SESSION_UNSUPPORTED)->reason);
                assert_int_equal(session_outcome(board.session), SESSION_UNTOUCHED);
                assert_true(drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                image_free(image);
                board_close(&board);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sectors_are_protected_and_freed),
                cmocka_unit_test(a_job_on_protected_pages_is_refused_before_it_erases),
                cmocka_unit_test(protected_pages_that_stay_as_they_are_do_no_harm),
                cmocka_unit_test(a_protected_head_page_refuses_every_image),
                cmocka_unit_test(a_sector_that_is_not_there_is_not_asked_for),
                cmocka_unit_test(readout_protection_hides_and_lifting_it_erases),
                cmocka_unit_test(what_waits_for_power_is_said_once),
                cmocka_unit_test(a_late_host_does_not_reset_into_the_mass_erase),
                cmocka_unit_test(a_refused_unprotection_leaves_all_as_it_was),
                cmocka_unit_test(what_a_rom_does_not_list_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
