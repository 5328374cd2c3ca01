/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A UART, real or virtual, without blocking: one descriptor to poll, and calls that do what can be
 * done at once. All return negative errno; -ENODEV means that the port is gone for good.
 */

struct port;
struct virtual_stm32;

/*
 * Opens a serial port for exclusive use: a path, a link, a bare kernel name ("ttyAMA5"),
 * "usb:VID:PID[:SERIAL]" or "of:/soc/serial@7e201a00" (device.h). Raw, 8 bits, no flow control, low
 * latency where the driver has it, DTR and RTS left alone as far as the kernel lets us: its open()
 * asserts both. -EBUSY: somebody else holds it, and keeps his settings; -ENODEV: no such port now;
 * -ENOTUNIQ: several fit; -ENOTTY: no serial port; -EMEDIUMTYPE: a pseudo-terminal; -EINVAL: no
 * port's name.
 */
int port_open_serial(const char *name, struct port **ret);

/* The same API in front of a virtual STM32, which stays the caller's. */
int port_open_virtual(struct virtual_stm32 *chip, struct port **ret);

/* Makes lines safe to leave, discards what was not sent, closes. Takes NULL; returns NULL. */
struct port *port_close(struct port *port);

/* To poll for EPOLLIN always, and for EPOLLOUT after port_write() took less than all. */
int port_fd(const struct port *port);

/* How many bytes were taken (0: none now), or negative errno. */
ssize_t port_write(struct port *port, const uint8_t *data, size_t size);

/* How many bytes were there (0: none now), or negative errno. Call after each EPOLLIN. */
ssize_t port_read(struct port *port, uint8_t *ret_data, size_t size);

/*
 * Sets and reads back 8E1 or 8N1 at `baud`. Returns 0 and the rate that the port really does;
 * -EPROTONOSUPPORT: the driver drops parity (the Pi's mini-UART, a pty); -ERANGE: it cannot do this
 * rate within 2.5 % (AN3155 section 2). Give the line two characters' time before the first byte:
 * a PL011 goes on with its old divisor for so long.
 */
int port_set_format(struct port *port, unsigned baud, bool even_parity, unsigned *ret_baud);

/* Discards what was received and not read, and what waits to be sent. */
int port_flush(struct port *port);

/* The modem lines as boot lines. True: asserted (TIOCM bit set, low at a TTL adapter's pin). */
int port_set_dtr(struct port *port, bool asserted);
int port_set_rts(struct port *port, bool asserted);
