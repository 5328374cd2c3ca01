/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Banks that are swapped, and layouts that depend on an option: never erase what was not meant. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "image/image.h"
#include "util/macro.h"

#define FLASH 0x08000000U

/* ---- a second image, in the upper bank ---- */

struct banks {
        struct board board;
        struct image *old, *new, *other; /* `other` in the upper bank */
        uint32_t upper;
};

static void banks_open(struct banks *banks, const char *chip, bool swapped) {
        const struct virtual_config wiring = { .banks_swapped = swapped };
        struct flash_map map;

        *banks = (struct banks){};
        board_open(&banks->board, chip, &wiring);
        assert_int_equal(chip_flash_map(banks->board.chip, 0, false, &map), 0);
        banks->upper = map.runs[map.n_runs / 2].address;
        banks->old = drive_image(banks->board.chip, 3000, 1);
        banks->new = drive_image(banks->board.chip, 20000, 2);
        banks->other = drive_image(banks->board.chip, 2500, 3);
        banks->other->segments[0].address = banks->upper;
}

static void banks_fill(struct banks *banks, bool lower, bool upper) {
        if (lower)
                board_put(&banks->board, banks->old);
        if (upper)
                board_put(&banks->board, banks->other);
}

static void banks_close(struct banks *banks) {
        image_free(banks->old);
        image_free(banks->new);
        image_free(banks->other);
        board_close(&banks->board);
}

static struct session_request flash_request(const struct banks *banks) {
        return (struct session_request){
                .kind = SESSION_FLASH,
                .image = banks->new,
        };
}

/* ---- the option is seen ---- */

static const struct seen {
        const char *chip;
        uint32_t option;
        uint32_t value[2]; /* plain, swapped */
        bool complement;
} seens[] = {
        { "STM32G0B1", 0x1FFF7800, { 0xFEFFFEAA, 0xFEEFFEAA }, true },
        { "STM32U575", 0x40022040, { 0x1FEFF8AA, 0x1FFFF8AA }, false },
        { "STM32L552", 0x40022040, { 0x7FEFF8AA, 0x7FFFF8AA }, false },
        { "STM32H563", 0x40022050, { 0x2D30EDF8, 0xAD30EDF8 }, false },
};

static void swap_that_is_seen_is_followed(void **state) {
        (void)state;
        for (size_t i = 0; i < 2 * ARRAY_SIZE(seens); i++) {
                const struct seen *seen = &seens[i / 2];
                struct banks banks;
                struct session_request request;

                banks_open(&banks, seen->chip, false);
                board_poke(&banks.board, seen->option, seen->value[i % 2], 4);
                if (seen->complement)
                        board_poke(&banks.board, seen->option + 4, ~seen->value[i % 2], 4);
                board_cycle_power(&banks.board);
                banks_fill(&banks, true, true);
                request = flash_request(&banks);
                board_do(&banks.board, &request);
                assert_int_equal(session_info(banks.board.session)->options.banks_swapped,
                                 i % 2 ? CHIP_YES : CHIP_NO);
                assert_true(drive_holds(banks.board.drive.chip, banks.new));
                assert_true(drive_holds(banks.board.drive.chip, banks.other));
                assert_true(drive_runs(&banks.board.drive));
                board_check_left(&banks.board);

                /* and by range */
                request = (struct session_request){ .kind = SESSION_ERASE,
                                                    .address = banks.upper,
                                                    .length = 1 };
                board_do(&banks.board, &request);
                assert_true(drive_holds(banks.board.drive.chip, banks.new));
                assert_int_equal(board_peek(&banks.board, banks.upper, 4), 0xFFFFFFFF);
                banks_close(&banks);
        }
}

/* ---- it is not ---- */

static const char *const hiddens[] = { "STM32H523", "STM32H503",  "STM32U375",
                                       "STM32C551", "STM32WBA62", "STM32H5F5" };

