/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a chip is told to be, and how a look at it leaves it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

static void probe_row(const struct chip *chip, bool id_otherwise) {
        const struct virtual_config wiring = { .id_otherwise = id_otherwise };
        const struct session_request probe = { .kind = SESSION_PROBE };
        struct image *image = drive_image(chip, 2048, 1);
        struct board board;
        char name[16];

        (void)snprintf(name, sizeof(name), "0x%03X", chip->id);
        board_open(&board, name, &wiring);
        board_put(&board, image);
        board_do(&board, &probe);

        const struct session_info *info = session_info(board.session);
        bool reads = !(chip->quirks & CHIP_QUIRK_8N1);
        assert_true(info->identified);
        assert_ptr_equal(info->chip, chip);
        assert_true(info->rom_version >= 0x10);
        assert_int_equal(info->has_flash_size, reads && chip->flash_size_register != 0);
        if (info->has_flash_size)
                assert_int_equal(info->flash_size, chip->flash_size);
        if (chip->flash_size_register != 0 || !id_otherwise)
                assert_int_equal(info->has_unique_id, reads && chip->unique_id != 0);
        if (reads)
                assert_int_equal(info->protection, CHIP_NO);
        assert_int_equal(info->baud, 115200);
        if (!(id_otherwise && chip->quirks & CHIP_QUIRK_SILENT_ADDRESS))
                assert_int_equal(info->recoveries, 0);

        assert_int_equal(session_outcome(board.session), SESSION_UNTOUCHED);
        assert_true(drive_holds(board.drive.chip, image));
        assert_true(drive_runs(&board.drive));
        board_check_left(&board);
        image_free(image);
        board_close(&board);
}

static void a_probe_tells_each_chip_and_leaves_it_running(void **state) {
        (void)state;
        for (size_t i = 0; i < chip_table_size; i++)
                if (!chip_table[i].unusable && !drive_enters_once(&chip_table[i]))
                        for (unsigned otherwise = 0; otherwise < 2; otherwise++)
                                probe_row(&chip_table[i], otherwise);
}

/* ---- a wrong bit on the wire ---- */

/* More than the host hears of identity and option bytes. */
#define BYTES_MAX 700

struct part {
        const char *chip;
        uint32_t flash_size;
};

static void open_part(struct board *board, const struct part *part) {
        const struct virtual_config wiring = { .flash_size = part->flash_size };

        board_open(board, part->chip, &wiring);
}

/* Opens a board whose n-th bit towards the host is wrong. False: so many the jobs do not hear. */
static bool flip(struct board *board, const struct part *part, size_t n) {
        const struct virtual_fault fault = { VIRTUAL_FAULT_FLIP_TO_HOST, n / 8, n % 8 };

        if (n == BYTES_MAX * 8)
                return false;
        open_part(board, part);
        virtual_add_fault(board->drive.chip, &fault);
        return true;
}

/* Another size has other pages. */
static void no_wrong_bit_tells_another_flash_size(void **state) {
        static const struct part parts[] = {
                { "STM32L073", 192 * 1024 },   { "STM32F103xG", 768 * 1024 },
                { "STM32F401xE", 384 * 1024 }, { "STM32F103C8", 64 * 1024 },
                { "STM32F405", 1024 * 1024 },
        };
        const struct session_request probe = { .kind = SESSION_PROBE };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                for (size_t n = 0; flip(&board, &parts[i], n); n++) {
                        (void)board_try(&board, &probe);
                        const struct session_info *info = session_info(board.session);
                        if (info->has_flash_size && info->flash_size != parts[i].flash_size)
                                fail_msg("%s: bit %u: %u KiB", board.chip->name, (unsigned)n,
                                         (unsigned)(info->flash_size / 1024));
                        board_close(&board);
                }
}

/* They are written back whole. A part of each way to store them, with complements and without. */
static void no_wrong_bit_tells_other_option_bytes(void **state) {
        static const struct part parts[] = {
                { "STM32F103C8", 0 }, { "STM32L073", 0 }, { "STM32G071", 0 },
                { "STM32F405", 0 },   { "STM32U575", 0 },
        };
        const struct session_request read = { .kind = SESSION_READ_OPTIONS };
        struct board board, wrong;
        size_t size, wrong_size;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                open_part(&board, &parts[i]);
                board_do(&board, &read);
                const uint8_t *data = session_data(board.session, &size);

                for (size_t n = 0; flip(&wrong, &parts[i], n); n++) {
                        bool done = board_try(&wrong, &read);
                        const uint8_t *wrong_data = session_data(wrong.session, &wrong_size);

                        if (done && (wrong_size != size || memcmp(wrong_data, data, size) != 0))
                                fail_msg("%s: bit %u", board.chip->name, (unsigned)n);
                        board_close(&wrong);
                }
                board_close(&board);
        }
}

static void an_empty_chip_stays_in_its_rom(void **state) {
        static const char *const chips[] = { "STM32L476", "STM32G071", "STM32L412" };
        const struct session_request probe = { .kind = SESSION_PROBE };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                board_open(&board, chips[i], NULL);
                /* nobody can reset it: Go into blank flash would lose it */
                board.config.entry = (struct entry_config){ 0 };
                virtual_set_lines(board.drive.chip, 0, true, true, false);
                virtual_set_lines(board.drive.chip, 10000, false, true, false);
                board.drive.now = 500000;
                board_do(&board, &probe);
                board_do(&board, &probe);
                assert_int_equal(virtual_state(board.drive.chip, board.drive.now), VIRTUAL_ROM);
                board_close(&board);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_probe_tells_each_chip_and_leaves_it_running),
                cmocka_unit_test(no_wrong_bit_tells_another_flash_size),
                cmocka_unit_test(no_wrong_bit_tells_other_option_bytes),
                cmocka_unit_test(an_empty_chip_stays_in_its_rom),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
