/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Jobs that look and start: verify, read, run, reset, enter. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

/* ---- verify ---- */

static void verify_tells_the_first_byte_that_differs(void **state) {
        static const char *const chips[] = { "STM32F405", "STM32L072", "STM32H743", "STM32WB06" };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                board_open(&board, chips[i], NULL);
                struct image *image = drive_image(board.chip, 5001, 3);
                const struct session_request verify = { .kind = SESSION_VERIFY, .image = image };
                uint32_t at = board.chip->flash_start + 4999;

                board_put(&board, image);
                board_do(&board, &verify);
                assert_true(drive_runs(&board.drive));

                uint8_t byte = image->segments[0].data[4999];
                board_poke(&board, at, (uint32_t)byte ^ 0x10, 1);
                const struct session_failure *failure =
                        board_fail(&board, &verify, SESSION_DIFFERS);
                assert_int_equal(failure->address, at);
                assert_int_equal(failure->expected, byte);
                assert_int_equal(failure->found, byte ^ 0x10);
                assert_int_equal(failure->outcome, SESSION_UNTOUCHED);
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);
                image_free(image);
                board_close(&board);
        }
}

/* ---- read ---- */

static const struct reading {
        const char *chip;
        uint32_t address, length;
        uint32_t refused; /* 0: all of it is read; else the block that is not */
} readings[] = {
        { "STM32F405", 0x08000000, 1, 0 },
        { "STM32F405", 0x08000001, 255, 0 },
        { "STM32F405", 0x08000003, 256, 0 },
        { "STM32F405", 0x080000FF, 257, 0 },
        { "STM32F405", 0x08000000, 4097, 0 },
        { "STM32F405", 0x080FFFFF, 1, 0 },
        { "STM32F405", 0x20003001, 77, 0 },
        { "STM32F405", 0x1FFF0000, 300, 0 },
        { "STM32F405", 0x1FFFC000, 16, 0 },
        { "STM32L072", 0x08000001, 300, 0 },
        { "STM32G071", 0x1FFF7590, 12, 0 },
        { "STM32WB06", 0x10040000, 33, 0 },
        { "STM32F103RC", 0x08080000, 4, 0x08080000 },
        { "STM32L476", 0x40022000, 4, 0x40022000 },
};

static void any_readable_memory_is_read_at_any_length(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(readings); i++) {
                const struct reading *r = &readings[i];
                const struct session_request read = { .kind = SESSION_READ,
                                                      .address = r->address,
                                                      .length = r->length,
                                                      .has_address = true };

                board_open(&board, r->chip, NULL);
                struct image *image = drive_image(board.chip, 4096, 5);
                board_put(&board, image);
                if (r->address >> 24 == 0x20)
                        for (uint32_t k = 0; k < r->length; k++)
                                board_poke(&board, r->address + k, k * 7, 1);
                if (r->refused) {
                        const struct session_failure *f = board_fail(&board, &read, SESSION_NACK);

                        assert_int_equal(f->command, 0x11);
                        assert_int_equal(f->address, r->refused);
                } else {
                        uint8_t *expected = malloc(r->length);
                        size_t size;

                        board_do(&board, &read);
                        const uint8_t *data = session_data(board.session, &size);
                        assert_int_equal(size, r->length);
                        assert_true(virtual_peek(board.drive.chip, r->address, expected, size));
                        assert_memory_equal(data, expected, size);
                        free(expected);
                }
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);
                image_free(image);
                board_close(&board);
        }
}

static const struct crossing {
        const char *chip;
        bool size_blank;     /* nobody tells the size */
        uint32_t flash_size; /* 0: the largest */
        uint32_t address, length;
        uint32_t start, end; /* of flash, as it is told */
} crossings[] = {
        { "STM32F405", false, 0, 0x080FFFF0, 64, 0x08000000, 0x08100000 },
        { "STM32L476", false, 0, 0x080FFF00, 257, 0x08000000, 0x08100000 },
        { "STM32F103RC", false, 256 * 1024, 0x08000000, 256 * 1024 + 1, 0x08000000, 0x08040000 },
        { "STM32F103RC", true, 256 * 1024, 0x08000000, 512 * 1024 + 1, 0x08000000, 0x08080000 },
        { "STM32F405", false, 512 * 1024, 0x0007FFFF, 2, 0x08000000, 0x08080000 }, /* alias */
};

static void what_begins_in_flash_and_leaves_it_is_not_read(void **state) {
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(crossings); i++) {
                const struct crossing *c = &crossings[i];
                const struct virtual_config wiring = { .flash_size = c->flash_size,
                                                       .size_blank = c->size_blank };
                const struct session_request read = { .kind = SESSION_READ,
                                                      .address = c->address,
                                                      .length = c->length,
                                                      .has_address = true };

                board_open(&board, c->chip, &wiring);
                struct image *image = drive_image(board.chip, 4096, 5);
                board_put(&board, image);
                const struct session_failure *f = board_fail(&board, &read, SESSION_DOES_NOT_FIT);
                assert_int_equal(f->plan.status, PLAN_RANGE_OUTSIDE);
                assert_int_equal(f->plan.flash_start, c->start);
                assert_int_equal(f->plan.flash_end, c->end);
                assert_int_equal(f->plan.end - f->plan.address, c->length);
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);
                image_free(image);
                board_close(&board);
        }
}

