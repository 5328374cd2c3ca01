/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libgpiod 1.6 */

#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>

#include "hw/gpio.h"
#include "util/cleanup.h"
#include "util/parse.h"

struct gpio_line {
        struct gpiod_chip *chip; /* owns `line` */
        struct gpiod_line *line;
};

DEFINE_CLEANUP(struct gpio_line, gpio_line_close);

int gpio_chip_has_label(const char *path, const char *label) {
        struct gpiod_chip *chip = gpiod_chip_open(path);

        if (!chip)
                return -errno;
        int r = strcmp(gpiod_chip_label(chip), label) == 0;
        gpiod_chip_close(chip);
        return r;
}

static struct gpiod_line *find_line(struct gpiod_chip *chip, const char *name) {
        uint32_t offset;

        if (parse_u32(name, &offset) < 0)
                return gpiod_chip_find_line(chip, name);
        return offset < gpiod_chip_num_lines(chip) ? gpiod_chip_get_line(chip, offset) : NULL;
}

static int request_flags(const struct gpio_settings *settings) {
        static const int bias[] = {
                [LINE_BIAS_AS_IS] = 0,
                [LINE_BIAS_NONE] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
                [LINE_BIAS_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
                [LINE_BIAS_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
        };

        return bias[settings->bias] |
               (settings->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0) |
               (settings->open_drain ? GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN : 0);
}

int gpio_line_open(const char *chip_path, const char *line, const struct gpio_settings *settings,
                   struct gpio_line **ret) {
        _cleanup_(gpio_line_closep) struct gpio_line *new = calloc(1, sizeof(*new));

        if (!new)
                return -ENOMEM;
        new->chip = gpiod_chip_open(chip_path);
        if (!new->chip)
                return -errno;
        new->line = find_line(new->chip, line);
        if (!new->line)
                return -ENOENT;
        if (gpiod_line_request_output_flags(new->line, settings->consumer, request_flags(settings),
                                            0) < 0)
                return -errno;
        *ret = TAKE_PTR(new);
        return 0;
}

int gpio_line_set(struct gpio_line *line, bool active) {
        return gpiod_line_set_value(line->line, active) < 0 ? -errno : 0;
}

struct gpio_line *gpio_line_close(struct gpio_line *line) {
        if (!line)
                return NULL;
        if (line->chip)
                gpiod_chip_close(line->chip); /* releases the line */
        free(line);
        return NULL;
}
