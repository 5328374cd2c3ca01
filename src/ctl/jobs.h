/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"

struct json_object;

/*
 * All jobs that the service knows, as an array of objects with "job" (a path), "target", "type" and
 * "state". Returns an exit code.
 */
int jobs_get(struct client *client, struct json_object **ret);
