/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The power of gateway and chip fails at every exchange and inside every program unit while new
 * firmware is flashed over old, once for each kind of flash. What then starts is the old firmware
 * or the new one, whole; never a part of one. The next flash succeeds. Behind a bootloader that one
 * starts, and what it looks at, stack pointer and reset vector, is there only of an image that is
 * whole.
 *
 * Each cut is tried in a child that is forked where it happens, so the flash itself runs only once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "drive.h"
#include "util/bytes.h"
#include "util/macro.h"

#define OLD_SIZE 16384
#define NEW_SIZE 16384

/* Of firmware behind a bootloader. */
#define OFFSET 0x8000U

/* The next flash is run after one cut of so many: it takes longer than all the rest. */
#define REFLASH_EVERY 97

enum verdict {
        VERDICT_OLD = 0,
        VERDICT_NEW = 1,
        VERDICT_NOTHING = 2,
        VERDICT_PARTIAL_STARTS = 10,
        VERDICT_NEXT_FLASH_FAILS = 11,
        VERDICT_FRONT_LOST = 12,
};

struct cuts {
        const struct chip *chip;
        const struct image *old, *new;
        const struct image *front; /* the bootloader; NULL: none */
        size_t units;              /* of the write on its way */
        unsigned n, inside, old_starts, new_starts, nothing_starts, reflashed;
        char complaint[128];
};

static struct session_request flash_request(const struct chip *chip, const struct image *image) {
        return (struct session_request){
                .kind = SESSION_FLASH,
                .image = image,
                .enable_boot_pin = chip->quirks & CHIP_QUIRK_PIN_OFF,
        };
}

/* As bootloaders check what they start. */
static bool looks_whole(struct drive *drive, const struct cuts *cuts) {
        const struct chip *chip = cuts->chip;
        uint32_t start = chip->flash_start + OFFSET;
        uint8_t words[8];

        if (!virtual_peek(drive->chip, start, words, sizeof(words)))
                return false;
        return get_le32(words) == get_le32(cuts->new->segments[0].data) &&
               get_le32(words + 4) - start < NEW_SIZE;
}

static enum verdict look(struct drive *drive, const struct cuts *cuts) {
        bool runs;

        virtual_set_lines(drive->chip, drive->now, false, false, false);
        virtual_power_on(drive->chip, drive->now);
        drive->now += 5 * USEC_PER_SEC;
        runs = virtual_state(drive->chip, drive->now) == VIRTUAL_RUNNING;
        if (cuts->front) {
                if (!runs || !drive_holds(drive->chip, cuts->front) ||
                    virtual_running_from(drive->chip) != cuts->chip->flash_start)
                        return VERDICT_FRONT_LOST;
                runs = looks_whole(drive, cuts);
        }
        if (!runs)
                return VERDICT_NOTHING;
        if (drive_holds(drive->chip, cuts->new))
                return VERDICT_NEW;
        return drive_holds(drive->chip, cuts->old) ? VERDICT_OLD : VERDICT_PARTIAL_STARTS;
}

static bool reflash(struct drive *drive, const struct cuts *cuts) {
        struct session_config config = drive_config(cuts->chip);
        struct session_request request = flash_request(cuts->chip, cuts->new);
        struct drive again = { .chip = drive->chip, .now = drive->now };
        struct session *session;

        if (session_new(&config, &request, &session) < 0)
                return false;
        return drive_session(&again, session) && drive_holds(again.chip, cuts->new) &&
               drive_runs(&again);
}

static void cut_at(struct drive *drive, uint64_t when) {
        struct cuts *cuts = drive->data;
        bool reflashes = cuts->n % REFLASH_EVERY == 0;
        int status;

        cuts->n++;
        fflush(NULL);
        pid_t child = fork();
        if (child < 0) {
                snprintf(cuts->complaint, sizeof(cuts->complaint), "fork failed");
                return;
        }
        if (child == 0) {
                virtual_power_off(drive->chip, when);
                drive->now = when + 100 * USEC_PER_MSEC;
                enum verdict verdict = look(drive, cuts);
                if (verdict < VERDICT_PARTIAL_STARTS && reflashes && !reflash(drive, cuts))
                        verdict = VERDICT_NEXT_FLASH_FAILS;
                _exit((int)verdict);
        }
        if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
                status = -1;
        cuts->reflashed += reflashes;
        switch (status == -1 ? -1 : WEXITSTATUS(status)) {
        case VERDICT_OLD:
                cuts->old_starts++;
                break;
        case VERDICT_NEW:
                cuts->new_starts++;
                break;
        case VERDICT_NOTHING:
                cuts->nothing_starts++;
                break;
        default:
                if (cuts->complaint[0] == '\0')
                        snprintf(cuts->complaint, sizeof(cuts->complaint),
                                 "cut %u at %llu us: verdict %d", cuts->n, (unsigned long long)when,
                                 status == -1 ? -1 : WEXITSTATUS(status));
        }
}

