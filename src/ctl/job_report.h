/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "ctl/job.h"

/*
 * Tells on stderr what of a job's notes has not been told yet. They are warnings: --quiet does not
 * silence them, and some come before the first erase.
 */
void job_report_notes(struct job *job, const char *notes);

/* Tells on stdout and stderr how a job ended; `took` is in microseconds. */
void job_report(struct job *job, const struct client *client, uint64_t took);

/* Tells on stdout what became of a job that was to be cancelled. */
void job_report_cancelled(const struct job *job, const struct options *options);
