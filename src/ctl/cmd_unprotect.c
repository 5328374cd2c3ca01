/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "ctl/cmd_simple.h"
#include "ctl/confirm.h"
#include "ctl/text.h"
#include "ctl/verb.h"

int cmd_unprotect(struct client *client, const struct options *options, char **args,
                  size_t n_args) {
        const char *target = n_args > 1 ? args[0] : NULL, *what = args[n_args - 1];

        if (strcmp(what, "write") == 0)
                return cmd_simple(client, options, target, "UnprotectWrite",
                                  "write protection lifted", NULL);
        if (strcmp(what, "readout") == 0) {
                _cleanup_free_ char *path = NULL;

                int code = client_find_target(client, target, &path);
                if (code == STMBOOT_EXIT_DONE)
                        code = confirm(client, &path, 1,
                                       "Lifting the readout protection erases all of the flash of",
                                       ": that is how the chip does it");
                if (code != STMBOOT_EXIT_DONE)
                        return code;
                return cmd_simple(client, options, target, "UnprotectReadout",
                                  "readout protection lifted, flash erased", NULL);
        }
        complain("Lift which protection? Usage: stmbootctl unprotect %s",
                 verb_table[VERB_UNPROTECT].args);
        return STMBOOT_EXIT_USAGE;
}
