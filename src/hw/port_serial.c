/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <asm/termbits.h> /* for struct termios2, which <termios.h> knows nothing of */
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <linux/serial.h>
#include <linux/tty_flags.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hw/port_internal.h"
#include "hw/port_name.h"
#include "util/cleanup.h"

/*
 * libserialport opens and configures; reading and writing is ours, because its calls turn an
 * unplugged adapter into a time-out and spin meanwhile.
 */

struct serial_port {
        struct port port;
        struct sp_port *sp;
};

static struct serial_port *serial_port(struct port *port) {
        return (struct serial_port *)port;
}

/* A port that went away fails in several ways, depending on how far its driver got. */
static int port_error(int error) {
        switch (error) {
        case EIO:
        case ENXIO:
        case ENOENT:
                return -ENODEV;
        case EWOULDBLOCK:
                return -EBUSY;
        default:
                return -error;
        }
}

static int sp_error(enum sp_return r) {
        switch (r) {
        case SP_OK:
                return 0;
        case SP_ERR_ARG:
                return -ENOTTY;
        case SP_ERR_MEM:
                return -ENOMEM;
        case SP_ERR_SUPP:
                return -EOPNOTSUPP;
        default:
                return port_error(sp_last_error_code());
        }
}

static int port_ioctl(const struct port *port, unsigned long request, void *argument) {
        return ioctl(port->fd, request, argument) < 0 ? port_error(errno) : 0;
}

static ssize_t serial_write(struct port *port, const uint8_t *data, size_t size) {
        ssize_t n = write(port->fd, data, size);

        if (n >= 0)
                return n;
        return errno == EAGAIN || errno == EINTR ? 0 : port_error(errno);
}

static ssize_t serial_read(struct port *port, uint8_t *ret_data, size_t size) {
        ssize_t n = size > 0 ? read(port->fd, ret_data, size) : 0;

        if (n > 0 || size == 0)
                return n;
        if (n == 0)
                return -ENODEV; /* with VMIN=1 only a hung-up tty reads as nothing */
        return errno == EAGAIN || errno == EINTR ? 0 : port_error(errno);
}

/* In both directions, and what libserialport leaves wrong whatever it is asked for. */
static void make_raw(struct termios2 *settings) {
        settings->c_iflag = 0; /* 0.1.1 puts CRTSCTS, and its sp_open() IXON, here */
        settings->c_oflag = 0;
        settings->c_lflag = 0;
        settings->c_cflag &= ~(tcflag_t)(CRTSCTS | HUPCL);
        settings->c_cflag |= CLOCAL | CREAD;
        settings->c_cc[VMIN] = 1;
        settings->c_cc[VTIME] = 0;
}

/* Corrects the settings where need be: each change costs a USB adapter several transfers. */
static int correct_settings(const struct port *port, struct termios2 *ret) {
        struct termios2 is, want;

        int r = port_ioctl(port, TCGETS2, &is);
        if (r < 0)
                return r;
        want = is;
        make_raw(&want);
        if (memcmp(&is, &want, sizeof(is)) != 0) {
                r = port_ioctl(port, TCSETS2, &want);
                if (r < 0)
                        return r;
                r = port_ioctl(port, TCGETS2, &is);
                if (r < 0)
                        return r;
        }
        *ret = is;
        return 0;
}

static int apply_config(struct sp_port *sp, unsigned baud, bool even_parity) {
        struct sp_port_config *config;

        int r = sp_error(sp_new_config(&config));
        if (r < 0)
                return r;
        (void)sp_set_config_baudrate(config, (int)baud);
        (void)sp_set_config_bits(config, 8);
        (void)sp_set_config_parity(config, even_parity ? SP_PARITY_EVEN : SP_PARITY_NONE);
        (void)sp_set_config_stopbits(config, 1);
        (void)sp_set_config_xon_xoff(config, SP_XONXOFF_DISABLED);
        r = sp_error(sp_set_config(sp, config));
        sp_free_config(config);
        return r;
}

static int serial_set_format(struct port *port, unsigned baud, bool even_parity,
                             unsigned *ret_baud) {
        const tcflag_t format = CSIZE | CSTOPB | PARENB | PARODD | CMSPAR | CRTSCTS;
        const tcflag_t want = CS8 | (even_parity ? PARENB : 0);
        struct termios2 is;

        if (baud == 0 || baud > INT32_MAX)
                return -ERANGE;
        int r = apply_config(serial_port(port)->sp, baud, even_parity);
        if (r == -EINVAL)
                return -EPROTONOSUPPORT; /* a driver that says so */
        if (r < 0)
                return r;
        r = correct_settings(port, &is);
        if (r < 0)
                return r;

        if ((is.c_cflag & format) != want)
                return -EPROTONOSUPPORT; /* the usual driver, that says nothing */
        uint64_t difference = is.c_ospeed > baud ? is.c_ospeed - baud : baud - is.c_ospeed;
        if (difference * 1000 > (uint64_t)baud * 25)
                return -ERANGE;
        *ret_baud = is.c_ospeed;
        return 0;
}

