/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Images behind a bootloader of the user's: what is said of the chip is true, whatever happened. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "boot/failure.h"
#include "util/bytes.h"
#include "util/macro.h"

#define OFFSET 0x8000U
#define SIZE   9000

struct scene {
        struct board board;
        struct image *front, *old, *new; /* the bootloader; what is behind it */
};

static struct image *image_behind(const struct chip *chip, unsigned seed, bool has_table) {
        struct image *image = drive_image(chip, SIZE, seed);
        uint8_t *data = image->segments[0].data;

        image->segments[0].address += OFFSET;
        put_le32(data + 4, has_table ? get_le32(data + 4) + OFFSET : 0x12345678);
        return image;
}

static void scene_open(struct scene *scene, const char *chip, bool has_table) {
        struct board *board = &scene->board;

        board_open(board, chip, NULL);
        scene->front = drive_image(board->chip, 3000, 1);
        scene->old = image_behind(board->chip, 2, has_table);
        scene->new = image_behind(board->chip, 3, has_table);
        board_put(board, scene->front);
        board_put(board, scene->old);
}

static void scene_close(struct scene *scene) {
        image_free(scene->front);
        image_free(scene->old);
        image_free(scene->new);
        board_close(&scene->board);
}

/* What the failure says of the chip, held against the chip. */
static void check_what_is_said(struct scene *scene) {
        struct board *board = &scene->board;
        const struct session_failure *f = session_failure(board->session);
        char *text = board_text(board);

        assert_non_null(f);
        bool front_stands = drive_holds(board->drive.chip, scene->front);
        bool starts = (board_cycle_power(board),
                       virtual_state(board->drive.chip, board->drive.now) == VIRTUAL_RUNNING);
        assert_int_equal(starts, front_stands);
        switch (f->outcome) {
        case SESSION_UNTOUCHED:
                assert_true(drive_holds(board->drive.chip, scene->old));
                break;
        case SESSION_COMPLETE:
                assert_true(drive_holds(board->drive.chip, scene->new));
                break;
        case SESSION_NOT_BOOTABLE:
                assert_int_equal(f->remains.boot_stands, starts);
                assert_int_equal(f->remains.boot_address, board->chip->flash_start);
                assert_int_equal(strstr(text, "holds no bootable firmware") == NULL, starts);
                assert_int_equal(strstr(text, "does not start") == NULL, starts);
                assert_int_equal(strstr(text, "was not touched and decides") != NULL, starts);
                break;
        }
        free(text);
}

static void cancel_everywhere(const char *chip, bool has_table, enum plan_erase erase) {
        unsigned n = 0, untouched = 0, stands = 0, lost = 0;

        for (uint64_t at = 3 * USEC_PER_MSEC;; at += 61 * USEC_PER_MSEC) {
                struct scene scene;

                scene_open(&scene, chip, has_table);
                const struct session_request request = { .kind = SESSION_FLASH,
                                                         .image = scene.new,
                                                         .erase = erase };

                scene.board.drive.cancel_at = scene.board.drive.now + at;
                bool done = board_try(&scene.board, &request);
                if (!done) {
                        const struct session_failure *f = session_failure(scene.board.session);

                        n++;
                        untouched += f->outcome == SESSION_UNTOUCHED;
                        stands += f->outcome == SESSION_NOT_BOOTABLE && f->remains.boot_stands;
                        lost += f->outcome == SESSION_NOT_BOOTABLE && !f->remains.boot_stands;
                        check_what_is_said(&scene);
                }
                scene_close(&scene);
                if (done)
                        break;
        }
        print_message("%s: %u cancelled: untouched %u, bootloader stands %u, lost %u\n", chip, n,
                      untouched, stands, lost);
        assert_true(untouched > 0);
        assert_true(erase == PLAN_ERASE_ALL ? lost > 0 : stands > 3 && lost == 0);
}

static void what_is_said_of_a_cancelled_flash_is_true(void **state) {
        static const char *const chips[] = { "STM32F103RC", "STM32F405", "STM32G071" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                cancel_everywhere(chips[i], true, PLAN_ERASE_TOUCHED);
                cancel_everywhere(chips[i], false, PLAN_ERASE_TOUCHED);
        }
        cancel_everywhere("STM32F103RC", true, PLAN_ERASE_ALL);
}

static void what_is_said_of_a_cancelled_erase_is_true(void **state) {
        unsigned stands = 0;

        (void)state;
        for (uint64_t at = 50 * USEC_PER_MSEC;; at += 23 * USEC_PER_MSEC) {
                struct scene scene;

                scene_open(&scene, "STM32F103RC", true);
                const struct session_request request = { .kind = SESSION_ERASE,
                                                         .address = 0x08000000 + OFFSET,
                                                         .length = SIZE };
                scene.board.drive.cancel_at = scene.board.drive.now + at;
                bool done = board_try(&scene.board, &request);
                if (!done) {
                        const struct session_failure *f = session_failure(scene.board.session);

                        assert_true(f->outcome == SESSION_UNTOUCHED || f->remains.boot_stands);
                        stands += f->remains.boot_stands;
                        check_what_is_said(&scene);
                }
                scene_close(&scene);
                if (done)
                        break;
        }
        assert_true(stands > 0);
}

static void why_it_is_not_power_fail_safe_is_known(void **state) {
        (void)state;
        for (unsigned has_table = 0; has_table < 2; has_table++) {
                struct scene scene;

                scene_open(&scene, "STM32F103RC", has_table);
                board_do(&scene.board,
                         &(struct session_request){ .kind = SESSION_FLASH, .image = scene.new });
                enum plan_safety safety = session_info(scene.board.session)->safety;
                assert_int_equal(safety, has_table ? PLAN_BEHIND : PLAN_WITHOUT_HEAD);
                assert_non_null(strstr(failure_risk(safety), "what the chip boots from"));
                assert_true(drive_runs(&scene.board.drive));
                assert_int_equal(virtual_running_from(scene.board.drive.chip), 0x08000000);
                scene_close(&scene);
        }
        assert_null(failure_risk(PLAN_SAFE));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_said_of_a_cancelled_flash_is_true),
                cmocka_unit_test(what_is_said_of_a_cancelled_erase_is_true),
                cmocka_unit_test(why_it_is_not_power_fail_safe_is_known),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
