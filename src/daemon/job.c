/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "daemon/bus.h"
#include "daemon/job.h"
#include "daemon/job_image.h"
#include "daemon/job_result.h"
#include "daemon/job_sync.h"
#include "daemon/log.h"
#include "daemon/manager.h"

/* So that, with those of the beginning and the end, no more than 10 a second are sent. */
#define SIGNAL_GAP (125 * USEC_PER_MSEC)

static const char *const state_names[] = {
        [JOB_RUNNING] = "running",
        [JOB_DONE] = "done",
        [JOB_FAILED] = "failed",
        [JOB_CANCELLED] = "cancelled",
};

const char *job_state_to_string(enum job_state state) {
        return state_names[state];
}

static uint64_t now_usec(const struct job *job) {
        uint64_t now = 0;

        (void)sd_event_now(job->target->manager->event, CLOCK_MONOTONIC, &now);
        return now;
}

static bool has_ended(const struct job *job) {
        return job->state != JOB_RUNNING;
}

void job_note(struct job *job, const char *format, ...) {
        _cleanup_free_ char *line = NULL;
        char *notes;
        va_list ap;

        va_start(ap, format);
        int r = vasprintf(&line, format, ap);
        va_end(ap);
        if (r < 0) {
                line = NULL;
                return;
        }
        if (asprintf(&notes, "%s%s%s", job->notes ?: "", job->notes ? "\n" : "", line) < 0)
                return;
        free(job->notes);
        job->notes = notes;
}

/* ---- progress ---- */

static void signal_progress(struct job *job) {
        job->last_signal = now_usec(job);
        (void)sd_event_source_set_enabled(job->progress_timer, SD_EVENT_OFF); /* it may be due */
        bus_job_changed(job, "Phase", "Progress", "BytesDone", "BytesTotal", "Rate", NULL);
}

static int on_progress_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        signal_progress(userdata);
        return 0;
}

static void on_progressed(void *userdata) {
        struct job *job = userdata;
        struct session_progress progress;
        int armed;

        session_progress(job->session, &progress);
        if (progress.percent < job->progress.percent) /* of a second session */
                progress.percent = job->progress.percent;
        if (progress.phase == job->progress.phase && progress.percent == job->progress.percent &&
            progress.done == job->progress.done && progress.total == job->progress.total)
                return;

        uint64_t now = now_usec(job);
        if (progress.phase != job->progress.phase || progress.done < job->phase_base) {
                job->phase_started = now;
                job->phase_base = progress.done;
        }
        job->progress = progress;
        job_result_note_risk(job, now);
        if (now - job->last_signal >= SIGNAL_GAP)
                signal_progress(job);
        else if (sd_event_source_get_enabled(job->progress_timer, &armed) >= 0 &&
                 armed == SD_EVENT_OFF) {
                (void)sd_event_source_set_time(job->progress_timer, job->last_signal + SIGNAL_GAP);
                (void)sd_event_source_set_enabled(job->progress_timer, SD_EVENT_ONESHOT);
        }
}

uint64_t job_rate(const struct job *job) {
        uint64_t now = has_ended(job) ? 0 : now_usec(job);

        if (now <= job->phase_started || job->progress.done <= job->phase_base)
                return 0;
        return (job->progress.done - job->phase_base) * USEC_PER_SEC / (now - job->phase_started);
}

/* ---- its end ---- */

static void reply(struct job *job, sd_bus_message *message) {
        if (job->state == JOB_DONE)
                (void)sd_bus_reply_method_return(message, "s", "done");
        else
                (void)sd_bus_reply_method_errorf(message, job->error_name, "%s",
                                                 job->error_message ?: "");
}

static bool is_from(sd_bus_message *message, const char *name) {
        const char *sender = sd_bus_message_get_sender(message);

        return sender && name && strcmp(sender, name) == 0;
}

int job_wait(struct job *job, sd_bus_message *message) {
        const char *sender = sd_bus_message_get_sender(message);
        size_t n = 0;

        if (has_ended(job)) {
                reply(job, message);
                return 0;
        }
        for (size_t i = 0; i < job->n_waiters; i++)
                n += is_from(job->waiters[i], sender);
        if (n >= JOB_WAITERS_PER_SENDER || job->n_waiters == JOB_WAITERS_MAX)
                return -EUSERS;
        job->waiters[job->n_waiters++] = sd_bus_message_ref(message);
        return 0;
}

void job_forget_client(struct job *job, const char *name) {
        size_t kept = 0;

        for (size_t i = 0; i < job->n_waiters; i++)
                if (is_from(job->waiters[i], name))
                        sd_bus_message_unref(job->waiters[i]);
                else
                        job->waiters[kept++] = job->waiters[i];
        job->n_waiters = kept;
}

