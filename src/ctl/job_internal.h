/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <signal.h>

#include "ctl/job.h"
#include "ctl/progress.h"

/* What job.c (all jobs of one command) and job_run.c (one of them) share. */

enum run_state {
        RUN_WAITING, /* to be started */
        RUN_REFUSED, /* as busy, while another of ours ran; to be tried again when one has ended */
        RUN_STARTING,
        RUN_RUNNING,
        RUN_ENDING, /* Wait has answered, its properties are asked for */
        RUN_ENDED,
};

struct run {
        struct job job;
        struct runner *runner;
        size_t index;
        enum run_state state;
        sd_bus_message *call;
        sd_bus_slot *started_slot, *waited_slot, *properties_slot, *cancelled_slot, *ended_slot;
        struct progress_state progress;
        uint64_t started;
        bool cancels; /* cancelled is what the user asked for */
        bool cancel_sent;
};

struct runner {
        struct client *client;
        struct progress *progress;
        struct run **runs;
        size_t n_runs;
        sd_event_source *sources[4];
        sd_bus_slot *signal_slot;
        unsigned interrupts;
        sigset_t old_mask;
        bool masked;
};

struct run *run_free(struct run *run);
DEFINE_CLEANUP(struct run, run_free);

/* Starts its job, or follows the one whose path is set. Returns 0 or negative errno. */
int run_start(struct run *run);

/* Takes over what changed of its job: a dictionary, next in the message. */
void run_apply(struct run *run, sd_bus_message *message);

/* Asks for its end, once. */
void run_cancel(struct run *run);

/* It ends with an error of ours. */
void run_fail(struct run *run, const char *error_name, const char *message);

/* How many have been started and not ended. */
size_t runner_active(const struct runner *runner);

/* Starts those that wait, as far as the bus bears with so many at a time. */
void runner_start_waiting(struct runner *runner);

/* One has ended: those that were refused may have their turn. */
void runner_one_ended(struct runner *runner);
