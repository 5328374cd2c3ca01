/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/config_target.h"

/*
 * RUNTIME/NAME.work stands as long as a target's lines are held, and says which they are, in the
 * form of a target's file: whoever finds it after the daemon's death can make them safe, whatever
 * the configuration says by then.
 */

#define MARKER_SUFFIX ".work"

/* Returns 0 or negative errno. */
int marker_write(const char *runtime_dir, const char *target, const struct target_config *config);
void marker_remove(const char *runtime_dir, const char *target);
