/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

/* A service with stmbootd's bus interface and no chip; see fake-service.c. */

/* What would drive a terminal. */
#define FAKE_NASTY "\033]0;owned\007\033[2Jred\xc2\x9b"

struct fake_target {
        const char *name;
        char path[128];
};

bool fake_starts_with(const char *text, const char *prefix);

/* A call and its arguments, to standard output. */
void fake_log_call(sd_bus_message *m, const char *target);

/* Serves the jobs on this bus, which has an event loop. */
int fake_jobs_add(sd_bus *bus);

/* The methods of a target (userdata) that start a job. */
int fake_job_start(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* Manager.ListJobs */
int fake_jobs_list(sd_bus_message *m, void *userdata, sd_bus_error *error);
