/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "ctl/job.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/output.h"

int job_start(struct client *client, const char *target_path, sd_bus_message *call,
              struct json_object **ret_object) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_json_ struct json_object *object = json_object_new_object();
        const char *path;

        int code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_read(reply, "o", &path);
        if (r < 0)
                return client_report_errno(r, "Cannot read the answer");
        if (client->options->json == JSON_OFF)
                (void)puts(path);
        json_add_text(object, "target", client_target_name(target_path));
        json_add_text(object, "job", path);
        *ret_object = TAKE_PTR(object);
        return STMBOOT_EXIT_DONE;
}

static int start_only(struct client *client, const char *target_path, sd_bus_message *call) {
        _cleanup_json_ struct json_object *object = NULL;

        int code = job_start(client, target_path, call, &object);
        if (code == STMBOOT_EXIT_DONE && client->options->json != JSON_OFF)
                return output_json(client->options, object);
        return code;
}

int job_run_one(struct client *client, const char *target_path, sd_bus_message *call,
                const char *done, char **ret_path) {
        _cleanup_(runner_freep) struct runner *runner = NULL;

        if (client->options->no_wait)
                return start_only(client, target_path, call);

        int code = runner_new(client, &runner);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = runner_add(runner, target_path, call, done);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = runner_run(runner);

        const struct job *job = runner_job(runner, 0);
        if (client->options->json != JSON_OFF && !(ret_path && code == STMBOOT_EXIT_DONE)) {
                _cleanup_json_ struct json_object *object = job_to_json(job);
                int printed = output_json(client->options, object);

                code = code != STMBOOT_EXIT_DONE ? code : printed;
        }
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (ret_path && !(*ret_path = strdup(job->path)))
                return client_report_errno(-ENOMEM, "Cannot go on");
        if (client->options->exit_code && !json_flag(job->properties, "unchanged"))
                return STMBOOT_EXIT_DIFFERS;
        return STMBOOT_EXIT_DONE;
}