static void answer_waiters(struct job *job) {
        for (size_t i = 0; i < job->n_waiters; i++) {
                reply(job, job->waiters[i]);
                sd_bus_message_unref(job->waiters[i]);
        }
        job->n_waiters = 0;
}

void job_keep(struct manager *manager, struct job **list, struct job *job) {
        struct job **link = &job->next;
        size_t n = 1;

        job->next = *list;
        *list = job;
        for (; *link; n++) {
                struct job *other = *link;

                if (job->data_fd >= 0) { /* a list holds one reading */
                        closep(&other->data_fd);
                        other->data_fd = -1;
                }
                if (n < JOBS_KEPT) {
                        link = &other->next;
                        continue;
                }
                bus_object_removed(manager, other->path);
                *link = other->next;
                job_free(other);
        }
}

void job_free_list(struct job *list) {
        for (struct job *job = list, *next; job; job = next) {
                next = job->next;
                job_free(job);
        }
}

void job_finish(struct job *job) {
        struct target *target = job->target;

        job_record_done(job);
        job->driver = driver_free(job->driver);
        job->session = session_free(job->session);
        job->request = job_request_free(job->request);
        job->start = sd_event_source_disable_unref(job->start);
        job->progress_timer = sd_event_source_disable_unref(job->progress_timer);

        job->progress.phase = SESSION_PHASE_END;
        job->state = JOB_DONE;
        if (job->error_name[0])
                job->state = strcmp(job->error_name, error_name(ERROR_CANCELLED)) == 0
                                     ? JOB_CANCELLED
                                     : JOB_FAILED;
        else
                job->progress.percent = 100;
        target->last_result = job->state == JOB_DONE ? "done" : job->error_name;
        job_result_log(job, now_usec(job) - job->started);
        target->job = NULL;
        job_keep(target->manager, &target->jobs, job);

        bus_job_changed(job, "State", "Phase", "Progress", "BytesDone", "BytesTotal", "Rate",
                        "Result", "Outcome", "Unchanged", "ErrorName", "ErrorMessage", "Notes",
                        NULL);
        bus_target_changed(target, "State", "Chip", "ChipId", "UniqueId", "BootloaderVersion",
                           "FlashSize", "Protection", "Job", "LastResult", NULL);
        bus_job_finished(job);
        answer_waiters(job);
        manager_target_released(target->manager);
}

/* ---- its work ---- */

static bool stays(const struct job *job, bool success) {
        return success && (job->type == JOB_ENTER_BOOTLOADER ||
                           job->request->session.after == SESSION_AFTER_STAY);
}

static int begin_session(struct job *job);

static void fail_to_begin(struct job *job, int r) {
        job_result_fail(job, ERROR_FAILED, "%s", strerror(-r));
        target_disconnect(job->target, false);
        job_finish(job);
}

static void on_ended(void *userdata, bool success) {
        struct job *job = userdata;

        job->driver = driver_free(job->driver);
        if (success && job_sync_repeat(job)) {
                job->session = session_free(job->session);
                int r = begin_session(job);
                if (r < 0)
                        fail_to_begin(job, r);
                return;
        }
        job_result_collect(job, success);
        target_disconnect(job->target, stays(job, success));
        job_record_finish(job, success);
}

static bool on_may_send(void *userdata) {
        return job_record_may_send(userdata);
}

static int new_session(struct job *job) {
        const struct target_config *config = job->target->config;
        struct job_request *request = job->request;
        const struct session_config session_config = {
                .chip_name = config->chip_name,
                .chip = target_chip(job->target),
                .baud = request->baud,
                .entry = config->entry,
                .map = request->has_layout ? &request->layout : NULL,
                .instant = config->is_virtual && config->board.no_wire_time,
        };

        request->session.image = request->image;
        /* Other places each time: what a fixed choice left out would never be looked at. */
        if (request->session.check == SESSION_CHECK_FAST) {
                sd_id128_t random;

                int r = sd_id128_randomize(&random);
                if (r < 0)
                        return r;
                request->session.seed = random.qwords[0];
        }
        return session_new(&session_config, &request->session, &job->session);
}

static int begin_session(struct job *job) {
        struct target *target = job->target;

        int r = new_session(job);
        if (r < 0)
                return r;

        const struct driver_config driver_config = {
                .event = target->manager->event,
                .session = job->session,
                .port = target->connection.port,
                .lines = target->connection.lines,
                .trace = target->trace,
                .userdata = job,
                .may_send = on_may_send,
                .progressed = on_progressed,
                .ended = on_ended,
        };
        r = driver_new(&driver_config, &job->driver);
        if (r < 0)
                return r;
        trace_begin_job(target->trace, now_usec(job), job_type_to_string(job->type));
        driver_run(job->driver);
        return 0;
}

