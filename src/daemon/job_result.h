/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/error.h"

struct job;

/* From a session that is over to what the job and its target say about it. */

/* Error, message, notes, outcome, data; what is known of the chip. The session is still there. */
void job_result_collect(struct job *job, bool success);

/* What a cut of the power may leave behind: said once, when the first page is about to go. */
void job_result_note_risk(struct job *job, uint64_t now);

/* A failure that no session had. */
void job_result_fail(struct job *job, enum error_code code, const char *format, ...) _printf_(3, 4);

/* One line in the journal, or several after a failure. */
void job_result_log(const struct job *job, uint64_t duration);
