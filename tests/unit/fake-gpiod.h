/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

/*
 * A system with some gpiochips, behind libgpiod's API 1 or 2 (fake-gpiod1.c, fake-gpiod2.c). What
 * is done to its lines is written down, in the same words for both.
 */

#define FAKE_NO_OFFSET UINT32_MAX

struct fake_chip {
        const char *name; /* "gpiochip0": the last part of the path that opens it */
        const char *label;
        unsigned n_lines;
        const char *named_line;    /* one line with a name */
        unsigned named_offset;     /* its offset */
        unsigned busy_offset;      /* a line that somebody else holds */
        unsigned vanishing_offset; /* a line that fails once it is held */
        int open_error;            /* errno of every attempt to open the chip */
};

/* A line's request as the kernel would see it. */
struct fake_request {
        const struct fake_chip *chip;
        unsigned offset;
        bool active_low;
        bool open_drain;
        const char *bias; /* "", " pull-up" ... */
        int initial;
        const char *consumer;
};

/* What a test looks at. `fake_objects`: what was made and not freed. */
extern const struct fake_chip *fake_chips;
extern size_t n_fake_chips;
extern char fake_log[4096];
extern int fake_objects;

void fake_log_printf(const char *format, ...) _printf_(1, 2);

/* What the two APIs are made of. The int functions return 0 or -1 with errno, as libgpiod does. */
const struct fake_chip *fake_chip_open(const char *path);
long fake_line_offset(const struct fake_chip *chip, const char *name);
int fake_line_request(const struct fake_request *request);
int fake_line_set(const struct fake_chip *chip, unsigned offset, int value);
void fake_line_release(const struct fake_chip *chip, unsigned offset);
