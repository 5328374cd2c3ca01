/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "boot/failure.h"
#include "daemon/bus.h"
#include "daemon/file.h"
#include "daemon/job.h"
#include "daemon/job_result.h"
#include "daemon/job_sync.h"
#include "daemon/log.h"
#include "daemon/target.h"
#include "util/utf8.h"

/* Events of the trace that go into the message of a failure. */
#define TRACE_TAIL 24

/* It was the image, the request or the user that ended the job. */
#define NOT_OF_THE_WIRE                                                                            \
        (1U << SESSION_DOES_NOT_FIT | 1U << SESSION_PERMANENT | 1U << SESSION_DIFFERS |            \
         1U << SESSION_CANCELLED)

/* Failures of which the trace tells more, and whoever else has the port. */
static bool is_of_the_wire(const struct session_failure *failure) {
        return !(NOT_OF_THE_WIRE & 1U << failure->error) && failure->n_sectors == 0;
}

/* By an earlier job: this one may have marked its target so for itself. */
static bool was_interrupted(const struct job *job) {
        return job_type_changes_flash(job->type)
                       ? job->record.before.status == SYNC_RECORD_UNFINISHED
                       : job->target->interrupted;
}

static void set_message(struct job *job, char *message) {
        free(job->error_message);
        job->error_message = message;
        if (message)
                utf8_sanitise(message);
}

void job_result_fail(struct job *job, enum error_code code, const char *format, ...) {
        char *message;
        va_list ap;

        va_start(ap, format);
        int r = vasprintf(&message, format, ap);
        va_end(ap);
        job->error_name = error_name(code);
        set_message(job, r < 0 ? NULL : message);
}

static char *failure_message(const struct job *job, const struct session_failure *failure) {
        const struct target *target = job->target;
        const struct session_info *info = session_info(job->session);
        char user[PORT_USER_MAX];
        bool wire = is_of_the_wire(failure);
        bool shared = wire && connection_port_user(target->config, user, sizeof(user));
        const struct advice_context context = {
                .target = target->name,
                .chip = info->chip ?: target_chip(target),
                .chip_name = target->config->chip_name,
                .entry = &target->config->entry,
                .baud = job->request->baud,
                .port_user = shared ? user : NULL,
                .service_stops = job->service_stops,
                .is_virtual = target->config->is_virtual,
                .interrupted = was_interrupted(job),
                .configured_image = job->type == JOB_SYNC,
        };
        _cleanup_free_ char *text = failure_to_text(target->name, failure, &context);
        _cleanup_free_ char *tail = NULL;
        char *message;

        if (!text || !wire)
                return TAKE_PTR(text);
        tail = trace_tail_to_text(target->trace, TRACE_TAIL);
        if (!tail || asprintf(&message, "%s\n\nTrace:\n%s", text, tail) < 0)
                return TAKE_PTR(text);
        return message;
}

void job_result_note_risk(struct job *job, uint64_t now) {
        const char *risk = failure_risk(session_info(job->session)->safety);
        enum session_phase phase = job->progress.phase;
        _cleanup_free_ char *note = NULL;

        if (job->risk_noted || !risk || job->request->session.kind != SESSION_FLASH ||
            phase < SESSION_PHASE_ERASE || phase > SESSION_PHASE_HEAD)
                return;
        job->risk_noted = true;
        if (asprintf(&note, "not power-fail safe: %s", risk) < 0) {
                note = NULL;
                return;
        }
        job_note(job, "%s", note);
        log_write(LOG_NOTICE, job->target->name, job->id, "%s", note);
        trace_add(job->target->trace, now, TRACE_NOTE, note, strlen(note));
        bus_job_changed(job, "Notes", NULL);
}

static void note_success(struct job *job, const struct session_info *info) {
        if (job->request->session.kind == SESSION_FLASH && info->cannot_start)
                job_note(job, "the chip does not start this image: no stack pointer and reset "
                              "vector stand where it boots from");
        if (info->started_by_go)
                job_note(job, "started by Go; until its power is cycled, a reset leads into the "
                              "ROM");
        if (info->needs_power_cycle)
                job_note(job, "the option bytes may not take effect before the power was cycled "
                              "once");
        if ((job->type == JOB_RUN || job->type == JOB_RESET) && was_interrupted(job))
                job_note(job, "an earlier job broke off, and what it left in flash is incomplete");
        if (info->recoveries > 0)
                job_note(job, "%u disturbed exchange%s repeated", info->recoveries,
                         info->recoveries == 1 ? " was" : "s were");
}

static void copy_data(struct job *job) {
        size_t size;
        const uint8_t *data = session_data(job->session, &size);

        if (!data || size == 0)
                return;
        job->data_fd = file_sealed("stmboot-data", data, size);
        if (job->data_fd >= 0)
                job->data_size = size;
        else
                job_note(job, "what was read could not be kept (%s)", strerror(-job->data_fd));
}

void job_result_collect(struct job *job, bool success) {
        const struct session_failure *failure = session_failure(job->session);
        const struct session_info *info = session_info(job->session);
        struct target *target = job->target;

        job->outcome = session_outcome(job->session);
        job->unchanged = info->unchanged;
        if (info->identified)
                known_chip_learn(target, info);
        if (success) {
                note_success(job, info);
                copy_data(job);
        } else if (failure->error == SESSION_PROTECTED && job_sync_trusts_record(job)) {
                job->unchanged = true;
        } else if (failure->error == SESSION_CANCELLED && job->reason) {
                job_result_fail(job, ERROR_FAILED, "%s", job->reason);
        } else {
                job->error_name = error_name(error_from_session(failure->error));
                set_message(job, failure_message(job, failure));
                target->known.in_doubt |= failure->error == SESSION_NO_ENTRY;
        }
}

void job_result_log(const struct job *job, uint64_t duration) {
        const char *type = job_type_to_string(job->type);
        unsigned long long msec = duration / USEC_PER_MSEC;

        if (job->state == JOB_DONE)
                log_write(LOG_INFO, job->target->name, job->id, "%s done in %llu.%03llu s%s%s",
                          type, msec / 1000, msec % 1000, job->notes ? ": " : "", job->notes ?: "");
        else
                log_write(job->state == JOB_CANCELLED ? LOG_NOTICE : LOG_ERR, job->target->name,
                          job->id, "%s %s after %llu.%03llu s: %s", type,
                          job_state_to_string(job->state), msec / 1000, msec % 1000,
                          job->error_message ?: job->error_name);
}
