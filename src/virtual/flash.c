/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macro.h"
#include "virtual/model.h"

/*
 * The cells and their controller. What no manual says and this model chose:
 *  - a program unit cut short has each bit either old or new;
 *  - a page erase cut short within its first eighth has done nothing that can be read, within its
 *    last eighth all; in between every bit that is to change has done so with a chance between 0.3
 *    and 1, growing with time;
 *  - units whose error-correcting code does not fit read as garbage that stays the same, and
 * nothing in them can be executed.
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

void flash_load_map(struct virtual_stm32 *chip) {
        struct flash_map map;

        if (chip_flash_map(chip->chip, chip->flash_size, chip->values.other_layout, &map) < 0)
                return; /* a part of this size has one layout only */

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
        chip->flash_span = flash_map_size(&map);

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

bool flash_find_page(const struct virtual_stm32 *chip, uint32_t address, size_t *ret_index) {
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

                if (!flash_find_page(chip, address, &page))
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

static void page_erase(struct virtual_stm32 *chip, size_t page) {
        uint32_t unit = chip->chip->program_unit, size = chip->pages[page].size;
        uint32_t offset = chip->pages[page].address - chip->chip->flash_start;

        memset(chip->flash + offset, chip->chip->erased, size);
        if (chip->units)
                memset(chip->units + offset / unit, UNIT_ERASED, size / unit);
}

/* The erase was too short for one cell. */
static void page_weaken(struct virtual_stm32 *chip, size_t page) {
        uint32_t offset = chip->pages[page].address - chip->chip->flash_start;
        uint32_t bit = (uint32_t)(model_random(chip) % (chip->pages[page].size * 8ULL));

        chip->flash[offset + bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (chip->units)
                chip->units[(offset + bit / 8) / chip->chip->program_unit] = UNIT_BAD;
}

/* Power or reset came `part` of `whole` into the erase. */
static void page_tear(struct virtual_stm32 *chip, size_t page, uint64_t part, uint64_t whole) {
        uint32_t unit = chip->chip->program_unit, size = chip->pages[page].size;
        uint32_t offset = chip->pages[page].address - chip->chip->flash_start;
        uint8_t erased = chip->chip->erased;
        uint32_t chance; /* of 256 */

        if (part < whole / 8)
                return;
        if (part >= whole - whole / 8) {
                page_erase(chip, page);
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

static void banks_erase(struct virtual_stm32 *chip, uint8_t banks) {
        chip->counters.mass_erases++;
        for (size_t i = 0; i < chip->n_pages; i++)
                if (banks & 1U << chip->pages[i].bank)
                        page_erase(chip, i);
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
            !flash_find_page(chip, address, page))
                return false;
        return !chip->protected[*page];
}

static void unit_program(struct virtual_stm32 *chip, uint32_t address, const uint8_t *data) {
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

static void unit_tear(struct virtual_stm32 *chip, uint32_t address, const uint8_t *data) {
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

/* ---- operations that take time ---- */

static uint64_t page_time(const struct virtual_stm32 *chip, size_t page) {
        return NSEC_PER_USEC * chip_page_erase_usec(chip->chip, chip->pages[page].size,
                                                    chip->config.timing, chip->fast);
}

static uint64_t program_time(const struct virtual_stm32 *chip, size_t size) {
        return NSEC_PER_USEC * chip_program_usec(chip->chip, size, chip->config.timing, chip->fast);
}

/* Returns NULL while another operation is at work: the controller ignores the new one (BSY). */
static struct job *job_begin(struct virtual_stm32 *chip, uint64_t now, enum job_type type,
                             size_t steps) {
        struct job *job = &chip->job;

        if (job->type != JOB_NONE)
                return NULL;
        job->type = type;
        job->background = false;
        job->done = 0;
        job->steps = steps;
        job->step_start = now;
        return job;
}

static void job_started(struct virtual_stm32 *chip, uint64_t first_step, uint64_t end) {
        chip->job.step_end = first_step;
        chip->job.end = end;
        chip->busy = MAX(chip->busy, end);
        model_schedule(chip);
}

/* `size` is a multiple of the program unit. */
bool job_program(struct virtual_stm32 *chip, uint64_t now, uint32_t address, const uint8_t *data,
                 size_t size) {
        size_t steps = size / chip->chip->program_unit;
        struct job *job = job_begin(chip, now, JOB_PROGRAM, steps);

        if (!job)
                return false;
        job->address = address;
        job->page = 0;
        memcpy(job->data, data, size);
        job->effective = steps;
        if (fault_take(chip, VIRTUAL_FAULT_WRITE_LOST, chip->writes, NULL))
                job->effective = 0;
        if (fault_take(chip, VIRTUAL_FAULT_WRITE_TORN, chip->writes, NULL))
                job->effective = steps / 2;
        chip->writes++;
        job->unit_time = program_time(chip, size) / steps;
        job_started(chip, now + job->unit_time, now + job->unit_time * steps);
        return true;
}

bool job_erase_pages(struct virtual_stm32 *chip, uint64_t now, const uint16_t *pages, size_t n) {
        struct job *job = job_begin(chip, now, JOB_ERASE_PAGES, n);
        uint64_t end = now;

        if (!job)
                return false;
        memcpy(job->pages, pages, n * sizeof(*pages));
        for (size_t i = 0; i < n; i++)
                end += page_time(chip, pages[i]);
        job_started(chip, now + page_time(chip, pages[0]), end);
        return true;
}

bool job_erase_banks(struct virtual_stm32 *chip, uint64_t now, uint8_t banks) {
        struct job *job = job_begin(chip, now, JOB_ERASE_BANKS, 1);
        uint64_t duration;

        if (!job)
                return false;
        job->banks = banks;
        duration = NSEC_PER_USEC * chip_mass_erase_usec(chip->chip, chip->flash_size,
                                                        chip->config.timing, chip->fast);
        if (chip->pages[chip->n_pages - 1].bank == 2 && banks != (1U << 1 | 1U << 2))
                duration /= 2;
        job_started(chip, now + duration, now + duration);
        return true;
}

/* Erases `area` option bytes from `offset` on, then programs `size` of them, 2 bytes a step. */
bool job_options(struct virtual_stm32 *chip, uint64_t now, size_t offset, size_t area,
                 const uint8_t *data, size_t size) {
        struct job *job = job_begin(chip, now, JOB_OPTIONS, 1 + size / 2);
        uint64_t erase;

        if (!job)
                return false;
        job->address = (uint32_t)offset;
        job->area = area;
        memcpy(job->data, data, size);
        erase = page_time(chip, 0);
        job->unit_time = program_time(chip, size) / (size / 2);
        job_started(chip, now + erase, now + erase + job->unit_time * (size / 2));
        return true;
}

bool job_compute(struct virtual_stm32 *chip, uint64_t now, uint64_t duration) {
        if (!job_begin(chip, now, JOB_COMPUTE, 1))
                return false;
        job_started(chip, now + duration, now + duration);
        return true;
}

static void job_step(struct virtual_stm32 *chip) {
        struct job *job = &chip->job;
        uint32_t unit = chip->chip->program_unit;
        uint8_t *options = chip->options + job->address;

        switch (job->type) {
        case JOB_PROGRAM:
                if (job->done < job->effective)
                        unit_program(chip, job->address + (uint32_t)job->done * unit,
                                     job->data + job->done * unit);
                break;
        case JOB_ERASE_PAGES:
                page_erase(chip, job->pages[job->done]);
                if (fault_take(chip, VIRTUAL_FAULT_ERASE_WEAK, chip->counters.page_erases, NULL))
                        page_weaken(chip, job->pages[job->done]);
                chip->counters.page_erases++;
                break;
        case JOB_ERASE_BANKS:
                banks_erase(chip, job->banks);
                break;
        case JOB_OPTIONS:
                chip->options_pending = true;
                if (job->done == 0)
                        memset(options, chip->chip->erased, job->area);
                else
                        memcpy(options + (job->done - 1) * 2, job->data + (job->done - 1) * 2, 2);
                break;
        case JOB_COMPUTE:
        case JOB_NONE:
                break;
        }

        job->done++;
        job->step_start = job->step_end;
        if (job->done == job->steps)
                return;
        job->step_end += job->type == JOB_ERASE_PAGES ? page_time(chip, job->pages[job->done])
                                                      : job->unit_time;
}

void job_run(struct virtual_stm32 *chip, uint64_t now) {
        while (chip->job.done < chip->job.steps && chip->job.step_end <= now)
                job_step(chip);
}

static void job_tear(struct virtual_stm32 *chip, uint64_t part, uint64_t whole) {
        struct job *job = &chip->job;
        uint32_t unit = chip->chip->program_unit;
        uint8_t *options = chip->options + job->address;

        switch (job->type) {
        case JOB_PROGRAM:
                if (job->done < job->effective)
                        unit_tear(chip, job->address + (uint32_t)job->done * unit,
                                  job->data + job->done * unit);
                break;
        case JOB_ERASE_PAGES:
                page_tear(chip, job->pages[job->done], part, whole);
                break;
        case JOB_ERASE_BANKS:
                for (size_t i = 0; i < chip->n_pages; i++)
                        if (job->banks & 1U << chip->pages[i].bank)
                                page_tear(chip, i, part, whole);
                break;
        case JOB_OPTIONS:
                chip->counters.option_torn++;
                chip->options_pending = true;
                for (size_t i = 0; i < (job->done == 0 ? job->area : 2); i++)
                        options[i + (job->done == 0 ? 0 : (job->done - 1) * 2)] =
                                (uint8_t)model_random(chip);
                break;
        case JOB_COMPUTE:
        case JOB_NONE:
                break;
        }
}

/* A reset or a power cut ends what is at work. */
void job_abort(struct virtual_stm32 *chip, uint64_t now) {
        struct job *job = &chip->job;

        if (job->type == JOB_NONE)
                return;
        job_run(chip, now);
        if (job->done < job->steps && now > job->step_start)
                job_tear(chip, now - job->step_start, job->step_end - job->step_start);
        job->type = JOB_NONE;
}