/* Bytes that the ROM programs at once: F2/F4/F7 begin in byte mode (AN2606, 0xFFFF0000). */
static size_t program_width(const struct chip *chip) {
        return chip->quirks & CHIP_QUIRK_VOLTAGE_RANGE ? 1 : chip->program_unit;
}

static void before_wait(struct drive *drive, uint64_t until) {
        struct cuts *cuts = drive->data;
        uint64_t from = drive->now;
        size_t width = program_width(cuts->chip);

        if (drive->last_sent > 0) { /* a new stage of an exchange */
                cut_at(drive, from);
                if (until > from + 1)
                        cut_at(drive, from + (until - from) / 2);
                /* N, the data and its checksum: longer than an address. */
                cuts->units = drive->last_sent > 5 ? (drive->last_sent - 2 + width - 1) / width : 0;
                drive->last_sent = 0;
        }

        /* The bytes leave first; then comes the wait that the programming fills. */
        uint64_t unit = chip_program_usec(cuts->chip, width, CHIP_TYPICAL, false);
        if (cuts->units == 0 || until - from < cuts->units * unit)
                return;
        /* The ACK's own time on the wire, then back from unit to unit. */
        uint64_t end = until - MIN(until - from, (uint64_t)100);
        for (size_t i = cuts->units; i-- > 0;)
                if (end - from > i * unit + unit / 2) {
                        cut_at(drive, end - (i * unit + unit / 2));
                        cuts->inside++;
                }
        cuts->units = 0;
}

static void move_behind(struct image *image) {
        uint8_t *vector = image->segments[0].data + 4;

        image->segments[0].address += OFFSET;
        put_le32(vector, get_le32(vector) + OFFSET);
}

static void cut_everywhere(const char *name, bool behind) {
        const struct chip *chip = chip_by_name(name);
        struct cuts cuts = { .chip = chip };

        assert_non_null(chip);
        struct virtual_config virtual = { .chip = chip, .seed = 1 };
        struct drive drive = { .data = &cuts };
        struct session_config config = drive_config(chip);
        struct image *old = drive_image(chip, OLD_SIZE, 1), *new = drive_image(chip, NEW_SIZE, 2);
        struct image *front = drive_image(chip, 4096, 3);
        bool done;

        cuts.old = old;
        cuts.new = new;
        assert_int_equal(virtual_new(&virtual, &drive.chip), 0);
        if (behind) {
                move_behind(old);
                move_behind(new);
                assert_true(virtual_poke(drive.chip, front->segments[0].address,
                                         front->segments[0].data, front->segments[0].size));
                cuts.front = front;
        }
        virtual_power_on(drive.chip, 0);
        struct session_request request = flash_request(chip, old);
        struct session *session = drive_job(&drive, &config, &request, &done);
        assert_true(done);
        if (session_info(session)->needs_power_cycle)
                drive_cycle_power(&drive);
        session_free(session);

        drive.before_wait = before_wait;
        request = flash_request(chip, new);
        session = drive_job(&drive, &config, &request, &done);
        assert_true(done);
        session_free(session);

        print_message(
                "%s%s: %u cuts, %u of them inside program units: old starts %u, new starts %u, "
                "nothing starts %u; %u flashed again\n",
                name, behind ? " behind a bootloader" : "", cuts.n, cuts.inside, cuts.old_starts,
                cuts.new_starts, cuts.nothing_starts, cuts.reflashed);
        if (cuts.complaint[0])
                fail_msg("%s: %s", name, cuts.complaint);
        assert_true(cuts.old_starts > 10 && cuts.new_starts > 0 && cuts.nothing_starts > 500);
        assert_true(cuts.inside >= (NEW_SIZE - PLAN_BLOCK_MAX) / program_width(chip));
        assert_true(cuts.reflashed >= cuts.n / REFLASH_EVERY);
        image_free(old);
        image_free(new);
        image_free(front);
        virtual_free(drive.chip);
}

static void f1(void **state) {
        (void)state;
        cut_everywhere("STM32F103C8", false);
}

static void f4(void **state) {
        (void)state;
        cut_everywhere("STM32F405", false);
}

static void g0(void **state) {
        (void)state;
        cut_everywhere("STM32G071", false);
}

static void l0(void **state) {
        (void)state;
        cut_everywhere("STM32L072", false);
}

static void l4(void **state) {
        (void)state;
        cut_everywhere("STM32L476", false);
}

static void h7(void **state) {
        (void)state;
        cut_everywhere("STM32H743", false);
}

static void f1_behind_a_bootloader(void **state) {
        (void)state;
        cut_everywhere("STM32F103C8", true);
}

static void l4_behind_a_bootloader(void **state) {
        (void)state;
        cut_everywhere("STM32L476", true);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(f1),
                cmocka_unit_test(f4),
                cmocka_unit_test(g0),
                cmocka_unit_test(l0),
                cmocka_unit_test(l4),
                cmocka_unit_test(h7),
                cmocka_unit_test(f1_behind_a_bootloader),
                cmocka_unit_test(l4_behind_a_bootloader),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
