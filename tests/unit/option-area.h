/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "chip/options.h"

/* Words of an area as the manuals print them; the rest stays as delivered. */
struct area {
        uint16_t id;
        uint32_t words[4]; /* little-endian words from the start of the first area on */
        size_t n_words;
};

#define WORDS(...) { __VA_ARGS__ }, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t)

/* All areas of the chip, to be freed. */
uint8_t *area_new(const struct area *area, size_t *ret_size);
