/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the generated table holds beside struct chip's public fields. Private to src/chip. */

#define CHIP_ERASE_TIMES_MAX 5

struct chip_erase_time {
        uint32_t page_size; /* 0 ends the list */
        uint32_t usec[2];   /* indexed by enum chip_timing, as all pairs here */
};

struct chip_speed {
        uint32_t program_bytes; /* programmed at once; 0: this speed does not exist */
        uint32_t program_nsec[2];
        struct chip_erase_time erase[CHIP_ERASE_TIMES_MAX];
        uint32_t mass_usec[2]; /* 0: as long as all pages one by one */
        uint32_t mass_size;    /* bytes of flash that mass_usec stands for; 0: for each bank */
};

/* The layout of a part with less flash than the family's largest. */
struct chip_part {
        uint32_t flash_size; /* 0 ends the list */
        const char *layout;
        const char *layout_other;
};

struct chip_data {
        struct chip_speed speed, speed_fast;
        const struct chip_part *smaller; /* NULL: the largest layout is cut to size */
};
