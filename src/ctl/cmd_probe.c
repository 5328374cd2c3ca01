/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/cmd_simple.h"
#include "ctl/options.h"
#include "ctl/verb.h"

int cmd_probe(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_free_ char *job = NULL;

        int code = cmd_simple(client, options, n_args > 0 ? args[0] : NULL, "Probe", NULL, &job);
        if (code != STMBOOT_EXIT_DONE || options->no_wait)
                return code;
        return cmd_info(client, options, args, n_args);
}
