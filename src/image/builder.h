/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

/*
 * Collects pieces of memory, in any order, and makes the segments of an image of them. All pieces
 * together are smaller than 4 GiB.
 */

struct builder_chunk {
        uint32_t address;
        uint32_t size;
        size_t line; /* where the file says it; 0: not a text format */
        const uint8_t *data;
};

struct builder {
        struct builder_chunk *chunks;
        size_t n_chunks, n_allocated;
        uint8_t *scratch; /* for a reader that decodes; freed with the builder */
};

/*
 * Adds `size` bytes, which stay the caller's and must live until builder_finish(). Nothing to add
 * is no error. Returns 0, IMAGE_RANGE (leaves the address space, or too many pieces) or -ENOMEM.
 */
int builder_add(struct builder *builder, size_t line, uint64_t address, const uint8_t *data,
                uint32_t size, struct image_error *error);

/*
 * Copies the pieces to `image`, sorted and joined where they touch. Returns 0, IMAGE_EMPTY,
 * IMAGE_OVERLAP, IMAGE_RANGE (too many segments) or -ENOMEM. The image is half-built on failure.
 */
int builder_finish(struct builder *builder, struct image *image, struct image_error *error);

/* Frees what the builder holds, not the builder. */
void builder_clear(struct builder *builder);
