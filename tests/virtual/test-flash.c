/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every row of the device table that can be flashed: erase, flash, verify, run, its quirks on. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drive.h"
#include "util/macro.h"

static void flash_row(const struct chip *chip) {
        struct drive drive = { .chip = drive_chip(chip, chip->id) };
        struct session_config config = drive_config(chip);
        bool once = drive_enters_once(chip);
        struct image *image = drive_image(chip, MIN(chip->flash_size, 16384U), chip->id);
        struct session_request flash = {
                .kind = SESSION_FLASH,
                .image = image,
                .enable_boot_pin = chip->quirks & CHIP_QUIRK_PIN_OFF && !once,
                .one_piece = once,
        };
        unsigned rounds = once ? 1 : 3;
        bool done;

        /* onto an empty chip, then a second image over the first, then a check that finds nothing
         */
        for (unsigned round = 0; round < rounds; round++) {
                if (round == 1) {
                        image_free(image);
                        flash.image = image = drive_image(chip, MIN(chip->flash_size, 12000U), 7);
                }
                flash.check = round == 2 ? SESSION_CHECK_FULL : SESSION_CHECK_NONE;
                struct session *session = drive_job(&drive, &config, &flash, &done);
                const struct session_info *info = session_info(session);
                const struct session_failure *failure = session_failure(session);

                if (!done)
                        fail_msg("%s round %u: error %d phase %s command %02x stage %u address "
                                 "0x%08x found %02x",
                                 chip->name, round, (int)failure->error,
                                 session_phase_to_string(failure->phase), failure->command,
                                 failure->stage, failure->address, failure->found);
                assert_int_equal(info->unchanged, round == 2);
                assert_int_equal(session_outcome(session), SESSION_COMPLETE);
                assert_true(drive_holds(drive.chip, image));
                assert_int_equal(virtual_counters(drive.chip)->overprogrammed, 0);
                assert_int_equal(virtual_counters(drive.chip)->sent_while_busy, 0);
                assert_int_equal(virtual_counters(drive.chip)->option_torn, 0);
                assert_false(drive.percent_fell);
                if (!drive_runs(&drive))
                        fail_msg("%s round %u does not run: state %d", chip->name, round,
                                 (int)virtual_state(drive.chip, drive.now));
                if (info->needs_power_cycle)
                        drive_cycle_power(&drive);
                session_free(session);
        }
        image_free(image);
        virtual_free(drive.chip);
}

static void every_flashable_row_is_flashed_verified_and_runs(void **state) {
        unsigned rows = 0;

        (void)state;
        for (size_t i = 0; i < chip_table_size; i++) {
                if (chip_table[i].unusable)
                        continue;
                flash_row(&chip_table[i]);
                rows++;
        }
        print_message("%u rows of %zu: erased, flashed, verified, run\n", rows, chip_table_size);
        assert_true(rows > 80);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_flashable_row_is_flashed_verified_and_runs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
