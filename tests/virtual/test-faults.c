/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Thousands of flashes over old firmware, each with one to three faults drawn from its seed. Each
 * ends in one of the three outcomes and reports the one that holds; afterwards, the faults gone,
 * the next flash succeeds. `test-faults SEED` runs one of them again and tells about it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/failure.h"
#include "drive.h"
#include "util/cleanup.h"
#include "util/macro.h"

#define RUNS 10000

static const char *const chips[] = {
        "STM32F103C8", "STM32F405", "STM32F030C8", "STM32G071",   "STM32L072",
        "STM32L152RC", "STM32L476", "STM32H743",   "STM32F303VC", "STM32U575",
        "STM32F411",   "STM32L412", "STM32H523",
};

static bool verbose;

static uint32_t draw(uint64_t *seed, uint32_t below) {
        *seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return (uint32_t)((*seed >> 33) % below);
}

static struct virtual_fault draw_fault(uint64_t *seed) {
        struct virtual_fault fault = { .type = 1 + draw(seed, VIRTUAL_FAULT_POWER) };

        switch (fault.type) {
        case VIRTUAL_FAULT_LOSE_TO_CHIP:
        case VIRTUAL_FAULT_FLIP_TO_CHIP:
                fault.at = draw(seed, 6000);
                fault.detail = draw(seed, 8);
                break;
        case VIRTUAL_FAULT_LOSE_TO_HOST:
        case VIRTUAL_FAULT_FLIP_TO_HOST:
        case VIRTUAL_FAULT_INSERT_TO_HOST:
                fault.at = draw(seed, 5000);
                fault.detail = fault.type == VIRTUAL_FAULT_INSERT_TO_HOST ? draw(seed, 256)
                                                                          : draw(seed, 8);
                break;
        case VIRTUAL_FAULT_LATE_TO_HOST:
                fault.at = draw(seed, 5000);
                fault.detail = draw(seed, 3000000);
                break;
        case VIRTUAL_FAULT_WRITE_LOST:
        case VIRTUAL_FAULT_WRITE_TORN:
                fault.at = draw(seed, 16);
                break;
        case VIRTUAL_FAULT_ERASE_WEAK:
                fault.at = draw(seed, 4);
                break;
        default:
                fault.at = draw(seed, 50);
                fault.detail =
                        fault.type == VIRTUAL_FAULT_POWER ? draw(seed, 40000) : draw(seed, 4);
        }
        return fault;
}

/* What a look inside says, after a reset with BOOT0 inactive. */
enum truth {
        TRUTH_OLD,
        TRUTH_NEW,
        TRUTH_NOTHING, /* does not start */
        TRUTH_PARTIAL, /* starts, and should not */
};

static enum truth find_truth(struct drive *drive, const struct image *old,
                             const struct image *new) {
        virtual_power_off(drive->chip, drive->now);
        drive->now += USEC_PER_SEC;
        virtual_set_lines(drive->chip, drive->now, false, false, false);
        virtual_power_on(drive->chip, drive->now);
        drive->now += 5 * USEC_PER_SEC;
        if (virtual_state(drive->chip, drive->now) != VIRTUAL_RUNNING)
                return TRUTH_NOTHING;
        if (drive_holds(drive->chip, new))
                return TRUTH_NEW;
        return drive_holds(drive->chip, old) ? TRUTH_OLD : TRUTH_PARTIAL;
}

/*
 * A chip that falls silent for good in the very moment when the head is erased, or when its last
 * word is written, cannot be asked any more: the report is then the cautious one.
 */
static bool is_cautious(const struct session_failure *failure, enum truth truth) {
        return failure && failure->outcome == SESSION_NOT_BOOTABLE &&
               (truth == TRUTH_OLD || truth == TRUTH_NEW) &&
               (failure->error == SESSION_SILENCE || failure->error == SESSION_GARBAGE ||
                failure->error == SESSION_NO_ENTRY || failure->error == SESSION_WRONG_CHIP);
}

struct tally {
        unsigned runs, complete, untouched, not_bootable, cautious, recovered;
};

static bool outcome_holds(enum session_outcome outcome, enum truth truth) {
        switch (outcome) {
        case SESSION_UNTOUCHED:
                return truth == TRUTH_OLD;
        case SESSION_COMPLETE:
                return truth == TRUTH_NEW;
        case SESSION_NOT_BOOTABLE:
                return truth == TRUTH_NOTHING;
        }
        return false;
}

