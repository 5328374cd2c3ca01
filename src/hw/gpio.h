/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hw/device.h"
#include "hw/lines.h"

/*
 * One output line of a gpiochip. libgpiod 1.6 and 2 have disjoint APIs: lines_gpiod1.c and
 * lines_gpiod2.c each implement all of this but gpio_chip_find(), and the build picks one.
 */

struct gpio_line;

struct gpio_settings {
        const char *consumer;
        bool active_low;
        bool open_drain;
        enum line_bias bias;
};

/*
 * The device node of the chip that `name` (path, bare name, label, or device.h's forms) means, for
 * the caller to free. -ENOENT, -ENOTUNIQ, -EACCES as lines_open() has them.
 */
int gpio_chip_find(const struct hw_roots *roots, const char *name, char **ret_path);

/* Does the chip at `path` bear this label? 1, 0, or negative errno: cannot be asked. */
int gpio_chip_has_label(const char *path, const char *label);

/*
 * Takes one line, by offset or name, as an output that is inactive from its first moment. Returns
 * 0; -ENOENT: no such line; -EBUSY: held by somebody else.
 */
int gpio_line_open(const char *chip_path, const char *line, const struct gpio_settings *settings,
                   struct gpio_line **ret);

/* Returns 0, or -ENODEV when the chip went away. */
int gpio_line_set(struct gpio_line *line, bool active);

/* Takes NULL; returns NULL. */
struct gpio_line *gpio_line_close(struct gpio_line *line);
