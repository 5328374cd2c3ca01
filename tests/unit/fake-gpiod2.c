/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <gpiod.h>
#include <stdlib.h>

#include "fake-gpiod.h"

struct gpiod_chip {
        const struct fake_chip *fake;
};

struct gpiod_chip_info {
        const struct fake_chip *fake;
};

struct gpiod_line_settings {
        enum gpiod_line_direction direction;
        enum gpiod_line_value value;
        enum gpiod_line_drive drive;
        enum gpiod_line_bias bias;
        bool active_low;
};

struct gpiod_line_config {
        unsigned offset;
        struct gpiod_line_settings settings;
};

struct gpiod_request_config {
        const char *consumer;
};

struct gpiod_line_request {
        const struct fake_chip *fake;
        unsigned offset;
};

static void *new_object(size_t size) {
        fake_objects++;
        return calloc(1, size);
}

static void free_object(void *object) {
        fake_objects--;
        free(object);
}

struct gpiod_chip *gpiod_chip_open(const char *path) {
        const struct fake_chip *fake = fake_chip_open(path);
        struct gpiod_chip *chip;

        if (!fake)
                return NULL;
        chip = new_object(sizeof(*chip));
        chip->fake = fake;
        return chip;
}

void gpiod_chip_close(struct gpiod_chip *chip) {
        free_object(chip);
}

struct gpiod_chip_info *gpiod_chip_get_info(struct gpiod_chip *chip) {
        struct gpiod_chip_info *info = new_object(sizeof(*info));

        info->fake = chip->fake;
        return info;
}

void gpiod_chip_info_free(struct gpiod_chip_info *info) {
        free_object(info);
}

const char *gpiod_chip_info_get_label(struct gpiod_chip_info *info) {
        return info->fake->label;
}

size_t gpiod_chip_info_get_num_lines(struct gpiod_chip_info *info) {
        return info->fake->n_lines;
}

int gpiod_chip_get_line_offset_from_name(struct gpiod_chip *chip, const char *name) {
        return (int)fake_line_offset(chip->fake, name);
}

struct gpiod_line_settings *gpiod_line_settings_new(void) {
        return new_object(sizeof(struct gpiod_line_settings));
}

void gpiod_line_settings_free(struct gpiod_line_settings *settings) {
        free_object(settings);
}

int gpiod_line_settings_set_direction(struct gpiod_line_settings *settings,
                                      enum gpiod_line_direction direction) {
        settings->direction = direction;
        return 0;
}

int gpiod_line_settings_set_bias(struct gpiod_line_settings *settings, enum gpiod_line_bias bias) {
        settings->bias = bias;
        return 0;
}

int gpiod_line_settings_set_drive(struct gpiod_line_settings *settings,
                                  enum gpiod_line_drive drive) {
        settings->drive = drive;
        return 0;
}

void gpiod_line_settings_set_active_low(struct gpiod_line_settings *settings, bool active_low) {
        settings->active_low = active_low;
}

int gpiod_line_settings_set_output_value(struct gpiod_line_settings *settings,
                                         enum gpiod_line_value value) {
        settings->value = value;
        return 0;
}

struct gpiod_line_config *gpiod_line_config_new(void) {
        return new_object(sizeof(struct gpiod_line_config));
}

void gpiod_line_config_free(struct gpiod_line_config *config) {
        free_object(config);
}

int gpiod_line_config_add_line_settings(struct gpiod_line_config *config,
                                        const unsigned int *offsets, size_t num_offsets,
                                        struct gpiod_line_settings *settings) {
        if (num_offsets != 1)
                return -1;
        config->offset = offsets[0];
        config->settings = *settings;
        return 0;
}

struct gpiod_request_config *gpiod_request_config_new(void) {
        return new_object(sizeof(struct gpiod_request_config));
}

void gpiod_request_config_free(struct gpiod_request_config *config) {
        free_object(config);
}

void gpiod_request_config_set_consumer(struct gpiod_request_config *config, const char *consumer) {
        config->consumer = consumer;
}

static const char *bias_text(enum gpiod_line_bias bias) {
        switch (bias) {
        case GPIOD_LINE_BIAS_PULL_UP:
                return " pull-up";
        case GPIOD_LINE_BIAS_PULL_DOWN:
                return " pull-down";
        case GPIOD_LINE_BIAS_DISABLED:
                return " no-pull";
        case GPIOD_LINE_BIAS_AS_IS:
                return "";
        default:
                return " bias?";
        }
}

struct gpiod_line_request *gpiod_chip_request_lines(struct gpiod_chip *chip,
                                                    struct gpiod_request_config *req_cfg,
                                                    struct gpiod_line_config *line_cfg) {
        const struct gpiod_line_settings *settings = &line_cfg->settings;
        const struct fake_request request = {
                .chip = chip->fake,
                .offset = line_cfg->offset,
                .active_low = settings->active_low,
                .open_drain = settings->drive == GPIOD_LINE_DRIVE_OPEN_DRAIN,
                .bias = bias_text(settings->bias),
                .initial = settings->direction == GPIOD_LINE_DIRECTION_OUTPUT ? (int)settings->value
                                                                              : -1,
                .consumer = req_cfg->consumer,
        };
        struct gpiod_line_request *new;

        if (fake_line_request(&request) < 0)
                return NULL;
        new = new_object(sizeof(*new));
        *new = (struct gpiod_line_request){ .fake = chip->fake, .offset = line_cfg->offset };
        return new;
}

void gpiod_line_request_release(struct gpiod_line_request *request) {
        fake_line_release(request->fake, request->offset);
        free_object(request);
}

int gpiod_line_request_set_value(struct gpiod_line_request *request, unsigned int offset,
                                 enum gpiod_line_value value) {
        return fake_line_set(request->fake, offset, value == GPIOD_LINE_VALUE_ACTIVE);
}
