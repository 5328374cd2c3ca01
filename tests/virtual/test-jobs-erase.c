/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Erases, and what they leave. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

#define ALL UINT32_MAX

static const struct erasure {
        const char *chip;
        uint32_t flash_size;
        struct session_request request;
        uint32_t from, to;    /* what is blank afterwards, relative to the start of flash */
        unsigned pages, mass; /* erases that the chip has seen */
} erasures[] = {
        { "STM32F405", 0, { .address = 0x08004001, .length = 1 }, 0x4000, 0x8000, 1, 0 },
        { "STM32F405", 0, { .address = 0x08003FFF, .length = 2 }, 0, 0x8000, 2, 0 },
        { "STM32F405", 0, { .address = 0x4000, .length = 0x4000 }, 0x4000, 0x8000, 1, 0 },
        { "STM32F405", 0, { .length = 0 }, 0, ALL, 12, 0 },
        { "STM32F405", 0, { .mass_erase = true }, 0, ALL, 0, 1 },
        { "STM32F405", 0, { .mass_erase = true, .fast_program = true }, 0, ALL, 0, 1 },
        { "STM32F103RC", 0, { .mass_erase = true }, 0, ALL, 0, 1 }, /* 0x43 FF 00 */
        { "STM32F103RC", 0, { .length = 0 }, 0, ALL, 256, 0 },      /* four lists */
        { "STM32F429", 0, { .bank = 1 }, 0, 0x100000, 0, 1 },
        { "STM32F429", 0, { .bank = 2 }, 0x100000, 0x200000, 0, 1 },
        { "STM32L152RE", 0, { .mass_erase = true }, 0, ALL, 2048, 0 }, /* NO_MASS_ERASE */
        { "STM32L072", 0, { .address = 0x08000080, .length = 129 }, 0x80, 0x180, 2, 0 },
        { "STM32L496", 0, { .bank = 2 }, 0x80000, 0x100000, 256, 0 }, /* NO_BANK_ERASE */
        { "STM32H743", 0, { .bank = 2 }, 0x100000, 0x200000, 8, 0 },  /* ACKed too early */
        { "STM32G071", 0, { .address = 0x08001000, .length = 0x2000 }, 0x1000, 0x3000, 4, 0 },
        { "STM32G0B1", 0, { .bank = 2 }, 0x40000, 0x80000, 0, 1 },
        { "STM32G0B1", 0, { .address = 0x0803F800, .length = 0x2000 }, 0x3F800, 0x41800, 4, 0 },
        { "STM32WB06", 0, { .address = 0x10040800, .length = 0x800 }, 0x800, 0x1000, 1, 0 },
        { "STM32F103RC", 256 * 1024, { .length = 0 }, 0, ALL, 128, 0 }, /* a small part */
};

/* Fills all of flash with what is not erased. */
static void fill(struct board *board, uint32_t size) {
        uint8_t *data = malloc(size);

        memset(data, board->chip->erased ^ 0x5A, size);
        assert_true(virtual_poke(board->drive.chip, board->chip->flash_start, data, size));
        free(data);
}

static void check_erased(const struct board *board, const struct erasure *e, uint32_t size) {
        uint8_t *data = malloc(size);
        uint32_t to = MIN(e->to, size);

        assert_true(virtual_peek(board->drive.chip, board->chip->flash_start, data, size));
        for (uint32_t i = 0; i < size; i++)
                if ((data[i] == board->chip->erased) != (i >= e->from && i < to))
                        fail_msg("%s, case %zu: 0x%X is %02X", e->chip, (size_t)(e - erasures), i,
                                 data[i]);
        free(data);
}

