/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "daemon/config_target.h"
#include "hw/lines.h"
#include "hw/port.h"

/* Port and lines of a target, held together while there is work. */

struct connection {
        struct port *port; /* NULL: not held */
        struct lines *lines;
};

/*
 * Takes the port, or the virtual `board`, and the lines that are wired. Returns 0, or negative
 * errno with the bus error set: Busy, Port or Lines.
 */
int connection_open(struct connection *connection, const char *target,
                    const struct target_config *config, struct virtual_stm32 *board,
                    sd_bus_error *ret_error);

/* Makes the lines safe and gives all back; does nothing where nothing is held. */
void connection_close(struct connection *connection);

#define PORT_USER_MAX 96

/*
 * "agetty (process 512)": another process that has a target's port, as far as it can be seen.
 * False: none, or the target is virtual.
 */
bool connection_port_user(const struct target_config *config, char *ret, size_t size);

/* Do both need the same port, or the same line? As far as names tell; the kernel sees the rest. */
bool connection_conflicts(const struct target_config *a, const struct target_config *b);
