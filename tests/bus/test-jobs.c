/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Jobs on the bus: one a target, waited for, cancelled, and how they fail. */

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "harness.h"
#include "util/macro.h"

static void a_flash_ends_in_a_running_application(void **state) {
        struct harness *harness = *state;

        harness_target(harness, "motor", "STM32G431", "");
        harness_firmware(harness, "motor.bin", 5000, 1);
        harness_start(harness);
        assert_property(harness, "motor", "State", "idle");
        assert_property(harness, "motor", "Chip", "");

        _cleanup_free_ char *job =
                harness_done(harness, "motor", "Flash", "sa{sv}", "motor.bin", 0);
        assert_job_property(harness, job, "Type", "flash");
        assert_job_property(harness, job, "Target", "motor");
        assert_job_property(harness, job, "State", "done");
        assert_job_property(harness, job, "Result", "done");
        assert_job_property(harness, job, "Outcome", "complete");
        assert_job_property(harness, job, "Progress", "100");
        assert_job_property(harness, job, "ErrorName", "");
        assert_property(harness, "motor", "State", "idle");
        assert_property(harness, "motor", "ChipId", "1128"); /* 0x468 */
        assert_property(harness, "motor", "Protection", "none");
        assert_property(harness, "motor", "LastResult", "done");
        assert_property(harness, "motor", "VirtualState", "running");
        assert_property(harness, "motor", "Job", "/");

        harness_do(harness, "motor", "Verify", "sa{sv}", "motor.bin", 0);
        _cleanup_free_ char *again = harness_done(harness, "motor", "Flash", "sa{sv}", "motor.bin",
                                                  1, "if-different", "b", true);
        assert_job_property(harness, again, "Unchanged", "1");
}

static void what_was_written_can_be_read(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ uint8_t *firmware = firmware_new(3000, 7);
        _cleanup_reply_ sd_bus_message *reply = NULL, *fd_reply = NULL;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        uint8_t from_fd[2048];
        const void *bytes;
        size_t size;
        int fd;

        harness_target(harness, "motor", "STM32G431", "");
        harness_firmware(harness, "motor.bin", 3000, 7);
        harness_start(harness);

        harness_do(harness, "motor", "Flash", "sa{sv}", "motor.bin", 0);
        _cleanup_free_ char *first =
                harness_done(harness, "motor", "Read", "tta{sv}", 0x08000000ULL, 16ULL, 0);
        _cleanup_free_ char *job =
                harness_done(harness, "motor", "Read", "tta{sv}", 0x08000100ULL, 2000ULL, 0);

        assert_true(harness_call(harness, job, STMBOOT_JOB_INTERFACE, "GetData", NULL, &reply,
                                 "") >= 0);
        assert_true(sd_bus_message_read_array(reply, 'y', &bytes, &size) > 0);
        assert_int_equal(size, 2000);
        assert_memory_equal(bytes, firmware + 0x100, 2000);

        assert_true(harness_call(harness, job, STMBOOT_JOB_INTERFACE, "GetDataFd", NULL, &fd_reply,
                                 "") >= 0);
        assert_true(sd_bus_message_read(fd_reply, "h", &fd) > 0);
        assert_int_equal(read(fd, from_fd, sizeof(from_fd)), 2000);
        assert_memory_equal(from_fd, firmware + 0x100, 2000);

        /* One target holds one reading. */
        assert_true(harness_call(harness, first, STMBOOT_JOB_INTERFACE, "GetData", &error, NULL,
                                 "") < 0);
        assert_error(&error, "Failed");
}

static void a_second_job_is_refused_while_one_is_on(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        _cleanup_free_ char *job = harness_slow_flash(harness);
        assert_property(harness, "motor", "State", "busy");
        assert_property(harness, "motor", "Job", job);
        assert_null(harness_job(harness, "motor", "Probe", &error, "a{sv}", 0));
        assert_error(&error, "Busy");
        assert_contains(error.message, "motor");
}

static void targets_on_one_line_take_turns_whatever_they_call_its_chip(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *chip = harness_path(harness, "gpiochip0");
        _cleanup_free_ char *link = harness_path(harness, "motors");
        const char *const names[] = { chip, link };

        harness_write(harness, "gpiochip0", "%s", "");
        assert_int_equal(symlink("gpiochip0", link), 0);
        harness_firmware(harness, "motor.bin", SLOW_SIZE, 1);
        harness_target(harness, "left", "STM32G431", "");
        harness_start(harness);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
                _cleanup_free_ char *left = NULL, *right = NULL;

                assert_true(asprintf(&left, SLOW "[Lines]\nChip=%s\nReset=4\nBoot0=5\n", chip) > 0);
                assert_true(asprintf(&right, "[Lines]\nChip=%s\nReset=6\nBoot0=5\n", names[i]) > 0);
                harness_target(harness, "left", "STM32G431", left);
                harness_target(harness, "right", "STM32G431", right);
                harness_reload(harness);
                _cleanup_free_ char *job =
                        harness_job(harness, "left", "Flash", NULL, "sa{sv}", "motor.bin", 0);
                assert_non_null(job);
                assert_null(harness_job(harness, "right", "Probe", &error, "a{sv}", 0));
                assert_error(&error, "Busy");
                assert_contains(error.message, "target left");

                harness_cancel(harness, job);
                (void)harness_wait(harness, job, NULL);
                harness_do(harness, "right", "Probe", "a{sv}", 0);
        }
}