static int on_start(sd_event_source *source, void *userdata) {
        struct job *job = userdata;

        (void)source;
        if (job->by_record) {
                job->unchanged = true;
                job->outcome = SESSION_COMPLETE;
                job_finish(job);
        } else if (job->cancelled) {
                job_result_fail(job, ERROR_CANCELLED,
                                job->service_stops ? "the service was stopped before "
                                                     "it began"
                                                   : "cancelled before it began");
                target_disconnect(job->target, false);
                job_finish(job);
        } else {
                int r = begin_session(job);
                if (r < 0)
                        fail_to_begin(job, r);
        }
        return 0;
}

void job_cancel(struct job *job) {
        if (has_ended(job))
                return;
        job->service_stops |= !job->cancelled && job->target->manager->stopping;
        job->cancelled = true;
        if (job->driver)
                driver_cancel(job->driver);
}

void job_give_up(struct job *job, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        if (!job->reason && vasprintf(&job->reason, format, ap) < 0)
                job->reason = NULL;
        va_end(ap);
        job_cancel(job);
}

/* ---- its life ---- */

static int job_new(struct target *target, enum job_type type, struct job **ret) {
        struct manager *manager = target->manager;
        _cleanup_(job_freep) struct job *job = calloc(1, sizeof(*job));

        if (!job)
                return -ENOMEM;
        job->data_fd = -1;
        job->target = target;
        job->type = type;
        job->error_name = "";
        job->target_name = strdup(target->name);
        if (!job->target_name)
                return -ENOMEM;
        if (asprintf(&job->path, STMBOOT_JOB_PREFIX "/%s_%" PRIu64, manager->job_prefix,
                     manager->n_jobs + 1) < 0) {
                job->path = NULL;
                return -ENOMEM;
        }
        job->id = job->path + strlen(STMBOOT_JOB_PREFIX "/");

        int r = sd_event_add_defer(manager->event, &job->start, on_start, job);
        if (r >= 0)
                r = sd_event_add_time(manager->event, &job->progress_timer, CLOCK_MONOTONIC, 0, 1,
                                      on_progress_timer, job);
        if (r >= 0)
                r = sd_event_source_set_enabled(job->progress_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        job->started = job->phase_started = now_usec(job);
        *ret = TAKE_PTR(job);
        return 0;
}

int job_check_target(const struct target *target, sd_bus_error *ret_error) {
        if (target->manager->stopping)
                return error_set(ret_error, ERROR_FAILED, "The service is stopping");
        if (!target->config)
                return error_set(ret_error, ERROR_TARGET_BROKEN, "%s", target->broken_reason);
        if (target->job)
                return error_set(ret_error, ERROR_BUSY, "%s: busy with another job (%s)",
                                 target->name, job_type_to_string(target->job->type));
        return 0;
}

static int check_request(const struct target *target, const struct job_request *request,
                         sd_bus_error *ret_error) {
        uint64_t bytes = job_request_bytes(request);

        if (bytes > 0 && manager_bytes(target->manager) + bytes > MANAGER_BYTES_MAX)
                return error_set(ret_error, ERROR_LIMIT,
                                 "The jobs in work hold too much: %u MiB in all are possible",
                                 MANAGER_BYTES_MAX >> 20);
        if (!request->image)
                return 0;
        return job_image_check(request->image, target->name, target->config,
                               request->session.option_segments, ret_error);
}

int job_start(struct target *target, struct job_request **request, struct job **ret,
              sd_bus_error *ret_error) {
        _cleanup_(job_freep) struct job *job = NULL;

        int r = job_check_target(target, ret_error);
        if (r >= 0)
                r = check_request(target, *request, ret_error);
        if (r >= 0)
                r = job_new(target, (*request)->type, &job);
        if (r < 0)
                return r;

        job->request = *request;
        job_record_init(job);
        if (job->type == JOB_SYNC)
                job->by_record = job_sync_begin(job);
        if (!job->by_record)
                r = target_connect(target, ret_error);
        if (r < 0) {
                job->request = NULL; /* stays the caller's */
                return r;
        }

        *request = NULL;
        target->manager->n_jobs++;
        target->job = job;
        log_write(LOG_INFO, target->name, job->id, "%s begins", job_type_to_string(job->type));
        bus_object_added(target->manager, job->path);
        bus_job_new(job);
        bus_target_changed(target, "State", "Job", NULL);
        *ret = TAKE_PTR(job);
        return 0;
}

struct job *job_free(struct job *job) {
        if (!job)
                return NULL;
        for (size_t i = 0; i < job->n_waiters; i++)
                sd_bus_message_unref(job->waiters[i]);
        job_record_done(job);
        sd_event_source_disable_unref(job->start);
        sd_event_source_disable_unref(job->progress_timer);
        driver_free(job->driver);
        session_free(job->session);
        job_request_free(job->request);
        free(job->reason);
        free(job->error_message);
        free(job->notes);
        closep(&job->data_fd);
        free(job->path);
        free(job->target_name);
        free(job);
        return NULL;
}
