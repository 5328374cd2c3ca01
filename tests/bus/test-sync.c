/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sync: when the chip is asked, how much is compared, and what the record says. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "util/macro.h"

static void configure(struct harness *harness, const char *check, const char *more) {
        _cleanup_free_ char *text = NULL;

        assert_true(asprintf(&text, "Seed=7\n%s[Image]\nFile=%s/motor.bin\nCheck=%s\n", more,
                             harness->dir, check) > 0);
        harness_target(harness, "motor", "STM32G431", text);
}

static void new_firmware(struct harness *harness, unsigned version) {
        _cleanup_free_ uint8_t *data = firmware_new(6000, version);

        harness_write_bytes(harness, "motor.bin", data, 6000);
}

static char *sync_motor(struct harness *harness) {
        return harness_done(harness, "motor", "Sync", "a{sv}", 0);
}

static void restart(struct harness *harness) {
        assert_int_equal(harness_stop(harness, SIGTERM), 0);
        harness_start(harness);
}

/* What the trace says since the last restart: was the chip touched at all? */
static bool was_touched(struct harness *harness) {
        _cleanup_free_ char *trace = harness_trace(harness, "motor", true);

        return trace[0];
}

static void the_first_sync_flashes_and_the_next_finds_nothing_to_do(void **state) {
        struct harness *harness = *state;

        configure(harness, "fast", "");
        new_firmware(harness, 1);
        harness_start(harness);
        _cleanup_free_ char *first = sync_motor(harness);
        assert_job_property(harness, first, "Unchanged", "0");
        _cleanup_free_ char *notes = harness_get(harness, first, "Notes");
        assert_contains(notes, "no record");
        _cleanup_free_ char *record = harness_read(harness, "state/motor.state");
        assert_contains(record, "Status=done");

        _cleanup_free_ char *second = sync_motor(harness);
        assert_job_property(harness, second, "Unchanged", "1");
        assert_job_property(harness, second, "Notes", "");
        _cleanup_free_ char *same = harness_read(harness, "state/motor.state");
        assert_string_equal(record, same);

        new_firmware(harness, 2);
        _cleanup_free_ char *third = sync_motor(harness);
        assert_job_property(harness, third, "Unchanged", "0");
        assert_property(harness, "motor", "VirtualState", "running");
}

static void check_only_writes_nothing(void **state) {
        struct harness *harness = *state;

        configure(harness, "fast", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        new_firmware(harness, 2);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_error_ sd_bus_error differs = SD_BUS_ERROR_NULL;
                _cleanup_free_ char *check = harness_job(harness, "motor", "Sync", NULL, "a{sv}", 1,
                                                         "check-only", "b", true);
                assert_non_null(check);

                assert_true(harness_wait(harness, check, &differs) < 0);
                assert_error(&differs, "Differs");
                assert_contains(differs.message, "stmbootctl sync motor");
                assert_job_property(harness, check, "Outcome", "untouched");
        }
        new_firmware(harness, 1);
        _cleanup_free_ char *same =
                harness_done(harness, "motor", "Sync", "a{sv}", 1, "check-only", "b", true);
        assert_job_property(harness, same, "Unchanged", "1");
}