static void targets_on_one_port_take_turns_whatever_they_call_it(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *link = harness_path(harness, "by-id");
        int master, slave;
        char name[64], byte;

        harness->pty = true;
        assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
        assert_int_equal(fcntl(master, F_SETFD, FD_CLOEXEC), 0);
        assert_int_equal(fcntl(slave, F_SETFD, FD_CLOEXEC), 0);
        assert_int_equal(symlink(name, link), 0);
        harness_write(harness, "config/targets.d/left.conf", "[Serial]\nPort=%s\n", name);
        harness_write(harness, "config/targets.d/right.conf", "[Serial]\nPort=%s\n", link);
        harness_start(harness);
        _cleanup_free_ char *job = harness_job(harness, "left", "Probe", NULL, "a{sv}", 0);
        assert_non_null(job);
        assert_int_equal(read(master, &byte, 1), 1); /* it is at work */
        assert_null(harness_job(harness, "right", "Probe", &error, "a{sv}", 0));
        assert_error(&error, "Busy");
        assert_contains(error.message, "target left");

        harness_cancel(harness, job);
        (void)harness_wait(harness, job, NULL);
        _cleanup_free_ char *next = harness_job(harness, "right", "Probe", NULL, "a{sv}", 0);
        assert_non_null(next);
        harness_cancel(harness, next);
        (void)harness_wait(harness, next, NULL);
        (void)close(slave);
        (void)close(master);
}

static void a_stay_in_the_rom_holds_the_lines(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        static const char lines[] = "[Lines]\nChip=gpiochip0\nReset=4\nBoot0=5\n";

        harness_target(harness, "left", "STM32G431", lines);
        harness_target(harness, "right", "STM32G431", lines);
        harness_start(harness);
        harness_do(harness, "left", "EnterBootloader", "a{sv}", 0);
        assert_property(harness, "left", "State", "bootloader");
        assert_property(harness, "left", "VirtualState", "rom");
        _cleanup_free_ char *marker = harness_read(harness, "state/run/left.work");
        assert_contains(marker, "Boot0=gpiochip0:5");
        assert_null(harness_job(harness, "right", "Probe", &error, "a{sv}", 0));
        assert_error(&error, "Busy");

        harness_do(harness, "left", "Probe", "a{sv}", 0);
        assert_property(harness, "left", "State", "idle");
        harness_do(harness, "right", "Probe", "a{sv}", 0);
        _cleanup_free_ char *path = harness_path(harness, "state/run/left.work");
        assert_int_equal(access(path, F_OK), -1);
}

static void a_cancelled_job_says_so_and_leaves_the_chip_alone(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        _cleanup_free_ char *job = harness_slow_flash(harness);
        harness_await_phase(harness, job, "write");
        harness_cancel(harness, job);
        assert_true(harness_wait(harness, job, &error) < 0);
        assert_error(&error, "Cancelled");
        assert_job_property(harness, job, "State", "cancelled");
        assert_job_property(harness, job, "Outcome", "not-bootable");
        assert_property(harness, "motor", "State", "interrupted");
        assert_property(harness, "motor", "LastResult", "org.stmboot1.Error.Cancelled");

        /* A second one is nothing. */
        harness_cancel(harness, job);
}

static void an_image_behind_a_bootloader_is_told_as_such(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_target(harness, "motor", "STM32F103RC", SLOW);
        harness_firmware(harness, "motor.bin", SLOW_SIZE, 1);
        harness_start(harness);
        _cleanup_free_ char *job =
                harness_job(harness, "motor", "Flash", NULL, "sa{sv}", "motor.bin", 1, "address",
                            "t", (uint64_t)0x08008000);
        assert_non_null(job);
        harness_await_phase(harness, job, "write");
        _cleanup_free_ char *notes = harness_get(harness, job, "Notes");
        assert_contains(notes, "not power-fail safe: the image does not hold what the chip boots");
        harness_cancel(harness, job);
        assert_true(harness_wait(harness, job, &error) < 0);
        assert_error(&error, "Cancelled");
        assert_job_property(harness, job, "Outcome", "not-bootable");
        assert_contains(error.message,
                        "The image at 0x08008000 is incomplete; what the MCU boots from, at "
                        "0x08000000, was not touched and decides whether it is started.");

        /* said once */
        _cleanup_free_ char *after = harness_get(harness, job, "Notes");
        assert_string_equal(after, notes);
}

