/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"

/*
 * A job whose method takes nothing but options: finds the target (NULL: the only one), starts the
 * job, waits. See job_run_one() for `done` and `ret_path`. Returns an exit code.
 */
int cmd_simple(struct client *client, const struct options *options, const char *target,
               const char *method, const char *done, char **ret_path);
