/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chip/flash_map.h"
#include "chip/option_family.h"

/* Where the option bytes keep the write protection. For src/chip and src/virtual only. */

/* The number of the bit that stands for a page; of WRP_RANGES the page's own. */
unsigned option_wrp_number(const struct chip *chip, const struct flash_page *page);

/* Where that bit is; not of WRP_RANGES. Set or clear, it protects. */
struct option_bit option_wrp_bit(enum option_wrp kind, unsigned number);
bool option_wrp_protects(enum option_wrp kind, bool bit);

/* Of WRP_RANGES: the words, and what is in one. The first behind the last: no page. */
#define OPTION_WRP_RANGE_WORDS 2
#define OPTION_WRP_RANGE_WORD  3

struct option_wrp_range {
        unsigned first, last;
};

struct option_wrp_range option_wrp_range(uint32_t word);
