/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/bus.h"
#include "daemon/error.h"
#include "daemon/log.h"

/* org.freedesktop.LogControl1(5): "systemctl service-log-level stmbootd debug" */

static int get_level(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)ret_error;
        return sd_bus_message_append(reply, "s", log_level_to_string(log_level()));
}

static int set_level(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *value, void *userdata, sd_bus_error *ret_error) {
        const char *text;
        int level;

        (void)bus, (void)path, (void)interface, (void)property, (void)userdata;
        int r = sd_bus_message_read(value, "s", &text);
        if (r < 0)
                return r;
        if (!log_level_from_string(text, &level))
                return error_invalid(ret_error, "No log level: \"%.100s\"", text);
        log_set_level(level);
        return 0;
}

static int get_target(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *ret_error) {
        (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)ret_error;
        return sd_bus_message_append(reply, "s", log_sink_to_string(log_sink()));
}

static int set_target(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *value, void *userdata, sd_bus_error *ret_error) {
        enum log_sink sink;
        const char *text;

        (void)bus, (void)path, (void)interface, (void)property, (void)userdata;
        int r = sd_bus_message_read(value, "s", &text);
        if (r < 0)
                return r;
        if (!log_sink_from_string(text, &sink))
                return error_invalid(ret_error, "No log target: \"%.100s\"", text);
        log_set_sink(sink);
        return 0;
}

static int get_identifier(sd_bus *bus, const char *path, const char *interface,
                          const char *property, sd_bus_message *reply, void *userdata,
                          sd_bus_error *ret_error) {
        (void)bus, (void)path, (void)interface, (void)property, (void)userdata, (void)ret_error;
        return sd_bus_message_append(reply, "s", "stmbootd");
}

/*
 * The bus policy lets nobody but root write them. libsystemd's own check would ask the bus who that
 * is, and all targets would have to wait for the answer.
 */
#define ANYBODY SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_level, set_level, 0, ANYBODY),
        SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_target, set_target, 0, ANYBODY),
        SD_BUS_PROPERTY("SyslogIdentifier", "s", get_identifier, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

int bus_log_control_export(sd_bus *bus) {
        return sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/LogControl1",
                                        "org.freedesktop.LogControl1", vtable, NULL);
}
