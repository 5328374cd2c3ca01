/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>

#include "fake-gpiod.h"

struct gpiod_line {
        struct gpiod_chip *chip;
        unsigned offset;
        bool requested;
};

struct gpiod_chip {
        const struct fake_chip *fake;
        struct gpiod_line line; /* one is all that src/hw takes from a chip object */
};

struct gpiod_chip *gpiod_chip_open(const char *path) {
        const struct fake_chip *fake = fake_chip_open(path);
        struct gpiod_chip *chip = fake ? calloc(1, sizeof(*chip)) : NULL;

        if (!chip)
                return NULL;
        chip->fake = fake;
        fake_objects++;
        return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip) {
        if (chip->line.requested)
                fake_line_release(chip->fake, chip->line.offset);
        fake_objects--;
        free(chip);
}

const char *gpiod_chip_label(struct gpiod_chip *chip) {
        return chip->fake->label;
}

unsigned int gpiod_chip_num_lines(struct gpiod_chip *chip) {
        return chip->fake->n_lines;
}

struct gpiod_line *gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset) {
        if (offset >= chip->fake->n_lines) {
                errno = EINVAL;
                return NULL;
        }
        chip->line = (struct gpiod_line){ .chip = chip, .offset = offset };
        return &chip->line;
}

struct gpiod_line *gpiod_chip_find_line(struct gpiod_chip *chip, const char *name) {
        long offset = fake_line_offset(chip->fake, name);

        return offset < 0 ? NULL : gpiod_chip_get_line(chip, (unsigned)offset);
}

static const char *bias_text(int flags) {
        if (flags & GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP)
                return " pull-up";
        if (flags & GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN)
                return " pull-down";
        return flags & GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE ? " no-pull" : "";
}

int gpiod_line_request_output_flags(struct gpiod_line *line, const char *consumer, int flags,
                                    int default_val) {
        const struct fake_request request = {
                .chip = line->chip->fake,
                .offset = line->offset,
                .active_low = flags & GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW,
                .open_drain = flags & GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN,
                .bias = bias_text(flags),
                .initial = default_val,
                .consumer = consumer,
        };

        if (fake_line_request(&request) < 0)
                return -1;
        line->requested = true;
        return 0;
}

int gpiod_line_set_value(struct gpiod_line *line, int value) {
        return fake_line_set(line->chip->fake, line->offset, value);
}
