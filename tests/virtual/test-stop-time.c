/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How long stmbootd may take to stop: a job that is cancelled ends as soon as nothing critical
 * runs, and systemd must not kill it before that. The chip falls silent at the worst moment, of
 * every row of the table; the unit file allows for it.
 *
 *   test-stop-time UNIT-FILE
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "util/cleanup.h"
#include "util/macro.h"

/* In the longest of these phases the chip is heard of so often before it is left alone with an
 * erase; what comes after that is the same again. */
#define WAITS_MAX 20

static const char *unit_file;

/* When it waits for the n-th time in this phase, the job is cancelled and the chip falls silent. */
struct silence {
        enum session_phase phase;
        unsigned countdown;
        unsigned bytes; /* that still come: 0, or 1 and none a second later */
        const struct session *session;
        uint64_t cancelled; /* 0: it did not come to that */
};

static void fall_silent(struct drive *drive, uint64_t until) {
        static const struct virtual_fault lost = { VIRTUAL_FAULT_LOSE_TO_HOST, 1, 0 };
        struct silence *silence = drive->data;
        struct session_progress progress;

        (void)until;
        session_progress(silence->session, &progress);
        if (!silence->cancelled && progress.phase == silence->phase && --silence->countdown == 0) {
                silence->cancelled = drive->cancel_at = drive->now + 1;
                if (silence->bytes > 0)
                        assert_int_equal(virtual_add_fault(drive->chip, &lost), 0);
        }
        if (silence->cancelled &&
            drive->now + 1 >= silence->cancelled + silence->bytes * USEC_PER_SEC)
                virtual_power_off(drive->chip, drive->now);
}

/* From the cancellation to the end of the job; 0: it never waited that often. */
static uint64_t time_to_stop(const struct chip *chip, const struct session_request *request,
                             bool has_reset, enum session_phase phase, unsigned which,
                             unsigned bytes) {
        struct silence silence = { .phase = phase, .countdown = which, .bytes = bytes };
        struct session *session;
        struct board board;
        char id[8];

        (void)snprintf(id, sizeof(id), "0x%03X", chip->id);
        board_open(&board, id, NULL);
        if (!has_reset) { /* somebody has brought it into its ROM by hand */
                virtual_set_lines(board.drive.chip, 0, true, true, false);
                virtual_set_lines(board.drive.chip, USEC_PER_SEC, false, true, false);
                board.drive.now = 10 * USEC_PER_SEC;
                board.config.entry = (struct entry_config){ 0 };
        }
        assert_int_equal(session_new(&board.config, request, &session), 0);
        silence.session = session;
        board.drive.before_wait = fall_silent;
        board.drive.data = &silence;
        (void)drive_session(&board.drive, session);
        uint64_t time = silence.cancelled ? board.drive.now - silence.cancelled : 0;
        session_free(session);
        board_close(&board);
        return time;
}

static uint64_t time_allowed(void) {
        _cleanup_fclose_ FILE *file = fopen(unit_file, "re");
        unsigned seconds = 0;
        char line[256];

        assert_non_null(file);
        while (fgets(line, sizeof(line), file))
                if (sscanf(line, "TimeoutStopSec=%us", &seconds) == 1)
                        return seconds * USEC_PER_SEC;
        fail_msg("%s has no TimeoutStopSec=", unit_file);
        return 0;
}

static void the_unit_waits_for_the_longest_critical_section(void **state) {
        static const struct {
                const char *name;
                struct session_request request;
                enum session_phase phase;
        } jobs[] = {
                { "readout unprotect",
                  { .kind = SESSION_READOUT_UNPROTECT },
                  SESSION_PHASE_PROTECT },
                { "readout protect", { .kind = SESSION_READOUT_PROTECT }, SESSION_PHASE_PROTECT },
                { "mass erase",
                  { .kind = SESSION_ERASE, .mass_erase = true },
                  SESSION_PHASE_ERASE },
                { "erase", { .kind = SESSION_ERASE }, SESSION_PHASE_ERASE },
        };
        const char *slowest = NULL, *kind = NULL;
        uint64_t longest = 0;
        unsigned runs = 0;

        (void)state;
        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];

                if (chip->unusable)
                        continue;
                for (size_t k = 0; k < 2 * ARRAY_SIZE(jobs); k++)
                        for (unsigned which = 2; which <= 2 * WAITS_MAX; which++) {
                                uint64_t time =
                                        time_to_stop(chip, &jobs[k / 2].request, k % 2,
                                                     jobs[k / 2].phase, which / 2, which % 2);

                                if (time == 0)
                                        break;
                                runs++;
                                if (time <= longest)
                                        continue;
                                longest = time;
                                slowest = chip->name;
                                kind = jobs[k / 2].name;
                        }
        }
        assert_non_null(slowest);
        print_message("%u jobs were stopped while their chip was silent; the longest took %llu s "
                      "(%s, %s)\n",
                      runs, (unsigned long long)(longest / USEC_PER_SEC), slowest, kind);
        assert_true(runs > 500);
        /* A second for what the daemon does besides. */
        assert_true(longest + USEC_PER_SEC <= time_allowed());
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_unit_waits_for_the_longest_critical_section),
        };

        if (argc != 2)
                return EXIT_FAILURE;
        unit_file = argv[1];
        return cmocka_run_group_tests(tests, NULL, NULL);
}
