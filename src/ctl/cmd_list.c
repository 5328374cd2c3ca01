/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/message_json.h"
#include "ctl/output.h"
#include "ctl/targets.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static int add_row(struct table *table, struct json_object *target) {
        const char *broken = json_text(target, "broken_reason");
        const char *const cells[] = {
                json_text(target, "name"),
                json_text(target, "state"),
                json_text(target, "chip"),
                *broken ? broken : json_text(target, "description"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
                int r = table_add(table, cells[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

int cmd_list(struct client *client, const struct options *options, char **args, size_t n_args) {
        static const char *const titles[] = { "NAME", "STATE", "CHIP", "DESCRIPTION" };
        _cleanup_json_ struct json_object *targets = NULL;
        _cleanup_(table_freep) struct table *table = NULL;

        (void)args;
        (void)n_args;
        int code = targets_get(client, &targets);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (options->json != JSON_OFF)
                return output_json(options, targets);
        if (json_object_array_length(targets) == 0) {
                if (!options->quiet)
                        complain("There is no target yet. /etc/stmboot/targets.d/NAME.conf makes "
                                 "one; see stmboot.conf(5).");
                return STMBOOT_EXIT_DONE;
        }
        table = table_new(ARRAY_SIZE(titles), titles);
        for (size_t i = 0; i < json_object_array_length(targets); i++)
                if (!table || add_row(table, json_object_array_get_idx(targets, i)) < 0)
                        return client_report_errno(-ENOMEM, "Cannot go on");
        table_print(table);
        return STMBOOT_EXIT_DONE;
}
