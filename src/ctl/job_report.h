/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "ctl/job.h"

/* Tells on stdout and stderr how a job ended; `took` is in microseconds. */
void job_report(const struct job *job, const struct options *options, uint64_t took);

/* Tells on stdout what became of a job that was to be cancelled. */
void job_report_cancelled(const struct job *job, const struct options *options);
