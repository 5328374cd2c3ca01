/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* As much of libgpiod 1.6 as src/hw uses, so that its backend is tested on any system. */

#include <stdbool.h>

struct gpiod_chip;
struct gpiod_line;

enum {
        GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN = 1 << 0,
        GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW = 1 << 2,
        GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE = 1 << 3,
        GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN = 1 << 4,
        GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP = 1 << 5,
};

struct gpiod_chip *gpiod_chip_open(const char *path);
void gpiod_chip_close(struct gpiod_chip *chip);
const char *gpiod_chip_label(struct gpiod_chip *chip);
unsigned int gpiod_chip_num_lines(struct gpiod_chip *chip);
struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset);
struct gpiod_line *gpiod_chip_find_line(struct gpiod_chip *chip, const char *name);
int gpiod_line_request_output_flags(struct gpiod_line *line, const char *consumer, int flags,
                                    int default_val);
int gpiod_line_set_value(struct gpiod_line *line, int value);