/* One page tells; it is lost, and that is said. */
static void swap_that_is_hidden_is_found_out(void **state) {
        (void)state;
        for (size_t i = 0; i < 3 * ARRAY_SIZE(hiddens); i++) {
                bool lower = i % 3 != 2, upper = i % 3 != 1;
                struct banks banks;

                banks_open(&banks, hiddens[i / 3], true);
                banks_fill(&banks, lower, upper);
                struct virtual_counters before = *virtual_counters(banks.board.drive.chip);
                const struct session_request request = flash_request(&banks);
                const struct session_failure *f =
                        board_fail(&banks.board, &request, SESSION_NOT_BLANK);

                assert_int_equal(virtual_counters(banks.board.drive.chip)->page_erases,
                                 before.page_erases + 1);
                assert_int_equal(f->twin, upper ? banks.upper : 0);
                assert_int_equal(f->address, FLASH);
                assert_int_equal(f->outcome, SESSION_UNTOUCHED);
                char *text = board_text(&banks.board);
                assert_non_null(strstr(text, upper ? "are swapped" : "not blank"));
                assert_non_null(strstr(text, "SWAP_BANK"));
                free(text);
                if (lower)
                        assert_true(drive_holds(banks.board.drive.chip, banks.old));

                /* what it advises: everything goes, then nothing can be lost */
                board_do(&banks.board,
                         &(struct session_request){ .kind = SESSION_ERASE, .mass_erase = true });
                board_do(&banks.board, &request);
                assert_true(drive_holds(banks.board.drive.chip, banks.new));
                banks_close(&banks);
        }
}

static void hidden_option_that_is_not_set_costs_nothing(void **state) {
        (void)state;
        for (size_t i = 0; i < 4 * ARRAY_SIZE(hiddens); i++) {
                bool lower = i & 1, upper = i & 2;
                struct banks banks;

                banks_open(&banks, hiddens[i / 4], false);
                banks_fill(&banks, lower, upper);
                const struct session_request request = flash_request(&banks);
                board_do(&banks.board, &request);
                assert_true(drive_holds(banks.board.drive.chip, banks.new));
                assert_true(!upper || drive_holds(banks.board.drive.chip, banks.other));
                assert_true(drive_runs(&banks.board.drive));
                board_check_left(&banks.board);
                banks_close(&banks);
        }
}

/* The first page is blank in both banks: another one has to tell. */
static void a_page_that_tells_is_looked_for(void **state) {
        uint8_t data[64];
        struct banks banks;

        (void)state;
        memset(data, 0x5A, sizeof(data));
        for (unsigned swapped = 0; swapped < 2; swapped++) {
                banks_open(&banks, "STM32H523", swapped);
                assert_true(virtual_poke(banks.board.drive.chip, banks.upper + 0x2000, data,
                                         sizeof(data)));
                const struct session_request request = flash_request(&banks);
                if (swapped) {
                        const struct session_failure *f =
                                board_fail(&banks.board, &request, SESSION_NOT_BLANK);

                        assert_int_equal(f->address, FLASH + 0x2000);
                        assert_int_equal(f->twin, banks.upper + 0x2000);
                } else {
                        board_do(&banks.board, &request);
                        assert_int_equal(board_peek(&banks.board, banks.upper + 0x2000, 4),
                                         0x5A5A5A5A);
                }
                banks_close(&banks);
        }
}

/* Programmed twice, a page faults when it is read; that it is there, in either bank, is no
 * hindrance. */
static void a_page_that_cannot_be_read_tells_too(void **state) {
        (void)state;
        for (unsigned i = 0; i < 4; i++) {
                bool swapped = i & 1, upper = i & 2;
                struct banks banks;

                banks_open(&banks, "STM32H523", swapped);
                struct image *torn = upper ? banks.other : banks.old;
                struct session_request request = { .kind = SESSION_FLASH,
                                                   .image = torn,
                                                   .erase = PLAN_ERASE_NONE };
                board_do(&banks.board, &request);
                torn->segments[0].data[8] ^= 1; /* in what is looked at */
                board_fail(&banks.board, &request, SESSION_SILENCE);

                request = flash_request(&banks);
                if (swapped) {
                        const struct session_failure *f =
                                board_fail(&banks.board, &request, SESSION_NOT_BLANK);

                        assert_int_equal(f->twin, upper ? banks.upper : 0);
                } else {
                        board_do(&banks.board, &request);
                        assert_true(drive_holds(banks.board.drive.chip, banks.new));
                }
                banks_close(&banks);
        }
}

static void erase_of_a_range_finds_out_too(void **state) {
        struct banks banks;

        (void)state;
        banks_open(&banks, "STM32H523", true);
        banks_fill(&banks, true, true);
        const struct session_request request = { .kind = SESSION_ERASE,
                                                 .address = FLASH,
                                                 .length = 0x8000 };
        const struct session_failure *f = board_fail(&banks.board, &request, SESSION_NOT_BLANK);

        assert_int_equal(f->twin, banks.upper);
        assert_int_equal(f->outcome, SESSION_UNTOUCHED);
        assert_true(drive_holds(banks.board.drive.chip, banks.old));
        banks_close(&banks);
}

