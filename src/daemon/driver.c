/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "daemon/driver.h"
#include "util/bytes.h"
#include "util/clock.h"
#include "util/macro.h"

struct driver {
        struct driver_config config;
        sd_event_source *io, *timer;
        bool sending;        /* a SEND is under way */
        size_t sent;         /* bytes of it that the port has taken */
        uint64_t wait_start; /* of the current WAIT; 0: none */
        bool lost;           /* the port is gone */
};

static void tell(struct driver *driver, struct session_event *event) {
        event->now = clock_usec();
        session_event(driver->config.session, event);
}

static void end_send(struct driver *driver) {
        driver->sending = false;
        (void)sd_event_source_set_io_events(driver->io, EPOLLIN);
}

static void link_lost(struct driver *driver, int error) {
        (void)sd_event_source_set_enabled(driver->io, SD_EVENT_OFF);
        driver->lost = true;
        end_send(driver);
        tell(driver, &(struct session_event){ .type = SESSION_EVENT_LINK_LOST, .error = error });
}

/* Returns whether there was anything to tell. */
static bool receive(struct driver *driver) {
        uint8_t data[1024];

        if (driver->lost)
                return false;
        ssize_t n = port_read(driver->config.port, data, sizeof(data));
        if (n == 0)
                return false;
        if (n < 0) {
                link_lost(driver, (int)n);
                return true;
        }
        trace_add(driver->config.trace, clock_usec(), TRACE_RECEIVED, data, (size_t)n);
        driver->wait_start = 0;
        tell(driver, &(struct session_event){
                             .type = SESSION_EVENT_RECEIVED, .data = data, .size = (size_t)n });
        return true;
}

static void arm_timer(struct driver *driver, uint64_t until) {
        (void)sd_event_source_set_time(driver->timer, until);
        (void)sd_event_source_set_enabled(driver->timer, SD_EVENT_ONESHOT);
}

/* Each of these returns whether the session can go on at once. */

static bool do_send(struct driver *driver, const struct session_want *want) {
        const struct driver_config *config = &driver->config;

        if (!driver->sending) {
                if (config->may_send && !config->may_send(config->userdata))
                        return false;
                driver->sending = true;
                driver->sent = 0;
        }

        ssize_t n = port_write(config->port, want->data + driver->sent, want->size - driver->sent);
        if (n < 0) {
                link_lost(driver, (int)n);
                return true;
        }
        if (n > 0)
                trace_add(config->trace, clock_usec(), TRACE_SENT, want->data + driver->sent,
                          (size_t)n);
        driver->sent += (size_t)n;

        bool complete = driver->sent == want->size;
        if (!complete && clock_usec() < want->until) {
                (void)sd_event_source_set_io_events(driver->io, EPOLLIN | EPOLLOUT);
                arm_timer(driver, want->until);
                return false;
        }
        end_send(driver);
        tell(driver,
             &(struct session_event){ .type = complete ? SESSION_EVENT_SENT : SESSION_EVENT_TIME });
        return true;
}

static bool do_wait(struct driver *driver, uint64_t until) {
        uint64_t now = clock_usec();
        uint8_t elapsed[4];

        if (driver->wait_start == 0)
                driver->wait_start = now;
        if (now < until) {
                arm_timer(driver, until);
                return false;
        }
        /* We may be late, and not the chip: what has come in the meantime was in time. */
        if (receive(driver))
                return true;
        put_le32(elapsed, (uint32_t)MIN(now - driver->wait_start, (uint64_t)UINT32_MAX));
        trace_add(driver->config.trace, now, TRACE_WAIT, elapsed, sizeof(elapsed));
        driver->wait_start = 0;
        tell(driver, &(struct session_event){ .type = SESSION_EVENT_TIME });
        return true;
}

static int set_line(struct driver *driver, enum line line, bool level) {
        const uint8_t data[] = { (uint8_t)line, level };

        if (!driver->config.lines)
                return -ENXIO;
        trace_add(driver->config.trace, clock_usec(), TRACE_LINES, data, sizeof(data));
        return lines_set(driver->config.lines, line, level);
}

/*
 * NRST goes first into reset and last out of it, so that the chip never sees the boot lines change
 * while it runs. One line that fails does not keep the others from their levels.
 */
