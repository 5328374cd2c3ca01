/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "fuzz.h"
#include "image/image.h"
#include "util/cleanup.h"

/* What the fuzzers of src/image share: whatever the file, an image is as image.h says it. */

DEFINE_CLEANUP(struct image, image_free);

static inline void check_image(const struct image *image, size_t file_size) {
        struct image_digest digest;
        uint64_t end = 0;

        PROMISED(image->n_segments > 0 && image->n_segments <= IMAGE_SEGMENTS_MAX);
        for (size_t i = 0; i < image->n_segments; i++) {
                const struct image_segment *segment = &image->segments[i];
                uint8_t last;

                PROMISED(segment->size > 0);
                PROMISED(i == 0 || segment->address > end);
                end = (uint64_t)segment->address + segment->size;
                PROMISED(end <= UINT64_C(1) << 32);
                PROMISED(image_read(image, (uint32_t)(end - 1), &last, 1));
                PROMISED(last == segment->data[segment->size - 1]);
                PROMISED(!image_read(image, (uint32_t)(end - 1), &last, 2));
        }
        PROMISED(image_size(image) <= file_size);
        PROMISED(image->build_id_size <= sizeof(image->build_id));
        image_digest(image, &digest);
}

/* Returns the format it was read as; IMAGE_AUTO if it was refused. */
static inline enum image_format check_open(const uint8_t *data, size_t size,
                                           enum image_format format) {
        const struct image_options options = { .format = format, .default_address = 0x08000000 };
        _cleanup_(image_freep) struct image *image = NULL;
        struct image_error error = { .status = IMAGE_OK };

        int r = image_open(data, size, &options, &image, &error);
        PROMISED(r >= 0 && (r == 0) == (image != NULL));
        PROMISED((int)error.status == r);
        if (r > 0) {
                PROMISED(memchr(error.reason, '\0', sizeof(error.reason)) && *error.reason);
                return IMAGE_AUTO;
        }
        check_image(image, size);
        return image->format;
}

/* What a reader takes is recognised as its own; nothing of it passes for raw binary. */
static inline void check_format(const uint8_t *data, size_t size, enum image_format format) {
        if (check_open(data, size, format) == format)
                PROMISED(check_open(data, size, IMAGE_AUTO) == format);
}
