/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/call_options.h"
#include "ctl/client.h"
#include "ctl/job.h"
#include "ctl/job_data.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/output_file.h"
#include "ctl/range.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static int start(struct client *client, const struct options *options, const char *target,
                 const struct range *range, char **ret_target, char **ret_job) {
        _cleanup_message_ sd_bus_message *call = NULL;

        int code = client_find_target(client, target, ret_target);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_new_call(client, *ret_target, STMBOOT_TARGET_INTERFACE, "Read", &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_append(call, "tt", range->address, range->length);
        if (r < 0)
                return client_report_errno(r, "Cannot make a call");
        code = call_options_append(call, options);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return job_run_one(client, *ret_target, call, NULL, ret_job);
}

static int print_result(const struct options *options, const char *target, const char *job,
                        size_t size) {
        _cleanup_json_ struct json_object *object = json_object_new_object();

        json_add_text(object, "target", target);
        json_add_text(object, "job", job);
        json_add_text(object, "result", "done");
        json_add_text(object, "output", options->output);
        json_add(object, "size", json_object_new_uint64(size));
        return output_json(options, object);
}

int cmd_read(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_(output_file_freep) struct output_file *file = NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *target = NULL, *job = NULL;
        struct range range;
        const uint8_t *data;
        size_t size;

        int code = range_parse(client, VERB_READ, args, n_args, &range);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = output_file_open(options, &file);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = start(client, options, n_args > 2 ? args[0] : NULL, &range, &target, &job);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = job_data_get(client, job, &reply, &data, &size);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (size != range.length) {
                complain("The service gave %zu bytes instead of %llu.", size,
                         (unsigned long long)range.length);
                return STMBOOT_EXIT_OTHER;
        }
        code = output_file_commit(file, data, size);
        if (code == STMBOOT_EXIT_DONE && options->json != JSON_OFF)
                return print_result(options, client_target_name(target), job, size);
        return code;
}
