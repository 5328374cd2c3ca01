/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "util/macro.h"
#include "virtual/model.h"

/* The flash controller: operations that take time, one at a time. */

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
        if (flash_has_two_banks(chip) && banks != (1U << 1 | 1U << 2))
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

static void banks_erase(struct virtual_stm32 *chip, uint8_t banks) {
        chip->counters.mass_erases++;
        for (size_t i = 0; i < chip->n_pages; i++)
                if (banks & 1U << chip->pages[i].bank)
                        flash_erase_page(chip, i);
}

static void job_step(struct virtual_stm32 *chip) {
        struct job *job = &chip->job;
        uint32_t unit = chip->chip->program_unit;
        uint8_t *options = chip->options + job->address;

        switch (job->type) {
        case JOB_PROGRAM:
                if (job->done < job->effective)
                        flash_program_unit(chip, job->address + (uint32_t)job->done * unit,
                                           job->data + job->done * unit);
                break;
        case JOB_ERASE_PAGES:
                flash_erase_page(chip, job->pages[job->done]);
                if (fault_take(chip, VIRTUAL_FAULT_ERASE_WEAK, chip->counters.page_erases, NULL))
                        flash_weaken_page(chip, job->pages[job->done]);
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
                        flash_tear_unit(chip, job->address + (uint32_t)job->done * unit,
                                        job->data + job->done * unit);
                break;
        case JOB_ERASE_PAGES:
                flash_tear_page(chip, job->pages[job->done], part, whole);
                break;
        case JOB_ERASE_BANKS:
                for (size_t i = 0; i < chip->n_pages; i++)
                        if (job->banks & 1U << chip->pages[i].bank)
                                flash_tear_page(chip, i, part, whole);
                break;
        case JOB_OPTIONS:
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
        if (job->type == JOB_OPTIONS && job->done < job->steps)
                chip->counters.option_torn++;
        if (job->done < job->steps && now > job->step_start)
                job_tear(chip, now - job->step_start, job->step_end - job->step_start);
        job->type = JOB_NONE;
}
