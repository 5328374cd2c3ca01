/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "ctl/call_options.h"
#include "ctl/client.h"
#include "ctl/confirm.h"
#include "ctl/image_file.h"
#include "ctl/job.h"
#include "ctl/options.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static int check(struct client *client, char *path, const struct options *options,
                 const char *image) {
        if (options->option_bytes && strcmp(options->option_bytes, "-") == 0 &&
            strcmp(image, "-") == 0) {
                complain("Image and option bytes cannot both come from standard input.");
                return STMBOOT_EXIT_USAGE;
        }
        if (options->erase && strcmp(options->erase, "all") == 0)
                return confirm(client, &path, 1, "This erases all of the flash of",
                               ", also what lies outside the image");
        return STMBOOT_EXIT_DONE;
}

int cmd_flash(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_free_ char *path = NULL;
        const char *image = args[n_args - 1];

        int code = image_file_find_target(client, VERB_FLASH, args, n_args, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = check(client, path, options, image);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = image_file_new_call(client, path, STMBOOT_TARGET_INTERFACE, "Flash", image, &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = call_options_append_image(call, options, image);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return job_run_one(client, path, call, "flashed and verified", NULL);
}
