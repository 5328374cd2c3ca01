/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util/cleanup.h"

/* How jobs get on, for people: a bar a job on a terminal, else one plain line a phase. */

struct progress_state {
        char phase[32]; /* as the bus names it; "": none yet */
        unsigned percent;
        uint64_t done, total; /* bytes of this phase, pages while erasing; total 0: not known */
        uint64_t rate;        /* bytes a second; 0: not known */
};

/* "writing" for "write"; an unknown phase is its own word. */
const char *progress_phase_text(const char *phase);

/*
 * The time that is left of a job that went from one percentage to another in `elapsed`, in
 * microseconds; USEC_INFINITY where that is too little to tell.
 */
uint64_t progress_left(unsigned from, unsigned percent, uint64_t elapsed);

/*
 * One bar for a terminal of `width` columns; the last three stay free. What does not fit is
 * left out: first the amount, then the rate, then the time, then the bar itself. `ret` has room for
 * `size` bytes.
 */
void progress_format(const char *name, const struct progress_state *state, uint64_t left,
                     unsigned width, char *ret, size_t size);

enum progress_mode {
        PROGRESS_NONE,
        PROGRESS_LINES,
        PROGRESS_BARS,
};

struct progress;

/* Times are microseconds of a monotonic clock. Returns NULL where memory is short. */
struct progress *progress_new(FILE *file, enum progress_mode mode);
struct progress *progress_free(struct progress *progress);
DEFINE_CLEANUP(struct progress, progress_free);

/* A job more; its index, or -ENOMEM. The name is copied. */
int progress_add(struct progress *progress, const char *name, uint64_t now);

void progress_update(struct progress *progress, size_t index, const struct progress_state *state,
                     uint64_t now);

/* This job has ended: its bar goes. */
void progress_finish(struct progress *progress, size_t index, uint64_t now);

/* Takes the bars off the terminal, so that something can be printed; progress_draw() restores. */
void progress_clear(struct progress *progress);
void progress_draw(struct progress *progress, uint64_t now);
