/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/config_target.h"

/*
 * One assignment in [Virtual]; `seen` has a bit for each key that may be given once. Returns 0, or
 * -EINVAL with a reason, or -ENOMEM.
 */
int config_board_assign(struct target_config *config, unsigned *seen, const char *key,
                        const char *value, char **ret_reason);
