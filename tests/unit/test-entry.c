/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Line steps and waits: from the boot pattern, or as Sequence= says. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot/entry.h"
#include "util/macro.h"

/* "r1b1 10 | r0 95": lines that are set, then milliseconds */
static const char *print(const struct entry_sequence *sequence) {
        static char text[256];

        text[0] = '\0';
        for (size_t i = 0; i < sequence->n_steps; i++) {
                const struct entry_step *step = &sequence->steps[i];
                size_t n = strlen(text);
                const char *space = i > 0 ? " | " : "";

                (void)snprintf(text + n, sizeof(text) - n, "%s%s%s%s %llu", space,
                               step->lines.set_reset ? (step->lines.reset ? "r1" : "r0") : "",
                               step->lines.set_boot0 ? (step->lines.boot0 ? "b1" : "b0") : "",
                               step->lines.set_boot1 ? (step->lines.boot1 ? "B1" : "B0") : "",
                               (unsigned long long)(step->delay / USEC_PER_MSEC));
        }
        return text;
}

static void sequences_are_read_as_written(void **state) {
        static const struct {
                const char *text, *steps;
        } good[] = {
                { "reset=1 boot0=1 10ms reset=0 100ms", "r1b1 10 | r0 100" },
                { "boot1=0 reset=0", "r0B0 0" },
                { "  5ms\treset=1 1s boot0=0 ", " 5 | r1 1000 | b0 0" },
                { "0.5s", " 500" },
        };
        static const struct {
                const char *text;
                size_t offset;
        } bad[] = {
                { "", 0 },
                { "reset=2", 0 },
                { "reset=1 10", 8 }, /* ten what? */
                { "reset=1 nrst=0", 8 },
                { "reset=1 61s", 8 }, /* nobody waits that long on purpose */
                { "boot0=1 10ms boot0=", 13 },
                { "1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms 1ms", 64 },
                { "reset=1reset=1reset=1reset=1reset=1reset=1", 0 },
        };
        struct entry_sequence sequence;
        size_t offset;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                assert_int_equal(entry_sequence_parse(good[i].text, &sequence, &offset), 0);
                assert_string_equal(print(&sequence), good[i].steps);
        }
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                offset = 0;
                assert_int_equal(entry_sequence_parse(bad[i].text, &sequence, &offset), -EINVAL);
                assert_int_equal(offset, bad[i].offset);
        }
}

static struct chip make_chip(uint32_t startup, uint32_t slow, uint8_t jitter, uint32_t quirks) {
        return (struct chip){ .startup_usec = startup,
                              .startup_slow_usec = slow,
                              .jitter_percent = jitter,
                              .quirks = quirks };
}

static void waits_grow_from_attempt_to_attempt(void **state) {
        const struct entry_config config = { .has_reset = true, .has_boot0 = true };
        const struct chip f405 = make_chip(84590, 0, 6, 0);
        struct entry_attempt attempt;
        uint64_t last = 0;

        (void)state;
        assert_int_equal(entry_attempts(&config, &f405), 5);
        for (unsigned i = 0; i < 5; i++) {
                entry_attempt(&config, &f405, 115200, i, &attempt);
                assert_true(attempt.even_parity);
                assert_int_equal(attempt.sequence.n_steps, 2);
                assert_true(attempt.sequence.steps[1].delay >= last);
                last = attempt.sequence.steps[1].delay;
        }
        assert_int_equal(last, 3 * USEC_PER_SEC);

        entry_attempt(&config, &f405, 115200, 0, &attempt);
        assert_string_equal(print(&attempt.sequence), "r1b1 10 | r0 105");
}

/* AN2606 table 6: 6 % off at 115200 is past what a UART stands; AN3155: tested up to 115200 */
static void the_rate_asked_for_comes_first_and_a_careful_one_soon(void **state) {
        static const struct {
                uint8_t jitter;
                uint32_t baud_max;
                unsigned baud, careful;
        } chips[] = {
                { 6, 0, 115200, 57600 },     { 6, 57600, 115200, 57600 },
                { 6, 57600, 38400, 38400 },  { 2, 0, 115200, 115200 },
                { 0, 0, 115200, 115200 },    { 0, 0, 921600, 115200 },
                { 0, 57600, 115200, 57600 },
        };
        struct entry_config config = { .has_reset = true, .has_boot0 = true };
        struct entry_attempt attempt;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                struct chip chip = make_chip(1000, 0, chips[i].jitter, 0);

                chip.baud_max = chips[i].baud_max;
                for (unsigned k = 0; k < entry_attempts(&config, &chip); k++) {
                        bool careful = k == 2 || k == 4;

                        entry_attempt(&config, &chip, chips[i].baud, k, &attempt);
                        assert_int_equal(attempt.baud, careful ? chips[i].careful : chips[i].baud);
                }
        }
        /* the ROM measures once a reset: another rate without one is none */
        config.has_reset = false;
        const struct chip f405 = make_chip(84590, 0, 6, 0);
        for (unsigned k = 0; k < entry_attempts(&config, &f405); k++) {
                entry_attempt(&config, &f405, 115200, k, &attempt);
                assert_int_equal(attempt.baud, 115200);
        }
}

