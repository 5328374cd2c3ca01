/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "ctl/client.h"

/*
 * The systemd unit that owns the port while no job does, stopped and started through systemd1's
 * Manager with the caller's rights. Errors are reported; exit codes are returned. While they wait,
 * the client's event loop runs; both give up when *interrupted changes.
 */

/* Stops the unit if it is active and waits until it has. */
int unit_stop(struct client *client, const char *name, const unsigned *interrupted,
              bool *ret_was_active);

/* Starts it and waits for the result. */
int unit_start(struct client *client, const char *name, const unsigned *interrupted);
