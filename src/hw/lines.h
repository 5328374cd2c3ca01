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

/* Resistor at the pin, where the chip has one to offer. */
enum line_bias {
        LINE_BIAS_AS_IS,
        LINE_BIAS_NONE,
        LINE_BIAS_PULL_UP,
        LINE_BIAS_PULL_DOWN,
};

/*
 * Where one line is. Chip: path, bare name, or label of a gpiochip, or one of device.h's forms
 * ("usb:10c4:ea60:0001"); "serial": the port's DTR and RTS.
 */
struct line_config {
        bool wired;
        char chip[128];
        char line[64]; /* offset or line name; "dtr" or "rts" on "serial" */
        bool inverted; /* with "!". Boot lines: the pin low is true. NRST: the pin high resets */
        enum line_bias bias;
};

struct lines_config {
        struct line_config line[LINE_MAX_];
};

/*
 * Reads "17", "!17", "GPIO17", "gpiochip0:17", "pinctrl-rp1:!6", "!dtr", "6 pull-up" into *ret.
 * `default_chip` is the section's Chip=, or NULL. Returns 0 or -EINVAL (no line, no chip for it, a
 * bias on "serial").
 */
int line_config_parse(const char *text, const char *default_chip, struct line_config *ret);

/* On the port's DTR or RTS instead of on a chip? */
bool line_is_serial(const struct line_config *config);

struct lines;

/*
 * Requests the lines, each on its own and with its safe level as initial value, so that none
 * glitches: BOOT0 and BOOT1 inactive, then NRST released (open drain; with "!": push-pull). `port`
 * serves "serial" lines and stays the caller's; an asserted DTR or RTS is a low pin there. Returns
 * 0; -ENOENT: no such chip or line; -ENOTUNIQ: several chips of that label; -EACCES: not found, but
 * there are chips that we may not open; -EBUSY: held by somebody else. *ret_which names the line,
 * on failure only.
 */
int lines_open(const struct lines_config *config, struct port *port, const char *consumer,
               struct lines **ret, enum line *ret_which);

/* The lines of a virtual STM32, which stays the caller's. */
int lines_open_virtual(struct virtual_stm32 *chip, struct lines **ret);

/* Sets one line. A line that is not wired is -ENXIO. */
int lines_set(struct lines *lines, enum line line, bool value);

/* BOOT lines inactive, then NRST released, then the requests are given back. NULL is fine. */
struct lines *lines_close(struct lines *lines);
