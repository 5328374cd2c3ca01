/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

struct job;
struct manager;
struct target;

/* The bus side of all objects. What cannot be sent is dropped: nobody is there to hear it. */

/* Exports everything and takes the name. Returns 0 or negative errno. */
int bus_export(struct manager *manager, sd_bus *bus);

/* bus_manager.c, bus_target.c, bus_job.c, bus_log_control.c: each exports its interface. */
int bus_manager_export(struct manager *manager, sd_bus *bus);
int bus_target_export(struct manager *manager, sd_bus *bus);
int bus_job_export(struct manager *manager, sd_bus *bus);
int bus_log_control_export(sd_bus *bus);

/* PropertiesChanged with these properties; NULL ends the list. */
void bus_target_changed(struct target *target, const char *property, ...) __attribute__((sentinel));
void bus_job_changed(struct job *job, const char *property, ...) __attribute__((sentinel));

/* InterfacesAdded; InterfacesRemoved, to be called while the object can still be found. */
void bus_object_added(struct manager *manager, const char *path);
void bus_object_removed(struct manager *manager, const char *path);

/*
 * To be asked before a large answer is made: too many of them must not pile up in front of a bus
 * that is slow to take them. Returns 0, or LimitExceeded.
 */
int bus_check_queue(sd_bus_message *message, sd_bus_error *ret_error);

/* A list of object paths for a node enumerator; what could not be added shows at the end. */
struct bus_paths {
        char **paths;
        size_t n;
        bool failed;
};
void bus_paths_add(struct bus_paths *paths, const char *path);
int bus_paths_finish(struct bus_paths *paths, char ***ret);

/* Manager.JobNew and JobFinished. */
void bus_job_new(struct job *job);
void bus_job_finished(struct job *job);
