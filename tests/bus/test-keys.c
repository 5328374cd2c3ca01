/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What each key of a target's file changes, from the file to the chip: with it, and without. */

#include <stdio.h>

#include "harness.h"
#include "util/macro.h"

#define CASES_MAX 16

/* One row of a table: a key, what else its file says, and what is to be done. */
struct key_case {
        const char *chip, *method, *rest, *key;
        const char *expected; /* in the trace, or in the error */
        const char *error;
};

struct pair {
        char without[16], with[16]; /* targets */
        char *job_without, *job_with;
};

static char *begin(struct harness *harness, const char *target, const char *method) {
        char *job = strcmp(method, "Flash") == 0
                            ? harness_job(harness, target, method, NULL, "sa{sv}", "motor.bin", 0)
                            : harness_job(harness, target, method, NULL, "a{sv}", 0);

        assert_non_null(job);
        return job;
}

/* For each case a target whose file has the key, and one whose file lacks it. All of one kind work
 * at once; they end as they may. */
static void run_pairs(struct harness *harness, const struct key_case *cases, size_t n,
                      size_t image_size, struct pair *ret) {
        assert_true(n <= CASES_MAX);
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *all = NULL;

                (void)snprintf(ret[i].without, sizeof(ret[i].without), "without%zu", i);
                (void)snprintf(ret[i].with, sizeof(ret[i].with), "with%zu", i);
                assert_true(asprintf(&all, "%s%s", cases[i].rest, cases[i].key) > 0);
                harness_target(harness, ret[i].without, cases[i].chip, cases[i].rest);
                harness_target(harness, ret[i].with, cases[i].chip, all);
        }
        harness_firmware(harness, "motor.bin", image_size, 1);
        harness_start(harness);
        for (size_t i = 0; i < n; i++)
                ret[i].job_without = begin(harness, ret[i].without, cases[i].method);
        for (size_t i = 0; i < n; i++)
                (void)harness_wait(harness, ret[i].job_without, NULL);
        for (size_t i = 0; i < n; i++)
                ret[i].job_with = begin(harness, ret[i].with, cases[i].method);
        for (size_t i = 0; i < n; i++)
                (void)harness_wait(harness, ret[i].job_with, NULL);
}

static void pair_done(struct pair *pair) {
        free(pair->job_without);
        free(pair->job_with);
}

static void keys_that_change_what_is_done_to_the_chip(void **state) {
        static const struct key_case cases[] = {
                { "STM32F405", "Flash", "", "[Target]\nFastProgram=yes\n", "WRITE 0xFFFF0000" },
                { "STM32F405", "Erase", "", "[Target]\nFastProgram=yes\n", "WRITE 0xFFFF0000" },
                { "STM32G431", "Probe", "", "[Serial]\nBaud=57600\n", "format 57600 8E1" },
                { "STM32G431", "Probe", "[Lines]\nChip=gpiochip0\nBoot0=1\n", "Reset=2\n",
                  "NRST low" },
                { "STM32G431", "Probe", "[Lines]\nChip=gpiochip0\nReset=3\n", "Boot0=4\n",
                  "BOOT0 high" },
                { "STM32F405", "Probe", "[Lines]\nChip=gpiochip0\nReset=5\nBoot0=6\n", "Boot1=7\n",
                  "BOOT1 low" },
                { "STM32G431", "Flash", "", "[Image]\nAddress=0x08004000\n", "WRITE 0x08004000" },
        };
        struct pair pairs[CASES_MAX];
        struct harness *harness = *state;

        run_pairs(harness, cases, ARRAY_SIZE(cases), 3000, pairs);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_free_ char *without = harness_trace(harness, pairs[i].without, false);
                _cleanup_free_ char *with = harness_trace(harness, pairs[i].with, false);

                print_message("%s", cases[i].key);
                assert_null(strstr(without, cases[i].expected));
                assert_contains(with, cases[i].expected);
                assert_job_property(harness, pairs[i].job_with, "State", "done");
                pair_done(&pairs[i]);
        }
}

static void keys_that_make_a_job_fail(void **state) {
        static const struct key_case cases[] = {
                { "STM32G431", "Probe", "", "[Target]\nChip=STM32F103\n", "Chip=", "WrongChip" },
                { "STM32G431", "Flash", "", "[Target]\nLayout=1x2K\n", "0x080007FF",
                  "ImageDoesNotFit" },
                { "STM32G431", "Flash", "", "FlashSize=32K\n", "32 KiB", "ImageDoesNotFit" },
                { "STM32G431", "Probe", "", "ResetWired=no\n", "nothing came back", "NoEntry" },
                { "STM32G431", "Probe", "", "Boot0Wired=no\n", "nothing came back", "NoEntry" },
                { "STM32G431", "Probe", "", "UartCrossed=yes\n", "nothing came back", "NoEntry" },
                { "STM32G431", "Probe", "", "Echo=yes\n", "it came back itself", "NoEntry" },
                { "STM32F405", "Probe", "", "Boot1High=yes\n", "nothing came back", "NoEntry" },
        };
        struct pair pairs[CASES_MAX];
        struct harness *harness = *state;

        run_pairs(harness, cases, ARRAY_SIZE(cases), 40000, pairs);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

                print_message("%s", cases[i].key);
                assert_job_property(harness, pairs[i].job_without, "State", "done");
                assert_true(harness_wait(harness, pairs[i].job_with, &error) < 0);
                assert_string_equal(error.name + strlen(STMBOOT_ERROR_PREFIX), cases[i].error);
                assert_contains(error.message, cases[i].expected);
                pair_done(&pairs[i]);
        }
}

