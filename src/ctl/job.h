/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/client.h"

/*
 * Starts jobs, shows how they get on, and waits for them: one for most verbs, several at a time for
 * sync. Ctrl-C cancels and waits for the outcome, a second one leaves the jobs alone.
 */

struct json_object;
struct runner;

/* A job that has ended, or that never started. */
struct job {
        char *target;                   /* its name */
        char *path;                     /* NULL: never started */
        const char *done;               /* what to say after success; NULL: nothing */
        int code;                       /* enum stmboot_exit */
        char *error_name;               /* NULL: none */
        char *error_message;            /* NULL: none */
        size_t n_notes;                 /* bytes of its notes that have been told */
        struct json_object *properties; /* of the job's object at its end, or NULL */
};

int runner_new(struct client *client, struct runner **ret);
struct runner *runner_free(struct runner *runner);
DEFINE_CLEANUP(struct runner, runner_free);

/*
 * Adds the job that `call` starts; call and path are borrowed only for the call. `done` is static:
 * what happened, as in "flashed and verified".
 */
int runner_add(struct runner *runner, const char *target_path, sd_bus_message *call,
               const char *done);

/*
 * Adds a job that runs already; when it ends as cancelled, that is a success.
 */
int runner_add_cancelled(struct runner *runner, const char *target, const char *job_path);

/*
 * Runs all of them at once and returns when all have ended, with --stop-unit's unit stopped
 * meanwhile. Each is reported as it ends, errors included. Returns STMBOOT_EXIT_DONE; the exit code
 * that all the failed ones share; or STMBOOT_EXIT_OTHER.
 */
int runner_run(struct runner *runner);

size_t runner_jobs(const struct runner *runner);
const struct job *runner_job(const struct runner *runner, size_t index);

/* A job for --json; NULL: memory. */
struct json_object *job_to_json(const struct job *job);

/* Starts a job and does not wait for it. *ret_object is for --json. */
int job_start(struct client *client, const char *target_path, sd_bus_message *call,
              struct json_object **ret_object);

/*
 * All of the above for one job, --no-wait and --json included. With `ret_path` the path of the job
 * that succeeded is returned (to be freed), and its JSON is left to the caller.
 */
int job_run_one(struct client *client, const char *target_path, sd_bus_message *call,
                const char *done, char **ret_path);
