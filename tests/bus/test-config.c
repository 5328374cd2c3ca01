/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files and nodes become targets, and change, and go: at the start and by Reload. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"
#include "util/macro.h"

static void broken_files_do_not_stop_the_others(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_target(harness, "motor", "STM32G431", "");
        harness_target(harness, "odd", "STM32G431", "Bauds=9600\n");
        harness_start(harness);

        _cleanup_free_ char *reason = harness_get_target(harness, "odd", "BrokenReason");
        _cleanup_free_ char *file = harness_path(harness, "config/targets.d/odd.conf:5: ");
        assert_contains(reason, file);
        assert_contains(reason, "Bauds");
        assert_property(harness, "odd", "State", "broken");
        assert_null(harness_job(harness, "odd", "Probe", &error, "a{sv}", 0));
        assert_error(&error, "TargetBroken");
        assert_string_equal(error.message, reason);
        harness_do(harness, "motor", "Probe", "a{sv}", 0);
}

/* Of a target that cannot have that name: of the nearest one that can, and is not taken. */
static void files_that_no_target_can_be_called_after_are_broken_targets(void **state) {
        static const char *const misnamed[][2] = {
                { "1st", "target_1st" },
                { "pump-motor", "pump_motor" },
                { "left-motor", "left_motor_2" },
                { "left.motor", "left_motor_3" },
                { "-", "target__" },
                { "p\xc3\xb6mp", "p__mp" },
                { "a23456789-123456789-123456789-123456789-123456789-123456789-123456789",
                  "a23456789_123456789_123456789_123456789_123456789_1" },
        };
        struct harness *harness = *state;
        char text[128];

        harness_target(harness, "left_motor", "STM32G431", "");
        for (size_t i = 0; i < ARRAY_SIZE(misnamed); i++)
                harness_target(harness, misnamed[i][0], "STM32G431", "");
        harness_start(harness);
        for (size_t i = 0; i < ARRAY_SIZE(misnamed); i++) {
                _cleanup_free_ char *reason =
                        harness_get_target(harness, misnamed[i][1], "BrokenReason");

                assert_property(harness, misnamed[i][1], "State", "broken");
                (void)snprintf(text, sizeof(text), "/config/targets.d/%s.conf: \"%s\" cannot be",
                               misnamed[i][0], misnamed[i][0]);
                assert_contains(reason, text);
        }
        harness_do(harness, "left_motor", "Probe", "a{sv}", 0);

        _cleanup_free_ char *path = harness_path(harness, "config/targets.d/pump-motor.conf");
        assert_int_equal(unlink(path), 0);
        harness_target(harness, "pump_motor", "STM32G431", "");
        harness_reload(harness);
        harness_do(harness, "pump_motor", "Probe", "a{sv}", 0);
}

static void a_port_that_is_not_there_makes_a_target_absent(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_write(harness, "config/targets.d/motor.conf", "%s",
                      "[Serial]\nPort=/dev/ttyNOSUCH0\n");
        harness_start(harness);
        assert_property(harness, "motor", "State", "absent");
        assert_null(harness_job(harness, "motor", "Probe", &error, "a{sv}", 0));
        assert_error(&error, "Port");
}

static void a_pseudo_terminal_is_no_serial_port(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_close_ int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        _cleanup_free_ char *expected = NULL;

        assert_true(pty >= 0);
        assert_int_equal(grantpt(pty), 0);
        assert_int_equal(unlockpt(pty), 0);
        harness_write(harness, "config/targets.d/motor.conf", "[Serial]\nPort=%s\n", ptsname(pty));
        harness_start(harness);
        assert_null(harness_job(harness, "motor", "Probe", &error, "a{sv}", 0));
        assert_error(&error, "Port");
        assert_true(asprintf(&expected,
                             "%s is a pseudo-terminal, not a serial port; for rehearsals use "
                             "Port=virtual:CHIP",
                             ptsname(pty)) > 0);
        assert_string_equal(error.message, expected);
}

static void put_property(struct harness *harness, const char *node, const char *property,
                         const void *value, size_t size) {
        _cleanup_free_ char *name = NULL;

        assert_true(asprintf(&name, "tree/%s/%s", node, property) > 0);
        harness_write_bytes(harness, name, value, size);
}

