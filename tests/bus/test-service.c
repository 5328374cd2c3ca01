/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The daemon's own life: its name, signals, sudden death, a port or a bus that goes. */

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "harness.h"
#include "util/macro.h"

static void a_second_daemon_does_not_take_the_name(void **state) {
        struct harness *harness = *state;
        pid_t first;

        harness_start(harness);
        first = harness->daemon_pid;
        harness_spawn(harness);
        assert_int_not_equal(harness_stop(harness, 0), 0);
        _cleanup_free_ char *log = harness_read(harness, "daemon.log");
        assert_contains(log, "already");
        harness->daemon_pid = first;
        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "ListTargets",
                                 NULL, NULL, "") >= 0);
}

static void a_port_that_vanishes_is_lost(void **state) {
        struct harness *harness = *state;
        int master, slave;
        char name[64], byte = 0;

        harness->pty = true;
        assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
        assert_int_equal(fcntl(master, F_SETFD, FD_CLOEXEC), 0);
        assert_int_equal(fcntl(slave, F_SETFD, FD_CLOEXEC), 0);
        harness_write(harness, "config/targets.d/motor.conf", "[Serial]\nPort=%s\n", name);
        harness_start(harness);
        assert_property(harness, "motor", "State", "idle");
        _cleanup_free_ char *job = harness_job(harness, "motor", "Probe", NULL, "a{sv}", 0);
        assert_non_null(job);
        assert_int_equal(read(master, &byte, 1), 1); /* it is at work */
        assert_int_equal(byte, 0x7f);
        (void)close(slave);
        (void)close(master);

        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        assert_true(harness_wait(harness, job, &error) < 0);
        assert_error(&error, "LinkLost");
        harness_await_state(harness, "motor", "absent");
}

/* ---- signals ---- */

static int on_waited(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        int *answered = userdata;

        (void)error;
        assert_true(sd_bus_message_is_method_error(message, STMBOOT_ERROR_PREFIX "Cancelled"));
        *answered = true;
        return 1;
}

static void sigterm_ends_the_job_first(void **state) {
        struct harness *harness = *state;
        int answered = false;

        _cleanup_free_ char *job = harness_slow_flash(harness);
        harness_await_phase(harness, job, "write");
        assert_true(sd_bus_call_method_async(harness->bus, NULL, STMBOOT_BUS_NAME, job,
                                             STMBOOT_JOB_INTERFACE, "Wait", on_waited, &answered,
                                             "") >= 0);
        assert_true(sd_bus_flush(harness->bus) >= 0);
        assert_job_property(harness, job, "State", "running"); /* it has the call before */
        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        while (!answered)
                harness_process(harness);

        _cleanup_free_ char *log = harness_read(harness, "daemon.log");
        assert_contains(log, "cancelled: the service was stopped");
        assert_contains(log, "motor: flash cancelled");
        _cleanup_free_ char *marker = harness_path(harness, "state/run/motor.work");
        assert_int_equal(access(marker, F_OK), -1);
        _cleanup_free_ char *record = harness_read(harness, "state/motor.state");
        assert_contains(record, "Status=unfinished");
}

/* Is this in the target's trace? */
static bool was_traced(struct harness *harness, const char *target, const char *text) {
        _cleanup_free_ char *trace = harness_trace(harness, target, true);

        return strstr(trace, text);
}

/* Does it take no more jobs? */
static bool is_stopping(struct harness *harness, const char *target) {
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *job = harness_job(harness, target, "Probe", &error, "a{sv}", 0);

        return !job && strstr(error.message, "stopping");
}

static void sigterm_waits_for_a_critical_section(void **state) {
        struct harness *harness = *state;
        int answered = false;

        /* The ROM acknowledges at once, and then erases for a second or two. */
        harness_target(harness, "motor", "STM32F405", "WireTime=yes\nFlashSize=64K\n");
        harness_target(harness, "pump", "STM32G431", "");
        harness_start(harness);
        _cleanup_free_ char *job =
                harness_job(harness, "motor", "UnprotectReadout", NULL, "a{sv}", 0);
        assert_non_null(job);
        while (!was_traced(harness, "motor", "-> 92 6D"))
                (void)usleep(5000);
        assert_true(sd_bus_call_method_async(harness->bus, NULL, STMBOOT_BUS_NAME, job,
                                             STMBOOT_JOB_INTERFACE, "Wait", on_waited, &answered,
                                             "") >= 0);
        assert_int_equal(kill(harness->daemon_pid, SIGTERM), 0);
        while (!is_stopping(harness, "pump"))
                (void)usleep(5000);
        assert_job_property(harness, job, "State", "running");
        assert_int_equal(harness_stop(harness, 0), 0);
        while (!answered)
                harness_process(harness);
}

static void without_a_bus_it_ends_its_job_and_wants_to_be_restarted(void **state) {
        struct harness *harness = *state;

        _cleanup_free_ char *job = harness_slow_flash(harness);
        harness_await_phase(harness, job, "write");
        harness_stop_bus(harness);
        assert_int_equal(harness_stop(harness, 0), EXIT_FAILURE); /* Restart=on-failure */

        _cleanup_free_ char *log = harness_read(harness, "daemon.log");
        assert_contains(log, "the bus is gone");
        assert_contains(log, "motor: flash cancelled");
        _cleanup_free_ char *marker = harness_path(harness, "state/run/motor.work");
        assert_int_equal(access(marker, F_OK), -1);
}

