/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "fake-service.h"
#include "stmboot/dbus.h"
#include "util/macro.h"

struct job {
        struct fake_target *target;
        char path[64];
        const char *type, *phase;
        unsigned step;
        uint64_t done, total;
        bool ended, cancelled;
        const char *error; /* name of its error, or NULL */
        sd_bus_message *waiting[4];
        size_t n_waiting;
};

static struct job jobs[512];
static size_t n_jobs;
static sd_bus *bus;

static const char *const phases[] = { "enter",  "identify", "erase", "write", "write",
                                      "verify", "verify",   "head",  "leave", "end" };

static struct job *job_find(const char *path) {
        for (size_t i = 0; i < n_jobs; i++)
                if (strcmp(jobs[i].path, path) == 0)
                        return &jobs[i];
        return NULL;
}

static int reply_waiting(struct job *job, sd_bus_message *call) {
        char name[128];

        if (!job->error)
                return sd_bus_reply_method_return(call, "s", "done");
        (void)snprintf(name, sizeof name, STMBOOT_ERROR_PREFIX "%s", job->error);
        if (fake_starts_with(job->target->name, "nasty"))
                return sd_bus_reply_method_errorf(call, name, "%s", FAKE_NASTY);
        return sd_bus_reply_method_errorf(call, name, "%s: it went wrong\nTry this instead.",
                                          job->target->name);
}

static void job_end(struct job *job, const char *error) {
        job->ended = true;
        job->error = error;
        job->phase = "end";
        (void)sd_bus_emit_properties_changed(bus, job->path, STMBOOT_JOB_INTERFACE, "State",
                                             "Phase", "Progress", "Result", NULL);
        (void)sd_bus_emit_signal(bus, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "JobFinished", "oss",
                                 job->path, job->target->name,
                                 !error                            ? "done"
                                 : strcmp(error, "Cancelled") == 0 ? "cancelled"
                                                                   : "failed");
        for (size_t i = 0; i < job->n_waiting; i++) {
                (void)reply_waiting(job, job->waiting[i]);
                sd_bus_message_unref(job->waiting[i]);
        }
        job->n_waiting = 0;
}

static int job_step(sd_event_source *source, uint64_t usec, void *userdata) {
        struct job *job = userdata;
        const char *name = job->target->name;

        (void)usec;
        if (job->ended)
                return 0;
        if (job->cancelled && !fake_starts_with(name, "stuck")) {
                job_end(job, "Cancelled");
                return 0;
        }
        if (job->step == 4 && strcmp(name, "dies") == 0)
                exit(1);
        if (job->step + 1 == ARRAY_SIZE(phases)) {
                job_end(job, fake_starts_with(name, "fail_")   ? name + strlen("fail_")
                             : fake_starts_with(name, "nasty") ? "Protocol"
                                                               : NULL);
                return 0;
        }
        /* The slow ones stay at their first write. */
        if (job->step < 3 || !(fake_starts_with(name, "slow") || fake_starts_with(name, "stuck")))
                job->step++;
        job->phase = fake_starts_with(name, "nasty") ? FAKE_NASTY : phases[job->step];
        job->total = strcmp(job->phase, "erase") == 0   ? 12
                     : strcmp(job->phase, "write") == 0 ? 44237
                                                        : 0;
        job->done = job->total / 3;
        (void)sd_bus_emit_properties_changed(bus, job->path, STMBOOT_JOB_INTERFACE, "Phase",
                                             "Progress", "BytesDone", "BytesTotal", "Rate", "Notes",
                                             NULL);
        return sd_event_source_set_time_relative(source, 20 * USEC_PER_MSEC) < 0 ||
                               sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) < 0
                       ? -EIO
                       : 0;
}

static int job_wait(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct job *job = userdata;

        (void)error;
        if (job->ended)
                return reply_waiting(job, m);
        if (job->n_waiting == ARRAY_SIZE(job->waiting))
                return -ENOBUFS;
        job->waiting[job->n_waiting++] = sd_bus_message_ref(m);
        return 1;
}

static int job_cancel(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct job *job = userdata;

        (void)error;
        (void)printf("Cancel %s\n", job->target->name);
        job->cancelled = true;
        return sd_bus_reply_method_return(m, NULL);
}

