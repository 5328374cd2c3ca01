/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "fake-systemd.h"
#include "util/macro.h"

#define MANAGER "org.freedesktop.systemd1.Manager"
#define PATH    "/org/freedesktop/systemd1"

static struct unit {
        const char *name, *path;
        bool active;
        const char *start_result;
        uint64_t stop_usec;
        bool missing; /* systemd has an object for any name */
} units[] = {
        { "app.service", PATH "/unit/app", true, "done", 10000 },
        { "idle.service", PATH "/unit/idle", false, "done", 10000 },
        { "lame.service", PATH "/unit/lame", true, "failed", 10000 },
        { "slow.service", PATH "/unit/slow", true, "done", USEC_PER_SEC },
        { "missing.service", PATH "/unit/missing", .missing = true },
};

/* The one job that is under way. */
static struct {
        sd_bus *bus;
        struct unit *unit;
        uint32_t id;
        const char *result;
        bool subscribed;
        sd_event_source *timer;
} job;

static struct unit *find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (strcmp(units[i].name, name) == 0)
                        return &units[i];
        return NULL;
}

static int load_unit(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name;

        (void)userdata;
        int r = sd_bus_message_read(message, "s", &name);
        if (r < 0)
                return r;
        struct unit *unit = find(name);
        if (!unit)
                return sd_bus_error_setf(error, "org.freedesktop.systemd1.NoSuchUnit",
                                         "Unit %s not found.", name);
        return sd_bus_reply_method_return(message, "o", unit->path);
}

static int subscribe(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void)userdata;
        if (job.subscribed)
                return sd_bus_error_set(error, "org.freedesktop.systemd1.AlreadySubscribed",
                                        "twice");
        job.subscribed = true;
        return sd_bus_reply_method_return(message, NULL);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        char path[64];

        (void)source;
        (void)usec;
        (void)userdata;
        (void)snprintf(path, sizeof path, PATH "/job/%u", job.id);
        if (!job.subscribed)
                return 0;
        return sd_bus_emit_signal(job.bus, PATH, MANAGER, "JobRemoved", "uoss", job.id, path,
                                  job.unit->name, job.result);
}

static int change(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *method = sd_bus_message_get_member(message), *name, *mode;
        bool stops = strcmp(method, "StopUnit") == 0;
        char path[64];

        (void)userdata;
        (void)error;
        int r = sd_bus_message_read(message, "ss", &name, &mode);
        if (r < 0)
                return r;
        (void)printf("%s %s %s\n", method, name, mode);
        job.bus = sd_bus_message_get_bus(message);
        job.unit = find(name);
        job.id++;
        job.result = stops ? "done" : job.unit->start_result;
        job.unit->active = !stops;
        (void)snprintf(path, sizeof path, PATH "/job/%u", job.id);
        r = sd_bus_reply_method_return(message, "o", path);
        if (r < 0)
                return r;
        sd_event_source_disable_unref(job.timer);
        return sd_event_add_time_relative(sd_bus_get_event(job.bus), &job.timer, CLOCK_MONOTONIC,
                                          stops ? job.unit->stop_usec : 10000, 1, on_timer, NULL);
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        bool load = strcmp(property, "LoadState") == 0;

        (void)bus;
        (void)interface;
        (void)userdata;
        (void)error;
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (strcmp(units[i].path, path) == 0)
                        return sd_bus_message_append(reply, "s",
                                                     load && units[i].missing ? "not-found"
                                                     : load                   ? "loaded"
                                                     : units[i].active        ? "active"
                                                                              : "inactive");
        return -ENOENT;
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("LoadUnit", "s", "o", load_unit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Subscribe", "", "", subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StartUnit", "ss", "o", change, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StopUnit", "ss", "o", change, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("LoadState", "s", get_state, 0, 0),
        SD_BUS_PROPERTY("ActiveState", "s", get_state, 0, 0),
        SD_BUS_VTABLE_END,
};

int fake_systemd_add(sd_bus *bus) {
        int r = sd_bus_add_object_vtable(bus, NULL, PATH, MANAGER, manager_vtable, NULL);

        if (r >= 0)
                r = sd_bus_add_fallback_vtable(bus, NULL, PATH "/unit",
                                               "org.freedesktop.systemd1.Unit", unit_vtable, NULL,
                                               NULL);
        if (r >= 0)
                r = sd_bus_request_name(bus, "org.freedesktop.systemd1", 0);
        return r;
}
