/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "ctl/jobs.h"
#include "ctl/message_json.h"

static int read_jobs(sd_bus_message *reply, struct json_object *jobs) {
        const char *path, *target, *type, *state;

        int r = sd_bus_message_enter_container(reply, 'a', "(osss)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(reply, "(osss)", &path, &target, &type, &state)) > 0) {
                struct json_object *job = json_object_new_object();

                json_add_text(job, "job", path);
                json_add_text(job, "target", target);
                json_add_text(job, "type", type);
                json_add_text(job, "state", state);
                r = json_append(jobs, job);
                if (r < 0)
                        return r;
        }
        return r;
}

int jobs_get(struct client *client, struct json_object **ret) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_json_ struct json_object *jobs = json_object_new_array();

        int code =
                client_new_call(client, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE, "ListJobs", &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = jobs ? read_jobs(reply, jobs) : -ENOMEM;
        if (r < 0)
                return client_report_errno(r, "Cannot read the answer");
        *ret = TAKE_PTR(jobs);
        return STMBOOT_EXIT_DONE;
}