static void with_a_record_that_is_enough_the_chip_is_not_touched(void **state) {
        struct harness *harness = *state;

        configure(harness, "record", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        restart(harness);
        _cleanup_free_ char *second = sync_motor(harness);
        assert_job_property(harness, second, "Unchanged", "1");
        assert_job_property(harness, second, "Outcome", "complete");
        assert_false(was_touched(harness));
}

static void damage(struct harness *harness) {
        harness_write(harness, "state/motor.state", "%s", "[Record]\nVersion=1\nStatus=do");
}

static void a_chip_that_is_kept_in_its_rom_is_started(void **state) {
        struct harness *harness = *state;

        configure(harness, "record", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        harness_do(harness, "motor", "EnterBootloader", "a{sv}", 0);
        assert_property(harness, "motor", "VirtualState", "rom");
        _cleanup_free_ char *job = sync_motor(harness);
        assert_job_property(harness, job, "Unchanged", "1");
        assert_property(harness, "motor", "State", "idle");
        assert_property(harness, "motor", "VirtualState", "running");

        harness_do(harness, "motor", "Sync", "a{sv}", 1, "after", "s", "stay");
        assert_property(harness, "motor", "VirtualState", "rom");
}

static void no_damaged_and_unfinished_records_lead_to_a_full_comparison(void **state) {
        static const struct {
                const char *record, *note;
        } cases[] = {
                { NULL, "there is no record" },
                { "", "damaged" },
                { "[Record]\nVersion=1\nStatus=do", "damaged" },
                { "[Record]\nVersion=1\nStatus=unfinished\nUniqueId=\nSha256="
                  "0000000000000000000000000000000000000000000000000000000000000000\n"
                  "Start=0x0\nEnd=0x0\nSegments=1\n",
                  "did not come to its end" },
        };
        struct harness *harness = *state;
        _cleanup_free_ char *path = harness_path(harness, "state/motor.state");

        configure(harness, "record", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                if (cases[i].record)
                        harness_write(harness, "state/motor.state", "%s", cases[i].record);
                else
                        assert_int_equal(unlink(path), 0);
                _cleanup_free_ char *job = sync_motor(harness);
                _cleanup_free_ char *notes = harness_get(harness, job, "Notes");
                _cleanup_free_ char *record = harness_read(harness, "state/motor.state");

                assert_contains(notes, cases[i].note);
                assert_job_property(harness, job, "Unchanged", "1"); /* the chip lives on */
                assert_contains(record, "Status=done");
        }
        damage(harness);
        restart(harness); /* the chip is a new one */
        _cleanup_free_ char *job = sync_motor(harness);
        assert_job_property(harness, job, "Unchanged", "0");
}

static void another_chip_is_compared_in_full(void **state) {
        struct harness *harness = *state;

        configure(harness, "fast", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        _cleanup_free_ char *record = harness_read(harness, "state/motor.state");

        /* The same image, by the record on a chip of another number. */
        char *id = strstr(record, "UniqueId=");
        assert_non_null(id);
        id[9] = id[9] == '0' ? '1' : '0';
        harness_write(harness, "state/motor.state", "%s", record);
        _cleanup_free_ char *second = sync_motor(harness);
        _cleanup_free_ char *notes = harness_get(harness, second, "Notes");
        assert_contains(notes, "another chip");
        assert_job_property(harness, second, "Unchanged", "1");
        _cleanup_free_ char *now = harness_read(harness, "state/motor.state");
        assert_string_not_equal(record, now);
}

static void a_chip_flashed_by_somebody_else_is_found_out(void **state) {
        struct harness *harness = *state;

        configure(harness, "fast", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        _cleanup_free_ char *record = harness_read(harness, "state/motor.state");

        harness_firmware(harness, "other.bin", 6000, 9);

        harness_do(harness, "motor", "Flash", "sa{sv}", "other.bin", 0);
        harness_write(harness, "state/motor.state", "%s", record);
        _cleanup_free_ char *second = sync_motor(harness);
        assert_job_property(harness, second, "Unchanged", "0");
        assert_property(harness, "motor", "VirtualState", "running");
}

/* Which addresses the last Sync read, in their order. Returns how many. */
static size_t addresses_read(struct harness *harness, unsigned long *ret, size_t max) {
        _cleanup_free_ char *trace = harness_trace(harness, "motor", false);
        const char *last = trace;
        size_t n = 0;

        for (const char *next = trace; (next = strstr(next, "note \"sync\"")); next++)
                last = next;
        for (const char *read = last; (read = strstr(read, "READ 0x")); read++) {
                assert_true(n < max);
                ret[n++] = strtoul(read + strlen("READ "), NULL, 16);
        }
        return n;
}

static void a_fast_check_looks_at_other_places_each_time(void **state) {
        /* Of so many blocks 20 are looked at that two times the same would be a wonder. */
        _cleanup_free_ uint8_t *firmware = firmware_new(40000, 1);
        struct harness *harness = *state;
        unsigned long first[64], second[64];

        configure(harness, "fast", "");
        harness_write_bytes(harness, "motor.bin", firmware, 40000);
        harness_start(harness);
        free(sync_motor(harness));

        free(sync_motor(harness));
        size_t n = addresses_read(harness, first, ARRAY_SIZE(first));
        free(sync_motor(harness));
        assert_int_equal(addresses_read(harness, second, ARRAY_SIZE(second)), n);
        assert_true(n > 10);
        assert_memory_not_equal(first, second, n * sizeof(first[0]));
}

static void erasing_forgets_the_record(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *path = harness_path(harness, "state/motor.state");

        configure(harness, "record", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        harness_do(harness, "motor", "Erase", "a{sv}", 0);
        assert_int_equal(access(path, F_OK), -1);
        assert_property(harness, "motor", "State", "idle");
        _cleanup_free_ char *second = sync_motor(harness);
        assert_job_property(harness, second, "Unchanged", "0");
}

static void a_failure_before_the_first_erase_leaves_the_record_alone(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        configure(harness, "fast", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        _cleanup_free_ char *record = harness_read(harness, "state/motor.state");

        harness_firmware(harness, "large.bin", 600 << 10, 1);
        _cleanup_free_ char *job =
                harness_job(harness, "motor", "Flash", NULL, "sa{sv}", "large.bin", 0);
        assert_non_null(job);
        assert_true(harness_wait(harness, job, &error) < 0);
        assert_error(&error, "ImageDoesNotFit");
        assert_property(harness, "motor", "State", "idle");
        _cleanup_free_ char *now = harness_read(harness, "state/motor.state");
        assert_string_equal(record, now);
}

static void protection_is_never_taken_off_silently(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        configure(harness, "fast", "");
        new_firmware(harness, 1);
        harness_start(harness);
        free(sync_motor(harness));
        harness_do(harness, "motor", "ProtectReadout", "a{sv}", 0);
        _cleanup_free_ char *refused = harness_job(harness, "motor", "Sync", NULL, "a{sv}", 0);
        assert_non_null(refused);
        assert_true(harness_wait(harness, refused, &error) < 0);
        assert_error(&error, "Protected");
        assert_property(harness, "motor", "Protection", "readout");

        configure(harness, "fast", "");
        harness_write(harness, "config/targets.d/motor.conf",
                      "[Serial]\nPort=virtual:STM32G431\n[Virtual]\nWireTime=no\nSeed=7\n"
                      "[Image]\nFile=%s/motor.bin\nProtected=record\n",
                      harness->dir);
        harness_reload(harness);
        _cleanup_free_ char *trusted = sync_motor(harness);
        assert_job_property(harness, trusted, "Unchanged", "1");
        _cleanup_free_ char *notes = harness_get(harness, trusted, "Notes");
        assert_contains(notes, "believed");
}

static void a_record_that_cannot_be_written_is_said(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *path = harness_path(harness, "state/motor.state");

        configure(harness, "record", "");
        new_firmware(harness, 1);
        harness_start(harness);
        /* What stands in its way can neither be replaced nor removed, not even by root. */
        harness_write(harness, "state/motor.state/in-the-way", "%s", "");
        _cleanup_free_ char *job = sync_motor(harness);
        _cleanup_free_ char *notes = harness_get(harness, job, "Notes");
        assert_contains(notes, "could not be written");
        assert_job_property(harness, job, "Outcome", "complete");
        assert_int_equal(access(path, F_OK), 0);
}

static void a_damaged_record_is_never_put_back(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *path = harness_path(harness, "state/motor.state");
        const uint8_t sectors[] = { 0, 1 };

        configure(harness, "fast", "");
        new_firmware(harness, 1);
        harness_firmware(harness, "same.bin", 6000, 1);
        harness_start(harness);
        free(sync_motor(harness));
        damage(harness);
        harness_do(harness, "motor", "Flash", "sa{sv}", "same.bin", 2, "check", "s", "fast",
                   "protect-write", "ay", (int)sizeof(sectors), sectors[0], sectors[1]);
        assert_int_equal(access(path, F_OK), -1);
}

/* 0: none. */
static pid_t child_of(pid_t parent) {
        _cleanup_free_ char *path = NULL;
        _cleanup_fclose_ FILE *file = NULL;
        int child = 0;

        assert_true(asprintf(&path, "/proc/%d/task/%d/children", parent, parent) > 0);
        file = fopen(path, "re");
        assert_non_null(file);
        return fscanf(file, "%d", &child) == 1 ? child : 0;
}

/* Timers and sockets that process `pid` has open; a timer stands for a virtual target's port. */
static size_t count_others(pid_t pid) {
        _cleanup_free_ char *path = NULL;
        _cleanup_closedir_ DIR *dir = NULL;
        size_t n = 0;

        assert_true(asprintf(&path, "/proc/%d/fd", pid) > 0);
        dir = opendir(path);
        assert_non_null(dir);
        for (struct dirent *entry; (entry = readdir(dir));) {
                char what[64] = "";

                if (readlinkat(dirfd(dir), entry->d_name, what, sizeof(what) - 1) > 0)
                        n += strncmp(what, "anon_inode:", 11) == 0 ||
                             strncmp(what, "socket:", 7) == 0;
        }
        return n;
}

static void a_slow_disk_holds_no_port_and_no_line(void **state) {
        struct harness *harness = *state;
        _cleanup_free_ char *path = harness_path(harness, "state/.motor.state.new");
        size_t others = SIZE_MAX;

        configure(harness, "fast", "");
        new_firmware(harness, 1);
        harness_start(harness);
        harness_do(harness, "motor", "Probe", "a{sv}", 0);
        while (child_of(harness->daemon_pid) != 0) /* that notes which chip it is */
                assert_int_equal(usleep(1000), 0);
        /* As slow as it gets: opening it waits until somebody reads. */
        assert_int_equal(mkfifo(path, 0600), 0);
        _cleanup_free_ char *job = harness_job(harness, "motor", "Erase", NULL, "a{sv}", 0);
        assert_non_null(job);
        pid_t child;
        while ((child = child_of(harness->daemon_pid)) == 0)
                assert_int_equal(usleep(1000), 0);
        for (unsigned i = 0; i < 30000 && others > 0; i++) { /* it has only just begun */
                others = count_others(child);
                assert_int_equal(usleep(1000), 0);
        }
        _cleanup_close_ int reader = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(reader >= 0);
        assert_int_equal(others, 0);
        assert_true(harness_wait(harness, job, NULL) >= 0);
}

static void a_target_without_a_file_cannot_sync(void **state) {
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        harness_target(harness, "motor", "STM32G431", "");
        harness_start(harness);
        assert_null(harness_job(harness, "motor", "Sync", &error, "a{sv}", 0));
        assert_error(&error, "ImageUnreadable");
        assert_contains(error.message, "File=");
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(the_first_sync_flashes_and_the_next_finds_nothing_to_do),
                TEST(check_only_writes_nothing),
                TEST(with_a_record_that_is_enough_the_chip_is_not_touched),
                TEST(a_chip_that_is_kept_in_its_rom_is_started),
                TEST(no_damaged_and_unfinished_records_lead_to_a_full_comparison),
                TEST(another_chip_is_compared_in_full),
                TEST(a_chip_flashed_by_somebody_else_is_found_out),
                TEST(a_fast_check_looks_at_other_places_each_time),
                TEST(erasing_forgets_the_record),
                TEST(a_failure_before_the_first_erase_leaves_the_record_alone),
                TEST(protection_is_never_taken_off_silently),
                TEST(a_record_that_cannot_be_written_is_said),
                TEST(a_damaged_record_is_never_put_back),
                TEST(a_slow_disk_holds_no_port_and_no_line),
                TEST(a_target_without_a_file_cannot_sync),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
