/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"
#include "virtual/model.h"

/*
 * The cells. What no manual says and this model chose:
 *  - a program unit cut short has each bit either old or new;
 *  - a page erase cut short within its first eighth has done nothing that can be read, within its
 *    last eighth all; in between every bit that is to change has done so with a chance between 0.3
 *    and 1, growing with time;
 *  - units whose error-correcting code does not fit hold garbage that stays the same; nothing in
 *    them can be executed.
 */

enum unit_state {
        UNIT_ERASED,
        UNIT_SPENT,
        UNIT_BAD, /* its error-correcting code does not fit */
};

/* L0 and L1 have ECC too (their datasheets), but can be programmed again. */
static bool has_ecc(const struct chip *chip) {
        return chip->quirks & CHIP_QUIRK_ECC || chip->erased == 0;
}

/* ---- pages ---- */

bool flash_has_two_banks(const struct virtual_stm32 *chip) {
        return chip->pages[0].bank != chip->pages[chip->n_pages - 1].bank;
}

static void exchange(uint8_t *a, uint8_t *b, size_t size) {
        for (size_t i = 0; i < size; i++) {
                uint8_t byte = a[i];

                a[i] = b[i];
                b[i] = byte;
        }
}

/* The cells are kept as the address map shows them. */
static void swap_cells(struct virtual_stm32 *chip) {
        size_t unit = chip->chip->program_unit, half = chip->n_pages / 2;
        size_t size = chip->flash_size / 2, bank2 = chip->flash_span - size;

        exchange(chip->flash, chip->flash + bank2, size);
        if (chip->units)
                exchange(chip->units, chip->units + bank2 / unit, size / unit);
        for (size_t i = 0; i < half; i++) {
                bool protected = chip->hidden_wrp[i];

                chip->hidden_wrp[i] = chip->hidden_wrp[half + i];
                chip->hidden_wrp[half + i] = protected;
        }
        chip->cells_swapped = !chip->cells_swapped;
}

void flash_load_map(struct virtual_stm32 *chip) {
        struct flash_map map;
        bool swapped;

        if (chip_flash_map(chip->chip, chip->flash_size, chip->values.other_layout, &map) < 0)
                return; /* a part of this size has one layout only */

        /* RM0456 7.5.8: an erase names the bank as it is built, wherever it is mapped */
        swapped = chip->values.banks_swapped && flash_map_has_two_banks(&map);
        if (swapped != chip->cells_swapped)
                swap_cells(chip);
        if (swapped)
                flash_map_swap_banks(&map);

        chip->n_pages = flash_map_pages(&map);
        for (size_t i = 0; i < chip->n_pages; i++)
                flash_map_page(&map, i, &chip->pages[i]);
}

int flash_new(struct virtual_stm32 *chip) {
        const struct chip *row = chip->chip;
        struct flash_map map;
        size_t n_pages = 0;
        int r;

        chip->flash_size = chip->config.flash_size ? chip->config.flash_size : row->flash_size;
        for (int other = 0; other < 2; other++) {
                r = chip_flash_map(row, chip->flash_size, other, &map);
                if (r < 0 && !other)
                        return r;
                if (r == 0)
                        n_pages = MAX(n_pages, flash_map_pages(&map));
        }
        r = chip_flash_map(row, chip->flash_size, false, &map);
        if (r < 0)
                return r;
        chip->flash_span = (uint32_t)flash_map_end(&map) - row->flash_start;

        chip->pages = calloc(n_pages, sizeof(*chip->pages));
        chip->protected = calloc(n_pages, sizeof(*chip->protected));
        chip->hidden_wrp = calloc(n_pages, sizeof(*chip->hidden_wrp));
        chip->flash = malloc(chip->flash_span);
        if (!chip->pages || !chip->protected || !chip->hidden_wrp || !chip->flash)
                return -ENOMEM;
        memset(chip->flash, row->erased, chip->flash_span);
        flash_load_map(chip);

        if (has_ecc(row)) {
                chip->units = calloc(chip->flash_span / row->program_unit, 1);
                if (!chip->units)
                        return -ENOMEM;
        }
        return 0;
}

