/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/message_json.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static int print(const struct options *options, const char *target, const char *text) {
        if (options->json != JSON_OFF) {
                _cleanup_json_ struct json_object *object = json_object_new_object();

                json_add_text(object, "target", target);
                json_add_text(object, "trace", text);
                return output_json(options, object);
        }
        if (!*text) {
                if (!options->quiet)
                        complain("There is no trace of %s yet; jobs leave one.", target);
                return STMBOOT_EXIT_DONE;
        }

        _cleanup_free_ char *safe = strdup(text);
        if (!safe)
                return client_report_errno(-ENOMEM, "Cannot go on");
        (void)fputs(text_sanitise(safe, true), stdout);
        if (safe[strlen(safe) - 1] != '\n')
                (void)putchar('\n');
        return STMBOOT_EXIT_DONE;
}

int cmd_trace(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_free_ char *path = NULL;
        const char *text;

        int code = client_find_target(client, n_args > 0 ? args[0] : NULL, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_new_call(client, path, STMBOOT_TARGET_INTERFACE, "GetTrace", &call);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        int r = sd_bus_message_append(call, "b", options->raw);
        if (r < 0)
                return client_report_errno(r, "Cannot make a call");
        code = client_send(client, call, &reply);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        r = sd_bus_message_read(reply, "s", &text);
        if (r < 0)
                return client_report_errno(r, "Cannot read the answer");
        return print(options, client_target_name(path), text);
}
