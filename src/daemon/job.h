/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "boot/session.h"
#include "daemon/driver.h"
#include "daemon/error.h"
#include "daemon/job_record.h"
#include "daemon/job_request.h"
#include "util/cleanup.h"
#include "util/macro.h"

struct manager;
struct target;

/* One piece of work on one target, and, when it is done, what became of it. */

#define JOBS_KEPT              8  /* finished ones in a list */
#define JOB_WAITERS_MAX        32 /* clients in Wait() */
#define JOB_WAITERS_PER_SENDER 8

enum job_state {
        JOB_RUNNING,
        JOB_DONE,
        JOB_FAILED,
        JOB_CANCELLED,
};

struct job {
        struct target *target; /* NULL: it has gone, after the job */
        char *target_name;
        struct job *next; /* in a list of finished ones */
        char *path;       /* on the bus */
        const char *id;   /* its last part */
        enum job_type type;
        enum job_state state;

        /* While it runs. */
        struct job_request *request;
        struct session *session;
        struct driver *driver;
        struct job_record record;
        sd_event_source *start, *progress_timer;
        uint64_t started, phase_started, last_signal; /* microseconds, monotonic */
        uint64_t phase_base;                          /* `progress.done` at phase_started */
        bool by_record;                               /* a Sync that need not touch the chip */
        bool cancelled;
        bool service_stops; /* ... by the end of the service */
        bool risk_noted;
        char *reason; /* why we gave it up ourselves */

        /* What its properties say. */
        struct session_progress progress;
        enum session_outcome outcome;
        bool unchanged;
        const char *error_name; /* "": none */
        char *error_message, *notes;

        int data_fd; /* Read, ReadOptionBytes: a sealed memfd; -1: none */
        size_t data_size;

        sd_bus_message *waiters[JOB_WAITERS_MAX];
        size_t n_waiters;
};

/* Could a job begin on this target now? Returns 0, or negative errno with the bus error set. */
int job_check_target(const struct target *target, sd_bus_error *ret_error);

/*
 * Starts the work: takes the request, on success, and puts the job on its target and on the bus.
 * Returns 0, or negative errno with the bus error set; then nothing was touched.
 */
int job_start(struct target *target, struct job_request **request, struct job **ret,
              sd_bus_error *ret_error);
struct job *job_free(struct job *job);
DEFINE_CLEANUP(struct job, job_free);

/* Puts a finished one in front of a list, and forgets what is too old to be kept. */
void job_keep(struct manager *manager, struct job **list, struct job *job);
void job_free_list(struct job *list);

/* Ends it as soon as the chip permits; nothing happens to one that has ended. */
void job_cancel(struct job *job);

/* Ends it likewise, as failed for a reason of our own. */
void job_give_up(struct job *job, const char *format, ...) _printf_(2, 3);

/* The last record is written: the job is over. For job_record.c. */
void job_finish(struct job *job);

/* Adds a line to what a person should know although all went well. */
void job_note(struct job *job, const char *format, ...) _printf_(2, 3);

const char *job_state_to_string(enum job_state state);

/* Bytes a second in this phase. */
uint64_t job_rate(const struct job *job);

/*
 * Holds back the reply to `message` until the job ends. -EUSERS: too many wait already. (Replies at
 * once where it has ended.)
 */
int job_wait(struct job *job, sd_bus_message *message);

/* The client of this unique name has gone: it waits no longer. */
void job_forget_client(struct job *job, const char *name);