static int set_lines(struct driver *driver, const struct entry_lines *lines) {
        const struct {
                bool set, level;
                enum line line;
        } steps[] = {
                { lines->set_reset && lines->reset, true, LINE_RESET },
                { lines->set_boot0, lines->boot0, LINE_BOOT0 },
                { lines->set_boot1, lines->boot1, LINE_BOOT1 },
                { lines->set_reset && !lines->reset, false, LINE_RESET },
        };
        int result = 0;

        for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
                int r = steps[i].set ? set_line(driver, steps[i].line, steps[i].level) : 0;

                if (result == 0)
                        result = r;
        }
        return result;
}

/*
 * A call that fails on an adapter which is being unplugged says so, or something of its own, or
 * nothing: then the port's end is found by reading. It is the reason, whatever the call was for.
 */
static void look_for_end(struct driver *driver, int error) {
        if (error == -ENODEV)
                link_lost(driver, error);
        while (error < 0 && receive(driver))
                ;
}

static void do_lines(struct driver *driver, const struct entry_lines *lines) {
        int r = set_lines(driver, lines);

        look_for_end(driver, r);
        tell(driver, &(struct session_event){ .type = SESSION_EVENT_LINES, .error = r });
}

static void do_format(struct driver *driver, unsigned baud, bool even_parity) {
        struct session_event event = { .type = SESSION_EVENT_FORMAT, .baud = baud };
        uint8_t data[5];

        event.error = port_set_format(driver->config.port, baud, even_parity, &event.baud);
        put_le32(data, event.baud);
        data[4] = even_parity;
        trace_add(driver->config.trace, clock_usec(), TRACE_FORMAT, data, sizeof(data));
        look_for_end(driver, event.error);
        tell(driver, &event);
}

static void do_flush(struct driver *driver) {
        int r = port_flush(driver->config.port);

        if (r < 0)
                link_lost(driver, r);
        tell(driver, &(struct session_event){ .type = SESSION_EVENT_FLUSHED });
}

static bool do_want(struct driver *driver, const struct session_want *want) {
        if (want->type != SESSION_WANT_WAIT)
                driver->wait_start = 0;
        if (want->type != SESSION_WANT_SEND && driver->sending)
                end_send(driver); /* it was given up in the middle */
        switch (want->type) {
        case SESSION_WANT_SEND:
                return do_send(driver, want);
        case SESSION_WANT_WAIT:
                return do_wait(driver, want->until);
        case SESSION_WANT_LINES:
                do_lines(driver, &want->lines);
                return true;
        case SESSION_WANT_FORMAT:
                do_format(driver, want->baud, want->even_parity);
                return true;
        case SESSION_WANT_FLUSH:
                do_flush(driver);
                return true;
        case SESSION_WANT_DONE:
        case SESSION_WANT_FAILED:
                break;
        }
        return false;
}

void driver_run(struct driver *driver) {
        struct session_want want;

        do {
                session_next(driver->config.session, clock_usec(), &want);
                driver->config.progressed(driver->config.userdata);
        } while (do_want(driver, &want));

        if (want.type == SESSION_WANT_DONE || want.type == SESSION_WANT_FAILED)
                driver->config.ended(driver->config.userdata, want.type == SESSION_WANT_DONE);
}

void driver_cancel(struct driver *driver) {
        tell(driver, &(struct session_event){ .type = SESSION_EVENT_CANCEL });
        driver_run(driver);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct driver *driver = userdata;

        (void)source;
        (void)fd;
        if (!receive(driver) && revents & (EPOLLHUP | EPOLLERR))
                link_lost(driver, -ENODEV);
        driver_run(driver);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void)source;
        (void)usec;
        driver_run(userdata);
        return 0;
}

int driver_new(const struct driver_config *config, struct driver **ret) {
        struct driver *driver = calloc(1, sizeof(*driver));

        if (!driver)
                return -ENOMEM;
        driver->config = *config;

        int r = sd_event_add_io(config->event, &driver->io, port_fd(config->port), EPOLLIN, on_io,
                                driver);
        /* 1 us of accuracy: 0 would stand for 250 ms. */
        if (r >= 0)
                r = sd_event_add_time(config->event, &driver->timer, CLOCK_MONOTONIC, 0, 1,
                                      on_timer, driver);
        if (r >= 0)
                r = sd_event_source_set_enabled(driver->timer, SD_EVENT_OFF);
        if (r < 0) {
                driver_free(driver);
                return r;
        }
        *ret = driver;
        return 0;
}

struct driver *driver_free(struct driver *driver) {
        if (!driver)
                return NULL;
        sd_event_source_disable_unref(driver->io);
        sd_event_source_disable_unref(driver->timer);
        free(driver);
        return NULL;
}
