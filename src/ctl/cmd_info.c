/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ctl/client.h"
#include "ctl/message_json.h"
#include "ctl/output.h"
#include "ctl/targets.h"
#include "ctl/verb.h"

int cmd_info(struct client *client, const struct options *options, char **args, size_t n_args) {
        _cleanup_json_ struct json_object *target = NULL;
        _cleanup_free_ char *path = NULL;

        int code = client_find_target(client, n_args > 0 ? args[0] : NULL, &path);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        code = client_get_all(client, path, STMBOOT_TARGET_INTERFACE, &target);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (options->json != JSON_OFF)
                return output_json(options, target);
        target_print(target);
        return STMBOOT_EXIT_DONE;
}