#define PUT_STRING(harness, node, property, value)                                                 \
        put_property(harness, node, property, value, sizeof(value))

static void nodes_of_the_device_tree_are_targets(void **state) {
        struct harness *harness = *state;
        static const uint8_t phandle[] = { 0, 0, 0, 1 };
        _cleanup_free_ char *argument = NULL;

        PUT_STRING(harness, "serial@1", "compatible", "arm,pl011");
        put_property(harness, "serial@1", "phandle", phandle, sizeof(phandle));
        PUT_STRING(harness, "left", "compatible", "stmboot,target");
        put_property(harness, "left", "uart", phandle, sizeof(phandle));
        PUT_STRING(harness, "left", "chip", "STM32G431");
        PUT_STRING(harness, "right", "compatible", "stmboot,target");
        put_property(harness, "right", "uart", phandle, sizeof(phandle));
        PUT_STRING(harness, "bare", "compatible", "stmboot,target");
        harness_target(harness, "right", "STM32F103", "");
        assert_true(asprintf(&argument, "--device-tree=%s/tree", harness->dir) > 0);
        harness->argument = argument;
        harness_start(harness);

        assert_property(harness, "left", "Port", "of:/serial@1");
        assert_property(harness, "left", "State", "absent");
        assert_property(harness, "right", "Port", "virtual:STM32F103"); /* the file counts */
        assert_property(harness, "bare", "State", "broken");
        assert_property(harness, "bare", "BrokenReason", "/bare: uart is missing");

        _cleanup_free_ char *path = harness_path(harness, "config/targets.d/right.conf");
        assert_int_equal(unlink(path), 0);
        harness_reload(harness);
        assert_property(harness, "right", "Port", "of:/serial@1");
}

static bool has_target(struct harness *harness, const char *name) {
        return harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "GetTarget", NULL,
                            NULL, "s", name) >= 0;
}

static void await_gone(struct harness *harness, const char *name) {
        while (has_target(harness, name))
                (void)usleep(5000);
}

static void reload_adds_changes_and_removes_targets(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *path = harness_path(harness, "config/targets.d/pump.conf");

        harness_target(harness, "motor", "STM32G431", "");
        harness_start(harness);
        harness_do(harness, "motor", "Probe", "a{sv}", 0);
        assert_false(has_target(harness, "pump"));

        harness_target(harness, "pump", "STM32F103", "");
        harness_target(harness, "motor", "STM32G431", "[Target]\nDescription=Left motor\n");
        harness_reload(harness);
        assert_true(has_target(harness, "pump"));
        assert_property(harness, "motor", "Description", "Left motor");
        assert_property(harness, "motor", "ChipId", "1128"); /* still known */

        harness_target(harness, "pump", "STM32F103", "Nonsense=1\n");
        harness_reload(harness);
        assert_property(harness, "pump", "State", "broken");

        assert_int_equal(unlink(path), 0);
        assert_int_equal(kill(harness->daemon_pid, SIGHUP), 0);
        await_gone(harness, "pump");
}

static void another_port_is_another_chip(void **state) {
        struct harness *harness = *state;

        harness_target(harness, "motor", "STM32F405", "");
        harness_start(harness);
        harness_do(harness, "motor", "Probe", "a{sv}", 0);
        harness_reload(harness);
        assert_property(harness, "motor", "ChipId", "1043");
        harness_target(harness, "motor", "STM32G071", "");
        harness_reload(harness);
        assert_property(harness, "motor", "Chip", "");
        assert_property(harness, "motor", "ChipId", "0");
        /* As if it were an STM32F405 it would be reset at once, and be out of its ROM for good. */
        harness_do(harness, "motor", "Probe", "a{sv}", 0);
        assert_property(harness, "motor", "ChipId", "1120");
}

