/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <time.h>

#include "daemon.h"
#include "util/macro.h"

struct watch {
        char *job;
        struct timing *timing;
        uint64_t begin;
        bool ended, done;
        bool verifying; /* Phase and Rate as they were told last */
        uint64_t rate;
};

struct watches {
        struct watch *watch;
        size_t n, n_ended;
};

static uint64_t now_usec(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static struct watch *find(struct watches *watches, const char *job) {
        for (size_t i = 0; i < watches->n; i++)
                if (watches->watch[i].job && strcmp(watches->watch[i].job, job) == 0)
                        return &watches->watch[i];
        return NULL;
}

static int read_property(struct watch *watch, sd_bus_message *message) {
        const char *name, *text;

        int r = sd_bus_message_read(message, "s", &name);
        if (r < 0)
                return r;
        if (strcmp(name, "Phase") == 0) {
                r = sd_bus_message_read(message, "v", "s", &text);
                watch->verifying = r >= 0 && strcmp(text, "verify") == 0;
        } else if (strcmp(name, "Rate") == 0)
                r = sd_bus_message_read(message, "v", "t", &watch->rate);
        else
                r = sd_bus_message_skip(message, "v");
        return r;
}

/*
 * Phases are told ten times a second and no sooner, but Rate is that of the phase from its very
 * beginning: the last one tells the most.
 */
static int on_properties(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct watch *watch = find(userdata, sd_bus_message_get_path(message));

        (void)error;
        if (!watch || sd_bus_message_skip(message, "s") < 0 ||
            sd_bus_message_enter_container(message, 'a', "{sv}") < 0)
                return 0;
        while (sd_bus_message_enter_container(message, 'e', "sv") > 0)
                if (read_property(watch, message) < 0 || sd_bus_message_exit_container(message) < 0)
                        return 0;
        if (watch->verifying && watch->rate > 0)
                watch->timing->rate = watch->rate;
        return 0;
}

static int on_finished(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        struct watches *watches = userdata;
        const char *job, *target, *result;

        (void)error;
        if (sd_bus_message_read(message, "oss", &job, &target, &result) < 0)
                return 0;
        struct watch *watch = find(watches, job);
        if (!watch || watch->ended)
                return 0;
        watch->timing->job = now_usec() - watch->begin;
        watch->ended = true;
        watch->done = strcmp(result, "done") == 0;
        watches->n_ended++;
        return 0;
}

static void tell_failure(struct harness *harness, const struct watch *watch) {
        _cleanup_free_ char *message = harness_get(harness, watch->job, "ErrorMessage");

        fprintf(stderr, "stmbootd: %s\n", message);
}

static bool begin(struct harness *harness, struct watch *watch, const char *target,
                  const char *image, unsigned baud) {
        _cleanup_error_ sd_bus_error error = SD_BUS_ERROR_NULL;

        watch->begin = now_usec();
        /* one-piece: without boot lines there is no way back into the ROM of a G0 */
        watch->job = harness_job(harness, target, "Flash", &error, "sa{sv}", image, 2, "baud", "u",
                                 baud, "one-piece", "b", 1);
        if (!watch->job)
                fprintf(stderr, "stmbootd: %s: %s\n", error.name, error.message);
        return watch->job;
}

static void wait_for_all(struct harness *harness, const struct watches *watches) {
        while (watches->n_ended < watches->n) {
                int r = sd_bus_process(harness->bus, NULL);

                if (r == 0)
                        r = sd_bus_wait(harness->bus, UINT64_MAX);
                if (r < 0)
                        return;
        }
}

bool daemon_flash(struct harness *harness, const char *const *targets, size_t n, const char *image,
                  unsigned baud, struct timing *ret) {
        _cleanup_free_ struct watch *watch = calloc(n, sizeof(*watch));
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *properties = NULL, *finished = NULL;
        struct watches watches = { .watch = watch, .n = n };
        bool success = true;

        assert_non_null(watch);
        assert_true(sd_bus_match_signal(harness->bus, &properties, STMBOOT_BUS_NAME, NULL,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_properties, &watches) >= 0);
        assert_true(sd_bus_match_signal(harness->bus, &finished, STMBOOT_BUS_NAME, STMBOOT_PATH,
                                        STMBOOT_MANAGER_INTERFACE, "JobFinished", on_finished,
                                        &watches) >= 0);
        for (size_t i = 0; i < n; i++) {
                ret[i] = (struct timing){ 0 };
                watch[i].timing = &ret[i];
                success = success && begin(harness, &watch[i], targets[i], image, baud);
        }
        if (success)
                wait_for_all(harness, &watches);
        for (size_t i = 0; i < n; i++) {
                if (success && !watch[i].done) {
                        tell_failure(harness, &watch[i]);
                        success = false;
                }
                free(watch[i].job);
        }
        return success;
}

unsigned long daemon_memory(const struct harness *harness, const char *field) {
        char path[64], line[128];
        unsigned long kib = 0;

        snprintf(path, sizeof(path), "/proc/%d/status", (int)harness->daemon_pid);
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, field, strlen(field)) == 0)
                        kib = strtoul(line + strlen(field) + 1, NULL, 10);
        return kib;
}

uint64_t daemon_cpu(const struct harness *harness) {
        struct timespec used = { 0 };
        clockid_t clock;

        if (clock_getcpuclockid(harness->daemon_pid, &clock) == 0)
                (void)clock_gettime(clock, &used);
        return (uint64_t)used.tv_sec * USEC_PER_SEC + (uint64_t)used.tv_nsec / 1000;
}
