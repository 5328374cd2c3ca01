/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "ctl/call_options.h"
#include "ctl/cmd_simple.h"
#include "ctl/job.h"
#include "ctl/options.h"
#include "ctl/range.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static int protect_write(struct client *client, const struct options *options, const char *target,
                         const char *list) {
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_free_ uint8_t *sectors = NULL;
        _cleanup_free_ char *path = NULL;
        size_t n_sectors;

        int code = range_parse_sectors(list, &sectors, &n_sectors);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_find_target(client, target, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_new_call(client, path, STMBOOT_TARGET_INTERFACE, "ProtectWrite", &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_append_array(call, 'y', sectors, n_sectors);
        if (r < 0)
                return client_report_errno(r, "Cannot make a call");
        code = call_options_append(call, options);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return job_run_one(client, path, call, "protected against writing", NULL);
}

int cmd_protect(struct client *client, const struct options *options, char **args, size_t n_args) {
        if (strcmp(args[n_args - 1], "readout") == 0 && n_args <= 2)
                return cmd_simple(client, options, n_args > 1 ? args[0] : NULL, "ProtectReadout",
                                  "protected against readout", NULL);
        if (n_args >= 2 && strcmp(args[n_args - 2], "write") == 0)
                return protect_write(client, options, n_args > 2 ? args[0] : NULL,
                                     args[n_args - 1]);
        complain("%s Usage: stmbootctl protect %s",
                 strcmp(args[n_args - 1], "write") == 0 ? "Which sectors?"
                                                        : "Protect against what?",
                 verb_table[VERB_PROTECT].args);
        return STMBOOT_EXIT_USAGE;
}
