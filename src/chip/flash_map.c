/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "chip/flash_map.h"
#include "util/macro.h"

#define PAGE_MIN    128U
#define START_ALIGN 256U /* no block is longer */
#define FLASH_MAX   (64U * 1024 * 1024)

struct bank {
        struct flash_run runs[FLASH_RUNS_MAX]; /* addresses from 0 */
        size_t n_runs;
        uint64_t size;
        uint32_t pages;
};

static bool read_number(const char **text, uint32_t *ret) {
        const char *p = *text;
        uint32_t value = 0;

        if (*p < '1' || *p > '9')
                return false;

        for (; *p >= '0' && *p <= '9'; p++) {
                if (value > UINT16_MAX)
                        return false;
                value = value * 10 + (uint32_t)(*p - '0');
        }

        *text = p;
        *ret = value;
        return true;
}

static bool read_size(const char **text, uint32_t *ret) {
        unsigned shift = 0;
        uint32_t value;

        if (!read_number(text, &value))
                return false;

        if (**text == 'K')
                shift = 10;
        else if (**text == 'M')
                shift = 20;
        if (shift > 0)
                (*text)++;
        if (value > UINT32_MAX >> shift)
                return false;

        *ret = value << shift;
        return true;
}

static bool read_char(const char **text, char c) {
        if (**text != c)
                return false;
        (*text)++;
        return true;
}

/* "4x16K,1x64K,7x128K" */
static bool read_bank(const char **text, struct bank *ret) {
        struct bank bank = {};

        do {
                struct flash_run *run;
                uint32_t pages, page_size;

                if (bank.n_runs == FLASH_RUNS_MAX || !read_number(text, &pages) ||
                    !read_char(text, 'x') || !read_size(text, &page_size))
                        return false;
                if (pages > UINT16_MAX - bank.pages ||
                    bank.size + (uint64_t)pages * page_size > UINT32_MAX)
                        return false;

                run = &bank.runs[bank.n_runs++];
                *run = (struct flash_run){
                        .address = (uint32_t)bank.size,
                        .page_size = page_size,
                        .pages = (uint16_t)pages,
                        .first = (uint16_t)bank.pages,
                };
                bank.pages += pages;
                bank.size += (uint64_t)pages * page_size;
        } while (read_char(text, ','));

        *ret = bank;
        return true;
}

/* Appends the bank's runs; false if they do not fit. */
static bool map_add(struct flash_map *map, const struct bank *bank, uint8_t number,
                    uint64_t address, uint32_t first) {
        if (bank->n_runs > FLASH_RUNS_MAX - map->n_runs || first + bank->pages > UINT16_MAX ||
            address + bank->size > (uint64_t)UINT32_MAX + 1)
                return false;

        for (size_t i = 0; i < bank->n_runs; i++) {
                struct flash_run *run = &map->runs[map->n_runs++];

                *run = bank->runs[i];
                run->address += (uint32_t)address;
                run->first = (uint16_t)(run->first + first);
                run->bank = number;
        }
        return true;
}

int flash_map_parse(const char *text, uint32_t start, uint16_t bank2_first, struct flash_map *ret) {
        struct bank banks[2];
        struct flash_map map = {};
        uint32_t offset = 0;
        bool dual = true;

        if (strncmp(text, "2x(", 3) == 0) {
                text += 3;
                if (!read_bank(&text, &banks[0]) || !read_char(&text, ')'))
                        return -EINVAL;
                banks[1] = banks[0];
        } else {
                if (!read_bank(&text, &banks[0]))
                        return -EINVAL;
                dual = read_char(&text, '/');
                if (dual && !read_bank(&text, &banks[1]))
                        return -EINVAL;
        }

        if (dual && read_char(&text, '@')) {
                if (!read_size(&text, &offset) || offset < banks[0].size)
                        return -EINVAL;
        } else
                offset = (uint32_t)banks[0].size;
        if (*text != '\0')
                return -EINVAL;

        if (!map_add(&map, &banks[0], 1, start, 0))
                return -EINVAL;
        if (dual) {
                uint32_t first = bank2_first > 0 ? bank2_first : banks[0].pages;

                if (first < banks[0].pages ||
                    !map_add(&map, &banks[1], 2, (uint64_t)start + offset, first))
                        return -EINVAL;
        }

        *ret = map;
        return 0;
}

