/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hw/port.h"

/* What stands behind port.h. A backend embeds `struct port` as its first member. */

struct port_ops {
        struct port *(*close)(struct port *port); /* frees it too; returns NULL */
        ssize_t (*write)(struct port *port, const uint8_t *data, size_t size);
        ssize_t (*read)(struct port *port, uint8_t *ret_data, size_t size);
        int (*set_format)(struct port *port, unsigned baud, bool even_parity, unsigned *ret_baud);
        int (*flush)(struct port *port);
        int (*set_dtr)(struct port *port, bool asserted);
        int (*set_rts)(struct port *port, bool asserted);
};

struct port {
        const struct port_ops *ops;
        int fd;
};
