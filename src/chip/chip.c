/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "chip/chip-data.h"
#include "chip/chip.h"
#include "util/macro.h"
#include "util/parse.h"

const struct chip *chip_by_id(uint16_t id) {
        for (size_t i = 0; i < chip_table_size; i++)
                if (chip_table[i].id == id)
                        return &chip_table[i];
        return NULL;
}

/* ---- names ---- */

#define CHIP_NAME_MAX 20 /* the longest that ST sells has 16: STM32L4R9ZIJ6PTR */

static bool char_fits(char a, char b) {
        int upper_a = toupper((unsigned char)a), upper_b = toupper((unsigned char)b);

        return upper_a == upper_b || upper_a == 'X' || upper_b == 'X';
}

/* Does one begin with the other? */
static bool part_fits(const char *name, const char *part) {
        for (; *name && *part; name++, part++)
                if (!char_fits(*name, *part))
                        return false;
        return true;
}

/* A part number with all that is behind it: package, temperature, revision, reel. */
static bool is_name(const char *name) {
        size_t n = 0;

        for (; isalnum((unsigned char)name[n]) || name[n] == '-'; n++)
                ;
        return name[n] == '\0' && n <= CHIP_NAME_MAX;
}

bool chip_name_fits(const char *name, const struct chip *chip) {
        static const char prefix[] = "STM32";
        uint32_t id;

        if (name[0] == '0' && (name[1] == 'x' || name[1] == 'X'))
                return parse_u32(name, &id) == 0 && id == chip->id;

        if (!is_name(name))
                return false;
        if (strncasecmp(name, prefix, strlen(prefix)) == 0)
                name += strlen(prefix);
        if (strlen(name) < 2) /* "STM32F" says next to nothing */
                return false;

        for (const char *const *part = chip->parts; *part; part++)
                if (part_fits(name, *part + strlen(prefix)))
                        return true;
        return false;
}

const struct chip *chip_by_name(const char *name) {
        for (size_t i = 0; i < chip_table_size; i++)
                if (chip_name_fits(name, &chip_table[i]))
                        return &chip_table[i];
        return NULL;
}

/* ---- flash ---- */

/* Cuts a largest layout down to `size` bytes; of two banks each keeps half of them. */
static int map_cut(struct flash_map *map, uint32_t start, uint32_t size, uint16_t bank2_first) {
        uint8_t banks = map->runs[map->n_runs - 1].bank;
        struct flash_map cut = {};
        uint32_t left = size / banks, first = 0;
        uint8_t bank = 1;

        for (size_t i = 0; i < map->n_runs; i++) {
                struct flash_run run = map->runs[i];

                if (run.bank != bank) {
                        if (left > 0)
                                return -EINVAL;
                        bank = run.bank;
                        left = size / banks;
                        first = MAX(first, bank2_first);
                }
                if (left == 0)
                        continue;

                run.address = start + size / banks * (bank - 1U) + size / banks - left;
                run.first = (uint16_t)first;
                run.pages = (uint16_t)MIN(run.pages, left / run.page_size);
                if (run.pages == 0)
                        return -EINVAL;
                first += run.pages;
                left -= run.pages * run.page_size;
                cut.runs[cut.n_runs++] = run;
        }
        if (left > 0 || size % banks != 0 || cut.n_runs == 0)
                return -EINVAL;

        *map = cut;
        return 0;
}

int chip_flash_map(const struct chip *chip, uint32_t size, bool other_layout,
                   struct flash_map *ret) {
        const struct chip_part *part = chip->data ? chip->data->smaller : NULL;
        const char *layout = chip->layout, *layout_other = chip->layout_other;
        struct flash_map map;
        int r;

        if (size == 0)
                size = chip->flash_size;
        if (!layout || size > chip->flash_size)
                return -EINVAL;

        if (part && size != chip->flash_size) {
                while (part->flash_size != size)
                        if ((part++)->flash_size == 0)
                                return -EINVAL;
                layout = part->layout;
                layout_other = part->layout_other;
        }

        r = flash_map_parse(other_layout && layout_other ? layout_other : layout, chip->flash_start,
                            chip->bank2_first, &map);
        if (r < 0)
                return r;
        if (!part && size != chip->flash_size) {
                r = map_cut(&map, chip->flash_start, size, chip->bank2_first);
                if (r < 0)
                        return r;
        }

        *ret = map;
        return 0;
}

uint32_t chip_resolve_alias(const struct chip *chip, uint32_t address) {
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                if (address - chip->alias[i].start < chip->alias[i].size)
                        return chip->flash_start + (address - chip->alias[i].start);
        return address;
}

