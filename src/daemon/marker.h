/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/config_target.h"

/*
 * RUNTIME/NAME.work stands as long as a target's lines are held, and says which they are, as
 * Key=value with the keys of a target's file: whoever finds it after the daemon's death can make
 * them safe, whatever the configuration says by then. Its lines may be longer than that file's: a
 * port's path in the device tree is.
 */

#define MARKER_SUFFIX ".work"

/* Returns 0, or negative errno and leaves none. */
int marker_write(const char *runtime_dir, const char *target, const struct target_config *config);

/*
 * Reads port and lines of one, into a configuration that is at its defaults otherwise. -ENODATA: it
 * is empty, so its writer died before it took any line; -EINVAL: damaged; other negative errno.
 */
int marker_read(const char *path, struct target_config **ret);

void marker_remove(const char *runtime_dir, const char *target);
