/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "ctl/client.h"
#include "ctl/job.h"
#include "ctl/jobs.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static bool is_running(struct json_object *job) {
        return strcmp(json_text(job, "state"), "running") == 0;
}

/* The job of this number or path; else the running one of this target. NULL: none. */
static struct json_object *find(struct json_object *jobs, const char *word) {
        struct json_object *found = NULL;

        for (size_t i = 0; i < json_object_array_length(jobs); i++) {
                struct json_object *job = json_object_array_get_idx(jobs, i);
                const char *path = json_text(job, "job");

                if (strcmp(path, word) == 0 || strcmp(client_target_name(path), word) == 0)
                        return job;
                if (strcmp(json_text(job, "target"), word) == 0 && is_running(job))
                        found = job;
        }
        return found;
}

static int cancel_only(struct client *client, const char *path) {
        _cleanup_message_ sd_bus_message *call = NULL;

        int code = client_new_call(client, path, STMBOOT_JOB_INTERFACE, "Cancel", &call);
        return code != STMBOOT_EXIT_DONE ? code : client_send(client, call, NULL);
}

static int cancel_and_wait(struct client *client, struct json_object *job) {
        _cleanup_(runner_freep) struct runner *runner = NULL;

        int code = runner_new(client, &runner);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = runner_add_cancelled(runner, json_text(job, "target"), json_text(job, "job"));
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = runner_run(runner);
        if (client->options->json != JSON_OFF) {
                _cleanup_json_ struct json_object *object = job_to_json(runner_job(runner, 0));
                int printed = output_json(client->options, object);

                code = code != STMBOOT_EXIT_DONE ? code : printed;
        }
        return code;
}

int cmd_cancel(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_json_ struct json_object *jobs = NULL;
        _cleanup_free_ char *target = NULL;
        const char *word = n_args > 0 ? args[0] : NULL;
        int code;

        if (!word) {
                code = client_find_target(client, NULL, &target);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
                word = client_target_name(target);
        }
        code = jobs_get(client, &jobs);
        if (code != STMBOOT_EXIT_DONE)
                return code;

        struct json_object *job = find(jobs, word);
        if (!job) {
                if (!n_args || client_has_target(client, word))
                        complain("No job runs on %s.", word);
                else
                        complain("There is no job %s, and no target of that name.", word);
                return STMBOOT_EXIT_NO_SERVICE;
        }
        if (!is_running(job)) {
                complain("Job %s has ended already: %s.", client_target_name(json_text(job, "job")),
                         json_text(job, "state"));
                return STMBOOT_EXIT_NO_SERVICE;
        }
        return options->no_wait ? cancel_only(client, json_text(job, "job"))
                                : cancel_and_wait(client, job);
}