/* As the erase command numbers them, however the bank option stands. */
static unsigned map_numbers(const struct chip *chip, uint32_t size) {
        unsigned n = 0;

        for (unsigned other = 0; other < 2; other++) {
                struct flash_map map;

                if (chip_flash_map(chip, size, other, &map) < 0)
                        return 0;
                for (size_t i = 0; i < map.n_runs; i++)
                        n = MAX(n, (unsigned)map.runs[i].first + map.runs[i].pages);
        }
        return n;
}

unsigned chip_protect_sectors(const struct chip *chip, uint32_t size) {
        static const struct {
                const char *family;
                uint32_t sector; /* bytes; 0: as they are erased */
                unsigned most;   /* the last of so many covers the rest; 0: none does */
        } kinds[] = {
                { "F0", 4096, 32 }, /* RM0091 4 */
                { "F1", 4096, 32 }, /* PM0075 2.5; AN3155 3.9 */
                { "F3", 4096, 32 }, /* RM0316, option bytes */
                { "L0", 4096, 0 },  /* RM0367 3.7.8 */
                { "L1", 4096, 0 },  /* RM0038 3.8 */
                { "F2", 0, 0 },     /* PM0059, option bytes */
                { "F4", 0, 0 },     /* RM0090 3.9.5 */
                { "F7", 0, 0 },     /* RM0385 3.4 */
                { "H7", 0, 0 },     /* RM0433, FLASH_WPSN */
        };

        if (size == 0)
                size = chip->flash_size;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                if (strcmp(kinds[i].family, chip->family) != 0)
                        continue;
                if (kinds[i].sector == 0)
                        return map_numbers(chip, size);
                unsigned n = (size + kinds[i].sector - 1) / kinds[i].sector;
                return kinds[i].most > 0 ? MIN(n, kinds[i].most) : n;
        }
        return 0;
}

uint32_t chip_flash_size(const struct chip *chip, uint16_t register_value) {
        uint32_t size = register_value * 1024U;

        /* RM0038, flash size register: 0x436 holds a code, of 0x429 only the low byte is valid */
        if (chip->quirks & CHIP_QUIRK_SIZE_CODE)
                size = register_value == 0 ? 384 * 1024U : register_value == 1 ? 256 * 1024U : 0;
        if (chip->quirks & CHIP_QUIRK_SIZE_LOW_BYTE)
                size = (register_value & 0xFF) * 1024U;

        return size <= chip->flash_size ? size : 0;
}

/* ---- times ---- */

static const struct chip_speed *chip_speed(const struct chip *chip, bool fast) {
        if (!chip->data)
                return NULL;
        if (fast && chip->data->speed_fast.program_bytes > 0)
                return &chip->data->speed_fast;
        return &chip->data->speed;
}

uint64_t chip_program_usec(const struct chip *chip, size_t bytes, enum chip_timing timing,
                           bool fast) {
        const struct chip_speed *speed = chip_speed(chip, fast);
        uint64_t units;

        if (!speed)
                return 0;

        units = ((uint64_t)bytes + speed->program_bytes - 1) / speed->program_bytes;
        return (units * speed->program_nsec[timing] + 999) / 1000;
}

uint64_t chip_page_erase_usec(const struct chip *chip, uint32_t page_size, enum chip_timing timing,
                              bool fast) {
        const struct chip_speed *speed = chip_speed(chip, fast);
        const struct chip_erase_time *time;

        if (!speed)
                return 0;

        time = speed->erase;
        while (time->page_size < page_size && time + 1 < speed->erase + CHIP_ERASE_TIMES_MAX &&
               time[1].page_size > 0)
                time++;

        /* a page larger than all that are known: a layout given by hand */
        if (time->page_size < page_size)
                return (uint64_t)time->usec[timing] * page_size / time->page_size;
        return time->usec[timing];
}

static uint64_t map_erase_usec(const struct chip *chip, const struct flash_map *map,
                               enum chip_timing timing, bool fast) {
        uint64_t sum = 0;

        for (size_t i = 0; i < map->n_runs; i++)
                sum += map->runs[i].pages *
                       chip_page_erase_usec(chip, map->runs[i].page_size, timing, fast);
        return sum;
}

uint64_t chip_mass_erase_usec(const struct chip *chip, uint32_t flash_size, enum chip_timing timing,
                              bool fast) {
        const struct chip_speed *speed = chip_speed(chip, fast);
        struct flash_map map;

        if (!speed)
                return 0;
        if (flash_size == 0 || chip_flash_map(chip, flash_size, false, &map) < 0) {
                flash_size = chip->flash_size;
                if (chip_flash_map(chip, flash_size, false, &map) < 0)
                        return 0;
        }

        if (speed->mass_usec[timing] == 0)
                return map_erase_usec(chip, &map, timing, fast);
        if (speed->mass_size == 0)
                return (uint64_t)speed->mass_usec[timing] * map.runs[map.n_runs - 1].bank;
        return (uint64_t)speed->mass_usec[timing] * flash_size / speed->mass_size;
}