static int job_get_data(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply;
        uint8_t data[256];

        (void)userdata;
        (void)error;
        for (size_t i = 0; i < sizeof data; i++)
                data[i] = (uint8_t)i;
        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_append_array(reply, 'y', data, sizeof data);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* One before the first erase, one at the end. */
static const char *job_notes(const struct job *job) {
        if (!strstr(job->target->name, "_note") || job->step < 1)
                return "";
        return job->ended ? "first thing\nsecond thing" : "first thing";
}

static int job_property(sd_bus *b, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct job *job = userdata;
        bool same = fake_starts_with(job->target->name, "same");

        (void)b;
        (void)path;
        (void)interface;
        (void)error;
        if (strcmp(property, "Type") == 0)
                return sd_bus_message_append(reply, "s", job->type);
        if (strcmp(property, "Target") == 0)
                return sd_bus_message_append(reply, "s", job->target->name);
        if (strcmp(property, "State") == 0)
                return sd_bus_message_append(reply, "s", job->ended ? "done" : "running");
        if (strcmp(property, "Phase") == 0)
                return sd_bus_message_append(reply, "s", job->phase);
        if (strcmp(property, "Progress") == 0)
                return sd_bus_message_append(reply, "u", job->ended ? 100 : job->step * 10);
        if (strcmp(property, "BytesDone") == 0)
                return sd_bus_message_append(reply, "t", job->done);
        if (strcmp(property, "BytesTotal") == 0)
                return sd_bus_message_append(reply, "t", job->total);
        if (strcmp(property, "Rate") == 0)
                return sd_bus_message_append(reply, "t", job->total > 12 ? 10035 : 0);
        if (strcmp(property, "Outcome") == 0)
                return sd_bus_message_append(reply, "s", same ? "untouched" : "complete");
        if (strcmp(property, "Unchanged") == 0)
                return sd_bus_message_append(reply, "b", same);
        if (strcmp(property, "Notes") == 0)
                return sd_bus_message_append(reply, "s", job_notes(job));
        return sd_bus_message_append(reply, "s", "");
}

static bool is_busy(const struct fake_target *target) {
        for (size_t i = 0; i < n_jobs; i++)
                if (!jobs[i].ended && (jobs[i].target == target ||
                                       (fake_starts_with(target->name, "shared") &&
                                        fake_starts_with(jobs[i].target->name, "shared"))))
                        return true;
        return false;
}

int fake_job_start(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct fake_target *target = userdata;
        char name[128];

        fake_log_call(m, target->name);
        if (fake_starts_with(target->name, "refuse_")) {
                (void)snprintf(name, sizeof name, STMBOOT_ERROR_PREFIX "%s",
                               target->name + strlen("refuse_"));
                return sd_bus_error_setf(error, name, "%s: refused", target->name);
        }
        if (is_busy(target) || n_jobs == ARRAY_SIZE(jobs))
                return sd_bus_error_setf(error, STMBOOT_ERROR_PREFIX "Busy", "%s: is busy",
                                         target->name);

        struct job *job = &jobs[n_jobs++];
        *job = (struct job){ .target = target, .type = "flash", .phase = "enter" };
        (void)snprintf(job->path, sizeof job->path, STMBOOT_JOB_PREFIX "/%zu", n_jobs);
        if (fake_starts_with(target->name, "same"))
                job->step = ARRAY_SIZE(phases) - 2;
        int r = sd_event_add_time_relative(sd_bus_get_event(bus), NULL, CLOCK_MONOTONIC,
                                           20 * USEC_PER_MSEC, 1, job_step, job);
        if (r >= 0)
                r = sd_bus_emit_signal(bus, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "JobNew",
                                       "oss", job->path, target->name, job->type);
        return r < 0 ? r : sd_bus_reply_method_return(m, "o", job->path);
}

int fake_jobs_list(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply;

        (void)userdata;
        (void)error;
        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(osss)");
        for (size_t i = 0; r >= 0 && i < n_jobs; i++)
                r = sd_bus_message_append(reply, "(osss)", jobs[i].path, jobs[i].target->name,
                                          jobs[i].type,
                                          !jobs[i].ended  ? "running"
                                          : jobs[i].error ? "failed"
                                                          : "done");
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* ---- wiring ---- */

static int find_job(sd_bus *b, const char *path, const char *interface, void *userdata, void **ret,
                    sd_bus_error *error) {
        (void)b;
        (void)interface;
        (void)userdata;
        (void)error;
        *ret = job_find(path);
        return *ret != NULL;
}

#define JOB_PROPERTY(name, type)                                                                   \
        SD_BUS_PROPERTY(name, type, job_property, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

static const sd_bus_vtable job_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Wait", "", "s", job_wait, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Cancel", "", "", job_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetData", "", "ay", job_get_data, SD_BUS_VTABLE_UNPRIVILEGED),
        JOB_PROPERTY("Type", "s"),
        JOB_PROPERTY("Target", "s"),
        JOB_PROPERTY("State", "s"),
        JOB_PROPERTY("Phase", "s"),
        JOB_PROPERTY("Progress", "u"),
        JOB_PROPERTY("BytesDone", "t"),
        JOB_PROPERTY("BytesTotal", "t"),
        JOB_PROPERTY("Rate", "t"),
        JOB_PROPERTY("Result", "s"),
        JOB_PROPERTY("Outcome", "s"),
        JOB_PROPERTY("Unchanged", "b"),
        JOB_PROPERTY("Notes", "s"),
        SD_BUS_VTABLE_END,
};

int fake_jobs_add(sd_bus *b) {
        bus = b;
        return sd_bus_add_fallback_vtable(b, NULL, STMBOOT_JOB_PREFIX, STMBOOT_JOB_INTERFACE,
                                          job_vtable, find_job, NULL);
}