static void explain(uint64_t seed, const struct chip *chip, const struct session *session,
                    enum truth truth) {
        const struct session_failure *failure = session_failure(session);
        const struct session_config config = drive_config(chip);
        const struct advice_context context = {
                .chip = chip, .entry = &config.entry, .baud = config.baud, .is_virtual = true
        };
        _cleanup_free_ char *text = failure ? failure_to_text("chip", failure, &context) : NULL;

        print_message("seed %llu, %s: reported %d, really %d\n%s\n", (unsigned long long)seed,
                      chip->name, (int)session_outcome(session), (int)truth, text ? text : "done");
}

static void run(uint64_t first_seed, struct tally *tally) {
        uint64_t seed = first_seed * 2654435761U + 12345;
        const struct chip *chip = chip_by_name(chips[draw(&seed, ARRAY_SIZE(chips))]);
        const struct session_config config = drive_config(chip);
        uint32_t size = 2048 + draw(&seed, 2048);
        struct image *old = drive_image(chip, 4096, 1), *new = drive_image(chip, size, 2);
        struct session_request request = { .kind = SESSION_FLASH,
                                           .image = old,
                                           .enable_boot_pin = chip->quirks & CHIP_QUIRK_PIN_OFF };
        struct drive drive = { .chip = drive_chip(chip, first_seed) };
        struct session *session;
        bool done;

        session = drive_job(&drive, &config, &request, &done);
        if (!done)
                explain(first_seed, chip, session, TRUTH_NOTHING);
        assert_true(done);
        session_free(session);

        for (unsigned i = 0, n = 1 + draw(&seed, 3); i < n; i++) {
                struct virtual_fault fault = draw_fault(&seed);

                assert_int_equal(virtual_add_fault(drive.chip, &fault), 0);
                if (verbose)
                        print_message("fault %d at %llu, detail %u\n", (int)fault.type,
                                      (unsigned long long)fault.at, fault.detail);
        }
        request.image = new;
        session = drive_job(&drive, &config, &request, &done);
        virtual_clear_faults(drive.chip);

        enum truth truth = find_truth(&drive, old, new);
        enum session_outcome outcome = session_outcome(session);
        bool cautious = is_cautious(session_failure(session), truth);
        if (verbose)
                explain(first_seed, chip, session, truth);
        if (!outcome_holds(outcome, truth) && !cautious) {
                explain(first_seed, chip, session, truth);
                fail_msg("seed %llu: the report does not hold", (unsigned long long)first_seed);
        }
        assert_true(done == (outcome == SESSION_COMPLETE) || session_failure(session));
        assert_false(drive.percent_fell);
        if (drive.boot0 || drive.reset)
                fail_msg("seed %llu: the lines are left driven", (unsigned long long)first_seed);
        assert_int_equal(virtual_counters(drive.chip)->option_torn, 0);
        tally->runs++;
        tally->complete += outcome == SESSION_COMPLETE;
        tally->untouched += outcome == SESSION_UNTOUCHED;
        tally->not_bootable += outcome == SESSION_NOT_BOOTABLE;
        tally->cautious += cautious;
        tally->recovered += done && session_info(session)->recoveries > 0;
        session_free(session);

        session = drive_job(&drive, &config, &request, &done);
        if (!done || !drive_holds(drive.chip, new) || !drive_runs(&drive)) {
                explain(first_seed, chip, session, TRUTH_NOTHING);
                fail_msg("seed %llu: the next flash does not succeed",
                         (unsigned long long)first_seed);
        }
        session_free(session);
        image_free(old);
        image_free(new);
        virtual_free(drive.chip);
}

static uint64_t only_seed;

static void each_faulty_run_ends_in_the_outcome_that_it_reports(void **state) {
        struct tally tally = { 0 };

        (void)state;
        if (only_seed > 0) {
                verbose = true;
                run(only_seed, &tally);
                return;
        }
        for (uint64_t seed = 1; seed <= RUNS; seed++)
                run(seed, &tally);
        print_message("%u faulty runs: complete %u (%u after recovery), untouched %u, "
                      "not bootable %u (of them %u cautiously)\n",
                      tally.runs, tally.complete, tally.recovered, tally.untouched,
                      tally.not_bootable, tally.cautious);
        /* the sweep must reach all of them to prove anything */
        assert_true(tally.complete > 1000 && tally.recovered > 1000);
        assert_true(tally.untouched > 50 && tally.not_bootable > 50);
        assert_true(tally.cautious < 200);
}

int main(int argc, char *argv[]) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_faulty_run_ends_in_the_outcome_that_it_reports),
        };

        if (argc > 1)
                only_seed = strtoull(argv[1], NULL, 10);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
