/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/call_options.h"
#include "ctl/client.h"
#include "ctl/image_file.h"
#include "ctl/job.h"
#include "ctl/verb.h"

int cmd_verify(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_free_ char *path = NULL;

        int code = image_file_find_target(client, VERB_VERIFY, args, n_args, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = image_file_new_call(client, path, STMBOOT_TARGET_INTERFACE, "Verify",
                                   args[n_args - 1], &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = call_options_append_image(call, options, args[n_args - 1]);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return job_run_one(client, path, call, "holds this image, compared", NULL);
}
