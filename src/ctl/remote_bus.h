/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/*
 * Connects to the system bus of [USER@]HOST[:PORT] through ssh and systemd-stdio-bridge, as
 * sd_bus_open_system_remote() does; but Ctrl-C does not end the ssh, so that a job can still be
 * cancelled through it. Returns 0 or negative errno.
 */
int remote_bus_open(const char *host, sd_bus **ret);

/* The address of that bus (the D-Bus specification's "unixexec"); the caller frees. NULL: memory.
 */
char *remote_bus_address(const char *host);
