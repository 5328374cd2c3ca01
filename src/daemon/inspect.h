/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/job_request.h"
#include "daemon/target.h"

/*
 * Appends to `reply` an a{sv} that tells what is in the request's image and, unless `target` is
 * NULL, whether it would fit that target's chip as far as it is known. Returns 0 or negative errno.
 */
int inspect_image(const struct job_request *request, const struct target *target,
                  sd_bus_message *reply);
