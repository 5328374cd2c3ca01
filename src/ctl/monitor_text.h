/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>

/* Events of the bus as lines for people, fewer than there are: not every byte counts. */

struct monitor_filter {
        char job[128]; /* whose phase and progress was told last */
        char phase[32];
        unsigned percent;
};

/*
 * Prints an event to standard output: an object with "event", and "target", "job", "type",
 * "result" and "changed" as they apply. Of a job's progress every tenth part is told, and each
 * phase.
 */
void monitor_print(struct monitor_filter *filter, struct json_object *event);
