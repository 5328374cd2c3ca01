/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "daemon/config_target.h"
#include "image/image.h"

/*
 * How a firmware file comes into the daemon. All is read into memory before any work starts. The
 * functions return 0, or a negative errno with the bus error set.
 */

/*
 * A path from a client: relative ones are tried beneath each of `directories` in turn, absolute
 * ones must lie beneath one of them. No link leads out of it; only regular files are read.
 */
int job_image_read_path(char *const *directories, const char *path, uint8_t **ret_data,
                        size_t *ret_size, sd_bus_error *ret_error);

/* A memfd that is sealed against any change; stays the caller's. */
int job_image_read_fd(int fd, uint8_t **ret_data, size_t *ret_size, sd_bus_error *ret_error);

/* The file that the target's own configuration names. */
int job_image_read_trusted(const char *path, uint8_t **ret_data, size_t *ret_size,
                           sd_bus_error *ret_error);

/* From bytes to an image that the caller owns. `name` is for messages. */
int job_image_parse(const char *name, const uint8_t *data, size_t size,
                    const struct image_options *options, struct image **ret,
                    sd_bus_error *ret_error);

/* Is there an option-byte segment, which a job takes only where it is told to? The first of them.
 */
bool job_image_has_options(const struct image *image, const struct chip *chip,
                           struct plan_error *ret_error);

/*
 * Refuses an image that fits no chip that `config` allows, as far as that can be told without
 * asking the chip. `target` is for messages.
 */
int job_image_check(const struct image *image, const char *target,
                    const struct target_config *config, bool option_segments,
                    sd_bus_error *ret_error);