static void a_sequence_resets_if_it_says_so(void **state) {
        struct entry_config config = { .has_reset = true, .has_boot0 = true };
        size_t offset;

        (void)state;
        assert_true(entry_can_reset(&config));
        assert_int_equal(entry_sequence_parse("boot0=1 10ms", &config.sequence, &offset), 0);
        assert_false(entry_can_reset(&config));
        assert_int_equal(
                entry_sequence_parse("boot0=1 reset=1 10ms reset=0", &config.sequence, &offset), 0);
        assert_true(entry_can_reset(&config));
        assert_false(entry_can_reset(&(struct entry_config){ .has_boot0 = true }));
}

static void an_abandoned_chip_is_in_its_rom_and_boot0_inactive(void **state) {
        const struct entry_config config = { .has_reset = true, .has_boot0 = true };
        struct entry_sequence sequence;

        (void)state;
        entry_abandon(&config, &sequence);
        assert_string_equal(print(&sequence), "r1b1 10 | r0 100 | r0b0 0");
        entry_abandon(&(struct entry_config){ .has_boot0 = true }, &sequence);
        assert_string_equal(print(&sequence), "b1 10 | b0 0");
}

static void a_chip_that_starts_slowly_gets_its_time(void **state) {
        const struct entry_config config = { .has_reset = true, .has_boot0 = true };
        const struct chip l47 = make_chip(55000, 2560000, 5, 0);
        struct entry_attempt attempt;

        (void)state;
        entry_attempt(&config, &l47, 115200, 3, &attempt);
        assert_true(attempt.sequence.steps[1].delay >= 2560000);
}

static void an_unknown_chip_is_tried_without_parity_at_last(void **state) {
        const struct entry_config config = { .has_reset = true, .has_boot0 = true };
        struct entry_attempt attempt;
        unsigned n = entry_attempts(&config, NULL);

        (void)state;
        for (unsigned i = 0; i < n; i++) {
                entry_attempt(&config, NULL, 115200, i, &attempt);
                assert_int_equal(attempt.even_parity, i < n - 1);
        }
        /* also where nobody resets it */
        const struct entry_config none = { 0 };
        entry_attempt(&none, NULL, 115200, entry_attempts(&none, NULL) - 1, &attempt);
        assert_false(attempt.even_parity);
        entry_attempt(&none, NULL, 115200, 0, &attempt);
        assert_true(attempt.even_parity);
        /* WB0 and WL3 never have it */
        const struct chip wb0 = make_chip(0, 0, 0, CHIP_QUIRK_8N1);
        entry_attempt(&config, &wb0, 115200, 0, &attempt);
        assert_false(attempt.even_parity);
}

static void only_wired_lines_are_driven(void **state) {
        static const struct {
                bool reset, boot0, boot1;
                const char *enter, *leave, *safe;
        } wirings[] = {
                { true, true, false, "r1b1 10 | r0 100", "b0 1 | r1 10 | r0 0", "r0b0 0" },
                { true, true, true, "r1b1B0 10 | r0 100", "b0B0 1 | r1 10 | r0 0", "r0b0B0 0" },
                { true, false, false, "r1 10 | r0 100", "r1 10 | r0 0", "r0 0" },
                { false, true, false, "b1 10", "b0 1", "b0 0" },
                { false, false, false, "", "", "" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wirings); i++) {
                const struct entry_config config = { .has_reset = wirings[i].reset,
                                                     .has_boot0 = wirings[i].boot0,
                                                     .has_boot1 = wirings[i].boot1 };
                struct entry_attempt attempt;
                struct entry_sequence sequence;

                entry_attempt(&config, NULL, 115200, 0, &attempt);
                assert_string_equal(print(&attempt.sequence), wirings[i].enter);
                entry_leave(&config, &sequence);
                assert_string_equal(print(&sequence), wirings[i].leave);
                entry_safe(&config, &sequence);
                assert_string_equal(print(&sequence), wirings[i].safe);
        }
}

static void configured_times_and_sequences_win(void **state) {
        struct entry_config config = { .has_reset = true,
                                       .has_boot0 = true,
                                       .reset_pulse = 25 * USEC_PER_MSEC,
                                       .startup = 300 * USEC_PER_MSEC };
        const struct chip chip = make_chip(84590, 0, 0, 0);
        struct entry_attempt attempt;
        size_t offset;

        (void)state;
        entry_attempt(&config, &chip, 115200, 0, &attempt);
        assert_string_equal(print(&attempt.sequence), "r1b1 25 | r0 300");

        assert_int_equal(entry_sequence_parse("boot0=1 7ms", &config.sequence, &offset), 0);
        for (unsigned i = 0; i < entry_attempts(&config, &chip); i++) {
                entry_attempt(&config, &chip, 115200, i, &attempt);
                assert_string_equal(print(&attempt.sequence), "b1 7");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sequences_are_read_as_written),
                cmocka_unit_test(waits_grow_from_attempt_to_attempt),
                cmocka_unit_test(the_rate_asked_for_comes_first_and_a_careful_one_soon),
                cmocka_unit_test(a_sequence_resets_if_it_says_so),
                cmocka_unit_test(an_abandoned_chip_is_in_its_rom_and_boot0_inactive),
                cmocka_unit_test(a_chip_that_starts_slowly_gets_its_time),
                cmocka_unit_test(an_unknown_chip_is_tried_without_parity_at_last),
                cmocka_unit_test(only_wired_lines_are_driven),
                cmocka_unit_test(configured_times_and_sequences_win),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
