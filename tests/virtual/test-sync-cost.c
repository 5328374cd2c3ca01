/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a boot-time sync costs where the chip is current: less than a second at 115200 baud beside
 * the chip's start-up, on a virtual clock, for every row that can be flashed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drive.h"
#include "util/macro.h"

#define BAUD       115200
#define IMAGE_SIZE (128U << 10)

static uint64_t do_job(struct drive *drive, const struct chip *chip,
                       const struct session_request *request, bool *ret_unchanged) {
        struct session_config config = drive_config(chip);
        uint64_t begin = drive->now;
        bool done;

        config.baud = BAUD;
        struct session *session = drive_job(drive, &config, request, &done);
        assert_true(done);
        *ret_unchanged = session_info(session)->unchanged;
        uint64_t took = drive->now - begin;

        if (session_info(session)->needs_power_cycle)
                drive_cycle_power(drive);
        session_free(session);
        return took;
}

/* Beside the start-up; 0: nobody gets into this chip a second time. */
static uint64_t cost(const struct chip *chip) {
        bool unchanged;
        struct drive drive = { .chip = drive_chip(chip, chip->id) };
        struct image *image = drive_image(chip, MIN(chip->flash_size, IMAGE_SIZE), chip->id);
        struct session_request request = {
                .kind = SESSION_FLASH,
                .image = image,
                .enable_boot_pin = chip->quirks & CHIP_QUIRK_PIN_OFF,
        };
        uint64_t took = 0;

        if (!drive_enters_once(chip)) {
                (void)do_job(&drive, chip, &request, &unchanged);
                request.check = SESSION_CHECK_FAST;
                request.seed = chip->id;
                took = do_job(&drive, chip, &request, &unchanged);
                assert_true(unchanged);
                took -= MIN(took, (uint64_t)chip->startup_usec);
        }
        image_free(image);
        virtual_free(drive.chip);
        return took;
}

static void a_current_chip_costs_less_than_a_second(void **state) {
        const struct chip *dearest = NULL;
        uint64_t most = 0;
        unsigned rows = 0;

        (void)state;
        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];

                if (chip->unusable)
                        continue;
                uint64_t took = cost(chip);

                rows += took > 0;
                if (took > most) {
                        most = took;
                        dearest = chip;
                }
                if (took >= USEC_PER_SEC)
                        print_message("%s (0x%03x): %.3f s\n", chip->name, chip->id,
                                      (double)took / 1e6);
        }
        print_message("%u rows, at most %.3f s beside the start-up (%s)\n", rows,
                      (double)most / 1e6, dearest ? dearest->name : "none");
        assert_true(most < USEC_PER_SEC);
        assert_true(rows > 80);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_current_chip_costs_less_than_a_second),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
