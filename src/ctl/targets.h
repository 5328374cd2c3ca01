/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/client.h"

struct json_object;

/* All targets, sorted by name, as an array of their properties. Returns an exit code. */
int targets_get(struct client *client, struct json_object **ret);

/* What is known of a target, for people. */
void target_print(struct json_object *target);