static void an_image_that_the_chip_cannot_start_is_refused_unless_it_shall_be(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;
        char data[4096];

        for (size_t i = 0; i < sizeof(data); i++)
                data[i] = (char)(i * 7);
        harness_target(harness, "motor", "STM32F103RC", "");
        harness_write_bytes(harness, "firmware/other.bin", data, sizeof(data));
        harness_start(harness);
        _cleanup_free_ char *refused =
                harness_job(harness, "motor", "Flash", &error, "sa{sv}", "other.bin", 0);
        assert_true(harness_wait(harness, refused, &error) < 0);
        assert_error(&error, "ImageDoesNotFit");
        assert_contains(error.message, "the chip cannot start this image: no stack pointer and "
                                       "reset vector stand at 0x08000000");
        assert_contains(error.message, "--unbootable");
        assert_job_property(harness, refused, "Outcome", "untouched");

        _cleanup_free_ char *job = harness_done(harness, "motor", "Flash", "sa{sv}", "other.bin", 1,
                                                "unbootable", "b", 1);
        _cleanup_free_ char *notes = harness_get(harness, job, "Notes");
        assert_contains(notes, "the chip does not start this image");
}

static void waiting_has_no_race(void **state) {
        struct harness *harness = *state;

        harness_target(harness, "motor", "STM32G431", "");
        harness_start(harness);
        for (unsigned i = 0; i < 20; i++) {
                _cleanup_free_ char *job = harness_job(harness, "motor", "Probe", NULL, "a{sv}", 0);

                assert_non_null(job);
                if (i % 2) /* it has ended long before */
                        harness_await_state(harness, "motor", "idle");
                assert_int_equal(harness_wait(harness, job, NULL) < 0, 0);
        }
}

static void job_ids_differ_between_runs(void **state) {
        struct harness *harness = *state;

        harness_target(harness, "motor", "STM32G431", "");
        harness_start(harness);
        _cleanup_free_ char *one = harness_done(harness, "motor", "Probe", "a{sv}", 0);
        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        harness_start(harness);
        _cleanup_free_ char *other = harness_done(harness, "motor", "Probe", "a{sv}", 0);
        assert_string_not_equal(one, other);
}

static void a_client_that_goes_does_not_end_its_job(void **state) {
        struct harness *harness = *state;
        harness_target(harness, "motor", "STM32G431", SLOW);
        harness_firmware(harness, "motor.bin", 8000, 1);
        harness_start(harness);
        sd_bus *other = harness_connect(harness);
        _cleanup_reply_ sd_bus_message *reply = NULL;
        const char *path;
        assert_true(sd_bus_call_method(other, STMBOOT_BUS_NAME, STMBOOT_TARGET_PREFIX "/motor",
                                       STMBOOT_TARGET_INTERFACE, "Flash", NULL, &reply, "sa{sv}",
                                       "motor.bin", 0) >= 0);
        assert_true(sd_bus_message_read(reply, "o", &path) > 0);
        _cleanup_free_ char *job = strdup(path);
        assert_true(sd_bus_call_method_async(other, NULL, STMBOOT_BUS_NAME, job,
                                             STMBOOT_JOB_INTERFACE, "Wait", NULL, NULL, "") >= 0);
        reply = sd_bus_message_unref(reply);
        sd_bus_flush_close_unref(other);

        assert_int_equal(harness_wait(harness, job, NULL) < 0, 0);
        assert_job_property(harness, job, "Outcome", "complete");
}

static void several_targets_work_at_once(void **state) {
        struct harness *harness = *state;
        static const char *const chips[] = { "STM32F405", "STM32G431", "STM32L476", "STM32F103" };
        char *jobs[ARRAY_SIZE(chips)];
        char name[] = "t0";

        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                name[1] = (char)('0' + i);
                harness_target(harness, name, chips[i], SLOW);
        }
        harness_firmware(harness, "motor.bin", 9000, 1);
        harness_start(harness);
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                name[1] = (char)('0' + i);
                jobs[i] = harness_job(harness, name, "Flash", NULL, "sa{sv}", "motor.bin", 0);
                assert_non_null(jobs[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                name[1] = (char)('0' + i);
                assert_property(harness, name, "State", "busy");
        }
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                assert_int_equal(harness_wait(harness, jobs[i], NULL) < 0, 0);
                free(jobs[i]);
        }
}

