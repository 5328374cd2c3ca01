/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "daemon/config.h"

/*
 * Gives a file whose name cannot be a target's one that can and is not taken, as near to it as may
 * be, so that its mistake is shown like any other: "pump-motor" becomes pump_motor or pump_motor_2,
 * and `misnamed` says why that target is broken. Returns 0 or -ENOMEM.
 */
int misnamed_rename(struct config_file *file,
                    bool (*is_taken)(const void *userdata, const char *name), const void *userdata);
