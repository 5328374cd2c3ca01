/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Jobs that are cut short: cancelled at any moment, the port gone at any send, bytes lost where
 * nobody can reset the chip. The outcome that is reported holds, and no line is left driven.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

#define OLD_SIZE 3000
#define NEW_SIZE 2900

static const uint8_t sectors[] = { 11 };

/* A flash with all that may follow it, on chips of different flash. */
static const struct cut {
        const char *chip;
        uint8_t options[8];
        size_t n_options;
        uint32_t option_address;
        bool readout;
} cuts[] = {
        { "STM32F103RC", { 0xA5, 0x5A, 0xFF, 0x00, 0x12, 0xED }, 6, 0x1FFFF804, true },
        { "STM32F405", { 0 }, 0, 0, true },
        { "STM32L476", { 0 }, 0, 0, false },
        { "STM32L072", { 0 }, 0, 0, false },
        { "STM32G071", { 0 }, 0, 0, false },
};

static struct session_request make_request(const struct cut *c, const struct image *image) {
        return (struct session_request){
                .kind = SESSION_FLASH,
                .image = image,
                .option_bytes = c->n_options > 0 ? c->options : NULL,
                .option_size = c->n_options,
                .sectors = sectors,
                .n_sectors = c->readout ? 1 : 0,
                .readout_protect = c->readout,
        };
}

/* What the report says must be so; what stands may be better than what it says if nobody could
 * look any more. */
static void check_report(struct board *board, const struct image *old, const struct image *new,
                         bool blind) {
        enum session_outcome outcome = session_outcome(board->session);
        enum board_runs runs = board_look(board, old, new);
        static const enum board_runs promised[] = {
                [SESSION_UNTOUCHED] = BOARD_RUNS_OLD,
                [SESSION_COMPLETE] = BOARD_RUNS_NEW,
                [SESSION_NOT_BOOTABLE] = BOARD_RUNS_NOTHING,
        };

        if (runs == promised[outcome] ||
            (blind && outcome == SESSION_NOT_BOOTABLE && runs != BOARD_RUNS_PART))
                return;
        fail_msg("%s at %llu: reported %d, runs %d", board->chip->name,
                 (unsigned long long)board->drive.now, (int)outcome, (int)runs);
}

static void open_with_old(struct board *board, const char *name, const struct image **ret_old,
                          const struct image **ret_new) {
        struct image *old, *new;

        board_open(board, name, NULL);
        old = drive_image(board->chip, OLD_SIZE, 1);
        new = drive_image(board->chip, NEW_SIZE, 2);
        board_put(board, old);
        *ret_old = old;
        *ret_new = new;
}

static void close_both(struct board *board, const struct image *old, const struct image *new) {
        image_free((struct image *)old);
        image_free((struct image *)new);
        board_close(board);
}

/* ---- cancel ---- */

static uint64_t whole_time(const struct cut *c) {
        const struct image *old, *new;
        struct board board;

        open_with_old(&board, c->chip, &old, &new);
        const struct session_request request = make_request(c, new);
        uint64_t start = board.drive.now;
        board_do(&board, &request);
        uint64_t time = board.drive.now - start;
        close_both(&board, old, new);
        return time;
}

