/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "boot/session.h"
#include "daemon/trace.h"
#include "hw/lines.h"
#include "hw/port.h"

/*
 * Carries out what a session wants, on the event loop: it is the only place where a session meets
 * a port, lines and a clock. Borrows everything that it is given.
 */

struct driver;

struct driver_config {
        sd_event *event;
        struct session *session;
        struct port *port;
        struct lines *lines; /* NULL: none are wired */
        struct trace *trace;
        void *userdata;

        /* Asked before bytes are sent; false holds them back until driver_run() is called. */
        bool (*may_send)(void *userdata);
        /* Something happened; session_progress() may tell more. */
        void (*progressed)(void *userdata);
        /* The session wants nothing more. The driver may be freed inside. */
        void (*ended)(void *userdata, bool success);
};

/* Does nothing until driver_run(). Returns 0 or negative errno. */
int driver_new(const struct driver_config *config, struct driver **ret);
struct driver *driver_free(struct driver *driver);

/* Starts, or goes on. */
void driver_run(struct driver *driver);

/* Tells the session that it is to end, and goes on. */
void driver_cancel(struct driver *driver);
