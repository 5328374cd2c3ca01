/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/config_target.h"
#include "hw/devicetree.h"

/* A target from a node of the device tree. As target_config_parse(); the reason names the node. */
int target_config_from_tree(const struct devicetree_target *node, struct target_config **ret,
                            char **ret_reason);
