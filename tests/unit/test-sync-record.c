/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The record of what a chip holds, on disk. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/state_file.h"
#include "daemon/sync_record.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct fixture {
        char dir[32];
};

static int setup(void **state) {
        struct fixture *fixture = calloc(1, sizeof(*fixture));

        strcpy(fixture->dir, "/tmp/stmboot-record-XXXXXX");
        assert_non_null(mkdtemp(fixture->dir));
        *state = fixture;
        return 0;
}

static int teardown(void **state) {
        struct fixture *fixture = *state;
        char path[64];

        (void)snprintf(path, sizeof(path), "%s/motor.state", fixture->dir);
        (void)unlink(path);
        (void)rmdir(path);
        assert_int_equal(rmdir(fixture->dir), 0); /* nothing else was left there */
        free(fixture);
        return 0;
}

static enum state_file_written write_record(const char *dir, const struct sync_record *record,
                                            int *ret_errno) {
        int status;

        pid_t pid = sync_record_write_start(dir, "motor", record);
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return state_file_written(WEXITSTATUS(status), ret_errno);
}

static const struct sync_record done = {
        .status = SYNC_RECORD_DONE,
        .has_unique_id = true,
        .unique_id = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xff },
        .image = { .sha256 = { 0xab, [31] = 0xcd },
                   .start = 0x08000000,
                   .end = 0x08001000,
                   .segments = 3 },
};

static void what_is_written_is_read_back(void **state) {
        const struct fixture *fixture = *state;
        struct sync_record record, unfinished = { .status = SYNC_RECORD_UNFINISHED };
        int error;

        sync_record_load(fixture->dir, "motor", &record);
        assert_int_equal(record.status, SYNC_RECORD_NONE);

        assert_int_equal(write_record(fixture->dir, &done, &error), STATE_FILE_WRITTEN);
        sync_record_load(fixture->dir, "motor", &record);
        assert_true(sync_record_equal(&record, &done));

        assert_int_equal(write_record(fixture->dir, &unfinished, &error), STATE_FILE_WRITTEN);
        sync_record_load(fixture->dir, "motor", &record);
        assert_true(sync_record_equal(&record, &unfinished));
        assert_false(sync_record_equal(&record, &done));

        assert_int_equal(write_record(fixture->dir, &(struct sync_record){ 0 }, &error),
                         STATE_FILE_WRITTEN);
        sync_record_load(fixture->dir, "motor", &record);
        assert_int_equal(record.status, SYNC_RECORD_NONE);
        assert_int_equal(write_record(fixture->dir, &(struct sync_record){ 0 }, &error),
                         STATE_FILE_WRITTEN);
}

static void what_cannot_be_replaced_is_said(void **state) {
        const struct fixture *fixture = *state;
        char path[64];
        int error = 0;

        (void)snprintf(path, sizeof(path), "%s/motor.state", fixture->dir);
        assert_int_equal(mkdir(path, 0755), 0);
        assert_int_equal(write_record(fixture->dir, &done, &error), STATE_FILE_STUCK);
        assert_int_equal(error, EISDIR);

        struct sync_record record;
        sync_record_load(fixture->dir, "motor", &record);
        assert_int_equal(record.status, SYNC_RECORD_BROKEN);
}

static void without_a_directory_there_is_no_record(void **state) {
        struct sync_record record;

        (void)state;
        sync_record_load("/nonexistent", "motor", &record);
        assert_int_equal(record.status, SYNC_RECORD_NONE);
        assert_int_equal(sync_record_write_start("/nonexistent", "motor", &done), -ENOENT);
}

static void damaged_records_are_no_records(void **state) {
        static const char good[] =
                "[Record]\nVersion=1\nStatus=done\nUniqueId=000102030405060708090a0b\n"
                "Sha256=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
                "Start=0x08000000\nEnd=0x08001000\nSegments=1\n";
        static const struct {
                const char *from, *to;
        } damages[] = {
                { "Version=1", "Version=2" },
                { "done", "dona" },
                { "Status=done\n", "" },
                { "[Record]", "[Rekord]" },
                { "0a0b", "0a0" },
                { "0a0b", "0a0g" },
                { "aabb", "aab" },
                { "0x08000000", "x" },
                { "Segments=1", "Segments=-1" },
                { "Segments=1\n", "Segments=1" },
        };
        struct sync_record record;

        (void)state;
        assert_true(sync_record_parse(good, strlen(good), &record));
        assert_int_equal(record.status, SYNC_RECORD_DONE);
        assert_int_equal(record.unique_id[11], 11);

        for (size_t i = 0; i < strlen(good); i++) /* cut short */
                assert_false(sync_record_parse(good, i, &record));
        for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
                const char *at = strstr(good, damages[i].from);
                char text[sizeof(good) + 8];

                assert_non_null(at);
                (void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good,
                               damages[i].to, at + strlen(damages[i].from));
                assert_false(sync_record_parse(text, strlen(text), &record));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(what_is_written_is_read_back, setup, teardown),
                cmocka_unit_test_setup_teardown(what_cannot_be_replaced_is_said, setup, teardown),
                cmocka_unit_test(without_a_directory_there_is_no_record),
                cmocka_unit_test(damaged_records_are_no_records),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