/* Of F7 flash has two other addresses; at 0x0 the ROM itself stands while it runs. */
static void other_addresses_of_flash_are_read_and_started(void **state) {
        static const struct {
                const char *chip;
                uint32_t alias;
        } cases[] = { { "STM32F405", 0x0 }, { "STM32F746", 0x00200000 }, { "STM32G071", 0x0 } };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                board_open(&board, cases[i].chip, NULL);
                struct image *image = drive_image(board.chip, 1000, 5);
                size_t size;

                board_put(&board, image);
                board_do(&board, &(struct session_request){ .kind = SESSION_READ,
                                                            .address = cases[i].alias,
                                                            .length = 1000 });
                const uint8_t *data = session_data(board.session, &size);
                assert_int_equal(size, 1000);
                assert_memory_equal(data, image->segments[0].data, size);

                board_do(&board, &(struct session_request){ .kind = SESSION_RUN,
                                                            .address = cases[i].alias,
                                                            .has_address = true });
                assert_true(drive_runs(&board.drive));
                assert_int_equal(virtual_running_from(board.drive.chip), board.chip->flash_start);
                image_free(image);
                board_close(&board);
        }
}

/* ---- run, reset, enter ---- */

static void run_and_reset_start_the_application(void **state) {
        static const struct {
                const char *chip;
                struct session_request request;
                bool lines;
                uint32_t from; /* where it runs; 0: nothing does */
        } cases[] = {
                { "STM32F405", { .kind = SESSION_RESET }, true, 0x08000000 },
                { "STM32F405", { .kind = SESSION_RUN }, true, 0x08000000 },
                { "STM32F405", { .kind = SESSION_RUN }, false, 0x08000000 },
                { "STM32F405",
                  { .kind = SESSION_RUN, .has_address = true, .address = 0x08004000 },
                  true,
                  0x08004000 },
                { "STM32H743",
                  { .kind = SESSION_RUN, .has_address = true, .address = 0x08000000 },
                  true,
                  0x08000000 },
                { "STM32L412", { .kind = SESSION_RESET }, true, 0x08000000 },
                { "STM32F405",
                  { .kind = SESSION_PROBE,
                    .after = SESSION_AFTER_GO,
                    .has_address = true,
                    .address = 0x08004000 },
                  true,
                  0x08004000 },
                /* the address of what is read is not where it starts */
                { "STM32F405",
                  { .kind = SESSION_READ,
                    .after = SESSION_AFTER_GO,
                    .has_address = true,
                    .address = 0x08004000,
                    .length = 4 },
                  true,
                  0x08000000 },
                { "STM32F405", { .kind = SESSION_ENTER }, true, 0 },
                { "STM32F405", { .kind = SESSION_PROBE, .after = SESSION_AFTER_STAY }, true, 0 },
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                board_open(&board, cases[i].chip, NULL);
                struct image *image = drive_image(board.chip, 4096, 5);

                board_put(&board, image);
                /* a second one, at another address */
                image->segments[0].address += 0x4000;
                assert_true(virtual_poke(board.drive.chip, image->segments[0].address,
                                         image->segments[0].data, image->segments[0].size));
                if (!cases[i].lines) {
                        virtual_set_lines(board.drive.chip, board.drive.now, true, true, false);
                        board.drive.now += 10 * USEC_PER_MSEC;
                        virtual_set_lines(board.drive.chip, board.drive.now, false, true, false);
                        board.drive.now += USEC_PER_SEC;
                        board.config.entry = (struct entry_config){ 0 };
                }
                board_do(&board, &cases[i].request);
                unsigned exchanges = virtual_counters(board.drive.chip)->exchanges;
                if (cases[i].from) {
                        assert_true(drive_runs(&board.drive));
                        assert_int_equal(virtual_running_from(board.drive.chip), cases[i].from);
                        board_check_left(&board);
                } else {
                        assert_int_equal(virtual_state(board.drive.chip, board.drive.now),
                                         VIRTUAL_ROM);
                        assert_true(board.drive.boot0); /* held as long as it stays */
                }
                if (cases[i].request.kind == SESSION_RESET)
                        assert_int_equal(exchanges, 0); /* nothing was said */
                image_free(image);
                board_close(&board);
        }
}

/* The ROM jumps wherever it is told to, and does not come back. */
static void go_does_not_start_blank_flash(void **state) {
        const struct session_request run = { .kind = SESSION_RUN,
                                             .has_address = true,
                                             .address = 0x08004000,
                                             .after = SESSION_AFTER_GO };
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        struct image *image = drive_image(board.chip, 4096, 5);
        board_put(&board, image);
        const struct session_failure *f = board_fail(&board, &run, SESSION_UNSUPPORTED);
        assert_int_equal(f->address, 0x08004000);
        assert_non_null(strstr(f->reason, "nothing to start"));
        assert_true(drive_runs(&board.drive));
        assert_int_equal(virtual_running_from(board.drive.chip), 0x08000000);
        board_check_left(&board);
        image_free(image);
        board_close(&board);
}

static void reset_without_a_line_is_refused(void **state) {
        const struct session_request reset = { .kind = SESSION_RESET };
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        board.config.entry.has_reset = false;
        assert_non_null(board_fail(&board, &reset, SESSION_UNSUPPORTED)->reason);
        board_close(&board);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(verify_tells_the_first_byte_that_differs),
                cmocka_unit_test(any_readable_memory_is_read_at_any_length),
                cmocka_unit_test(what_begins_in_flash_and_leaves_it_is_not_read),
                cmocka_unit_test(other_addresses_of_flash_are_read_and_started),
                cmocka_unit_test(run_and_reset_start_the_application),
                cmocka_unit_test(go_does_not_start_blank_flash),
                cmocka_unit_test(reset_without_a_line_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
