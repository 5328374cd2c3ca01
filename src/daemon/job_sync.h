/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

struct job;

/* What makes a Sync out of a Flash: the record decides how much has to be compared. */

/*
 * Sets the session's check. Returns true where the record alone says that the chip holds the image
 * and that is enough: it is then not to be touched.
 */
bool job_sync_begin(struct job *job);

/* After a session that changed nothing: true if all has to be compared after all. */
bool job_sync_repeat(struct job *job);

/* Readout protection kept us from looking: true if the record is to be believed. */
bool job_sync_trusts_record(struct job *job);
