/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "port-fixture.h"

int port_fixture_setup(void **state) {
        struct port_fixture *fixture = calloc(1, sizeof(*fixture));

        assert_int_equal(openpty(&fixture->master, &fixture->slave, fixture->name, NULL, NULL), 0);
        assert_int_equal(fcntl(fixture->master, F_SETFL, O_NONBLOCK), 0);
        *state = fixture;
        return 0;
}

int port_fixture_teardown(void **state) {
        struct port_fixture *fixture = *state;

        fixture->port = port_close(fixture->port);
        unsetenv("PTY_SHIM_NO_PARITY");
        unsetenv("PTY_SHIM_MAX_BAUD");
        if (fixture->master >= 0)
                close(fixture->master);
        close(fixture->slave);
        free(fixture);
        return 0;
}

void port_fixture_open(struct port_fixture *fixture) {
        assert_int_equal(port_open_serial(fixture->name, &fixture->port), 0);
}
