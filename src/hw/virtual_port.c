/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>

#include "hw/lines_internal.h"
#include "hw/port_internal.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/macro.h"
#include "virtual/virtual.h"

/*
 * A virtual STM32 behind port.h and lines.h, in real time: a timer expires when the chip's next
 * byte is due.
 */

struct virtual_port {
        struct port port;
        struct virtual_stm32 *chip;
};

struct virtual_lines {
        struct lines lines;
        struct virtual_stm32 *chip;
        bool value[LINE_MAX_];
};

/* ---- port ---- */

static void virtual_port_arm(void *userdata) {
        struct virtual_port *port = userdata;
        struct itimerspec spec = clock_timer(virtual_burst_time(port->chip));

        (void)timerfd_settime(port->port.fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static struct port *virtual_port_close(struct port *base) {
        struct virtual_port *port = (struct virtual_port *)base;

        virtual_set_wake(port->chip, NULL, NULL);
        virtual_flush(port->chip, clock_usec());
        closep(&port->port.fd);
        free(port);
        return NULL;
}

static ssize_t virtual_port_write(struct port *base, const uint8_t *data, size_t size) {
        struct virtual_port *port = (struct virtual_port *)base;

        virtual_send(port->chip, clock_usec(), data, size);
        virtual_port_arm(port);
        return (ssize_t)size;
}

static ssize_t virtual_port_read(struct port *base, uint8_t *ret_data, size_t size) {
        struct virtual_port *port = (struct virtual_port *)base;
        uint64_t expirations;
        size_t n;

        (void)!read(port->port.fd, &expirations, sizeof(expirations));
        n = virtual_receive(port->chip, clock_usec(), ret_data, size);
        virtual_port_arm(port);
        return (ssize_t)n;
}

static int virtual_port_set_format(struct port *base, unsigned baud, bool even_parity,
                                   unsigned *ret_baud) {
        struct virtual_port *port = (struct virtual_port *)base;

        if (baud == 0)
                return -ERANGE;
        virtual_set_format(port->chip, clock_usec(), baud, even_parity);
        virtual_port_arm(port);
        *ret_baud = baud;
        return 0;
}

static int virtual_port_flush(struct port *base) {
        struct virtual_port *port = (struct virtual_port *)base;

        virtual_flush(port->chip, clock_usec());
        virtual_port_arm(port);
        return 0;
}

static int virtual_port_no_modem_line(struct port *port, bool asserted) {
        (void)port;
        (void)asserted;
        return -ENOTTY;
}

int port_open_virtual(struct virtual_stm32 *chip, struct port **ret) {
        static const struct port_ops ops = {
                .close = virtual_port_close,
                .write = virtual_port_write,
                .read = virtual_port_read,
                .set_format = virtual_port_set_format,
                .flush = virtual_port_flush,
                .set_dtr = virtual_port_no_modem_line,
                .set_rts = virtual_port_no_modem_line,
        };
        struct virtual_port *port = calloc(1, sizeof(*port));

        if (!port)
                return -ENOMEM;
        port->port.ops = &ops;
        port->port.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (port->port.fd < 0) {
                int r = -errno;

                free(port);
                return r;
        }
        port->chip = chip;
        virtual_set_wake(chip, virtual_port_arm, port);
        virtual_flush(chip, clock_usec());
        virtual_port_arm(port);

        *ret = &port->port;
        return 0;
}

/* ---- lines ---- */

static void virtual_lines_apply(struct virtual_lines *lines) {
        virtual_set_lines(lines->chip, clock_usec(), lines->value[LINE_RESET],
                          lines->value[LINE_BOOT0], lines->value[LINE_BOOT1]);
}

static int virtual_lines_set(struct lines *base, enum line line, bool value) {
        struct virtual_lines *lines = (struct virtual_lines *)base;

        lines->value[line] = value;
        virtual_lines_apply(lines);
        return 0;
}

static struct lines *virtual_lines_close(struct lines *base) {
        struct virtual_lines *lines = (struct virtual_lines *)base;

        lines->value[LINE_BOOT0] = lines->value[LINE_BOOT1] = false;
        virtual_lines_apply(lines);
        lines->value[LINE_RESET] = false;
        virtual_lines_apply(lines);
        free(lines);
        return NULL;
}

int lines_open_virtual(struct virtual_stm32 *chip, struct lines **ret) {
        static const struct lines_ops ops = {
                .set = virtual_lines_set,
                .close = virtual_lines_close,
        };
        struct virtual_lines *lines = calloc(1, sizeof(*lines));

        if (!lines)
                return -ENOMEM;
        lines->lines.ops = &ops;
        lines->chip = chip;
        virtual_lines_apply(lines);

        *ret = &lines->lines;
        return 0;
}
