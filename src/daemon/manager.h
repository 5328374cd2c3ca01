/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "daemon/config.h"
#include "daemon/target.h"
#include "hw/devicetree.h"
#include "hw/port_watch.h"

/* All targets, and what they share. */

/* Bytes that all jobs in work together may write or read. */
#define MANAGER_BYTES_MAX (128U << 20)

struct manager {
        sd_event *event;
        sd_bus *bus; /* borrowed; NULL until bus_export() */
        struct config_paths paths;
        struct config *config;
        struct devicetree_target *tree; /* read once: overlays are loaded before us */
        size_t n_tree;
        struct target *targets;        /* ordered by name */
        struct job *jobs;              /* finished ones of targets that are gone */
        struct port_watch *port_watch; /* NULL: cannot be had; ports then always seem to be there */
        sd_event_source *port_watch_source, *released_source;
        char job_prefix[16]; /* makes job ids differ from those of other runs */
        uint64_t n_jobs;
        bool stopping;
        int exit_code; /* to leave the event loop with */
};

/*
 * Takes `paths` over and reads the configuration, and the device tree at `tree` unless it is NULL.
 * Returns 0 or negative errno; the reason was logged.
 */
int manager_new(sd_event *event, struct config_paths *paths, const char *tree,
                struct manager **ret);
struct manager *manager_free(struct manager *manager);
DEFINE_CLEANUP(struct manager, manager_free);

/*
 * Reads all files again. Targets in work keep what they have until they are done, and then take
 * what was read now. Returns 0, or negative errno; where stmbootd.conf is at fault nothing has
 * changed, and there is a reason for the caller to free.
 */
int manager_reload(struct manager *manager, char **ret_reason);

/* Ends all jobs as soon as their chips permit, then leaves the event loop. The first call counts.
 */
void manager_stop(struct manager *manager, int exit_code);

/* A job, a stay in the ROM, or what follows it is over; to be called last, when nothing of it is
 * needed any more. */
void manager_target_released(struct manager *manager);

struct target *manager_find_target(struct manager *manager, const char *name);
struct job *manager_find_job(struct manager *manager, const char *id);

/* Bytes that jobs in work hold in memory. */
uint64_t manager_bytes(const struct manager *manager);
