/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/config_target.h"

/* One assignment in [Virtual]. Returns 0, or -EINVAL with a reason, or -ENOMEM. */
int board_assign(struct target_config *config, const char *key, const char *value,
                 char **ret_reason);
