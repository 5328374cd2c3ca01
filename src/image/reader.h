/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "image/builder.h"
#include "image/image.h"
#include "util/macro.h"

/*
 * The readers of the formats. Each hands the file's bytes to `builder` and fills in what else the
 * file says (entry point, build-id). All return 0, a positive enum image_status with *error
 * filled, or -ENOMEM.
 */
int ihex_read(const uint8_t *data, size_t size, struct builder *builder, struct image *image,
              struct image_error *error);
int srec_read(const uint8_t *data, size_t size, struct builder *builder, struct image *image,
              struct image_error *error);
int elf_read(const uint8_t *data, size_t size, struct builder *builder, struct image *image,
             struct image_error *error);

/*
 * Which format a file has, by its content; see IMAGE_AUTO for the rule. Returns 0, IMAGE_SYNTAX
 * (text of no known form, or damaged) or IMAGE_UNSUPPORTED (an archive or another known container).
 */
int image_detect(const uint8_t *data, size_t size, enum image_format *ret,
                 struct image_error *error);

/* Fills *error and returns `status`. `line` and `address` are 0 where they make no sense. */
int image_refuse(struct image_error *error, enum image_status status, size_t line, uint32_t address,
                 const char *format, ...) _printf_(5, 6);
