/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hw/port_internal.h"

struct port *port_close(struct port *port) {
        return port ? port->ops->close(port) : NULL;
}

int port_fd(const struct port *port) {
        return port->fd;
}

ssize_t port_write(struct port *port, const uint8_t *data, size_t size) {
        return port->ops->write(port, data, size);
}

ssize_t port_read(struct port *port, uint8_t *ret_data, size_t size) {
        return port->ops->read(port, ret_data, size);
}

int port_set_format(struct port *port, unsigned baud, bool even_parity, unsigned *ret_baud) {
        return port->ops->set_format(port, baud, even_parity, ret_baud);
}

int port_flush(struct port *port) {
        return port->ops->flush(port);
}

int port_set_dtr(struct port *port, bool asserted) {
        return port->ops->set_dtr(port, asserted);
}

int port_set_rts(struct port *port, bool asserted) {
        return port->ops->set_rts(port, asserted);
}