static void cancelled_at_any_moment_the_outcome_holds(void **state) {
        unsigned runs = 0, untouched = 0, complete = 0, not_bootable = 0, done = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
                uint64_t time = whole_time(&cuts[i]), step = MAX(time / 400, 1U);

                for (uint64_t at = 0; at <= time; at += step, runs++) {
                        const struct image *old, *new;
                        struct board board;

                        open_with_old(&board, cuts[i].chip, &old, &new);
                        const struct session_request request = make_request(&cuts[i], new);
                        board.drive.cancel_at = board.drive.now + at + 1;
                        if (board_try(&board, &request)) {
                                done++;
                        } else {
                                assert_int_equal(session_failure(board.session)->error,
                                                 SESSION_CANCELLED);
                                untouched += session_outcome(board.session) == SESSION_UNTOUCHED;
                                complete += session_outcome(board.session) == SESSION_COMPLETE;
                                not_bootable +=
                                        session_outcome(board.session) == SESSION_NOT_BOOTABLE;
                        }
                        board_check_left(&board);
                        /* what runs at the end of the job, not only after a power cycle */
                        if (session_outcome(board.session) != SESSION_NOT_BOOTABLE)
                                assert_true(drive_runs(&board.drive));
                        check_report(&board, old, new, false);
                        close_both(&board, old, new);
                }
        }
        print_message("%u cancelled flashes: untouched %u, not bootable %u, complete %u; %u were "
                      "done\n",
                      runs, untouched, not_bootable, complete, done);
        assert_true(untouched > 100 && not_bootable > 100 && complete > 20);
}

/* An erase that takes a minute is abandoned by a reset, and the chip waits in its ROM. */
static void a_long_erase_is_abandoned(void **state) {
        const struct virtual_config wiring = { .timing = CHIP_WORST };
        static const struct session_request erases[] = {
                { .kind = SESSION_ERASE, .mass_erase = true },
                { .kind = SESSION_ERASE },
        };
        struct board board;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(erases); i++) {
                board_open(&board, "STM32F405", &wiring);
                struct image *image = drive_image(board.chip, 2000, 1);
                board_put(&board, image);
                uint64_t start = board.drive.now;
                board.drive.cancel_at = start + 5 * USEC_PER_SEC;
                (void)board_fail(&board, &erases[i], SESSION_CANCELLED);
                assert_true(board.drive.now < start + 6 * USEC_PER_SEC);
                assert_int_equal(session_outcome(board.session), SESSION_NOT_BOOTABLE);
                assert_int_equal(virtual_state(board.drive.chip, board.drive.now), VIRTUAL_ROM);
                assert_int_equal(board.drive.pulses, 2);
                board_check_left(&board);
                image_free(image);
                board_close(&board);
        }
}

/* ---- a write that does nothing ---- */

/* The ROM ACKs it all the same; and the chip dies before that can be mended. */
static void a_vector_table_with_a_hole_never_starts(void **state) {
        unsigned runs = 0, nothing = 0;

        (void)state;
        for (unsigned torn = 0; torn < 14; torn++)
                for (unsigned dead = 30; dead < 80; dead++, runs++) {
                        const struct virtual_fault faults[] = {
                                { .type = VIRTUAL_FAULT_WRITE_TORN, .at = torn },
                                { .type = VIRTUAL_FAULT_DEAD, .at = dead },
                        };
                        const struct image *old, *new;
                        struct board board;

                        open_with_old(&board, "STM32F103RC", &old, &new);
                        const struct session_request request = { .kind = SESSION_FLASH,
                                                                 .image = new };
                        for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
                                assert_int_equal(virtual_add_fault(board.drive.chip, &faults[i]),
                                                 0);
                        (void)board_try(&board, &request);
                        virtual_clear_faults(board.drive.chip);
                        enum board_runs runs_now = board_look(&board, old, new);
                        assert_int_not_equal(runs_now, BOARD_RUNS_PART);
                        nothing += runs_now == BOARD_RUNS_NOTHING;
                        close_both(&board, old, new);
                }
        assert_true(nothing > runs / 4);
}

/* ---- the port is gone ---- */

static void the_port_gone_at_any_send_is_reported_truly(void **state) {
        unsigned runs = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cuts); i++)
                for (unsigned at = 1;; at++, runs++) {
                        const struct image *old, *new;
                        struct board board;

                        open_with_old(&board, cuts[i].chip, &old, &new);
                        const struct session_request request = make_request(&cuts[i], new);
                        board.drive.lose_link_at = at;
                        bool done = board_try(&board, &request);
                        if (!done) {
                                const struct session_failure *f = session_failure(board.session);

                                assert_int_equal(f->error, SESSION_LINK_LOST);
                                assert_true(f->system < 0);
                                /* the chip is left as it is, but for an erase that is abandoned */
                                if (f->outcome == SESSION_NOT_BOOTABLE)
                                        assert_true(board.drive.pulses <=
                                                    1U + (f->phase == SESSION_PHASE_ERASE));
                                /* what was sent last may be at work */
                                board_check_left(&board);
                                check_report(&board, old, new, true);
                        }
                        close_both(&board, old, new);
                        if (done)
                                break;
                }
        print_message("%u flashes whose port went away\n", runs);
        assert_true(runs > 500);
}

