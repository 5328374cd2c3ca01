/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a session is told of a port, or lines, that fail under it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/driver.h"
#include "hw/lines_internal.h"
#include "hw/port_internal.h"
#include "util/macro.h"

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

/* Probes a chip that does not answer; how that ended. */
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
        bool ended = false;
        struct driver_config config = {
                .port = &port.port,
                .lines = &lines.lines,
                .trace = trace_new(),
                .userdata = &ended,
                .progressed = on_progressed,
                .ended = on_ended,
        };
        struct session_failure failure;
        struct driver *driver;

        assert_int_equal(session_new(&session_config, &request, &config.session), 0);
        assert_true(sd_event_new(&config.event) >= 0);
        assert_int_equal(driver_new(&config, &driver), 0);
        driver_run(driver);
        while (!ended)
                assert_true(sd_event_run(config.event, UINT64_MAX) >= 0);
        failure = *session_failure(config.session);

        driver_free(driver);
        session_free(config.session);
        sd_event_unref(config.event);
        trace_free(config.trace);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_port_that_vanishes_is_lost_whatever_notices_it),
                cmocka_unit_test(a_port_that_is_there_fails_for_what_it_cannot_do),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