static bool find_page(const struct virtual_stm32 *chip, uint32_t address, size_t *ret_index) {
        size_t low = 0, high = chip->n_pages;

        while (low < high) {
                size_t middle = (low + high) / 2;

                if (chip->pages[middle].address > address)
                        high = middle;
                else
                        low = middle + 1;
        }
        if (low == 0 || address - chip->pages[low - 1].address >= chip->pages[low - 1].size)
                return false;

        *ret_index = low - 1;
        return true;
}

bool flash_find_number(const struct virtual_stm32 *chip, uint32_t number, size_t *ret_index) {
        for (size_t i = 0; i < chip->n_pages; i++)
                if (chip->pages[i].number == number) {
                        *ret_index = i;
                        return true;
                }
        return false;
}

/* Is all of the range flash, holes between banks excluded? */
bool flash_contains(const struct virtual_stm32 *chip, uint32_t address, size_t size) {
        size_t page;

        while (size > 0) {
                uint32_t left;

                if (!find_page(chip, address, &page))
                        return false;
                left = chip->pages[page].address + chip->pages[page].size - address;
                if (left >= size)
                        return true;
                size -= left;
                address += left;
        }
        return true;
}

/* Can the CPU fetch it? The range is flash. */
bool flash_sound(const struct virtual_stm32 *chip, uint32_t address, size_t size) {
        uint32_t unit = chip->chip->program_unit, offset = address - chip->chip->flash_start;

        if (!chip->units)
                return true;
        for (size_t i = offset / unit; i <= (offset + size - 1) / unit; i++)
                if (chip->units[i] == UNIT_BAD)
                        return false;
        return true;
}

/* ---- cells ---- */

void flash_erase_page(struct virtual_stm32 *chip, size_t page) {
        uint32_t unit = chip->chip->program_unit, size = chip->pages[page].size;
        uint32_t offset = chip->pages[page].address - chip->chip->flash_start;

        memset(chip->flash + offset, chip->chip->erased, size);
        if (chip->units)
                memset(chip->units + offset / unit, UNIT_ERASED, size / unit);
}