/* ---- a second NACK that an adapter keeps for its latency timer ---- */

/* Of F4 the ROM says two to Read under protection; the command after that lifts it. */
static void a_late_second_nack_is_not_taken_for_the_next_answer(void **state) {
        const struct session_request unprotect = { .kind = SESSION_READOUT_UNPROTECT };

        (void)state;
        for (unsigned at = 0; at < 60; at++) {
                const struct virtual_fault late = { .type = VIRTUAL_FAULT_LATE_TO_HOST,
                                                    .at = at,
                                                    .detail = 15000 };
                struct board board;

                board_open(&board, "STM32F405", NULL);
                board.config.baud = 57600; /* low enough not to be doubted */
                board_do(&board, &(struct session_request){ .kind = SESSION_READOUT_PROTECT });
                assert_int_equal(virtual_add_fault(board.drive.chip, &late), 0);
                unsigned nacks = virtual_counters(board.drive.chip)->nacks;
                board_do(&board, &unprotect);
                assert_int_equal(session_info(board.session)->recoveries, 0);
                assert_int_equal(virtual_counters(board.drive.chip)->nacks - nacks, 6);
                board_close(&board);
        }
}

/* ---- nobody can reset it ---- */

static void board_without_lines(struct board *board) {
        board_do(board, &(struct session_request){ .kind = SESSION_ENTER });
        board->config.entry = (struct entry_config){ 0 };
}

/* A byte lost in any packet: the ROM waits for the rest for ever, and filler must end that. */
static void a_chip_that_nobody_resets_is_brought_back_in_step(void **state) {
        static const char *const chips[] = { "STM32F103RC", "STM32F405", "STM32L476", "STM32L072" };
        static const enum virtual_fault_type types[] = {
                VIRTUAL_FAULT_LOSE_TO_CHIP,   VIRTUAL_FAULT_LOSE_TO_HOST,
                VIRTUAL_FAULT_FLIP_TO_CHIP,   VIRTUAL_FAULT_FLIP_TO_HOST,
                VIRTUAL_FAULT_INSERT_TO_HOST, VIRTUAL_FAULT_EXTRA_ACK,
        };
        unsigned runs = 0, resynced = 0;

        (void)state;
        for (size_t c = 0; c < ARRAY_SIZE(chips); c++)
                for (size_t t = 0; t < ARRAY_SIZE(types); t++)
                        for (unsigned at = 0; at < 4200; at += 61, runs++) {
                                bool counts_commands = types[t] == VIRTUAL_FAULT_EXTRA_ACK;
                                const struct virtual_fault fault = {
                                        .type = types[t],
                                        .at = counts_commands ? at / 61 : at,
                                        .detail = at % 8,
                                };
                                const struct image *old, *new;
                                struct board board;

                                open_with_old(&board, chips[c], &old, &new);
                                const struct session_request request = { .kind = SESSION_FLASH,
                                                                         .image = new };
                                board_without_lines(&board);
                                virtual_add_fault(board.drive.chip, &fault);
                                /* where Go itself is disturbed, nobody is there to say so */
                                if (!board_try(&board, &request) &&
                                    (session_outcome(board.session) != SESSION_COMPLETE ||
                                     session_failure(board.session)->phase != SESSION_PHASE_LEAVE))
                                        fail_msg("%s fault %d at %u: %s", chips[c], (int)types[t],
                                                 at, board_text(&board));
                                assert_true(drive_holds(board.drive.chip, new));
                                assert_int_equal(
                                        virtual_state(board.drive.chip, board.drive.now + 1000),
                                        VIRTUAL_RUNNING);
                                resynced += session_info(board.session)->recoveries > 0;
                                close_both(&board, old, new);
                        }
        print_message("%u flashes without lines, %u brought back in step\n", runs, resynced);
        assert_true(resynced > runs / 4);
}

