/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A service with stmbootd's bus interface and no chip: what stmbootctl can meet, at will. The
 * arguments are its targets, and a target's name says how its jobs go:
 *   ok...       done after some phases       same...    done, nothing was to do
 *   slow...     runs until it is cancelled   stuck...   cannot even be cancelled
 *   fail_NAME   ends as Error.NAME           refuse_NAME  is refused with Error.NAME
 *   shared...   only one of these at a time  dies       the service crashes
 *   nasty...    its texts would drive a terminal
 *   interrupted its state is that
 * Each call is logged to standard output with its arguments.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "fake-service.h"
#include "fake-systemd.h"
#include "stmboot/dbus.h"
#include "util/macro.h"

static struct fake_target targets[32];
static size_t n_targets;
static sd_bus *bus;
static sd_event *event;

bool fake_starts_with(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- targets ---- */

static int get_trace(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct fake_target *target = userdata;
        int raw;

        (void)error;
        int r = sd_bus_message_read(m, "b", &raw);
        if (r < 0)
                return r;
        return sd_bus_reply_method_return(m, "s",
                                          fake_starts_with(target->name, "nasty")
                                                  ? "one\n" FAKE_NASTY
                                          : raw ? "raw trace\n"
                                                : "decoded trace\n");
}

static int target_property(sd_bus *b, const char *path, const char *interface, const char *property,
                           sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        struct fake_target *target = userdata;
        bool broken = fake_starts_with(target->name, "refuse_TargetBroken");

        (void)b;
        (void)path;
        (void)interface;
        (void)error;
        if (strcmp(property, "Name") == 0)
                return sd_bus_message_append(reply, "s", target->name);
        if (strcmp(property, "State") == 0)
                return sd_bus_message_append(reply, "s",
                                             broken ? "broken"
                                             : strcmp(target->name, "interrupted") == 0
                                                     ? target->name
                                                     : "idle");
        if (strcmp(property, "BrokenReason") == 0)
                return sd_bus_message_append(reply, "s", broken ? "x.conf:3: unknown key" : "");
        if (strcmp(property, "ChipId") == 0)
                return sd_bus_message_append(reply, "q", 0x413);
        if (strcmp(property, "FlashSize") == 0)
                return sd_bus_message_append(reply, "t", (uint64_t)1 << 20);
        if (strcmp(property, "Job") == 0)
                return sd_bus_message_append(reply, "o", "/");
        if (strcmp(property, "ImageFile") == 0) {
                bool endless = fake_starts_with(target->name, "slow") ||
                               fake_starts_with(target->name, "stuck") ||
                               strcmp(target->name, "interrupted") == 0;

                return sd_bus_message_append(reply, "s",
                                             endless || broken ? "" : "/lib/firmware/x.hex");
        }
        if (strcmp(property, "Chip") == 0)
                return sd_bus_message_append(
                        reply, "s",
                        fake_starts_with(target->name, "nasty") ? "STM32\033[2J" : "STM32F405/407");
        return sd_bus_message_append(reply, "s",
                                     fake_starts_with(target->name, "nasty") ? FAKE_NASTY
                                     : strcmp(property, "Description") == 0  ? "Something useful"
                                                                             : "");
}

/* ---- the manager ---- */

static struct fake_target *target_find(const char *name) {
        for (size_t i = 0; i < n_targets; i++)
                if (strcmp(targets[i].name, name) == 0)
                        return &targets[i];
        return NULL;
}

static int list_targets(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        sd_bus_message *reply;

        (void)userdata;
        (void)error;
        int r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sos)");
        for (size_t i = 0; r >= 0 && i < n_targets; i++)
                r = sd_bus_message_append(reply, "(sos)", targets[i].name, targets[i].path, "idle");
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static int get_target(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name;

        (void)userdata;
        int r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        struct fake_target *target = target_find(name);
        if (!target)
                return sd_bus_error_setf(error, STMBOOT_ERROR_PREFIX "NoSuchTarget",
                                         "There is no target %s", name);
        return sd_bus_reply_method_return(m, "o", target->path);
}

static int inspect(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        bool fits = true;

        (void)userdata;
        (void)error;
        fake_log_call(m, "-");
        (void)sd_bus_message_rewind(m, true);
        (void)sd_bus_message_skip(m, NULL);
        const char *target;
        int r = sd_bus_message_read(m, "s", &target);
        if (r < 0)
                return r;
        if (fake_starts_with(target, "slow"))
                fits = false;
        else if (fake_starts_with(target, "nasty"))
                return sd_bus_reply_method_return(m, "a{sv}", 4, "segments", "as", 2, "a", "b",
                                                  "pages", "a(t)", 1, (uint64_t)5, "size", "s",
                                                  FAKE_NASTY, "fits", "as", 0);
        return sd_bus_reply_method_return(
                m, "a{sv}", 8, "format", "s", "hex", "size", "t", (uint64_t)44237, "segments",
                "a(tt)", 2, (uint64_t)0x08000000, (uint64_t)44000, (uint64_t)0x08020000,
                (uint64_t)237, "crc32", "u", 0x1234abcdU, "stack-pointer", "t",
                (uint64_t)0x20020000, "chip", "s", "STM32F405/407", "fits", "b", fits, "pages",
                "a(tt)", 3, (uint64_t)0x08000000, (uint64_t)16384, (uint64_t)0x08004000,
                (uint64_t)16384, (uint64_t)0x08020000, (uint64_t)131072);
}

/* ---- wiring ---- */

static int find_target(sd_bus *b, const char *path, const char *interface, void *userdata,
                       void **ret, sd_bus_error *error) {
        (void)b;
        (void)interface;
        (void)userdata;
        (void)error;
        for (size_t i = 0; i < n_targets; i++)
                if (strcmp(targets[i].path, path) == 0) {
                        *ret = &targets[i];
                        return 1;
                }
        return 0;
}

static int enumerate(sd_bus *b, const char *prefix, void *userdata, char ***ret,
                     sd_bus_error *error) {
        char **paths = calloc(n_targets + 1, sizeof(char *));

        (void)b;
        (void)prefix;
        (void)userdata;
        (void)error;
        for (size_t i = 0; paths && i < n_targets; i++)
                paths[i] = strdup(targets[i].path);
        *ret = paths;
        return paths ? 0 : -ENOMEM;
}

#define ANYBODY                     SD_BUS_VTABLE_UNPRIVILEGED
#define START(name, in)             SD_BUS_METHOD(name, in, "o", fake_job_start, ANYBODY)
#define TARGET_PROPERTY(name, type) SD_BUS_PROPERTY(name, type, target_property, 0, 0)

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("ListTargets", "", "a(sos)", list_targets, ANYBODY),
        SD_BUS_METHOD("ListJobs", "", "a(osss)", fake_jobs_list, ANYBODY),
        SD_BUS_METHOD("GetTarget", "s", "o", get_target, ANYBODY),
        SD_BUS_METHOD("InspectImage", "ssa{sv}", "a{sv}", inspect, ANYBODY),
        SD_BUS_METHOD("InspectImageFd", "hsa{sv}", "a{sv}", inspect, ANYBODY),
        SD_BUS_SIGNAL("JobNew", "oss", 0),
        SD_BUS_SIGNAL("JobFinished", "oss", 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable target_vtable[] = {
        SD_BUS_VTABLE_START(0),
        START("Flash", "sa{sv}"),
        START("FlashFd", "ha{sv}"),
        START("FlashData", "aya{sv}"),
        START("VerifyFd", "ha{sv}"),
        START("Sync", "a{sv}"),
        START("Read", "tta{sv}"),
        START("Erase", "a{sv}"),
        START("Probe", "a{sv}"),
        START("Run", "a{sv}"),
        START("Reset", "a{sv}"),
        START("EnterBootloader", "a{sv}"),
        START("ProtectWrite", "aya{sv}"),
        START("UnprotectWrite", "a{sv}"),
        START("ProtectReadout", "a{sv}"),
        START("UnprotectReadout", "a{sv}"),
        START("ReadOptionBytes", "a{sv}"),
        START("WriteOptionBytes", "aya{sv}"),
        SD_BUS_METHOD("GetTrace", "b", "s", get_trace, ANYBODY),
        TARGET_PROPERTY("Name", "s"),
        TARGET_PROPERTY("Description", "s"),
        TARGET_PROPERTY("State", "s"),
        TARGET_PROPERTY("BrokenReason", "s"),
        TARGET_PROPERTY("Port", "s"),
        TARGET_PROPERTY("ImageFile", "s"),
        TARGET_PROPERTY("Chip", "s"),
        TARGET_PROPERTY("ChipId", "q"),
        TARGET_PROPERTY("UniqueId", "s"),
        TARGET_PROPERTY("FlashSize", "t"),
        TARGET_PROPERTY("Job", "o"),
        SD_BUS_VTABLE_END,
};

static int set_up(void) {
        int r = sd_event_default(&event);

        if (r >= 0)
                r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, 0);
        if (r >= 0)
                r = sd_bus_add_object_manager(bus, NULL, STMBOOT_PATH);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE,
                                             manager_vtable, NULL);
        if (r >= 0)
                r = sd_bus_add_fallback_vtable(bus, NULL, STMBOOT_TARGET_PREFIX,
                                               STMBOOT_TARGET_INTERFACE, target_vtable, find_target,
                                               NULL);
        if (r >= 0)
                r = sd_bus_add_node_enumerator(bus, NULL, STMBOOT_TARGET_PREFIX, enumerate, NULL);
        if (r >= 0)
                r = fake_jobs_add(bus);
        if (r >= 0)
                r = fake_systemd_add(bus);
        if (r >= 0)
                r = sd_bus_request_name(bus, STMBOOT_BUS_NAME, 0);
        return r;
}

int main(int argc, char **argv) {
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        for (int i = 1; i < argc && n_targets < ARRAY_SIZE(targets); i++) {
                struct fake_target *target = &targets[n_targets++];

                target->name = argv[i];
                (void)snprintf(target->path, sizeof target->path, STMBOOT_TARGET_PREFIX "/%s",
                               argv[i]);
        }
        int r = set_up();
        if (r >= 0)
                r = sd_event_loop(event);
        if (r < 0)
                (void)fprintf(stderr, "fake-service: %s\n", strerror(-r));
        return r < 0;
}
