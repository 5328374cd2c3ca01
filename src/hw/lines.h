/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "hw/port.h"

/*
 * The boot lines of one target: NRST, BOOT0 and, rarely, BOOT1; on GPIO chips, on the port's DTR
 * and RTS, or on a virtual STM32. Held only while there is work.
 */

enum line {
        LINE_RESET, /* true: the chip is held in reset */
        LINE_BOOT0, /* true: high at the chip's BOOT0 */
        LINE_BOOT1,
        LINE_MAX_,
};

/* Where one line is. Chip: path, bare name, or label of a gpiochip; "serial": the port's DTR/RTS.
 */
struct line_config {
        bool wired;
        char chip[64];
        char line[64];   /* offset or line name; "dtr" or "rts" on "serial" */
        bool active_low; /* boot lines: the pin low is true. NRST: see lines_open() */
};

struct lines_config {
        struct line_config line[LINE_MAX_];
};

/*
 * Reads "17", "!17", "GPIO17", "gpiochip0:17", "pinctrl-rp1:!6", "!dtr" into *ret. `default_chip`
 * is the section's Chip=, or NULL. Returns 0 or -EINVAL (no line, or no chip for it).
 */
int line_config_parse(const char *text, const char *default_chip, struct line_config *ret);

struct lines;

/*
 * Requests the lines with their safe levels as initial values (BOOT0 and BOOT1 inactive, NRST
 * released), each without a glitch: NRST on its own (open drain; with "!": push-pull, the pin high
 * resets), the boot lines on theirs. `port` serves "serial" lines and stays the caller's. Returns
 * 0; -ENOENT: no such chip or line; -EBUSY: held by somebody else; *ret_which names the line.
 */
int lines_open(const struct lines_config *config, struct port *port, const char *consumer,
               struct lines **ret, enum line *ret_which);

/* The lines of a virtual STM32, which stays the caller's. */
int lines_open_virtual(struct virtual_stm32 *chip, struct lines **ret);

/* Sets one line. A line that is not wired is -ENXIO. */
int lines_set(struct lines *lines, enum line line, bool value);

/* BOOT lines inactive, then NRST released, then the requests are given back. NULL is fine. */
struct lines *lines_close(struct lines *lines);