/* Where the first line that tells of `event` begins: with its time in seconds. */
static const char *line_of(const char *trace, const char *event) {
        const char *line = strstr(trace, event);

        assert_non_null(line);
        while (line > trace && line[-1] != '\n')
                line--;
        return line;
}

/* Milliseconds from a step to what comes of it. */
static double time_between(const char *trace, const char *step, const char *then) {
        const char *from = line_of(trace, step);

        return 1000 * (strtod(line_of(from, then), NULL) - strtod(from, NULL));
}

/* A wait may take longer than it should, and never less. */
static void keys_of_the_entry(void **state) {
        struct harness *harness = *state;

        harness_target(harness, "pulse", "STM32G431", "[Entry]\nResetPulse=700ms\n");
        harness_target(harness, "delay", "STM32G431", "[Entry]\nStartupDelay=800ms\n");
        harness_target(harness, "steps", "STM32G431",
                       "[Entry]\nSequence=boot0=1 1ms reset=1 10ms reset=0 100ms\n");
        harness_start(harness);
        harness_do(harness, "pulse", "Probe", "a{sv}", 0);
        harness_do(harness, "delay", "Probe", "a{sv}", 0);
        harness_do(harness, "steps", "Probe", "a{sv}", 0);
        _cleanup_free_ char *pulse = harness_trace(harness, "pulse", false);
        assert_true(time_between(pulse, "NRST low", "NRST released") > 699.99);
        _cleanup_free_ char *delay = harness_trace(harness, "delay", false);
        assert_true(time_between(delay, "NRST released", "SYNC") > 799.99);

        /* Otherwise the chip is held in reset first. */
        _cleanup_free_ char *steps = harness_trace(harness, "steps", false);
        assert_true(strstr(steps, "BOOT0 high") < strstr(steps, "NRST low"));
        assert_true(strstr(pulse, "BOOT0 high") > strstr(pulse, "NRST low"));
}

static void keys_of_the_image_that_is_synced(void **state) {
        static const struct {
                const char *key, *error;
        } cases[] = {
                { "Format=bin\n", NULL },
                { "Format=hex\n", "ImageInvalid" },
                { "Address=0x08004000\n", NULL },
                { "Address=0x20000000\n", "ImageDoesNotFit" },
        };
        struct harness *harness = *state;

        harness_firmware(harness, "motor.bin", 3000, 1);
        harness_target(harness, "motor", "STM32G431", "");
        harness_start(harness);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_free_ char *more = NULL;

                assert_true(asprintf(&more,
                                     "[Target]\nChip=STM32G431\n[Image]\n"
                                     "File=%s/firmware/motor.bin\n%s",
                                     harness->dir, cases[i].key) > 0);
                harness_target(harness, "motor", "STM32G431", more);
                harness_reload(harness);
                _cleanup_free_ char *job =
                        harness_job(harness, "motor", "Sync", &error, "a{sv}", 0);
                print_message("%s", cases[i].key);
                if (cases[i].error) {
                        assert_null(job);
                        assert_string_equal(error.name + strlen(STMBOOT_ERROR_PREFIX),
                                            cases[i].error);
                        continue;
                }
                assert_non_null(job);
                assert_true(harness_wait(harness, job, NULL) >= 0);
        }
        _cleanup_free_ char *trace = harness_trace(harness, "motor", false);
        assert_contains(trace, "WRITE 0x08004000");
}

static void a_seed_makes_another_chip_of_the_same_kind(void **state) {
        struct harness *harness = *state;

        harness_target(harness, "one", "STM32G431", "Seed=7\n");
        harness_target(harness, "same", "STM32G431", "Seed=7\n");
        harness_target(harness, "other", "STM32G431", "Seed=8\n");
        harness_start(harness);
        harness_do(harness, "one", "Probe", "a{sv}", 0);
        harness_do(harness, "same", "Probe", "a{sv}", 0);
        harness_do(harness, "other", "Probe", "a{sv}", 0);
        _cleanup_free_ char *one = harness_get_target(harness, "one", "UniqueId");
        _cleanup_free_ char *other = harness_get_target(harness, "other", "UniqueId");
        assert_property(harness, "same", "UniqueId", one);
        assert_string_not_equal(one, other);
}

/* How bank 2's pages are numbered depends on an option that this ROM does not show. */
static void a_layout_by_hand_lets_a_part_be_flashed_that_is_refused(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_target(harness, "without", "STM32U375", "FlashSize=512K\n");
        harness_target(harness, "with", "STM32U375",
                       "FlashSize=512K\n[Target]\nLayout=2x(64x4K)\n");
        harness_firmware(harness, "motor.bin", 3000, 1);
        harness_start(harness);
        _cleanup_free_ char *refused = harness_job(harness, "without", "Flash", NULL, "sa{sv}",
                                                   "motor.bin", 1, "address", "t", 0x08040000ULL);
        assert_non_null(refused);
        assert_true(harness_wait(harness, refused, &error) < 0);
        assert_error(&error, "Unsupported");
        assert_contains(error.message, "--layout");
        for (unsigned version = 1; version <= 2; version++) { /* the other time pages are erased */
                harness_firmware(harness, "motor.bin", 3000, version);
                harness_do(harness, "with", "Flash", "sa{sv}", "motor.bin", 1, "address", "t",
                           0x08040000ULL);
        }
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(keys_that_change_what_is_done_to_the_chip),
                TEST(keys_that_make_a_job_fail),
                TEST(keys_of_the_entry),
                TEST(keys_of_the_image_that_is_synced),
                TEST(a_seed_makes_another_chip_of_the_same_kind),
                TEST(a_layout_by_hand_lets_a_part_be_flashed_that_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
