/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness.h"

/* Jobs of the unmodified daemon, timed over its bus. */

struct timing {
        uint64_t job;  /* the whole of it, from the call of Flash to JobFinished, microseconds */
        uint64_t rate; /* bytes a second, of reading back, which is a part of each flash */
};

/* Flashes `image` into each of `targets` at the same time. False: one of them failed. */
bool daemon_flash(struct harness *harness, const char *const *targets, size_t n, const char *image,
                  unsigned baud, struct timing *ret);

/* "VmRSS", "VmHWM", in KiB. */
unsigned long daemon_memory(const struct harness *harness, const char *field);

/* The processor time that it has used, microseconds. */
uint64_t daemon_cpu(const struct harness *harness);
