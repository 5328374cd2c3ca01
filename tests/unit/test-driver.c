/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a session is told of a port, or lines, that fail under it; what a port is told of a session
 * that is cancelled. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/driver.h"
#include "hw/lines_internal.h"
#include "hw/port_internal.h"
#include "util/clock.h"
#include "util/macro.h"
#include "virtual/virtual.h"

/* What each call answers, on a wire where nobody else is. */
struct faults {
        int read, write, format, flush, lines;
};

struct fake_port {
        struct port port;
        const struct faults *faults;
};

struct fake_lines {
        struct lines lines;
        const struct faults *faults;
};

static const struct faults *faults_of(const struct port *port) {
        return ((const struct fake_port *)port)->faults;
}

static ssize_t fake_read(struct port *port, uint8_t *data, size_t size) {
        (void)data, (void)size;
        return faults_of(port)->read;
}

static ssize_t fake_write(struct port *port, const uint8_t *data, size_t size) {
        (void)data;
        return faults_of(port)->write < 0 ? faults_of(port)->write : (ssize_t)size;
}

static int fake_set_format(struct port *port, unsigned baud, bool even_parity, unsigned *ret) {
        (void)even_parity;
        *ret = baud;
        return faults_of(port)->format;
}

static int fake_flush(struct port *port) {
        return faults_of(port)->flush;
}

static int fake_set(struct lines *lines, enum line line, bool value) {
        (void)line, (void)value;
        return ((struct fake_lines *)lines)->faults->lines;
}

static void on_progressed(void *userdata) {
        (void)userdata;
}

static void on_ended(void *userdata, bool success) {
        bool *ended = userdata;

        assert_false(success);
        *ended = true;
}

/* Carries out a job that fails; how that ended. `driver` is valid meanwhile. */
static struct session_failure run(struct port *port, struct lines *lines,
                                  const struct session_config *session_config,
                                  const struct session_request *request, struct driver **driver) {
        bool ended = false;
        struct driver_config config = {
                .port = port,
                .lines = lines,
                .trace = trace_new(),
                .userdata = &ended,
                .progressed = on_progressed,
                .ended = on_ended,
        };

        assert_int_equal(session_new(session_config, request, &config.session), 0);
        assert_true(sd_event_default(&config.event) >= 0);
        assert_int_equal(driver_new(&config, driver), 0);
        driver_run(*driver);
        while (!ended)
                assert_true(sd_event_run(config.event, UINT64_MAX) >= 0);
        struct session_failure failure = *session_failure(config.session);

        driver_free(*driver);
        session_free(config.session);
        sd_event_unref(config.event);
        trace_free(config.trace);
        return failure;
}

/* Probes a chip that does not answer. */
static struct session_failure probe(const struct faults *faults) {
        static const struct port_ops port_ops = {
                .read = fake_read,
                .write = fake_write,
                .set_format = fake_set_format,
                .flush = fake_flush,
        };
        static const struct lines_ops lines_ops = { .set = fake_set };
        static const struct session_request request = { .kind = SESSION_PROBE };
        const struct session_config session_config = {
                .baud = 115200,
                .entry = { .has_reset = true, .has_boot0 = true },
        };
        struct fake_port port = { { &port_ops, eventfd(0, EFD_CLOEXEC) }, faults };
        struct fake_lines lines = { { &lines_ops }, faults };
        struct driver *driver;
        struct session_failure failure =
                run(&port.port, &lines.lines, &session_config, &request, &driver);

        (void)close(port.port.fd);
        return failure;
}

static void a_port_that_vanishes_is_lost_whatever_notices_it(void **state) {
        static const struct faults cases[] = {
                { .write = -ENODEV },
                { .flush = -ENODEV },
                { .format = -ENODEV },
                { .lines = -ENODEV }, /* DTR and RTS, or GPIOs, of the same adapter */
                { .format = -ERANGE, .read = -ENODEV }, /* the driver put the old rate back */
                { .format = -EPROTONOSUPPORT, .read = -ENODEV },
                { .lines = -EIO, .read = -ENODEV },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct session_failure failure = probe(&cases[i]);

                assert_int_equal(failure.error, SESSION_LINK_LOST);
                assert_int_equal(failure.system, -ENODEV);
        }
}

static void a_port_that_is_there_fails_for_what_it_cannot_do(void **state) {
        static const struct {
                struct faults faults;
                enum session_error error;
                int system;
        } cases[] = {
                { { .format = -EPROTONOSUPPORT }, SESSION_FORMAT, -EPROTONOSUPPORT },
                { { .format = -ERANGE }, SESSION_FORMAT, -ERANGE },
                { { .lines = -EIO }, SESSION_LINES, -EIO },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct session_failure failure = probe(&cases[i].faults);

                assert_int_equal(failure.error, cases[i].error);
                assert_int_equal(failure.system, cases[i].system);
        }
}

