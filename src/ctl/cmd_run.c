/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>

#include "ctl/cmd_simple.h"
#include "ctl/options.h"
#include "ctl/range.h"
#include "ctl/verb.h"

int cmd_run(struct client *client, const struct options *options, char **args, size_t n_args) {
        struct options with_address = *options;
        /* The names of targets begin with a letter. */
        bool has_address = n_args == 2 || (n_args == 1 && isdigit((unsigned char)args[0][0]));
        const char *target = n_args == 2 || (n_args == 1 && !has_address) ? args[0] : NULL;

        if (has_address) {
                with_address.address.set = true;
                int code = range_parse_vectors(args[n_args - 1], &with_address.address.value);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        return cmd_simple(client, &with_address, target, "Run", NULL, NULL);
}
