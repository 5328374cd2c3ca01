/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "board.h"
#include "harness.h"

/* The daemon and stm32flash side by side. */

struct bench {
        struct harness *harness; /* its daemon runs, with a target "bench" on DIR/tty */
        struct board board;
        const char *shim, *image;
        size_t size;                  /* of the image */
        bool quick;                   /* only write + verify */
        double share_min, slower_max; /* what a row must keep to */
        unsigned misses;
};

void table_head(void);

/*
 * Measures and prints the rows of one chip at one rate, each by its best of up to three runs, and
 * counts those that miss. `gated`: whether they can. False: a run failed, with a word on standard
 * error.
 */
bool table_rows(struct bench *bench, const char *chip, unsigned baud, bool gated);
