/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libgpiod 2 */

#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>

#include "hw/gpio.h"
#include "util/cleanup.h"
#include "util/parse.h"

struct gpio_line {
        struct gpiod_line_request *request;
        unsigned offset;
};

static inline void gpiod_chip_closep(struct gpiod_chip **chip) {
        if (*chip)
                gpiod_chip_close(*chip);
}

static inline void gpiod_line_settings_freep(struct gpiod_line_settings **settings) {
        if (*settings)
                gpiod_line_settings_free(*settings);
}

static inline void gpiod_line_config_freep(struct gpiod_line_config **config) {
        if (*config)
                gpiod_line_config_free(*config);
}

static inline void gpiod_request_config_freep(struct gpiod_request_config **config) {
        if (*config)
                gpiod_request_config_free(*config);
}

int gpio_chip_has_label(const char *path, const char *label) {
        _cleanup_(gpiod_chip_closep) struct gpiod_chip *chip = gpiod_chip_open(path);

        if (!chip)
                return -errno;
        struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
        if (!info)
                return -errno;
        int r = strcmp(gpiod_chip_info_get_label(info), label) == 0;
        gpiod_chip_info_free(info);
        return r;
}

static int find_line(struct gpiod_chip *chip, const char *name, unsigned *ret_offset) {
        uint32_t offset;

        if (parse_u32(name, &offset) < 0) {
                int found = gpiod_chip_get_line_offset_from_name(chip, name);
                if (found < 0)
                        return -errno;
                *ret_offset = (unsigned)found;
                return 0;
        }
        struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
        if (!info)
                return -errno;
        size_t n_lines = gpiod_chip_info_get_num_lines(info);
        gpiod_chip_info_free(info);
        if (offset >= n_lines)
                return -ENOENT;
        *ret_offset = offset;
        return 0;
}

static struct gpiod_line_settings *new_settings(const struct gpio_settings *settings) {
        static const enum gpiod_line_bias bias[] = {
                [LINE_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
                [LINE_BIAS_NONE] = GPIOD_LINE_BIAS_DISABLED,
                [LINE_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
                [LINE_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
        };
        struct gpiod_line_settings *new = gpiod_line_settings_new();

        if (!new)
                return NULL;
        (void)gpiod_line_settings_set_direction(new, GPIOD_LINE_DIRECTION_OUTPUT);
        (void)gpiod_line_settings_set_output_value(new, GPIOD_LINE_VALUE_INACTIVE);
        (void)gpiod_line_settings_set_drive(new, settings->open_drain ? GPIOD_LINE_DRIVE_OPEN_DRAIN
                                                                      : GPIOD_LINE_DRIVE_PUSH_PULL);
        (void)gpiod_line_settings_set_bias(new, bias[settings->bias]);
        gpiod_line_settings_set_active_low(new, settings->active_low);
        return new;
}

/* The request outlives the chip object that it was made with. */
static int request_line(struct gpiod_chip *chip, unsigned offset,
                        const struct gpio_settings *settings, struct gpiod_line_request **ret) {
        _cleanup_(gpiod_request_config_freep) struct gpiod_request_config *request_config =
                gpiod_request_config_new();
        _cleanup_(gpiod_line_config_freep) struct gpiod_line_config *line_config =
                gpiod_line_config_new();
        _cleanup_(gpiod_line_settings_freep) struct gpiod_line_settings *line_settings =
                new_settings(settings);

        if (!request_config || !line_config || !line_settings)
                return -ENOMEM;
        gpiod_request_config_set_consumer(request_config, settings->consumer);
        if (gpiod_line_config_add_line_settings(line_config, &offset, 1, line_settings) < 0)
                return -errno;
        *ret = gpiod_chip_request_lines(chip, request_config, line_config);
        return *ret ? 0 : -errno;
}

int gpio_line_open(const char *chip_path, const char *line, const struct gpio_settings *settings,
                   struct gpio_line **ret) {
        _cleanup_(gpiod_chip_closep) struct gpiod_chip *chip = gpiod_chip_open(chip_path);
        _cleanup_free_ struct gpio_line *new = NULL;

        if (!chip)
                return -errno;
        new = calloc(1, sizeof(*new));
        if (!new)
                return -ENOMEM;
        int r = find_line(chip, line, &new->offset);
        if (r < 0)
                return r;
        r = request_line(chip, new->offset, settings, &new->request);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(new);
        return 0;
}

int gpio_line_set(struct gpio_line *line, bool active) {
        enum gpiod_line_value value = active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;

        return gpiod_line_request_set_value(line->request, line->offset, value) < 0 ? -errno : 0;
}

struct gpio_line *gpio_line_close(struct gpio_line *line) {
        if (line) {
                gpiod_line_request_release(line->request);
                free(line);
        }
        return NULL;
}