bool flash_map_is_plausible(const struct flash_map *map) {
        if (map->n_runs == 0 || map->runs[0].address % START_ALIGN != 0 ||
            flash_map_end(map) - map->runs[0].address > FLASH_MAX)
                return false;
        for (size_t i = 0; i < map->n_runs; i++) {
                uint32_t size = map->runs[i].page_size;

                if (size < PAGE_MIN || (size & (size - 1)) != 0 ||
                    map->runs[i].address % PAGE_MIN != 0)
                        return false;
        }
        return true;
}

uint64_t flash_map_end(const struct flash_map *map) {
        const struct flash_run *last;

        if (map->n_runs == 0)
                return 0;

        last = &map->runs[map->n_runs - 1];
        return last->address + (uint64_t)last->pages * last->page_size;
}

uint32_t flash_map_size(const struct flash_map *map) {
        uint64_t size = 0;

        for (size_t i = 0; i < map->n_runs; i++)
                size += (uint64_t)map->runs[i].pages * map->runs[i].page_size;
        return (uint32_t)MIN(size, (uint64_t)UINT32_MAX);
}

size_t flash_map_pages(const struct flash_map *map) {
        size_t pages = 0;

        for (size_t i = 0; i < map->n_runs; i++)
                pages += map->runs[i].pages;
        return pages;
}

static void run_page(const struct flash_run *run, uint32_t index, struct flash_page *ret) {
        *ret = (struct flash_page){
                .address = run->address + index * run->page_size,
                .size = run->page_size,
                .number = (uint16_t)(run->first + index),
                .bank = run->bank,
        };
}

bool flash_map_page(const struct flash_map *map, size_t index, struct flash_page *ret) {
        for (size_t i = 0; i < map->n_runs; i++) {
                if (index < map->runs[i].pages) {
                        run_page(&map->runs[i], (uint32_t)index, ret);
                        return true;
                }
                index -= map->runs[i].pages;
        }
        return false;
}

bool flash_map_find(const struct flash_map *map, uint32_t address, struct flash_page *ret) {
        for (size_t i = 0; i < map->n_runs; i++) {
                const struct flash_run *run = &map->runs[i];
                uint32_t index = (address - run->address) / run->page_size;

                if (address >= run->address && index < run->pages) {
                        run_page(run, index, ret);
                        return true;
                }
        }
        return false;
}

bool flash_map_has_two_banks(const struct flash_map *map) {
        return map->n_runs > 0 && map->runs[0].bank != map->runs[map->n_runs - 1].bank;
}

void flash_map_swap_banks(struct flash_map *map) {
        size_t half = map->n_runs / 2;

        if (!flash_map_has_two_banks(map))
                return;
        for (size_t i = 0; i < half; i++) {
                struct flash_run *a = &map->runs[i], *b = &map->runs[half + i];
                struct flash_run old = *a;

                a->first = b->first;
                a->bank = b->bank;
                b->first = old.first;
                b->bank = old.bank;
        }
}

bool flash_map_twin(const struct flash_map *map, const struct flash_page *page,
                    struct flash_page *ret) {
        size_t half = map->n_runs / 2;
        uint32_t distance = half > 0 ? map->runs[half].address - map->runs[0].address : 0;

        if (!flash_map_has_two_banks(map))
                return false;
        return flash_map_find(map,
                              page->address < map->runs[half].address ? page->address + distance
                                                                      : page->address - distance,
                              ret);
}
