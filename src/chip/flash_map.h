/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Erase units of a flash: runs of equal pages (or sectors; here both are "pages"), by address. */

#define FLASH_RUNS_MAX 8

struct flash_run {
        uint32_t address;
        uint32_t page_size; /* bytes */
        uint16_t pages;
        uint16_t first; /* number of its first page in an erase command */
        uint8_t bank;   /* 1 or 2, as the flash is built */
};

struct flash_map {
        struct flash_run runs[FLASH_RUNS_MAX];
        size_t n_runs;
};

struct flash_page {
        uint32_t address;
        uint32_t size;
        uint16_t number;
        uint8_t bank;
};

/*
 * Reads "4x16K,1x64K,7x128K"; "2x(4x16K,1x64K,7x128K)" for two banks; "256x2K/128x2K" for two that
 * differ; with "@1M" behind it bank 2 starts 1 MiB after bank 1. `bank2_first` numbers bank 2's
 * pages, 0 lets them count on. Returns 0, or -EINVAL: not of that form, too many runs, or beyond
 * the address space.
 */
int flash_map_parse(const char *text, uint32_t start, uint16_t bank2_first, struct flash_map *ret);

/*
 * Could an STM32 be so divided? Each page a power of two, 128 bytes (L0) or more; 64 MiB at most,
 * with what is between the banks; from a multiple of 256 on. Of a layout that a person wrote; what
 * holds is what the engine counts on.
 */
bool flash_map_is_plausible(const struct flash_map *map);

/* Where the last page ends, exclusive; may be 2^32. 0: there is none. */
uint64_t flash_map_end(const struct flash_map *map);

/* Bytes of all its pages; between two banks there may be a hole, which does not count. */
uint32_t flash_map_size(const struct flash_map *map);

/* Pages in all; `index` counts them by address. */
size_t flash_map_pages(const struct flash_map *map);
bool flash_map_page(const struct flash_map *map, size_t index, struct flash_page *ret);

/* The page that holds `address`; false where there is none. */
bool flash_map_find(const struct flash_map *map, uint32_t address, struct flash_page *ret);

bool flash_map_has_two_banks(const struct flash_map *map);

/*
 * What an option that swaps the banks does: their addresses are exchanged, number and bank stay
 * with the flash. The banks must be alike; a map of one bank stays as it is.
 */
void flash_map_swap_banks(struct flash_map *map);

/* The page at the same place in the other bank; false where there is none. */
bool flash_map_twin(const struct flash_map *map, const struct flash_page *page,
                    struct flash_page *ret);
