/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/*
 * Enough of systemd1's Manager for --stop-unit. Units: app.service is active, idle.service is not,
 * lame.service is active and does not start again, slow.service takes a second to stop; others do
 * not exist. Each call is logged to standard output.
 */
int fake_systemd_add(sd_bus *bus);
