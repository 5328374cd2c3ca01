/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/cmd_simple.h"
#include "ctl/verb.h"

int cmd_boot(struct client *client, const struct options *options, char **args, size_t n_args) {
        return cmd_simple(client, options, n_args > 0 ? args[0] : NULL, "EnterBootloader", NULL,
                          NULL);
}