static void after_a_sudden_death_the_target_is_interrupted_until_flashed(void **state) {
        struct harness *harness = *state;

        harness_firmware(harness, "small.bin", 3000, 1);
        _cleanup_free_ char *job = harness_slow_flash(harness);
        harness_await_phase(harness, job, "write");
        assert_int_equal(harness_stop(harness, SIGKILL), -SIGKILL);
        _cleanup_free_ char *marker = harness_read(harness, "state/run/motor.work");
        assert_contains(marker, "Port=virtual:STM32G431");

        /* As ExecStopPost= does it; of a target whose marker is empty no line was taken. */
        harness_write(harness, "state/run/early.work", "%s", "");
        harness->argument = "--safe-lines";
        harness_spawn(harness);
        assert_int_equal(harness_stop(harness, 0), 0);
        harness->argument = NULL;
        _cleanup_free_ char *marker_path = harness_path(harness, "state/run/motor.work");
        assert_int_equal(access(marker_path, F_OK), -1);
        _cleanup_free_ char *early_path = harness_path(harness, "state/run/early.work");
        assert_int_equal(access(early_path, F_OK), -1);

        harness_start(harness);
        assert_property(harness, "motor", "State", "interrupted");

        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *refused =
                harness_job(harness, "motor", "Flash", &error, "sa{sv}", "small.bin", 1, "address",
                            "t", (uint64_t)0x20000000);
        assert_true(harness_wait(harness, refused, &error) < 0);
        assert_contains(error.message, "an earlier job broke off, and what it left is incomplete");
        assert_property(harness, "motor", "State", "interrupted");

        harness_do(harness, "motor", "Flash", "sa{sv}", "small.bin", 0);
        assert_property(harness, "motor", "State", "idle");
        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        harness_start(harness);
        assert_property(harness, "motor", "State", "idle");
}

/* ---- LogControl1 ---- */

static void the_log_level_can_be_changed(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        static const char path[] = "/org/freedesktop/LogControl1";
        static const char interface[] = "org.freedesktop.LogControl1";
        _cleanup_free_ char *level = NULL;

        harness_start(harness);
        assert_true(sd_bus_set_property(harness->bus, STMBOOT_BUS_NAME, path, interface, "LogLevel",
                                        NULL, "s", "debug") >= 0);
        assert_true(sd_bus_get_property_string(harness->bus, STMBOOT_BUS_NAME, path, interface,
                                               "LogLevel", NULL, &level) >= 0);
        assert_string_equal(level, "debug");

        /* Of a writer libsystemd would ask the bus, and the daemon would stand still meanwhile. */
        _cleanup_reply_ sd_bus_message *reply = NULL;
        const char *xml;

        assert_true(harness_call(harness, path, "org.freedesktop.DBus.Introspectable", "Introspect",
                                 NULL, &reply, "") >= 0);
        assert_true(sd_bus_message_read(reply, "s", &xml) > 0);
        assert_contains(xml, "LogTarget");
        assert_null(strstr(xml, "Privileged"));

        assert_true(sd_bus_set_property(harness->bus, STMBOOT_BUS_NAME, path, interface, "LogLevel",
                                        &error, "s", "loud") < 0);
        assert_string_equal(error.name, SD_BUS_ERROR_INVALID_ARGS);
        assert_true(sd_bus_set_property(harness->bus, STMBOOT_BUS_NAME, path, interface,
                                        "LogTarget", NULL, "s", "console") >= 0);
}

/* ---- ObjectManager ---- */

static void the_object_manager_knows_every_object(void **state) {
        struct harness *harness = *state;
        _cleanup_reply_ sd_bus_message *reply = NULL;
        const char *path;
        bool target = false, job = false;

        harness_target(harness, "motor", "STM32G431", "");
        harness_start(harness);
        _cleanup_free_ char *probe = harness_done(harness, "motor", "Probe", "a{sv}", 0);
        assert_true(harness_call(harness, STMBOOT_PATH, "org.freedesktop.DBus.ObjectManager",
                                 "GetManagedObjects", NULL, &reply, "") >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "{oa{sa{sv}}}") > 0);
        while (sd_bus_message_enter_container(reply, 'e', "oa{sa{sv}}") > 0) {
                assert_true(sd_bus_message_read(reply, "o", &path) > 0);
                target |= strcmp(path, STMBOOT_TARGET_PREFIX "/motor") == 0;
                job |= strcmp(path, probe) == 0;
                assert_true(sd_bus_message_skip(reply, "a{sa{sv}}") > 0);
                assert_true(sd_bus_message_exit_container(reply) > 0);
        }
        assert_true(target);
        assert_true(job);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_second_daemon_does_not_take_the_name),
                TEST(a_port_that_vanishes_is_lost),
                TEST(sigterm_ends_the_job_first),
                TEST(sigterm_waits_for_a_critical_section),
                TEST(without_a_bus_it_ends_its_job_and_wants_to_be_restarted),
                TEST(after_a_sudden_death_the_target_is_interrupted_until_flashed),
                TEST(the_log_level_can_be_changed),
                TEST(the_object_manager_knows_every_object),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
