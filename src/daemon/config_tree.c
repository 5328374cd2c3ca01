/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "daemon/config_tree.h"
#include "daemon/settings.h"
#include "util/utf8.h"

static const char *problem(int error) {
        switch (error) {
        case -ENOENT:
                return "is missing";
        case -EINVAL:
                return "is malformed";
        case -ENXIO:
                return "refers to nothing";
        case -EOPNOTSUPP:
                return "refers to a GPIO controller of a kind that is not known";
        case -EEXIST:
                return "is the name of another target as well";
        default:
                return strerror(-error);
        }
}

int target_config_from_tree(const struct devicetree_target *node, struct target_config **ret,
                            char **ret_reason) {
        _cleanup_(target_config_freep) struct target_config *config = target_config_new();

        *ret_reason = NULL;
        if (!config)
                return -ENOMEM;
        if (node->error < 0)
                return settings_reason(ret_reason, "%s: %s %s", node->node, node->property,
                                       problem(node->error));
        if (node->chip[0] && !chip_by_name(node->chip))
                return settings_reason(ret_reason, "%s: chip is not in the device table",
                                       node->node);
        if (!utf8_is_line(node->port))
                return settings_reason(ret_reason, "%s: the UART's path is no text", node->node);
        config->port = strdup(node->port);
        config->chip_name = node->chip[0] ? strdup(node->chip) : NULL;
        if (!config->port || (node->chip[0] && !config->chip_name))
                return -ENOMEM;
        config->lines = node->lines;
        target_config_set_wired(config);
        *ret = TAKE_PTR(config);
        return 0;
}