/* ---- failures ---- */

/* Lines of the trace that an error has in its details. */
static size_t traced_lines(const char *message) {
        const char *trace = strstr(message, "\n\nTrace:\n");
        size_t n = 0;

        if (!trace)
                return 0;
        for (const char *end = trace + strlen("\n\nTrace:\n"); (end = strchr(end, '\n')); end++)
                n++;
        return n;
}

static void a_failure_tells_what_was_on_the_wire(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_target(harness, "motor", "STM32G431", "Boot0Wired=no\n");
        harness_start(harness);
        _cleanup_free_ char *job = harness_job(harness, "motor", "Probe", NULL, "a{sv}", 0);
        assert_non_null(job);
        assert_true(harness_wait(harness, job, &error) < 0);
        assert_error(&error, "NoEntry");
        assert_contains(error.message, "motor");
        assert_contains(error.message, "Try:");
        assert_true(traced_lines(error.message) > 10);
        assert_job_property(harness, job, "State", "failed");
        assert_job_property(harness, job, "ErrorName", "org.stmboot1.Error.NoEntry");
        assert_job_property(harness, job, "ErrorMessage", error.message);

        _cleanup_free_ char *text = harness_trace(harness, "motor", false);
        assert_contains(text, "SYNC");
        _cleanup_free_ char *raw = harness_trace(harness, "motor", true);
        assert_contains(raw, "-> 7F"); /* the byte that synchronises */
}

static void a_chip_that_is_refused_is_shown_in_its_own_words(void **state) {
        static const struct {
                const char *chip, *more, *error, *traced;
        } cases[] = {
                { "STM32G431", "[Target]\nChip=STM32F103\n", "WrongChip", "GET ID: 0x468" },
                { "STM32G431", "", "Protected", "NACK" },
                { "STM32U375", "FlashSize=512K\n[Image]\nAddress=0x08040000\n", "Unsupported",
                  "NRST low" },
                { "STM32G431", "FlashSize=32K\n", "ImageDoesNotFit", NULL },
        };
        struct harness *harness = *state;
        char name[] = "t0";

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                name[1] = (char)('0' + i);
                harness_target(harness, name, cases[i].chip, cases[i].more);
        }
        harness_firmware(harness, "motor.bin", 40000, 1);
        harness_start(harness);
        harness_do(harness, "t1", "ProtectReadout", "a{sv}", 0);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

                name[1] = (char)('0' + i);
                _cleanup_free_ char *job =
                        harness_job(harness, name, "Flash", NULL, "sa{sv}", "motor.bin", 0);
                assert_non_null(job);
                assert_true(harness_wait(harness, job, &error) < 0);
                assert_string_equal(error.name + strlen(STMBOOT_ERROR_PREFIX), cases[i].error);
                if (cases[i].traced) {
                        assert_true(traced_lines(error.message) > 5);
                        assert_contains(strstr(error.message, "Trace:"), cases[i].traced);
                } else
                        assert_null(strstr(error.message, "Trace:"));
        }
}

static void a_sector_that_is_not_there_is_refused_by_its_number(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_target(harness, "motor", "STM32F405", "");
        harness_start(harness);
        harness_do(harness, "motor", "ProtectWrite", "aya{sv}", 2, 0, 11, 0);
        _cleanup_free_ char *job =
                harness_job(harness, "motor", "ProtectWrite", NULL, "aya{sv}", 2, 0, 99, 0);
        assert_non_null(job);
        assert_true(harness_wait(harness, job, &error) < 0);
        assert_error(&error, "Unsupported");
        assert_contains(error.message, "there is no sector 99 to be protected");
        assert_null(strstr(error.message, "Trace:"));
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(a_flash_ends_in_a_running_application),
                TEST(what_was_written_can_be_read),
                TEST(a_second_job_is_refused_while_one_is_on),
                TEST(targets_on_one_line_take_turns_whatever_they_call_its_chip),
                TEST(targets_on_one_port_take_turns_whatever_they_call_it),
                TEST(a_stay_in_the_rom_holds_the_lines),
                TEST(a_cancelled_job_says_so_and_leaves_the_chip_alone),
                TEST(an_image_behind_a_bootloader_is_told_as_such),
                TEST(an_image_that_the_chip_cannot_start_is_refused_unless_it_shall_be),
                TEST(waiting_has_no_race),
                TEST(job_ids_differ_between_runs),
                TEST(a_client_that_goes_does_not_end_its_job),
                TEST(several_targets_work_at_once),
                TEST(a_failure_tells_what_was_on_the_wire),
                TEST(a_chip_that_is_refused_is_shown_in_its_own_words),
                TEST(a_sector_that_is_not_there_is_refused_by_its_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