static void a_chip_that_does_not_answer_may_be_another(void **state) {
        static const char *const believed[] = { "STM32F405", "unknown chip" };
        struct harness *harness = *state;

        harness_target(harness, "motor", "STM32F405", "");
        harness_start(harness);
        harness_do(harness, "motor", "Probe", "a{sv}", 0);
        harness_target(harness, "motor", "STM32F405", "Boot0Wired=no\n");
        harness_reload(harness);
        for (size_t i = 0; i < ARRAY_SIZE(believed); i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_free_ char *job = harness_job(harness, "motor", "Probe", NULL, "a{sv}", 0);

                assert_non_null(job);
                assert_true(harness_wait(harness, job, &error) < 0);
                assert_error(&error, "NoEntry");
                assert_contains(error.message, believed[i]);
                assert_property(harness, "motor", "ChipId", "1043"); /* what was seen last */
        }
}

static char *known_of(struct harness *harness, const char *target) {
        static const char *const properties[] = { "Chip",      "ChipId",
                                                  "UniqueId",  "BootloaderVersion",
                                                  "FlashSize", "Protection" };
        char *all = strdup("");

        for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
                _cleanup_free_ char *value = harness_get_target(harness, target, properties[i]);
                _cleanup_free_ char *before = all;

                assert_true(asprintf(&all, "%s%s;", before, value) > 0);
        }
        return all;
}

static void what_was_seen_of_a_chip_outlives_the_daemon(void **state) {
        static const char nothing[] = ";0;;;0;unknown;";
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_target(harness, "motor", "STM32F405", "");
        harness_start(harness);
        harness_do(harness, "motor", "Probe", "a{sv}", 0);
        _cleanup_free_ char *seen = known_of(harness, "motor");
        assert_contains(seen, ";1043;");
        assert_contains(seen, ";none;");

        /* Another board may sit there now: nobody takes it for the old one. */
        harness_target(harness, "motor", "STM32F405", "Boot0Wired=no\n");
        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        harness_start(harness);
        _cleanup_free_ char *still = known_of(harness, "motor");
        assert_string_equal(still, seen);
        _cleanup_free_ char *job = harness_job(harness, "motor", "Probe", NULL, "a{sv}", 0);
        assert_non_null(job);
        assert_true(harness_wait(harness, job, &error) < 0);
        assert_contains(error.message, "unknown chip");

        harness_write(harness, "config/targets.d/motor.conf", "%s",
                      "[Target]\nChip=STM32G4\n[Serial]\nPort=virtual:STM32F405\n");
        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        harness_start(harness);
        _cleanup_free_ char *other = known_of(harness, "motor");
        assert_string_equal(other, nothing);

        harness_target(harness, "motor", "STM32F405", "");
        harness_write(harness, "state/motor.chip", "%s", "[Chip]\nVersion=1\nPort=");
        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        harness_start(harness);
        _cleanup_free_ char *damaged = known_of(harness, "motor");
        assert_string_equal(damaged, nothing);
}

static void a_mask_hides_a_target(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *path = harness_path(harness, "config/targets.d/motor.conf");

        assert_int_equal(symlink("/dev/null", path), 0);
        harness_start(harness);
        assert_false(has_target(harness, "motor"));
}

static void a_job_outlives_its_target(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *path = harness_path(harness, "config/targets.d/motor.conf");
        _cleanup_reply_ sd_bus_message *reply = NULL;
        const char *jobs, *name, *type, *result;

        harness_target(harness, "motor", "STM32G431", SLOW);
        harness_firmware(harness, "motor.bin", 9000, 1);
        harness_start(harness);
        _cleanup_free_ char *probe = harness_done(harness, "motor", "Probe", "a{sv}", 0);
        _cleanup_free_ char *job =
                harness_job(harness, "motor", "Flash", NULL, "sa{sv}", "motor.bin", 0);
        assert_non_null(job);
        assert_int_equal(unlink(path), 0);
        harness_reload(harness);
        assert_true(has_target(harness, "motor")); /* still in work */
        await_gone(harness, "motor");

        assert_true(harness_wait(harness, job, NULL) >= 0);
        assert_job_property(harness, job, "Target", "motor");
        assert_job_property(harness, job, "Outcome", "complete");
        assert_job_property(harness, job, "Rate", "0");
        assert_job_property(harness, probe, "Type", "probe");
        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "ListJobs", NULL,
                                 &reply, "") >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "(osss)") > 0);
        assert_true(sd_bus_message_read(reply, "(osss)", &jobs, &name, &type, &result) > 0);
        assert_string_equal(jobs, job);
        assert_string_equal(name, "motor");

        /* A new target of that name has not done it; and not all are kept for ever. */
        for (unsigned i = 0; i < 8; i++) {
                harness_target(harness, "motor", "STM32G431", "");
                harness_reload(harness);
                assert_property(harness, "motor", "LastResult", "");
                harness_do(harness, "motor", "Probe", "a{sv}", 0);
                assert_job_property(harness, job, "Outcome", "complete");
                assert_int_equal(unlink(path), 0);
                harness_reload(harness);
                assert_false(has_target(harness, "motor"));
        }
        assert_true(harness_wait(harness, job, NULL) < 0);
}

