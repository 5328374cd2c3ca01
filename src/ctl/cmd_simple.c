/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/cmd_simple.h"
#include "ctl/call_options.h"
#include "ctl/job.h"

int cmd_simple(struct client *client, const struct options *options, const char *target,
               const char *method, const char *done, char **ret_path) {
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_free_ char *path = NULL;

        int code = client_find_target(client, target, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_new_call(client, path, STMBOOT_TARGET_INTERFACE, method, &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = call_options_append(call, options);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return job_run_one(client, path, call, done, ret_path);
}
