/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/plan.h"

/*
 * The bytes that a plan covers: pieces of flash contents, sorted by address, none overlapping.
 * They point into the images that they came from.
 */

struct plan_piece {
        uint32_t address;
        uint32_t size; /* > 0 */
        const uint8_t *data;
};

struct plan_cover {
        struct plan_piece *pieces;
        size_t n_pieces;
};

/* Where a piece ends, exclusive; may be 2^32. */
static inline uint64_t plan_piece_end(const struct plan_piece *piece) {
        return (uint64_t)piece->address + piece->size;
}

/*
 * The segments of `image` that go into flash, aliases resolved, each checked to lie within the map.
 * Returns 0, a positive enum plan_status with `ret_error` filled, or -ENOMEM. The pieces are the
 * caller's to free.
 */
int plan_cover_image(const struct image *image, const struct plan_config *config, bool skip_options,
                     struct plan_cover *ret, struct plan_error *ret_error);

/*
 * The pages that a cover touches, by address; all of it lies within the map. Returns 0 or -ENOMEM.
 * The pages are the caller's to free.
 */
int plan_cover_pages(const struct plan_cover *cover, const struct flash_map *map,
                     struct flash_page **ret_pages, size_t *ret_n_pages);

/*
 * Adds what `preserved` has of `pages` and the cover has not. Returns 0 or -ENOMEM, the cover then
 * being what it was.
 */
int plan_cover_preserve(struct plan_cover *cover, const struct image *preserved,
                        const struct flash_page *pages, size_t n_pages);

/* Copies `size` bytes from `address` on; false if one of them is not covered. */
bool plan_cover_read(const struct plan_cover *cover, uint32_t address, void *ret_data, size_t size);
