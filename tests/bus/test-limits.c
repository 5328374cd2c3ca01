/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a client can make the daemon keep is limited. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
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

        _cleanup_free_ char *job = harness_slow_flash(harness);
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

static void waiting_clients_are_limited_in_all(void **state) {
        enum { CLIENTS = 5, CALLS = 8 };
        struct harness *harness = *state;
        sd_bus *clients[CLIENTS];
        unsigned refused = 0;

        _cleanup_free_ char *job = harness_slow_flash(harness);
        for (unsigned i = 0; i < CLIENTS; i++) {
                clients[i] = harness_connect(harness);
                for (unsigned call = 0; call < CALLS; call++)
                        assert_true(sd_bus_call_method_async(clients[i], NULL, STMBOOT_BUS_NAME,
                                                             job, STMBOOT_JOB_INTERFACE, "Wait",
                                                             count_reply, &refused, "") >= 0);
                assert_true(sd_bus_call_method(clients[i], STMBOOT_BUS_NAME, job,
                                               "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                                               "") >= 0); /* the others were there before */
                while (sd_bus_process(clients[i], NULL) > 0)
                        ;
        }
        harness_cancel(harness, job);
        (void)harness_wait(harness, job, NULL);
        for (unsigned i = 0; i < CLIENTS; i++)
                sd_bus_flush_close_unref(clients[i]);
        assert_int_equal(refused, CALLS); /* 32 of all clients may wait */
}

static void clients_that_gave_up_wait_no_longer(void **state) {
        struct harness *harness = *state;

        _cleanup_free_ char *job = harness_slow_flash(harness);
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

static void what_jobs_hold_in_memory_is_limited(void **state) {
        static const char *const names[] = { "a", "b", "c", "d" };
        struct harness *harness = *state;
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL, read = SD_BUS_ERROR_NULL;
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
        _cleanup_free_ char *three = harness_job(harness, "c", "Read", NULL, "tta{sv}",
                                                 0x08000000ULL, (uint64_t)(8 << 20), 0);
        assert_non_null(three);
        assert_null(harness_job(harness, "d", "Read", &read, "tta{sv}", 0x08000000ULL, 1ULL, 0));
        assert_error(&read, "LimitExceeded");
        harness_do(harness, "d", "Reset", "a{sv}", 0);
}

/* ---- answers ---- */

/* Waits until it has nothing more to do. */
static void await_sleep(pid_t pid) {
        for (unsigned asleep = 0; asleep < 10;) {
                _cleanup_free_ char *path = NULL;
                _cleanup_fclose_ FILE *file = NULL;
                char process = 0;

                assert_true(asprintf(&path, "/proc/%d/stat", pid) > 0);
                file = fopen(path, "re");
                assert_non_null(file);
                assert_int_equal(fscanf(file, "%*d %*s %c", &process), 1);
                asleep = process == 'S' ? asleep + 1 : 0;
                (void)usleep(2000);
        }
}

struct answers {
        unsigned data, refused;
};

static int count_answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct answers *answers = userdata;

        (void)error;
        if (!sd_bus_message_is_method_error(message, NULL))
                answers->data++;
        else if (sd_bus_message_is_method_error(message, STMBOOT_ERROR_PREFIX "LimitExceeded"))
                answers->refused++;
        else
                fail_msg("%s", sd_bus_message_get_error(message)->message);
        return 1;
}

static void large_answers_do_not_pile_up(void **state) {
        enum { N = 100 };
        struct harness *harness = *state;
        struct answers answers = { 0 };

        harness_target(harness, "motor", "STM32F405", "");
        harness_start(harness);
        _cleanup_free_ char *job = harness_done(harness, "motor", "Read", "tta{sv}", 0x08000000ULL,
                                                (uint64_t)(512 << 10), 0);

        /* All calls are there before it sees the first, and nobody takes its answers: the socket
         * has room for some. */
        assert_int_equal(kill(harness->daemon_pid, SIGSTOP), 0);
        for (unsigned i = 0; i < N; i++)
                assert_true(sd_bus_call_method_async(harness->bus, NULL, STMBOOT_BUS_NAME, job,
                                                     STMBOOT_JOB_INTERFACE, "GetData", count_answer,
                                                     &answers, "") >= 0);
        assert_true(sd_bus_flush(harness->bus) >= 0);
        await_sleep(harness->bus_pid);
        assert_int_equal(kill(harness->bus_pid, SIGSTOP), 0);
        assert_int_equal(kill(harness->daemon_pid, SIGCONT), 0);
        await_sleep(harness->daemon_pid);
        assert_int_equal(kill(harness->bus_pid, SIGCONT), 0);
        while (answers.data + answers.refused < N)
                harness_process(harness);
        print_message("%u answered, %u refused\n", answers.data, answers.refused);
        assert_true(answers.data > 0 && answers.refused > 0);
}

static void every_client_reads_the_same_memory(void **state) {
        struct harness *harness = *state;
        struct stat first;

        harness_target(harness, "motor", "STM32G431", "");
        harness_start(harness);
        _cleanup_free_ char *job =
                harness_done(harness, "motor", "Read", "tta{sv}", 0x08000000ULL, 4096ULL, 0);
        for (unsigned i = 0; i < 3; i++) {
                _cleanup_reply_ sd_bus_message *reply = NULL;
                uint8_t data[8192];
                struct stat st;
                int fd;

                assert_true(harness_call(harness, job, STMBOOT_JOB_INTERFACE, "GetDataFd", NULL,
                                         &reply, "") >= 0);
                assert_true(sd_bus_message_read(reply, "h", &fd) > 0);
                assert_int_equal(fstat(fd, &st), 0);
                if (i == 0)
                        first = st;
                assert_int_equal(st.st_ino, first.st_ino);
                assert_int_equal(read(fd, data, sizeof(data)), 4096); /* from the beginning */
                assert_int_equal(write(fd, data, 1), -1);
                assert_int_equal(ftruncate(fd, 0), -1);
        }
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, harness_setup, harness_teardown)
        const struct CMUnitTest tests[] = {
                TEST(only_the_last_jobs_are_kept),
                TEST(waiting_clients_are_limited),
                TEST(waiting_clients_are_limited_in_all),
                TEST(clients_that_gave_up_wait_no_longer),
                TEST(what_jobs_hold_in_memory_is_limited),
                TEST(large_answers_do_not_pile_up),
                TEST(every_client_reads_the_same_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
