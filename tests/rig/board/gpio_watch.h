/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The levels of a gpiochip's lines as a board sees them, without requesting any: the kernel's gpio
 * tracepoints tell of each value and direction, line-info watches tell of releases (for which there
 * is no tracepoint). A line that is not driven has the level of its pull resistor.
 */

struct gpio_watch;

struct gpio_watch_line {
        const char *name; /* or its offset in digits */
        bool pull_up;
};

/*
 * Watches lines of the chip with this label. `persist`: a released line stays driven, as with
 * Raspberry Pi kernels. Returns 0, -ENODEV (no such chip), -ENOENT (no such line), or what the
 * kernel says.
 */
int gpio_watch_open(const char *label, const struct gpio_watch_line *lines, size_t n_lines,
                    bool persist, struct gpio_watch **ret);
struct gpio_watch *gpio_watch_close(struct gpio_watch *watch);

/* Two descriptors to poll for input. */
void gpio_watch_fds(const struct gpio_watch *watch, struct pollfd fds[2]);

/* The next change of a level, in the order of their times. False: nothing more for now. */
bool gpio_watch_next(struct gpio_watch *watch, size_t *ret_line, bool *ret_level,
                     uint64_t *ret_usec);
