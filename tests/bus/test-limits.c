/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client can make the daemon keep is limited. */

#include <errno.h>
#include <unistd.h>

#include "harness.h"
#include "util/macro.h"

static void only_the_last_jobs_are_kept(void **state) {
        struct harness *harness = *state;
        _cleanup_reply_ sd_bus_message *reply = NULL;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *first = NULL;
        unsigned n = 0;

        harness_target(harness, "motor", "STM32G431", "");
        harness_start(harness);
        for (unsigned i = 0; i < 10; i++) {
                char *job = harness_done(harness, "motor", "Probe", "a{sv}", 0);

                if (first)
                        free(job);
                else
                        first = job;
        }
        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "ListJobs", NULL,
                                 &reply, "") >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "(osss)") > 0);
        while (sd_bus_message_skip(reply, "(osss)") > 0)
                n++;
        assert_int_equal(n, 8);
        assert_true(harness_wait(harness, first, &error) < 0);
        assert_string_equal(error.name, "org.freedesktop.DBus.Error.UnknownObject");
}

static int count_reply(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        unsigned *n = userdata;

        (void)error;
        if (sd_bus_message_is_method_error(message, STMBOOT_ERROR_PREFIX "LimitExceeded"))
                (*n)++;
        return 1;
}

static void waiting_clients_are_limited(void **state) {
        struct harness *harness = *state;
        unsigned refused = 0;

        harness_target(harness, "motor", "STM32G431", SLOW);
        harness_firmware(harness, "motor.bin", SLOW_SIZE, 1);
        harness_start(harness);
        _cleanup_free_ char *job =
                harness_job(harness, "motor", "Flash", NULL, "sa{sv}", "motor.bin", 0);
        assert_non_null(job);
        for (unsigned i = 0; i < 12; i++)
                assert_true(sd_bus_call_method_async(harness->bus, NULL, STMBOOT_BUS_NAME, job,
                                                     STMBOOT_JOB_INTERFACE, "Wait", count_reply,
                                                     &refused, "") >= 0);
        while (refused < 4)
                harness_process(harness);
        harness_cancel(harness, job);
        (void)harness_wait(harness, job, NULL);
        assert_int_equal(refused, 4); /* eight of one client may wait */
}

static void clients_that_gave_up_wait_no_longer(void **state) {
        struct harness *harness = *state;

        harness_target(harness, "motor", "STM32G431", SLOW);
        harness_firmware(harness, "motor.bin", SLOW_SIZE, 1);
        harness_start(harness);
        _cleanup_free_ char *job =
                harness_job(harness, "motor", "Flash", NULL, "sa{sv}", "motor.bin", 0);
        assert_non_null(job);
        for (unsigned i = 0; i < 40; i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
                sd_bus *bus = harness_connect(harness);

                assert_true(sd_bus_set_method_call_timeout(bus, 20000) >= 0);
                assert_true(sd_bus_call_method(bus, STMBOOT_BUS_NAME, job, STMBOOT_JOB_INTERFACE,
                                               "Wait", &error, NULL, "") < 0);
                assert_int_equal(sd_bus_error_get_errno(&error), ETIMEDOUT);
                sd_bus_flush_close_unref(bus);
        }
        assert_job_property(harness, job, "State", "running");
        harness_cancel(harness, job);
        (void)harness_wait(harness, job, NULL);
}

static void images_in_memory_are_limited(void **state) {
        static const char *const names[] = { "a", "b", "c" };
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *path = harness_path(harness, "firmware/large.bin");

        harness_firmware(harness, "large.bin", 64, 1);
        assert_int_equal(truncate(path, 60 << 20), 0);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                /* in work for as long as it takes to give up */
                harness_target(harness, names[i], "STM32G431", "Boot0Wired=no\n");
        harness_start(harness);
        _cleanup_free_ char *one =
                harness_job(harness, "a", "Flash", NULL, "sa{sv}", "large.bin", 0);
        assert_non_null(one);
        _cleanup_free_ char *two =
                harness_job(harness, "b", "Flash", NULL, "sa{sv}", "large.bin", 0);
        assert_non_null(two);
        assert_null(harness_job(harness, "c", "Flash", &error, "sa{sv}", "large.bin", 0));
        assert_error(&error, "LimitExceeded");
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(only_the_last_jobs_are_kept),
                TEST(waiting_clients_are_limited),
                TEST(clients_that_gave_up_wait_no_longer),
                TEST(images_in_memory_are_limited),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