/* ---- a chip behind a port that takes a packet in two parts ---- */

enum { PART = 5 };

struct slow_port {
        struct port port; /* its fd: when the chip has something to say */
        struct virtual_stm32 *chip;
        size_t slow_size; /* of the packets that are taken so */
        struct driver *driver;
        unsigned cancels;
};

struct chip_lines {
        struct lines lines;
        struct slow_port *port;
        bool level[LINE_MAX_];
};

static void arm(struct slow_port *port) {
        struct itimerspec spec = clock_timer(virtual_next_time(port->chip));

        assert_int_equal(timerfd_settime(port->port.fd, TFD_TIMER_ABSTIME, &spec, NULL), 0);
}

static int cancel_in_the_middle(sd_event_source *source, void *userdata) {
        struct slow_port *port = userdata;

        (void)source;
        port->cancels++;
        driver_cancel(port->driver);
        return 0;
}

static ssize_t slow_write(struct port *base, const uint8_t *data, size_t size) {
        struct slow_port *port = (struct slow_port *)base;

        if (size == port->slow_size) {
                sd_event *event;

                size = PART;
                assert_true(sd_event_default(&event) >= 0);
                assert_true(sd_event_add_defer(event, NULL, cancel_in_the_middle, port) >= 0);
                sd_event_unref(event);
        }
        virtual_send(port->chip, clock_usec(), data, size);
        arm(port);
        return (ssize_t)size;
}

static ssize_t chip_read(struct port *base, uint8_t *data, size_t size) {
        struct slow_port *port = (struct slow_port *)base;
        size_t n = virtual_receive(port->chip, clock_usec(), data, size);

        arm(port);
        return (ssize_t)n;
}

static int chip_set_format(struct port *base, unsigned baud, bool even_parity, unsigned *ret) {
        struct slow_port *port = (struct slow_port *)base;

        virtual_set_format(port->chip, clock_usec(), baud, even_parity);
        *ret = baud;
        return 0;
}

static int chip_flush(struct port *base) {
        struct slow_port *port = (struct slow_port *)base;

        virtual_flush(port->chip, clock_usec());
        arm(port);
        return 0;
}

static int chip_set(struct lines *base, enum line line, bool value) {
        struct chip_lines *lines = (struct chip_lines *)base;
        struct slow_port *port = lines->port;

        lines->level[line] = value;
        virtual_set_lines(port->chip, clock_usec(), lines->level[LINE_RESET],
                          lines->level[LINE_BOOT0], lines->level[LINE_BOOT1]);
        arm(port);
        return 0;
}

static void a_packet_that_is_not_given_up_goes_on_where_it_was(void **state) {
        static const struct port_ops port_ops = {
                .read = chip_read,
                .write = slow_write,
                .set_format = chip_set_format,
                .flush = chip_flush,
        };
        static const struct lines_ops lines_ops = { .set = chip_set };
        const struct chip *chip = chip_by_name("STM32F103RC");
        const uint32_t start = chip->options[0].start;
        uint8_t options[16], found[sizeof(options)];
        const struct session_request request = {
                .kind = SESSION_WRITE_OPTIONS,
                .option_bytes = options,
                .option_size = sizeof(options),
        };
        const struct session_config config = {
                .chip = chip,
                .baud = 115200,
                .entry = { .has_reset = true, .has_boot0 = true },
        };
        struct slow_port port = {
                .port = { &port_ops, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK) },
                .slow_size = 1 + sizeof(options) + 1, /* AN3155 3.6: N, data, checksum */
        };
        struct chip_lines lines = { { &lines_ops }, &port, { false } };

        (void)state;
        assert_int_equal(
                virtual_new(&(struct virtual_config){ .chip = chip, .seed = 1 }, &port.chip), 0);
        virtual_power_on(port.chip, clock_usec());
        assert_true(virtual_peek(port.chip, start, options, sizeof(options)));
        options[4] = 0x12; /* user data, which does nothing */
        options[5] = 0xED;

        struct session_failure failure =
                run(&port.port, &lines.lines, &config, &request, &port.driver);
        assert_int_equal(port.cancels, 1);
        assert_int_equal(failure.error, SESSION_CANCELLED);
        assert_true(virtual_peek(port.chip, start, found, sizeof(found)));
        assert_memory_equal(found, options, sizeof(options));

        virtual_free(port.chip);
        (void)close(port.port.fd);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_port_that_vanishes_is_lost_whatever_notices_it),
                cmocka_unit_test(a_port_that_is_there_fails_for_what_it_cannot_do),
                cmocka_unit_test(a_packet_that_is_not_given_up_goes_on_where_it_was),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
