/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-bus.h>

#include "boot/session.h"
#include "daemon/config_target.h"
#include "daemon/connection.h"
#include "daemon/known_chip.h"
#include "daemon/trace.h"
#include "util/cleanup.h"

struct job;
struct manager;

/* One chip and how to reach it; the owner of its jobs. */

enum target_state {
        TARGET_IDLE,
        TARGET_BUSY,
        TARGET_BOOTLOADER,  /* a job left it in the ROM, and we hold its lines */
        TARGET_ABSENT,      /* its port is not there */
        TARGET_INTERRUPTED, /* a job that changes flash has not come to its end */
        TARGET_BROKEN,      /* its file cannot be used */
};

/* A file, or node of the device tree, that makes a target. */
struct target_file {
        char *origin;
        struct target_config *config; /* NULL: broken */
        char *broken_reason;
};
void target_file_done(struct target_file *file);

struct target {
        struct manager *manager;
        struct target *next;
        char *name;
        char *path; /* on the bus */

        char *origin;                 /* as in struct target_file */
        struct target_config *config; /* likewise */
        char *broken_reason;
        struct target_file reloaded; /* while in work: what a Reload has found since */
        bool reload_pending;

        struct virtual_stm32 *board;  /* NULL: a real one */
        int port_status;              /* as port_watch.h has it */
        struct connection connection; /* held during a job and a stay */
        bool staying;
        bool interrupted;
        struct trace *trace;

        struct job *job;  /* the one in work, or NULL */
        struct job *jobs; /* finished ones, the newest first */

        struct known_chip known;
        const char *last_result; /* static: "", "done" or the name of an error */
};

/* Broken until target_configure() was called. NULL: memory. */
struct target *target_new(struct manager *manager, const char *name);
struct target *target_free(struct target *target);
DEFINE_CLEANUP(struct target, target_free);

/*
 * Takes what is in `file`. A virtual board whose description did not change lives on. Not while a
 * job or a stay is on.
 */
void target_configure(struct target *target, struct target_file *file);

enum target_state target_state(const struct target *target);
const char *target_state_to_string(enum target_state state);

/*
 * What the chip is believed to be: what was seen last, unless that is in doubt, or what its file
 * says. NULL: not known.
 */
const struct chip *target_chip(const struct target *target);

/*
 * Takes port and lines for a job, or takes them over from a stay. Returns 0, or negative errno with
 * the bus error set; Busy names another target of ours that holds one of them.
 */
int target_connect(struct target *target, sd_bus_error *ret_error);

/* Gives them back, or keeps them: the chip stays in its ROM. */
void target_disconnect(struct target *target, bool stay);
