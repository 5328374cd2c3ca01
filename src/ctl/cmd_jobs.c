/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "ctl/client.h"
#include "ctl/jobs.h"
#include "ctl/message_json.h"
#include "ctl/output.h"
#include "ctl/verb.h"
#include "util/macro.h"

static int add_row(struct table *table, struct json_object *job) {
        const char *const cells[] = {
                client_target_name(json_text(job, "job")),
                json_text(job, "target"),
                json_text(job, "type"),
                json_text(job, "state"),
        };

        for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
                int r = table_add(table, cells[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

int cmd_jobs(struct client *client, const struct options *options, char **args, size_t n_args) {
        static const char *const titles[] = { "JOB", "TARGET", "TYPE", "STATE" };
        _cleanup_json_ struct json_object *jobs = NULL;
        _cleanup_(table_freep) struct table *table = NULL;

        (void)args;
        (void)n_args;
        int code = jobs_get(client, &jobs);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (options->json != JSON_OFF)
                return output_json(options, jobs);
        if (json_object_array_length(jobs) == 0)
                return STMBOOT_EXIT_DONE;
        table = table_new(ARRAY_SIZE(titles), titles);
        for (size_t i = 0; i < json_object_array_length(jobs); i++)
                if (!table || add_row(table, json_object_array_get_idx(jobs, i)) < 0)
                        return client_report_errno(-ENOMEM, "Cannot go on");
        table_print(table);
        return STMBOOT_EXIT_DONE;
}