static int count_description(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        unsigned *n = userdata;
        const char *property;

        (void)error;
        assert_true(sd_bus_message_skip(message, "s") > 0);
        assert_true(sd_bus_message_enter_container(message, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(message, "s", &property) > 0);
                *n += strcmp(property, "Description") == 0;
                assert_true(sd_bus_message_skip(message, "v") > 0);
                assert_true(sd_bus_message_exit_container(message) > 0);
        }
        return 0;
}

static void reload_waits_for_a_stay_to_end_and_then_counts_once(void **state) {
        struct harness *harness = *state;
        unsigned n_changed = 0;

        harness_target(harness, "motor", "STM32G431", "[Target]\nDescription=First\n");
        harness_target(harness, "pump", "STM32G431", "");
        harness_start(harness);
        harness_do(harness, "motor", "EnterBootloader", "a{sv}", 0);
        harness_target(harness, "motor", "STM32G431", "[Target]\nDescription=Never seen\n");
        harness_reload(harness);
        harness_target(harness, "motor", "STM32G431", "[Target]\nDescription=Second\n");
        harness_reload(harness);
        assert_property(harness, "motor", "State", "bootloader");
        assert_property(harness, "motor", "Description", "First");

        /* Nobody has asked for these to be read. */
        harness_target(harness, "motor", "STM32G431", "[Target]\nDescription=Third\n");
        harness_target(harness, "pump", "STM32G431", "[Target]\nDescription=Third\n");
        assert_true(sd_bus_match_signal(harness->bus, NULL, STMBOOT_BUS_NAME, NULL,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        count_description, &n_changed) >= 0);
        harness_do(harness, "pump", "Probe", "a{sv}", 0);
        harness_do(harness, "motor", "Probe", "a{sv}", 1, "after", "s", "stay");
        assert_property(harness, "motor", "Description", "First");
        harness_do(harness, "motor", "Reset", "a{sv}", 0);
        harness_do(harness, "pump", "Probe", "a{sv}", 0);
        assert_property(harness, "motor", "Description", "Second");
        assert_property(harness, "pump", "Description", "");
        while (sd_bus_process(harness->bus, NULL) > 0)
                ;
        assert_int_equal(n_changed, 1);
}

static void a_broken_main_file_changes_nothing(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_target(harness, "motor", "STM32G431", "");
        harness_firmware(harness, "motor.bin", 3000, 1);
        harness_start(harness);
        harness_write(harness, "config/stmbootd.conf", "%s", "[Manager]\nColour=red\n");
        assert_true(harness_call(harness, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "Reload", &error,
                                 NULL, "") < 0);
        assert_contains(error.message, "stmbootd.conf:2");

        harness_do(harness, "motor", "Flash", "sa{sv}", "motor.bin", 0);
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(broken_files_do_not_stop_the_others),
                TEST(files_that_no_target_can_be_called_after_are_broken_targets),
                TEST(a_port_that_is_not_there_makes_a_target_absent),
                TEST(a_pseudo_terminal_is_no_serial_port),
                TEST(nodes_of_the_device_tree_are_targets),
                TEST(reload_adds_changes_and_removes_targets),
                TEST(another_port_is_another_chip),
                TEST(a_chip_that_does_not_answer_may_be_another),
                TEST(what_was_seen_of_a_chip_outlives_the_daemon),
                TEST(a_mask_hides_a_target),
                TEST(a_job_outlives_its_target),
                TEST(reload_waits_for_a_stay_to_end_and_then_counts_once),
                TEST(a_broken_main_file_changes_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
