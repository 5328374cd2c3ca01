/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/client.h"
#include "ctl/cmd_simple.h"
#include "ctl/confirm.h"
#include "ctl/options.h"
#include "ctl/range.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static int confirm_all(struct client *client, const struct options *options, const char *name) {
        _cleanup_free_ char *path = NULL;

        int code = client_find_target(client, name, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return confirm(client, &path, 1,
                       options->bank ? "This erases a whole bank of the flash of"
                                     : "This erases all of the flash of",
                       "");
}

int cmd_erase(struct client *client, const struct options *options, char **args, size_t n_args) {
        const char *target = n_args % 2 == 1 ? args[0] : NULL;
        struct options with_range = *options;
        bool has_range = n_args >= 2;
        int code;

        if (has_range + options->mass + (options->bank != NULL) > 1) {
                complain("Give one of ADDRESS LENGTH, --bank and --mass.");
                return STMBOOT_EXIT_USAGE;
        }
        if (has_range) {
                struct range range;

                code = range_parse(client, VERB_ERASE, args, n_args, &range);
                with_range.address = (struct option_number){ true, range.address };
                with_range.length = (struct option_number){ true, range.length };
        } else
                code = confirm_all(client, options, target);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return cmd_simple(client, &with_range, target, "Erase", "erased", NULL);
}
