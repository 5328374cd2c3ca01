/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a chip boots from, whether that makes its flash power-fail safe, and how it is started. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

static const struct boot {
        const char *chip;
        uint32_t option, value; /* a 16-bit option word to set; 0: as delivered */
        uint32_t at;            /* of the image; 0: the start of flash */
        bool safe;
        bool one_piece;
} boots[] = {
        { "STM32F103RC", 0, 0, 0, true, false },
        { "STM32F030C8", 0, 0, 0, true, false },
        { "STM32F405", 0, 0, 0, true, false },
        { "STM32L152RC", 0, 0, 0, true, false },
        { "STM32L072", 0, 0, 0, true, false },
        { "STM32L011", 0, 0, 0, true, false }, /* pattern 6, of which nothing is decoded */
        { "STM32G071", 0, 0, 0, true, false },
        { "STM32G431", 0, 0, 0, true, false },
        { "STM32L412", 0, 0, 0, true, false },
        { "STM32WB06", 0, 0, 0, true, false },
        { "STM32U031", 0, 0, 0, true, true }, /* shows no option bytes; pattern 11, one bank */
        { "STM32U575", 0, 0, 0, true, false },
        { "STM32L552", 0, 0, 0, true, false },
        { "STM32F746", 0, 0, 0, true, false },
        /* BOOT_ADD0 0x2010: 0x08040000 */
        { "STM32F746", 0x1FFF0010, 0x2010, 0x08040000, true, false },
        { "STM32F746", 0x1FFF0010, 0x2010, 0x08080000, false, false },
        /* BFB2: the ROM chooses between the banks (RM0090 3.9) */
        { "STM32F429", 0x1FFFC000, 0xAAFF, 0, false, false },
        { "STM32F429", 0, 0, 0, true, false },
        /* BOOT_ADD, NSBOOTADD and the like, which their ROMs do not show */
        { "STM32H743", 0, 0, 0, false, false },
        { "STM32H723", 0, 0, 0, false, false }, /* one bank, and yet BOOT_ADD */
        { "STM32U375", 0, 0, 0, false, false },
        { "STM32H563", 0, 0, 0, false, false },
        { "STM32C551", 0, 0, 0, false, false },
};

static void only_what_boots_from_a_known_place_is_power_fail_safe(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(boots); i++) {
                const struct boot *b = &boots[i];

                board_open(&board, b->chip, NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                const struct session_request request = { .kind = SESSION_FLASH,
                                                         .image = image,
                                                         .one_piece = b->one_piece };
                if (b->option)
                        board_poke(&board, b->option, b->value, 2);
                if (b->at) {
                        uint32_t moved = b->at - image->segments[0].address;

                        image->segments[0].address = b->at;
                        image->segments[0].data[6] += (uint8_t)(moved >> 16); /* reset vector */
                }
                board_do(&board, &request);
                if ((session_info(board.session)->safety == PLAN_SAFE) != b->safe)
                        fail_msg("%s: power-fail safe %d", b->chip, !b->safe);
                assert_true(drive_holds(board.drive.chip, image));
                if (b->safe) {
                        assert_true(drive_runs(&board.drive));
                        assert_int_equal(virtual_running_from(board.drive.chip),
                                         image->segments[0].address);
                }
                image_free(image);
                board_close(&board);
        }
}

/* ---- how it ends ---- */

static void a_flash_ends_as_asked(void **state) {
        struct board board;

        (void)state;
        for (unsigned after = SESSION_AFTER_RUN; after <= SESSION_AFTER_GO; after++) {
                board_open(&board, "STM32F405", NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                const struct session_request request = { .kind = SESSION_FLASH,
                                                         .image = image,
                                                         .after = after };

                board_do(&board, &request);
                assert_int_equal(virtual_state(board.drive.chip, board.drive.now + 100000),
                                 after == SESSION_AFTER_STAY ? VIRTUAL_ROM : VIRTUAL_RUNNING);
                assert_int_equal(board.drive.boot0, after == SESSION_AFTER_STAY);
                assert_false(session_info(board.session)->started_by_go);
                image_free(image);
                board_close(&board);
        }
}

/* AN2606, pattern 16: the flag was set at power-on, and a reset does not look again. */
static void a_chip_that_thinks_it_is_empty_is_started_by_go(void **state) {
        struct board board;

        (void)state;
        board_open(&board, "STM32L431", NULL);
        struct image *image = drive_image(board.chip, 3000, 1);
        const struct session_request request = { .kind = SESSION_FLASH, .image = image };

        board_do(&board, &request);
        assert_true(session_info(board.session)->started_by_go);
        assert_true(drive_runs(&board.drive));
        board_check_left(&board);

        board_cycle_power(&board);
        board_do(&board, &request);
        assert_false(session_info(board.session)->started_by_go);
        assert_true(drive_runs(&board.drive));
        image_free(image);
        board_close(&board);
}

/* More than such a job says or hears. */
#define GO_BYTES 160

/* Nobody can reset the chip: what Go did shows in its answer, and that may be lost. */
static void a_disturbed_go_is_reported_as_it_is(void **state) {
        static const char *const chips[] = { "STM32F103C8", "STM32F030C8", "STM32F746" };
        static const enum virtual_fault_type types[] = {
                VIRTUAL_FAULT_LOSE_TO_HOST,   VIRTUAL_FAULT_FLIP_TO_HOST,
                VIRTUAL_FAULT_INSERT_TO_HOST, VIRTUAL_FAULT_LOSE_TO_CHIP,
                VIRTUAL_FAULT_FLIP_TO_CHIP,
        };
        const struct session_request run = { .kind = SESSION_RUN };
        unsigned unknown = 0, running = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips) * ARRAY_SIZE(types) * GO_BYTES; i++) {
                const struct virtual_fault fault = { types[i % ARRAY_SIZE(types)],
                                                     i / ARRAY_SIZE(types) % GO_BYTES, 6 };
                struct board board;

                board_open(&board, chips[i / (GO_BYTES * ARRAY_SIZE(types))], NULL);
                struct image *image = drive_image(board.chip, 3000, 1);
                board_put(&board, image);
                board.config.entry = (struct entry_config){ 0 };
                virtual_set_lines(board.drive.chip, board.drive.now, true, true, false);
                virtual_set_lines(board.drive.chip, board.drive.now + 10000, false, true, false);
                board.drive.now += 3 * USEC_PER_SEC;
                virtual_add_fault(board.drive.chip, &fault);
                bool done = board_try(&board, &run);
                bool runs = virtual_state(board.drive.chip, board.drive.now + 100000) ==
                            VIRTUAL_RUNNING;
                const struct session_failure *f = session_failure(board.session);

                if (done ? !runs : runs && !f->start_unknown)
                        fail_msg("%s: fault %d at %u: %s, and the application %s", board.chip->name,
                                 (int)fault.type, (unsigned)fault.at, done ? "done" : "failed",
                                 runs ? "runs" : "does not run");
                if (!done && f->start_unknown) {
                        char *text = board_text(&board);

                        assert_non_null(strstr(text, "is not known"));
                        free(text);
                        unknown++;
                        running += runs;
                }
                image_free(image);
                board_close(&board);
        }
        print_message("%u starts are not known, %u of them run\n", unknown, running);
        assert_true(running > 0 && running == unknown);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(only_what_boots_from_a_known_place_is_power_fail_safe),
                cmocka_unit_test(a_flash_ends_as_asked),
                cmocka_unit_test(a_chip_that_thinks_it_is_empty_is_started_by_go),
                cmocka_unit_test(a_disturbed_go_is_reported_as_it_is),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
