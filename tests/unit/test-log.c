/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which fields a message has in the journal: stmbootd(8), JOURNAL. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "daemon/log.h"
#include "util/macro.h"

static unsigned n_sent;
static char sent[512]; /* the fields of the last message, each in brackets */

/* Stands before libsystemd's, which would write to the journal of this machine. */
int sd_journal_sendv(const struct iovec *iov, int n) {
        size_t length = 0;

        n_sent++;
        for (int i = 0; i < n; i++)
                length += (size_t)snprintf(sent + length, sizeof(sent) - length, "[%.*s]",
                                           (int)iov[i].iov_len, (const char *)iov[i].iov_base);
        return 0;
}

static int setup(void **state) {
        (void)state;
        n_sent = 0;
        log_set_sink(LOG_SINK_JOURNAL);
        log_set_level(LOG_INFO);
        return 0;
}

static void a_message_carries_its_target_and_its_job(void **state) {
        static const struct {
                int level;
                const char *target, *job, *text, *fields;
        } cases[] = {
                { LOG_INFO, "motor", "1_7", "flash begins",
                  "[PRIORITY=6][MESSAGE=motor: flash begins][STMBOOT_TARGET=motor]"
                  "[STMBOOT_JOB=1_7]" },
                { LOG_WARNING, "motor", NULL, "ttyS0 is not there",
                  "[PRIORITY=4][MESSAGE=motor: ttyS0 is not there][STMBOOT_TARGET=motor]" },
                { LOG_ERR, NULL, NULL, "two\nlines", "[PRIORITY=3][MESSAGE=two\nlines]" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                log_write(cases[i].level, cases[i].target, cases[i].job, "%s", cases[i].text);
                assert_int_equal(n_sent, i + 1);
                assert_string_equal(sent, cases[i].fields);
        }
}

static void what_is_below_the_level_is_not_written(void **state) {
        (void)state;
        log_write(LOG_DEBUG, "motor", NULL, "no");
        assert_int_equal(n_sent, 0);
        log_set_level(LOG_DEBUG);
        log_write(LOG_DEBUG, "motor", NULL, "yes");
        assert_int_equal(n_sent, 1);
}

static void the_journal_is_written_to_where_it_reads_our_errors(void **state) {
        char stream[64];
        struct stat st;

        (void)state;
        log_set_sink(LOG_SINK_AUTO);
        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        (void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
                       (unsigned long long)st.st_ino + 1);
        assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
        log_write(LOG_INFO, NULL, NULL, "of another process's");
        assert_int_equal(n_sent, 0);

        (void)snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
                       (unsigned long long)st.st_ino);
        assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
        log_write(LOG_INFO, NULL, NULL, "ours");
        assert_int_equal(n_sent, 1);
        assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(a_message_carries_its_target_and_its_job, setup),
                cmocka_unit_test_setup(what_is_below_the_level_is_not_written, setup),
                cmocka_unit_test_setup(the_journal_is_written_to_where_it_reads_our_errors, setup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
