/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a job tells while it works. */

#include <stdio.h>

#include "harness.h"
#include "util/clock.h"
#include "util/macro.h"

#define SIZE 12000U /* of the image */

struct progress {
        unsigned n_changed, last_percent, n_new, n_finished;
        bool fell;
        char job[128];
};

static int on_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct progress *progress = userdata;
        const char *interface, *property;
        uint32_t percent;

        (void)error;
        assert_true(sd_bus_message_read(message, "s", &interface) > 0);
        if (strcmp(interface, STMBOOT_JOB_INTERFACE) != 0)
                return 0;
        progress->n_changed++;
        assert_true(sd_bus_message_enter_container(message, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(message, "s", &property) > 0);
                if (strcmp(property, "Progress") == 0) {
                        assert_true(sd_bus_message_read(message, "v", "u", &percent) > 0);
                        progress->fell |= percent < progress->last_percent;
                        progress->last_percent = percent;
                } else
                        assert_true(sd_bus_message_skip(message, "v") > 0);
                assert_true(sd_bus_message_exit_container(message) > 0);
        }
        return 0;
}

static int on_job_signal(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct progress *progress = userdata;
        const char *job, *target, *what;

        (void)error;
        assert_true(sd_bus_message_read(message, "oss", &job, &target, &what) > 0);
        assert_string_equal(target, "motor");
        if (sd_bus_message_is_signal(message, STMBOOT_MANAGER_INTERFACE, "JobNew")) {
                progress->n_new++;
                assert_string_equal(what, "flash");
        } else {
                progress->n_finished++;
                assert_string_equal(what, "done");
        }
        return 0;
}

/* Flashes a target whose file has `more`, and follows it to its end. */
static void follow_a_flash(struct harness *harness, const char *more, struct progress *progress,
                           double *ret_seconds) {
        harness_target(harness, "motor", "STM32G431", more);
        harness_firmware(harness, "motor.bin", SIZE, 1);
        harness_start(harness);
        assert_true(sd_bus_match_signal(harness->bus, NULL, STMBOOT_BUS_NAME, NULL,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_changed, progress) >= 0);
        assert_true(sd_bus_match_signal(harness->bus, NULL, STMBOOT_BUS_NAME, STMBOOT_PATH,
                                        STMBOOT_MANAGER_INTERFACE, NULL, on_job_signal,
                                        progress) >= 0);
        uint64_t start = clock_usec();
        _cleanup_free_ char *job =
                harness_job(harness, "motor", "Flash", NULL, "sa{sv}", "motor.bin", 0);
        assert_non_null(job);
        while (progress->n_finished == 0)
                harness_process(harness);
        *ret_seconds = (double)(clock_usec() - start) / 1e6;
}

static void progress_never_falls_and_is_told_at_most_ten_times_a_second(void **state) {
        struct progress progress = { 0 };
        double seconds;

        follow_a_flash(*state, SLOW, &progress, &seconds);
        print_message("%u changes in %.1f s\n", progress.n_changed, seconds);
        assert_int_equal(progress.n_new, 1);
        assert_false(progress.fell);
        assert_int_equal(progress.last_percent, 100);
        assert_true(progress.n_changed >= 5);
        assert_true(progress.n_changed <= 10 * seconds + 1);
}

static void progress_does_not_fall_when_pages_are_repaired(void **state) {
        struct progress progress = { 0 };
        double seconds;
        size_t n = 0;

        follow_a_flash(*state, SLOW "Fault=write-lost 4\nFault=write-lost 30\n", &progress,
                       &seconds);
        assert_false(progress.fell);
        assert_int_equal(progress.last_percent, 100);
        assert_true(progress.n_changed <= 10 * seconds + 1);

        _cleanup_free_ char *trace = harness_trace(*state, "motor", false);
        for (const char *write = trace; (write = strstr(write, "WRITE 0x")); write++)
                n++;
        assert_true(n > (SIZE + 255) / 256); /* it was repaired */
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(progress_never_falls_and_is_told_at_most_ten_times_a_second),
                TEST(progress_does_not_fall_when_pages_are_repaired),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