static void exactly_what_was_named_is_erased(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(erasures); i++) {
                const struct erasure *e = &erasures[i];
                const struct virtual_config wiring = { .flash_size = e->flash_size };
                struct session_request request = e->request;

                request.kind = SESSION_ERASE;
                request.has_address = request.length > 0;
                board_open(&board, e->chip, &wiring);
                uint32_t size = e->flash_size ? e->flash_size : board.chip->flash_size;
                fill(&board, size);
                board_do(&board, &request);
                check_erased(&board, e, size);
                assert_int_equal(virtual_counters(board.drive.chip)->page_erases, e->pages);
                assert_int_equal(virtual_counters(board.drive.chip)->mass_erases, e->mass);
                assert_int_equal(session_outcome(board.session), SESSION_NOT_BOOTABLE);
                board_check_left(&board);
                board_close(&board);
        }
}

/* H743 with 1 MiB: 512 KiB a bank, bank 2 where it is in the largest part. */
static void a_hole_between_two_banks_is_no_flash(void **state) {
        const struct virtual_config wiring = { .flash_size = 1024 * 1024, .timing = CHIP_WORST };
        const struct session_request erase = { .kind = SESSION_ERASE, .mass_erase = true };
        struct board board;

        (void)state;
        board_open(&board, "STM32H743", &wiring);
        struct image *old = drive_image(board.chip, 4096, 1);
        struct image *large = drive_image(board.chip, 512 * 1024 + 256, 2);
        const struct session_request flash = { .kind = SESSION_FLASH, .image = large };

        board_put(&board, old);
        const struct session_failure *f = board_fail(&board, &flash, SESSION_DOES_NOT_FIT);
        assert_int_equal(f->plan.status, PLAN_TOO_LARGE);
        assert_int_equal(f->plan.flash_end, 0x08180000);
        char *text = board_text(&board);
        assert_non_null(strstr(text, "1024 KiB, with a hole between the banks)"));
        assert_non_null(strstr(text, "This chip has 1024 KiB of flash"));
        free(text);
        assert_true(drive_runs(&board.drive));

        unsigned resets = virtual_counters(board.drive.chip)->resets;
        board_do(&board, &erase); /* 32 s: not cut short */
        assert_int_equal(virtual_counters(board.drive.chip)->mass_erases, 1);
        assert_int_equal(virtual_counters(board.drive.chip)->resets, resets + 1); /* to enter */
        board_check_left(&board);
        image_free(old);
        image_free(large);
        board_close(&board);
}

static void what_is_not_flash_is_not_erased(void **state) {
        static const struct {
                struct session_request request;
                enum session_error error;
        } cases[] = {
                { { .address = 0x07FFFFFF, .length = 2 }, SESSION_DOES_NOT_FIT },
                { { .address = 0x080FFFFF, .length = 2 }, SESSION_DOES_NOT_FIT },
                { { .address = 0x20000000, .length = 256 }, SESSION_DOES_NOT_FIT },
                { { .bank = 2 }, SESSION_UNSUPPORTED },
        };
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        struct image *image = drive_image(board.chip, 4096, 5);
        board_put(&board, image);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct session_request request = cases[i].request;

                request.kind = SESSION_ERASE;
                (void)board_fail(&board, &request, cases[i].error);
                char *text = board_text(&board);
                assert_null(strstr(text, "image"));
                assert_true(!strstr(text, "the range 0x") == (request.bank > 0));
                free(text);
                assert_int_equal(session_outcome(board.session), SESSION_UNTOUCHED);
                assert_true(drive_holds(board.drive.chip, image));
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);
        }
        image_free(image);
        board_close(&board);
}

/* The ROM skips a protected page with an ACK, and refuses a mass erase as a whole. H7 shows no
 * option bytes: only the page tells. */