/* The erase was too short for one cell. */
void flash_weaken_page(struct virtual_stm32 *chip, size_t page) {
        uint32_t offset = chip->pages[page].address - chip->chip->flash_start;
        uint32_t bit = (uint32_t)(model_random(chip) % (chip->pages[page].size * 8ULL));

        chip->flash[offset + bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (chip->units)
                chip->units[(offset + bit / 8) / chip->chip->program_unit] = UNIT_BAD;
}

/* Power or reset came `part` of `whole` into the erase. */
void flash_tear_page(struct virtual_stm32 *chip, size_t page, uint64_t part, uint64_t whole) {
        uint32_t unit = chip->chip->program_unit, size = chip->pages[page].size;
        uint32_t offset = chip->pages[page].address - chip->chip->flash_start;
        uint8_t erased = chip->chip->erased;
        uint32_t chance; /* of 256 */

        if (part < whole / 8)
                return;
        if (part >= whole - whole / 8) {
                flash_erase_page(chip, page);
                return;
        }

        chance = (uint32_t)(77 + 178 * part / whole);
        for (uint32_t i = offset; i < offset + size; i++) {
                uint64_t random = model_random(chip);

                for (unsigned bit = 0; bit < 8; bit++, random >>= 8)
                        if ((random & 0xFF) < chance)
                                chip->flash[i] = (uint8_t)((chip->flash[i] & ~(1U << bit)) |
                                                           (erased & 1U << bit));
        }
        if (chip->units)
                memset(chip->units + offset / unit, UNIT_BAD, size / unit);
}

static bool is_erased(const struct virtual_stm32 *chip, const uint8_t *cells, uint32_t unit) {
        for (uint32_t i = 0; i < unit; i++)
                if (cells[i] != chip->chip->erased)
                        return false;
        return true;
}

static void cells_program(struct virtual_stm32 *chip, uint32_t offset, const uint8_t *data) {
        uint8_t *cells = chip->flash + offset;

        for (uint32_t i = 0; i < chip->chip->program_unit; i++)
                if (chip->chip->erased)
                        cells[i] &= data[i];
                else
                        cells[i] |= data[i];
}

static void cells_garble(struct virtual_stm32 *chip, uint32_t offset) {
        for (uint32_t i = 0; i < chip->chip->program_unit; i++)
                chip->flash[offset + i] ^= (uint8_t)model_random(chip);
        chip->units[offset / chip->chip->program_unit] = UNIT_BAD;
}

/* A unit that is not erased: what happens differs by flash. */
static void unit_overprogram(struct virtual_stm32 *chip, uint32_t offset, const uint8_t *data) {
        const struct chip *row = chip->chip;
        uint32_t unit = row->program_unit;
        bool zeros = true;

        chip->counters.overprogrammed++;
        for (uint32_t i = 0; i < unit; i++)
                zeros = zeros && data[i] == 0;

        if (row->quirks & CHIP_QUIRK_STRICT_HALFWORD) {
                /* PGERR, nothing is programmed; all zeros are (RM0008 2.3.3, PM0075) */
                if (zeros)
                        memset(chip->flash + offset, 0, unit);
        } else if (!chip->units) {
                cells_program(chip, offset, data); /* RM0090 3.6.3: bits can only be cleared */
        } else if (row->erased == 0) {
                /* RM0377 3.3.4: NOTZEROERR, refused; L1 ORs data and code (RM0038 3.3.4) */
                if (strcmp(row->family, "L1") == 0) {
                        cells_program(chip, offset, data);
                        cells_garble(chip, offset);
                }
        } else if (unit <= 8) {
                /* PROGERR, nothing is programmed; all zeros are (RM0351 3.3.7) */
                if (zeros && chip->units[offset / unit] != UNIT_BAD)
                        memset(chip->flash + offset, 0, unit);
        } else {
                /* RM0433 4.3.9: overwriting corrupts the error-correcting code */
                cells_program(chip, offset, data);
                cells_garble(chip, offset);
        }
}

/* The page that the job is at, and whether it may be programmed. */
static bool unit_writable(struct virtual_stm32 *chip, uint32_t address) {
        size_t *page = &chip->job.page;

        if (address - chip->pages[*page].address >= chip->pages[*page].size &&
            !find_page(chip, address, page))
                return false;
        return !chip->protected[*page];
}

void flash_program_unit(struct virtual_stm32 *chip, uint32_t address, const uint8_t *data) {
        uint32_t unit = chip->chip->program_unit, offset = address - chip->chip->flash_start;

        if (!unit_writable(chip, address))
                return;
        chip->counters.units_programmed++;

        if (chip->units ? chip->units[offset / unit] != UNIT_ERASED
                        : !is_erased(chip, chip->flash + offset, unit)) {
                unit_overprogram(chip, offset, data);
                return;
        }

        memcpy(chip->flash + offset, data, unit);
        /* with ECC all ones spend the unit as well; an L0 or L1 word of zeros stays erased */
        if (chip->units && (chip->chip->erased || !is_erased(chip, data, unit)))
                chip->units[offset / unit] = UNIT_SPENT;
}

void flash_tear_unit(struct virtual_stm32 *chip, uint32_t address, const uint8_t *data) {
        uint32_t unit = chip->chip->program_unit, offset = address - chip->chip->flash_start;
        uint8_t some[PROGRAM_UNIT_MAX];

        if (!unit_writable(chip, address))
                return;
        if (chip->units && chip->units[offset / unit] != UNIT_ERASED)
                return; /* it would have been refused, or is garbage already */
        if (!chip->units && chip->chip->quirks & CHIP_QUIRK_STRICT_HALFWORD &&
            !is_erased(chip, chip->flash + offset, unit))
                return;

        for (uint32_t i = 0; i < unit; i++) {
                uint8_t random = (uint8_t)model_random(chip);

                some[i] = chip->chip->erased ? data[i] | random : data[i] & random;
        }
        cells_program(chip, offset, some);
        if (chip->units)
                chip->units[offset / unit] = UNIT_BAD;
}

/* A debug probe's write: the cells are what it says. The range is flash. */
void flash_poke(struct virtual_stm32 *chip, uint32_t address, const uint8_t *data, size_t size) {
        uint32_t unit = chip->chip->program_unit, offset = address - chip->chip->flash_start;

        memcpy(chip->flash + offset, data, size);
        if (!chip->units || size == 0)
                return;
        for (size_t i = offset / unit; i <= (offset + size - 1) / unit; i++)
                chip->units[i] =
                        is_erased(chip, chip->flash + i * unit, unit) ? UNIT_ERASED : UNIT_SPENT;
}