/* Erases with the n-th byte towards the host lost. False: so many the job does not hear. */
static bool erase_without_byte(const char *chip, unsigned n, unsigned *ret_recoveries) {
        const struct virtual_fault fault = { .type = VIRTUAL_FAULT_LOSE_TO_HOST, .at = n };
        const struct session_request erase = { .kind = SESSION_ERASE,
                                               .address = 0x08000000,
                                               .length = 0x4000 };
        const struct image *old, *new;
        struct board board;

        open_with_old(&board, chip, &old, &new);
        board_without_lines(&board);
        size_t heard = board.drive.heard;
        assert_int_equal(virtual_add_fault(board.drive.chip, &fault), 0);
        board_do(&board, &erase);
        assert_int_equal(board_peek(&board, 0x08000000, 4), 0xFFFFFFFF);
        assert_int_equal(board_peek(&board, 0x08000800, 4), 0xFFFFFFFF);
        *ret_recoveries = session_info(board.session)->recoveries;
        heard = board.drive.heard - heard;
        close_both(&board, old, new);
        return n < heard;
}

/* 02 completes a page count of 0x44: there FF is the filler. */
static void any_answer_of_an_erase_may_be_lost(void **state) {
        static const char *const chips[] = { "STM32F103RC", "STM32F030C8", "STM32L476" };

        (void)state;
        for (size_t c = 0; c < ARRAY_SIZE(chips); c++) {
                unsigned n, recoveries, resynced = 0;

                for (n = 0; erase_without_byte(chips[c], n, &recoveries); n++)
                        resynced += recoveries > 0;
                print_message("%s: %u answers lost, %u brought back in step\n", chips[c], n,
                              resynced);
                assert_true(resynced > n * 9 / 10);
        }
}

/* Filler may have done harm to what was verified before it: all of it is verified again. */
static void after_filler_all_is_verified_again(void **state) {
        unsigned exchanges[2];

        (void)state;
        for (unsigned disturbed = 0; disturbed < 2; disturbed++) {
                const struct virtual_fault lost = { .type = VIRTUAL_FAULT_LOSE_TO_HOST,
                                                    .at = 3000 };
                const struct image *old, *new;
                struct board board;

                open_with_old(&board, "STM32F405", &old, &new);
                const struct session_request verify = { .kind = SESSION_VERIFY, .image = old };
                board_without_lines(&board);
                unsigned before = virtual_counters(board.drive.chip)->exchanges;
                if (disturbed) /* late in the read-back */
                        assert_int_equal(virtual_add_fault(board.drive.chip, &lost), 0);
                board_do(&board, &verify);
                assert_int_equal(session_info(board.session)->recoveries, disturbed);
                exchanges[disturbed] = virtual_counters(board.drive.chip)->exchanges - before;
                close_both(&board, old, new);
        }
        /* twelve blocks, and the Get ID of the recovery */
        assert_true(exchanges[1] >= exchanges[0] + OLD_SIZE / 256 + 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(cancelled_at_any_moment_the_outcome_holds),
                cmocka_unit_test(a_long_erase_is_abandoned),
                cmocka_unit_test(a_vector_table_with_a_hole_never_starts),
                cmocka_unit_test(the_port_gone_at_any_send_is_reported_truly),
                cmocka_unit_test(a_late_second_nack_is_not_taken_for_the_next_answer),
                cmocka_unit_test(a_chip_that_nobody_resets_is_brought_back_in_step),
                cmocka_unit_test(any_answer_of_an_erase_may_be_lost),
                cmocka_unit_test(after_filler_all_is_verified_again),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