static int serial_flush(struct port *port) {
        return ioctl(port->fd, TCFLSH, TCIOFLUSH) < 0 ? port_error(errno) : 0;
}

static int set_modem_line(struct port *port, int line, bool asserted) {
        return port_ioctl(port, asserted ? TIOCMBIS : TIOCMBIC, &line);
}

static int serial_set_dtr(struct port *port, bool asserted) {
        return set_modem_line(port, TIOCM_DTR, asserted);
}

static int serial_set_rts(struct port *port, bool asserted) {
        return set_modem_line(port, TIOCM_RTS, asserted);
}

static struct port *serial_close(struct port *port) {
        struct serial_port *serial = serial_port(port);

        /* 0.1.2 leaves a descriptor behind when sp_open() fails late: ask for it, not for ours. */
        if (serial->sp && sp_get_port_handle(serial->sp, &port->fd) == SP_OK && port->fd >= 0) {
                (void)serial_flush(port); /* or close() waits until all is sent */
                (void)ioctl(port->fd, TIOCNXCL);
                (void)sp_close(serial->sp);
        }
        sp_free_port(serial->sp);
        free(serial);
        return NULL;
}

static const struct port_ops serial_ops = {
        .close = serial_close,
        .write = serial_write,
        .read = serial_read,
        .set_format = serial_set_format,
        .flush = serial_flush,
        .set_dtr = serial_set_dtr,
        .set_rts = serial_set_rts,
};

/*
 * Both kinds of lock, since some take the one and some the other: lockf() is what stm32flash asks,
 * flock() is what libserialport 0.1.2, picocom and we do.
 */
static int lock(int fd) {
        struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return port_error(errno);
        if (fcntl(fd, F_OFD_SETLK, &all) < 0)
                return errno == EACCES ? -EBUSY : port_error(errno);
        return 0;
}

static void unlock(int fd) {
        struct flock all = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

        (void)fcntl(fd, F_OFD_SETLK, &all);
        (void)flock(fd, LOCK_UN);
}

/*
 * sp_open() changes the settings of a port before anybody can ask who uses it. So ask first; the
 * descriptor stays open meanwhile, or its close would drop DTR and RTS.
 */
static int open_probe(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

        if (fd < 0)
                return port_error(errno);
        if (!isatty(fd))
                return -ENOTTY;
        int r = lock(fd);
        if (r < 0)
                return r;
        unlock(fd);
        return TAKE_FD(fd);
}

static int claim(const struct port *port) {
        int r = lock(port->fd);

        if (r < 0)
                return r;
        if (fcntl(port->fd, F_SETFD, FD_CLOEXEC) < 0)
                return -errno;
        return port_ioctl(port, TIOCEXCL, NULL);
}

/* An FTDI adapter answers after 1 ms then instead of 16. Many drivers have no such thing. */
static void request_low_latency(const struct port *port) {
        const int low_latency = (int)ASYNC_LOW_LATENCY;
        struct serial_struct settings;

        if (ioctl(port->fd, TIOCGSERIAL, &settings) < 0 || (settings.flags & low_latency))
                return;
        settings.flags |= low_latency;
        (void)ioctl(port->fd, TIOCSSERIAL, &settings);
}

static inline void port_closep(struct port **port) {
        (void)port_close(*port);
}

int port_open_serial(const char *name, struct port **ret) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int probe = -1;
        _cleanup_(port_closep) struct port *port = NULL;
        struct serial_port *serial;
        struct termios2 settings;

        int r = port_resolve(&hw_roots, name, &path);
        if (r < 0)
                return r;
        if (port_lock_file(&hw_roots, path)) /* even an open() would move its DTR and RTS */
                return -EBUSY;
        probe = open_probe(path);
        if (probe < 0)
                return probe;

        serial = calloc(1, sizeof(*serial));
        if (!serial)
                return -ENOMEM;
        port = &serial->port;
        port->ops = &serial_ops;
        r = sp_error(sp_get_port_by_name(path, &serial->sp));
        if (r == -ENOTTY && strncmp(path, "/dev/pts/", strlen("/dev/pts/")) == 0)
                return -EMEDIUMTYPE;
        if (r < 0)
                return r;
        r = sp_error(sp_open(serial->sp, SP_MODE_READ_WRITE));
        if (r < 0)
                return r;
        (void)sp_get_port_handle(serial->sp, &port->fd);

        r = claim(port);
        if (r < 0)
                return r;
        r = correct_settings(port, &settings);
        if (r < 0)
                return r;
        request_low_latency(port);
        r = serial_flush(port);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(port);
        return 0;
}
