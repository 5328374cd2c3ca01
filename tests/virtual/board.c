/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "boot/failure.h"
#include "util/cleanup.h"
#include "util/macro.h"

static void enable_boot_pin(struct board *board) {
        uint8_t bytes[256];
        size_t size = chip_options_size(board->chip);

        if (!(board->chip->quirks & CHIP_QUIRK_PIN_OFF) || size == 0 || size > sizeof(bytes))
                return;
        assert_true(virtual_peek(board->drive.chip, board->chip->options[0].start, bytes, size));
        if (chip_options_enable_boot_pin(board->chip, bytes, size) < 0)
                return;
        assert_true(virtual_poke(board->drive.chip, board->chip->options[0].start, bytes, size));
        virtual_power_off(board->drive.chip, 0); /* nothing else loads them */
}

void board_open(struct board *board, const char *name, const struct virtual_config *wiring) {
        const struct chip *chip = chip_by_name(name);

        assert_non_null(chip);
        board_open_row(board, chip, wiring);
        board->config.chip = chip;
}

void board_open_row(struct board *board, const struct chip *row,
                    const struct virtual_config *wiring) {
        struct virtual_config config = wiring ? *wiring : (struct virtual_config){ 0 };

        *board = (struct board){ .chip = row, .config = drive_config(row) };
        board->config.chip = NULL;
        config.chip = row;
        config.seed = config.seed ?: 1;
        assert_int_equal(virtual_new(&config, &board->drive.chip), 0);
        enable_boot_pin(board);
        virtual_power_on(board->drive.chip, 0);
}

void board_set_layout(struct board *board, const char *layout, struct flash_map *map) {
        assert_int_equal(flash_map_parse(layout, board->chip->flash_start, 0, map), 0);
        board->config.map = map;
}

void board_close(struct board *board) {
        session_free(board->session);
        virtual_free(board->drive.chip);
}

void board_cycle_power(struct board *board) {
        drive_cycle_power(&board->drive);
}

void board_open_delivered(struct board *board, const char *name,
                          const struct virtual_config *wiring) {
        uint8_t bytes[256];

        board_open(board, name, wiring);
        chip_options_factory(board->chip, bytes, chip_options_size(board->chip));
        assert_true(virtual_poke(board->drive.chip, board->chip->options[0].start, bytes,
                                 chip_options_size(board->chip)));
        board_cycle_power(board);
}

void board_put(struct board *board, const struct image *image) {
        for (size_t i = 0; i < image->n_segments; i++)
                assert_true(virtual_poke(board->drive.chip, image->segments[i].address,
                                         image->segments[i].data, image->segments[i].size));
        board_cycle_power(board);
}

void board_poke(struct board *board, uint32_t address, uint32_t value, size_t size) {
        uint8_t bytes[4];

        for (size_t i = 0; i < size; i++)
                bytes[i] = (uint8_t)(value >> 8 * i);
        assert_true(virtual_poke(board->drive.chip, address, bytes, size));
}

uint32_t board_peek(const struct board *board, uint32_t address, size_t size) {
        uint8_t bytes[4] = { 0 };

        assert_true(virtual_peek(board->drive.chip, address, bytes, size));
        return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
               (uint32_t)bytes[3] << 24;
}

char *board_text(const struct board *board) {
        const struct session_failure *failure = session_failure(board->session);
        const struct advice_context context = {
                .chip = session_info(board->session)->chip ?: board->config.chip,
                .entry = &board->config.entry,
                .baud = board->config.baud,
        };

        return failure ? failure_to_text("motor", failure, &context) : NULL;
}

bool board_try(struct board *board, const struct session_request *request) {
        bool done;

        session_free(board->session);
        board->session = drive_job(&board->drive, &board->config, request, &done);
        assert_true(done == !session_failure(board->session));
        return done;
}

void board_do(struct board *board, const struct session_request *request) {
        if (board_try(board, request))
                return;
        _cleanup_free_ char *text = board_text(board);
        fail_msg("%s: %s", board->chip->name, text);
}

const struct session_failure *board_fail(struct board *board, const struct session_request *request,
                                         enum session_error error) {
        if (board_try(board, request))
                fail_msg("%s: done, where error %d was expected", board->chip->name, (int)error);
        const struct session_failure *failure = session_failure(board->session);

        if (failure->error != error) {
                _cleanup_free_ char *text = board_text(board);
                fail_msg("%s: error %d, not %d: %s", board->chip->name, (int)failure->error,
                         (int)error, text);
        }
        assert_int_equal(failure->outcome, session_outcome(board->session));
        return failure;
}

void board_check_left(const struct board *board) {
        const struct virtual_counters *counters = virtual_counters(board->drive.chip);

        assert_false(board->drive.reset);
        assert_false(board->drive.boot0);
        assert_false(board->drive.percent_fell);
        assert_int_equal(counters->option_torn, 0);
        assert_int_equal(counters->overprogrammed, 0);
        assert_int_equal(counters->sent_while_busy, 0);
}

enum board_runs board_look(struct board *board, const struct image *old, const struct image *new) {
        board_cycle_power(board);
        if (virtual_state(board->drive.chip, board->drive.now) != VIRTUAL_RUNNING)
                return BOARD_RUNS_NOTHING;
        if (new &&drive_holds(board->drive.chip, new))
                return BOARD_RUNS_NEW;
        return old && drive_holds(board->drive.chip, old) ? BOARD_RUNS_OLD : BOARD_RUNS_PART;
}
