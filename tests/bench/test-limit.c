/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How near the daemon's conversation with a chip comes to the limit, on a virtual clock, in the
 * cells of the bench. What the conversation has more is identity, option bytes and the head, looked
 * at before and after; what the host adds is left to the bench.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "drive.h"
#include "limit.h"
#include "util/macro.h"

#define IMAGE_SIZE (128U << 10)
#define BLOCK      256
#define SHARE_MIN  0.995

struct stopwatch {
        const struct session *session;
        uint64_t verify; /* microseconds in that phase */
};

static void count_verify(struct drive *drive, uint64_t until) {
        struct stopwatch *stopwatch = drive->data;
        struct session_progress progress;

        session_progress(stopwatch->session, &progress);
        if (progress.phase == SESSION_PHASE_VERIFY && until > drive->now)
                stopwatch->verify += until - drive->now;
}

/* In its ROM, with BOOT0 high for good. */
static void new_chip(struct drive *drive, const struct chip *chip) {
        struct virtual_config config = { .chip = chip, .seed = chip->id };

        assert_int_equal(virtual_new(&config, &drive->chip), 0);
        virtual_power_off(drive->chip, 0);
        virtual_set_lines(drive->chip, 0, false, true, false);
        virtual_power_on(drive->chip, 0);
        drive->now = USEC_PER_SEC;
}

static void check_share(const struct chip *chip, unsigned baud, bool verify, uint64_t time) {
        uint64_t limit = limit_usec(chip, IMAGE_SIZE, baud, verify);
        double share = (double)limit / (double)time;

        print_message("%-5s %6u  %-14s limit %6.3f s, %5.1f ms more: %.4f\n", chip->family, baud,
                      verify ? "write + verify" : "write", (double)limit / 1e6,
                      ((double)time - (double)limit) / 1e3, share);
        assert_true(share >= SHARE_MIN);
        assert_true(share < 1);
}

static void check_cell(const char *name, unsigned baud) {
        struct stopwatch stopwatch = { 0 };
        struct drive drive = { .before_wait = count_verify, .data = &stopwatch };
        const struct session_config config = { .baud = baud };
        const struct chip *chip = chip_by_name(name);
        struct image *image = drive_image(chip, IMAGE_SIZE, 1);
        const struct session_request request = {
                .kind = SESSION_FLASH,
                .image = image,
                .one_piece = true, /* G0: no lines, no way back into its ROM */
        };
        struct session *session;

        new_chip(&drive, chip);
        assert_int_equal(session_new(&config, &request, &session), 0);
        stopwatch.session = session;
        uint64_t begin = drive.now;
        assert_true(drive_session(&drive, session));
        uint64_t time = drive.now - begin;

        assert_true(drive_holds(drive.chip, image));
        /* the head block, too, is read back, in a phase of its own */
        uint64_t verify = stopwatch.verify * IMAGE_SIZE / (IMAGE_SIZE - BLOCK);
        check_share(chip, baud, false, time - verify);
        check_share(chip, baud, true, time);
        session_free(session);
        image_free(image);
        virtual_free(drive.chip);
}

static void the_conversation_is_near_the_limit(void **state) {
        static const char *const chips[] = { "STM32F103xE", "STM32F407", "STM32G0B1" };
        static const unsigned bauds[] = { 921600, 460800, 115200 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bauds); i++)
                for (size_t k = 0; k < ARRAY_SIZE(chips); k++)
                        check_cell(chips[k], bauds[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_conversation_is_near_the_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
