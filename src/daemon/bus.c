/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stmboot/dbus.h>
#include <string.h>

#include "daemon/bus.h"
#include "daemon/error.h"
#include "daemon/job.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/target.h"

#define PROPERTIES_MAX 16
#define QUEUE_MAX      16 /* messages */

static void changed(struct manager *manager, const char *path, const char *interface,
                    const char *property, va_list ap) {
        char *properties[PROPERTIES_MAX + 1] = { NULL };

        if (!manager->bus)
                return;
        for (size_t i = 0; property && i < PROPERTIES_MAX; i++) {
                properties[i] = (char *)property;
                property = va_arg(ap, const char *);
        }
        int r = sd_bus_emit_properties_changed_strv(manager->bus, path, interface, properties);
        if (r < 0)
                log_debug("%s: no PropertiesChanged: %s", path, strerror(-r));
}

void bus_target_changed(struct target *target, const char *property, ...) {
        va_list ap;

        va_start(ap, property);
        changed(target->manager, target->path, STMBOOT_TARGET_INTERFACE, property, ap);
        va_end(ap);
}

void bus_job_changed(struct job *job, const char *property, ...) {
        va_list ap;

        va_start(ap, property);
        changed(job->target->manager, job->path, STMBOOT_JOB_INTERFACE, property, ap);
        va_end(ap);
}

void bus_object_added(struct manager *manager, const char *path) {
        if (manager->bus)
                (void)sd_bus_emit_object_added(manager->bus, path);
}

void bus_object_removed(struct manager *manager, const char *path) {
        if (manager->bus)
                (void)sd_bus_emit_object_removed(manager->bus, path);
}

void bus_job_new(struct job *job) {
        struct manager *manager = job->target->manager;

        if (manager->bus)
                (void)sd_bus_emit_signal(manager->bus, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE,
                                         "JobNew", "oss", job->path, job->target->name,
                                         job_type_to_string(job->type));
}

void bus_job_finished(struct job *job) {
        struct manager *manager = job->target->manager;

        if (manager->bus)
                (void)sd_bus_emit_signal(manager->bus, STMBOOT_PATH, STMBOOT_MANAGER_INTERFACE,
                                         "JobFinished", "oss", job->path, job->target->name,
                                         job_state_to_string(job->state));
}

int bus_check_queue(sd_bus_message *message, sd_bus_error *ret_error) {
        uint64_t n = 0;

        (void)sd_bus_get_n_queued_write(sd_bus_message_get_bus(message), &n);
        return n < QUEUE_MAX ? 0
                             : error_set(ret_error, ERROR_LIMIT,
                                         "%" PRIu64 " answers wait to be sent; ask again later", n);
}

/* ---- lists of objects ---- */

void bus_paths_add(struct bus_paths *paths, const char *path) {
        char **longer = realloc(paths->paths, (paths->n + 2) * sizeof(*longer));

        if (!longer) {
                paths->failed = true;
                return;
        }
        paths->paths = longer;
        longer[paths->n] = strdup(path);
        paths->failed |= !longer[paths->n];
        longer[++paths->n] = NULL;
}

int bus_paths_finish(struct bus_paths *paths, char ***ret) {
        if (paths->failed) {
                for (size_t i = 0; i < paths->n; i++)
                        free(paths->paths[i]);
                free(paths->paths);
                return -ENOMEM;
        }
        *ret = paths->paths;
        return 0;
}

int bus_export(struct manager *manager, sd_bus *bus) {
        int r = bus_manager_export(manager, bus);

        if (r >= 0)
                r = bus_target_export(manager, bus);
        if (r >= 0)
                r = bus_job_export(manager, bus);
        if (r >= 0)
                r = bus_log_control_export(bus);
        if (r >= 0)
                r = sd_bus_request_name(bus, STMBOOT_BUS_NAME, 0);
        if (r < 0)
                return r;
        manager->bus = bus;
        return 0;
}