static void a_protected_page_is_seen_to_stand(void **state) {
        const struct session_request protect = { .kind = SESSION_WRITE_PROTECT,
                                                 .sectors = (const uint8_t[]){ 3 },
                                                 .n_sectors = 1 };
        static const bool masses[] = { false, true };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(masses); i++) {
                const struct session_request erase = { .kind = SESSION_ERASE,
                                                       .mass_erase = masses[i] };

                board_open(&board, "STM32H743", NULL);
                fill(&board, board.chip->flash_size);
                board_do(&board, &protect);
                const struct session_failure *f = board_fail(&board, &erase, SESSION_NOT_BLANK);
                assert_int_equal(f->address, 0x08060000);
                assert_int_equal(f->expected, 0xFF);
                assert_int_equal(f->found, 0xA5);
                assert_int_equal(f->outcome, SESSION_NOT_BOOTABLE);
                board_check_left(&board);
                board_close(&board);
        }
}

/* With an old vector table what is left of the rest would start. The option bytes of an L4 do not
 * say what is protected: only the page does. Of two banks one may be gone where both were to go. */
static void where_the_first_page_stands_the_rest_does(void **state) {
        const struct session_request protect = { .kind = SESSION_WRITE_PROTECT,
                                                 .sectors = (const uint8_t[]){ 0, 1 },
                                                 .n_sectors = 2 };
        static const struct {
                const char *chip;
                bool mass;
                enum session_error error;
                enum session_outcome outcome;
        } cases[] = {
                { "STM32L476", false, SESSION_WRITE_PROTECTED, SESSION_UNTOUCHED },
                { "STM32L476", true, SESSION_NOT_BLANK, SESSION_NOT_BOOTABLE },
                { "STM32L431", true, SESSION_WRITE_PROTECTED, SESSION_UNTOUCHED },
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct session_request erase = { .kind = SESSION_ERASE,
                                                       .mass_erase = cases[i].mass };

                board_open(&board, cases[i].chip, NULL);
                struct image *old = drive_image(board.chip, 32 * 1024, 1);
                board_put(&board, old);
                board_do(&board, &protect);
                const struct session_failure *f = board_fail(&board, &erase, cases[i].error);
                assert_int_equal(f->address, 0x08000000);
                assert_int_equal(f->outcome, cases[i].outcome);
                assert_true(drive_holds(board.drive.chip, old));
                board_check_left(&board);
                assert_int_equal(board_look(&board, old, NULL), BOARD_RUNS_OLD);
                image_free(old);
                board_close(&board);
        }
}

/* Data behind the application: the application runs again. But an empty G07x stays where it is: its
 * ROM has cleared the flag that brought it there (AN2606). */
static void an_erase_beside_the_boot_page_leaves_the_application_running(void **state) {
        static const struct {
                const char *chip;
                uint32_t address;
                bool empty, runs;
        } ranges[] = {
                { "STM32F405", 0x0800C000, false, true },
                { "STM32F405", 0x08000000, false, false },
                { "STM32G071", 0x08001000, true, false },
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
                const struct session_request erase = { .kind = SESSION_ERASE,
                                                       .address = ranges[i].address,
                                                       .length = 0x800,
                                                       .one_piece = ranges[i].empty };
                const struct session_request probe = { .kind = SESSION_PROBE };

                if (ranges[i].empty)
                        board_open_delivered(&board, ranges[i].chip, NULL);
                else
                        board_open(&board, ranges[i].chip, NULL);
                struct image *image = drive_image(board.chip, 4096, 5);
                if (!ranges[i].empty)
                        board_put(&board, image);
                board_do(&board, &erase);
                assert_int_equal(drive_runs(&board.drive), ranges[i].runs);
                board_check_left(&board);
                board_do(&board, &probe);
                image_free(image);
                board_close(&board);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(exactly_what_was_named_is_erased),
                cmocka_unit_test(a_hole_between_two_banks_is_no_flash),
                cmocka_unit_test(what_is_not_flash_is_not_erased),
                cmocka_unit_test(a_protected_page_is_seen_to_stand),
                cmocka_unit_test(where_the_first_page_stands_the_rest_does),
                cmocka_unit_test(an_erase_beside_the_boot_page_leaves_the_application_running),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
