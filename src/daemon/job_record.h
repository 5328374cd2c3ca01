/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "daemon/sync_record.h"

struct job;

/*
 * The part of a job that keeps the target's record true: "unfinished" is on disk before the first
 * byte that changes flash is sent, and what holds then at the end.
 */

struct job_record {
        struct sync_record before; /* as the job found it */
        struct sync_record wanted; /* what is being written */
        bool marked;               /* the record no longer says `before` */
        bool at_end;               /* the last one is under way */
        bool ended, success;       /* the session is over, while the first one is under way */
        sd_event_source *child;
        int start_error; /* why there is no child */
};

void job_record_init(struct job *job);
void job_record_done(struct job *job);

/* Driver's may_send: false while the record has yet to be written. */
bool job_record_may_send(struct job *job);

/* Writes what holds now that the session is over, then calls job_finish(). */
void job_record_finish(struct job *job, bool success);