/* ---- a layout that depends on what is not seen ---- */

/* U375 with 512 KiB: from bank 2 on DUALBANK, which its ROM does not show, numbers the pages. */
static void layout_that_is_not_known_is_refused(void **state) {
        const struct virtual_config wiring = { .flash_size = 512 * 1024 };
        struct flash_map map;
        struct board board;

        (void)state;
        board_open(&board, "STM32U375", &wiring);
        struct image *image = drive_image(board.chip, 3000, 1);
        struct session_request request = { .kind = SESSION_FLASH, .image = image };

        board_do(&board, &request); /* the lower pages are the same either way */
        image->segments[0].address = FLASH + 0x40000;
        const struct session_failure *f = board_fail(&board, &request, SESSION_UNFLASHABLE);
        assert_int_equal(f->address, FLASH + 0x40000);
        assert_int_equal(f->outcome, SESSION_UNTOUCHED);
        char *text = board_text(&board);
        assert_non_null(strstr(text, "--layout"));
        free(text);

        request.kind = SESSION_VERIFY; /* erases nothing */
        board_fail(&board, &request, SESSION_DIFFERS);
        const struct session_request erase = { .kind = SESSION_ERASE,
                                               .address = FLASH + 0x40000,
                                               .length = 1 };
        board_fail(&board, &erase, SESSION_UNFLASHABLE);

        /* who knows it says so; dual bank numbers them as in the largest part, from 128 on */
        board_set_layout(&board, "2x(64x4K)", &map);
        request.kind = SESSION_FLASH;
        board_do(&board, &request);
        assert_true(drive_holds(board.drive.chip, image));
        image_free(image);
        board_close(&board);
}

static void layout_follows_the_option_that_counts(void **state) {
        static const struct {
                const char *chip;
                uint32_t flash_size, option, value;
                bool complement;
                uint32_t page_size;
        } cases[] = {
                { "STM32L552", 0, 0x40022040, 0x7FEFF8AA, false, 2048 },
                { "STM32L552", 0, 0x40022040, 0x7FAFF8AA, false, 4096 }, /* DBANK */
                { "STM32L4R5", 0, 0x1FF00000, 0xFFAFF8AA, true, 8192 },  /* DBANK */
                { "STM32L4R5", 0, 0x1FF00000, 0xFFCFF8AA, true, 4096 },  /* DB1M, not heeded */
                { "STM32L4R5", 1024 * 1024, 0x1FF00000, 0xFFAFF8AA, true, 4096 },
                { "STM32L4R5", 1024 * 1024, 0x1FF00000, 0xFFCFF8AA, true, 8192 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct virtual_config wiring = { .flash_size = cases[i].flash_size };
                struct board board;
                uint8_t data[16];

                board_open(&board, cases[i].chip, &wiring);
                board_poke(&board, cases[i].option, cases[i].value, 4);
                if (cases[i].complement)
                        board_poke(&board, cases[i].option + 4, ~cases[i].value, 4);
                board_cycle_power(&board);
                memset(data, 0x5A, sizeof(data));
                for (uint32_t at = 0; at < 0x4000; at += 0x800)
                        assert_true(virtual_poke(board.drive.chip, FLASH + at, data, sizeof(data)));

                /* the page at 8 KiB goes, and no other */
                const struct session_request erase = { .kind = SESSION_ERASE,
                                                       .address = FLASH + 0x2000,
                                                       .length = 1 };
                board_do(&board, &erase);
                for (uint32_t at = 0; at < 0x4000; at += 0x800)
                        assert_int_equal(board_peek(&board, FLASH + at, 4),
                                         at >= 0x2000 && at < 0x2000 + cases[i].page_size
                                                 ? 0xFFFFFFFF
                                                 : 0x5A5A5A5A);
                board_close(&board);
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(swap_that_is_seen_is_followed),
                cmocka_unit_test(swap_that_is_hidden_is_found_out),
                cmocka_unit_test(hidden_option_that_is_not_set_costs_nothing),
                cmocka_unit_test(a_page_that_tells_is_looked_for),
                cmocka_unit_test(a_page_that_cannot_be_read_tells_too),
                cmocka_unit_test(erase_of_a_range_finds_out_too),
                cmocka_unit_test(layout_that_is_not_known_is_refused),
                cmocka_unit_test(layout_follows_the_option_that_counts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
