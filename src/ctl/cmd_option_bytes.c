/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "ctl/call_options.h"
#include "ctl/client.h"
#include "ctl/cmd_simple.h"
#include "ctl/image_file.h"
#include "ctl/job.h"
#include "ctl/job_data.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/output_file.h"
#include "ctl/text.h"
#include "ctl/verb.h"
#include "util/parse.h"

static int write_bytes(struct client *client, const struct options *options, const char *target) {
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_free_ uint8_t *bytes = NULL;
        _cleanup_free_ char *path = NULL;
        size_t size;

        int code = image_file_bytes(options->write, &bytes, &size);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_find_target(client, target, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_new_call(client, path, STMBOOT_TARGET_INTERFACE, "WriteOptionBytes", &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_append_array(call, 'y', bytes, size);
        if (r < 0)
                return client_report_errno(r, "Cannot make a call");
        code = call_options_append(call, options);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        return job_run_one(client, path, call, "option bytes written", NULL);
}

static void print_dump(const uint8_t *bytes, size_t size) {
        for (size_t i = 0; i < size; i++) {
                if (i % 16 == 0)
                        (void)printf("%04zx ", i);
                (void)printf(" %02x%s", bytes[i], i % 16 == 15 || i + 1 == size ? "\n" : "");
        }
}

static int print_json(const struct options *options, const char *target, const char *job,
                      const uint8_t *bytes, size_t size) {
        _cleanup_json_ struct json_object *object = json_object_new_object();
        _cleanup_free_ char *text = malloc(2 * size + 1);

        if (!text)
                return client_report_errno(-ENOMEM, "Cannot go on");
        format_hex(bytes, size, text);
        json_add_text(object, "target", target);
        json_add_text(object, "job", job);
        json_add_text(object, "result", "done");
        if (options->output)
                json_add_text(object, "output", options->output);
        json_add_text(object, "option_bytes", text);
        return output_json(options, object);
}

static int read_bytes(struct client *client, const struct options *options, const char *name) {
        _cleanup_(output_file_freep) struct output_file *file = NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL, *job = NULL;
        const uint8_t *bytes;
        size_t size;

        if (options->output) {
                int code = output_file_open(options, &file);
                if (code != STMBOOT_EXIT_DONE)
                        return code;
        }
        int code = client_find_target(client, name, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        const char *target = client_target_name(path);
        code = cmd_simple(client, options, target, "ReadOptionBytes", NULL, &job);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = job_data_get(client, job, &reply, &bytes, &size);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (file)
                code = output_file_commit(file, bytes, size);
        if (code == STMBOOT_EXIT_DONE && options->json != JSON_OFF)
                return print_json(options, target, job, bytes, size);
        if (!file)
                print_dump(bytes, size);
        return code;
}

int cmd_option_bytes(struct client *client, const struct options *options, char **args,
                     size_t n_args) {
        const char *target = n_args > 0 ? args[0] : NULL;

        if (options->write && options->output) {
                complain("Give either --write or --output.");
                return STMBOOT_EXIT_USAGE;
        }
        if (!options->write && (options->address.set || options->permanent)) {
                complain("--address and --permanent go with --write.");
                return STMBOOT_EXIT_USAGE;
        }
        return options->write ? write_bytes(client, options, target)
                              : read_bytes(client, options, target);
}
