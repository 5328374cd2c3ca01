/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Filler that brings a chip back in step may complete a torn packet, and so do harm anywhere in
 * flash. Here it does, whenever it is sent. No partial image is ever made to start, and the end is
 * whole.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/macro.h"

/* Not in the page of the head. */
#define HARM 3000

struct watch {
        const struct image *new;
        struct session *session;
        enum session_phase phase; /* in which noise is heard */
        unsigned wait;            /* at its n-th wait */
        bool disturbed;
        unsigned erases;      /* when harm was done */
        bool harmed, started; /* ... and did the image start then? */
        bool head_alone;
};

static bool starts(const struct drive *drive, const struct watch *watch) {
        const struct image_segment *segment = &watch->new->segments[0];
        uint8_t head[8];

        assert_true(virtual_peek(drive->chip, segment->address, head, sizeof(head)));
        return memcmp(head, segment->data, sizeof(head)) == 0;
}

static void do_harm(struct drive *drive, struct watch *watch) {
        const struct image_segment *segment = &watch->new->segments[0];
        uint8_t byte = segment->data[HARM] ^ 0x10;

        assert_true(virtual_poke(drive->chip, segment->address + HARM, &byte, 1));
        watch->harmed = true;
        watch->started = starts(drive, watch);
        watch->erases = virtual_counters(drive->chip)->page_erases;
}

/* Called whenever time passes. */
static void look(struct drive *drive, uint64_t until) {
        struct watch *watch = drive->data;
        struct session_progress progress;

        (void)until;
        session_progress(watch->session, &progress);
        if (!watch->disturbed && progress.phase == watch->phase && watch->wait-- == 0) {
                watch->disturbed = true;
                drive->noise_at = drive->now + 1;
        }
        if (!watch->harmed && session_info(watch->session)->recoveries > 0)
                do_harm(drive, watch);

        /* that the harm itself made a part of it is not held against the session */
        bool acted = !watch->started || virtual_counters(drive->chip)->page_erases > watch->erases;
        if (watch->harmed && acted && starts(drive, watch) && !drive_holds(drive->chip, watch->new))
                watch->head_alone = true;
}

/* Returns false when there are not so many waits in that phase. */
static bool harm(enum session_phase phase, unsigned wait, unsigned *harmed) {
        struct watch watch = { .phase = phase, .wait = wait };
        struct board board;

        board_open(&board, "STM32F103RC", NULL);
        struct image *old = drive_image(board.chip, 5000, 1);
        struct image *new = drive_image(board.chip, 4900, 2);
        static const uint8_t options[] = { 0xA5, 0x5A, 0xFE, 0x01 };
        const struct session_request request = { .kind = SESSION_FLASH,
                                                 .image = new,
                                                 .option_bytes = options,
                                                 .option_size = sizeof(options),
                                                 .after = SESSION_AFTER_STAY };

        board_put(&board, old);
        board_do(&board, &(struct session_request){ .kind = SESSION_ENTER });
        board.config.entry = (struct entry_config){ 0 };
        watch.new = new;
        assert_int_equal(session_new(&board.config, &request, &watch.session), 0);
        board.drive.data = &watch;
        board.drive.before_wait = look;
        bool done = drive_session(&board.drive, watch.session);
        if (!done || watch.head_alone || !drive_holds(board.drive.chip, new))
                fail_msg("%s, wait %u: done %d, head alone %d", session_phase_to_string(phase),
                         wait, done, watch.head_alone);
        *harmed += watch.harmed;
        session_free(watch.session);
        image_free(old);
        image_free(new);
        board_close(&board);
        return watch.disturbed;
}

static void harm_by_filler_is_mended_head_first(void **state) {
        static const struct {
                enum session_phase phase;
                unsigned step;
        } phases[] = {
                { SESSION_PHASE_WRITE, 17 },
                { SESSION_PHASE_VERIFY, 17 },
                { SESSION_PHASE_HEAD, 1 },
                { SESSION_PHASE_OPTIONS, 1 },
        };
        unsigned harmed = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
                for (unsigned wait = 0; harm(phases[i].phase, wait, &harmed);
                     wait += phases[i].step)
                        ;
        print_message("%u times harmed and mended\n", harmed);
        assert_true(harmed > 100);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(harm_by_filler_is_mended_head_first),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
