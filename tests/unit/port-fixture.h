/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hw/port.h"

/* A pseudo-terminal that pty-shim.c, linked in, makes pass for a UART, and the port on it. */

struct port_fixture {
        int master, slave; /* the slave stays open, or the master hangs up between two ports */
        char name[64];
        struct port *port;
};

/* cmocka fixtures. */
int port_fixture_setup(void **state);
int port_fixture_teardown(void **state);

void port_fixture_open(struct port_fixture *fixture);
