/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "ctl/client.h"

/*
 * What a finished job has read. The bytes belong to *ret_reply, which the caller unrefs. Returns an
 * exit code.
 */
int job_data_get(struct client *client, const char *job, sd_bus_message **ret_reply,
                 const uint8_t **ret_data, size_t *ret_size);
