/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "chip/chip.h"

/* stmboot-virtual with wire time on: a chip as delivered, in its ROM, behind DIR/tty. */

struct board {
        const char *program;
        const char *dir;
        const char *clock; /* a file that tells it when its client wrote */
        pid_t pid;         /* 0: not running */
};

/* Starts it and waits until the chip is in its ROM. Returns false with a word on standard error. */
bool board_start(struct board *board, const struct chip *chip);

/* Ends it. Returns whether the chip was running `image`, the file that its flash begins with; NULL:
 * whatever it did. */
bool board_stop(struct board *board, const char *image);

/* Starts `argv` with standard output and error in the file `log`, and $LD_PRELOAD unless NULL.
 * Returns its pid, or -1. */
pid_t start(const char *const *argv, const char *log, const char *preload);
