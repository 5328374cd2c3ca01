/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A ROM that refuses to erase: what was not begun has left the application as it was. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "boot/session_internal.h"
#include "util/macro.h"

static const struct refusal {
        const char *chip;
        struct session_request request; /* FLASH: the image is filled in */
} refusals[] = {
        { "STM32F405", { .kind = SESSION_FLASH } },
        { "STM32F103RC", { .kind = SESSION_FLASH } },
        { "STM32G071", { .kind = SESSION_FLASH } },
        { "STM32G0B1", { .kind = SESSION_FLASH } }, /* two banks */
        { "STM32L476", { .kind = SESSION_ERASE } },
        { "STM32F429", { .kind = SESSION_ERASE, .mass_erase = true } },
        { "STM32F429", { .kind = SESSION_ERASE, .bank = 1 } },
};

/* What goes wrong while an erase is said, and what has been so far. */
struct script {
        struct session *session;
        bool all;  /* once an erase was refused, so is everything */
        bool torn; /* the first one is carried out, but the answer is lost */
        bool lost, refused;
};

static bool is_erase(const struct session *session) {
        uint8_t command = session->rom.link.exchange.command;

        return command == AN3155_ERASE || command == AN3155_EXTENDED_ERASE ||
               command == AN3155_READOUT_UNPROTECT;
}

static void add_fault(struct drive *drive, enum virtual_fault_type type) {
        virtual_clear_faults(drive->chip);
        assert_int_equal(virtual_add_fault(drive->chip, &(struct virtual_fault){ .type = type }),
                         0);
}

static void interfere(struct drive *drive, uint64_t until) {
        struct script *script = drive->data;
        const struct link *link = &script->session->rom.link;

        (void)until;
        if (link->activity != LINK_EXCHANGE)
                return;
        if (script->torn && !script->lost) {
                if (!is_erase(script->session) || link->exchange.stage == 0)
                        return;
                script->lost = true;
                add_fault(drive, VIRTUAL_FAULT_LOSE_TO_HOST);
        } else if (link->exchange.stage == 0 &&
                   (is_erase(script->session) || (script->all && script->refused))) {
                script->refused = true;
                add_fault(drive, VIRTUAL_FAULT_NACK);
        }
}

static void try_in_vain(struct board *board, const struct session_request *request,
                        struct script *script) {
        session_free(board->session);
        assert_int_equal(session_new(&board->config, request, &board->session), 0);
        script->session = board->session;
        board->drive.data = script;
        board->drive.before_wait = interfere;
        assert_false(drive_session(&board->drive, board->session));
        board->drive.before_wait = NULL;
        assert_true(script->refused);
}

/* Does the job, which fails; the application's image is the caller's. */
static struct image *run(struct board *board, const struct refusal *r, struct script *script) {
        struct session_request request = r->request;

        board_open(board, r->chip, NULL);
        struct image *old = drive_image(board->chip, 9000, 1);
        struct image *new = drive_image(board->chip, 9000, 2);
        board_put(board, old);
        request.image = request.kind == SESSION_FLASH ? new : NULL;
        try_in_vain(board, &request, script);
        image_free(new);
        return old;
}

static void an_erase_that_never_began_leaves_the_application_running(void **state) {
        (void)state;
        for (size_t i = 0; i < 2 * ARRAY_SIZE(refusals); i++) {
                struct script script = { .all = i % 2 };
                struct board board;
                struct image *old = run(&board, &refusals[i / 2], &script);
                const struct session_failure *f = session_failure(board.session);

                assert_int_equal(f->error, SESSION_NACK);
                assert_int_equal(f->stage, 0);
                assert_int_equal(f->outcome, SESSION_UNTOUCHED);
                assert_int_equal(virtual_counters(board.drive.chip)->page_erases, 0);
                assert_int_equal(virtual_counters(board.drive.chip)->mass_erases, 0);
                assert_true(drive_holds(board.drive.chip, old));
                assert_true(drive_runs(&board.drive));
                board_check_left(&board);
                image_free(old);
                board_close(&board);
        }
}

static void an_erase_that_may_have_begun_is_not_said_to_have_left_all_as_it_was(void **state) {
        (void)state;
        for (size_t i = 0; i < 2 * ARRAY_SIZE(refusals); i++) {
                struct script script = { .all = i % 2, .torn = true };
                struct board board;
                struct image *old = run(&board, &refusals[i / 2], &script);

                assert_true(script.lost);
                assert_int_equal(session_failure(board.session)->outcome, SESSION_NOT_BOOTABLE);
                assert_false(drive_holds(board.drive.chip, old));
                board_check_left(&board);
                image_free(old);
                board_close(&board);
        }
}

/* AN2606: a chip that does so for good does not even enter its ROM, but for F74xxx and F75xxx. */
static void a_refusal_to_lift_readout_protection_does_not_condemn_the_chip(void **state) {
        const struct session_request protect = { .kind = SESSION_READOUT_PROTECT };
        const struct session_request unprotect = { .kind = SESSION_READOUT_UNPROTECT };
        struct script script = { 0 };
        struct board board;

        (void)state;
        board_open(&board, "STM32F405", NULL);
        struct image *old = drive_image(board.chip, 9000, 1);
        board_put(&board, old);
        board_do(&board, &protect);
        try_in_vain(&board, &unprotect, &script);
        assert_int_equal(session_failure(board.session)->error, SESSION_NACK);
        assert_int_equal(session_failure(board.session)->outcome, SESSION_UNTOUCHED);
        char *text = board_text(&board);
        assert_non_null(strstr(text, "Try again, and measure the supply"));
        assert_null(strstr(text, "replaced"));
        free(text);
        assert_true(drive_holds(board.drive.chip, old));
        board_check_left(&board);
        image_free(old);
        board_close(&board);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_erase_that_never_began_leaves_the_application_running),
                cmocka_unit_test(
                        an_erase_that_may_have_begun_is_not_said_to_have_left_all_as_it_was),
                cmocka_unit_test(a_refusal_to_lift_readout_protection_does_not_condemn_the_chip),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
