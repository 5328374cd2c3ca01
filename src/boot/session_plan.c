/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/session_internal.h"
#include "util/cleanup.h"
#include "util/macro.h"

/* What the engine assumes of a chip that it has no row for; the layout is given by hand. */
#define UNKNOWN_WRITE_ALIGN 16
#define UNKNOWN_ERASED      0xFF

/* AN3155 3.6 wants multiples of 4; the hardware programs whole units. */
static uint32_t write_align(const struct chip *chip) {
        uint32_t align = 4;

        if (!chip)
                return UNKNOWN_WRITE_ALIGN;
        align = MAX(align, (uint32_t)chip->write_align);
        return MAX(align, (uint32_t)chip->program_unit);
}

/*
 * Boot patterns that start flash at its first byte or nothing of it, whatever the option bytes say;
 * those with BFB2 (3, 4, 5, 7, 14) and with boot addresses (8, 9, 10, 12) may start another, and of
 * 17 and 19 it is not known (AN2606 table 2). Some of pattern 6 have a second bank, and BFB2.
 */
static bool boots_at_start(const struct session *session) {
        static const uint32_t patterns =
                1U << 1 | 1U << 2 | 1U << 6 | 1U << 11 | 1U << 13 | 1U << 15 | 1U << 16 | 1U << 18;
        const struct chip *chip = session->rom.chip;
        const struct flash_map *map = &session->map;

        return chip && patterns >> chip->pattern & 1 && map->runs[0].address == chip->flash_start &&
               !flash_map_has_two_banks(map);
}

bool session_boot_is_certain(const struct session *session) {
        return session->info.options.has_boot_address || boots_at_start(session);
}

static int build(struct session *session) {
        const struct chip *chip = session->rom.chip;
        const struct session_info *info = &session->info;
        const struct plan_config config = {
                .chip = chip,
                .map = &session->map,
                .block_max = session->block_max,
                .write_align = write_align(chip),
                .erased = chip ? chip->erased : UNKNOWN_ERASED,
                .erase = session->request.erase,
                .has_boot_address = info->options.has_boot_address,
                .boot_address = info->options.boot_address,
                .boot_address_certain = session_boot_is_certain(session),
                .preserved = session->preserved.n_segments > 0 ? &session->preserved : NULL,
        };

        session->plan = plan_free(session->plan);
        return plan_build(session->request.image, &config, session->request.option_segments,
                          &session->plan, &session->failure.plan);
}

uint64_t session_erase_work(const struct session *session, const struct flash_page *pages,
                            size_t n_pages) {
        const struct chip *chip = session->rom.chip;
        uint64_t usec = 0;

        for (size_t i = 0; i < n_pages; i++)
                usec += chip ? chip_page_erase_usec(chip, pages[i].size, CHIP_TYPICAL, false)
                             : 20 * USEC_PER_MSEC;
        return usec * session->config.baud / (11 * USEC_PER_SEC); /* as bytes on the wire */
}

static uint64_t all_reads(const struct plan *plan) {
        return plan->body_reads.bytes + plan->head_reads.bytes + plan->unit_reads.bytes;
}

static void weigh(struct session *session) {
        const struct plan *plan = session->plan;
        uint64_t all = all_reads(plan);

        session->work_total = all; /* verify */
        if (session->request.kind == SESSION_VERIFY)
                return;
        session->work_total += plan->body.bytes + plan->head.bytes;
        if (session->request.check == SESSION_CHECK_FULL)
                session->work_total += all;
        session->work_total += session_erase_work(session, plan->pages, plan->n_pages);
}

enum step phase_plan(struct session *session) {
        if (session_find_map(session) == STEP_FAILED)
                return STEP_FAILED;

        int r = build(session);
        if (r < 0) {
                session->failure.system = r;
                return session_fail(session, SESSION_UNSUPPORTED);
        }
        if (r > 0)
                return session_fail_at(session, SESSION_DOES_NOT_FIT,
                                       session->failure.plan.address);
        if (session->request.kind == SESSION_FLASH && session->rom.erase_command == 0 &&
            session->plan->n_pages > 0)
                return session_refuse(session, SESSION_UNSUPPORTED,
                                      "this ROM lists no erase command");
        session->info.safety = session->plan->safety;
        session->info.cannot_start = session->plan->cannot_start;
        weigh(session);
        return session->request.kind == SESSION_FLASH
                       ? session_check_pages(session, session->plan->pages, session->plan->n_pages)
                       : STEP_NEXT;
}

/* ---- keeping what else is in touched pages ---- */

static bool make_room(struct session *session) {
        struct image *preserved = &session->preserved;
        const struct plan *plan = session->plan;

        preserved->segments = calloc(plan->n_pages, sizeof(*preserved->segments));
        if (!preserved->segments)
                return false;
        for (size_t i = 0; i < plan->n_pages; i++) {
                preserved->segments[i] = (struct image_segment){
                        .address = plan->pages[i].address,
                        .size = plan->pages[i].size,
                        .data = malloc(plan->pages[i].size),
                };
                if (!preserved->segments[i].data)
                        return false;
                preserved->n_segments = i + 1;
        }
        return true;
}

static int by_address(const void *a, const void *b) {
        const struct image_segment *x = a, *y = b;

        return x->address < y->address ? -1 : x->address > y->address;
}

static enum step begin_preserve(struct session *session) {
        uint64_t total = 0;

        if (!make_room(session))
                return session_fail_memory(session);
        for (size_t i = 0; i < session->preserved.n_segments; i++)
                total += session->preserved.segments[i].size;
        session->work_total += total;
        session_begin_progress(session, total);
        return STEP_NEXT;
}

static void take_preserved(struct session *session) {
        struct image_segment *segment = &session->preserved.segments[session->index];
        size_t size;
        const uint8_t *data = rom_data(&session->rom, &size);

        memcpy(segment->data + session->offset, data, size);
        session_advance_progress(session, size);
        session->offset += (uint32_t)size;
        if (session->offset == segment->size) {
                session->offset = 0;
                session->index++;
        }
}

enum step phase_preserve(struct session *session) {
        struct image *preserved = &session->preserved;

        if (!session->request.preserve || session->plan->n_pages == 0)
                return STEP_NEXT;
        if (session->step++ == 0) {
                if (begin_preserve(session) == STEP_FAILED)
                        return STEP_FAILED;
        } else if (session->rom.status != ROM_OK) {
                return session_fail_rom(session);
        } else {
                take_preserved(session);
        }
        if (session->index < preserved->n_segments) {
                const struct image_segment *segment = &preserved->segments[session->index];

                rom_read_twice(&session->rom, segment->address + session->offset,
                               MIN(session->block_max, segment->size - session->offset));
                return STEP_BUSY;
        }

        /* Once more, with what is to be kept. */
        uint64_t done = session->work_done;

        qsort(preserved->segments, preserved->n_segments, sizeof(*preserved->segments), by_address);
        enum step step = phase_plan(session);
        session->work_total += done;
        return step;
}

/* ---- is the image there already? ---- */

void compare_begin(struct compare *compare, const struct plan_list *list, bool tolerant) {
        *compare = (struct compare){ .list = list, .tolerant = tolerant };
}

static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t size) {
        size_t i = 0;

        while (i < size && a[i] == b[i])
                i++;
        return i;
}

static enum compare_status compare_start(struct session *session) {
        struct compare *compare = &session->compare;

        if (compare->index == compare->list->n_blocks)
                return COMPARE_SAME;

        const struct plan_block *block = &compare->list->blocks[compare->index];
        if (compare->tolerant)
                rom_try_read(&session->rom, block->address, block->size);
        else
                rom_read(&session->rom, block->address, block->size);
        return COMPARE_BUSY;
}

/*
 * A read carries no checksum: a difference, or a fault, counts when it is seen twice; on H72x a
 * difference only when it is still there after a re-entry (ST community: first reads after a write
 * return FF), and so where a ROM that measures the rate in software may have missed it, which
 * misreads the same bits each time (AN2606 table 6).
 */
static bool may_misread(const struct rom *rom) {
        return rom->may_reset && rom->chip &&
               (rom->chip->quirks & CHIP_QUIRK_REREAD || rom->chip->jitter_percent > 0);
}

enum compare_status compare_advance(struct session *session) {
        struct compare *compare = &session->compare;
        struct rom *rom = &session->rom;

        if (session->step == 0) {
                session->step = 1;
                return compare_start(session);
        }
        const struct plan_block *block = &compare->list->blocks[compare->index];
        if (session->step == 2) { /* re-entered */
                session->step = 1;
                return compare_start(session);
        }
        if (rom->status != ROM_OK) {
                compare->address = block->address;
                if (compare->reread)
                        return COMPARE_FAULT;
                compare->reread = true; /* a byte may have been lost on its way */
                return compare_start(session);
        }

        size_t size;
        const uint8_t *data = rom_data(rom, &size);
        size_t at = first_difference(data, block->data, block->size);
        if (at == block->size) {
                session_advance_progress(session, block->size);
                compare->reread = compare->reentered = false;
                compare->index++;
                return compare_start(session);
        }
        compare->address = block->address + (uint32_t)at;
        compare->expected = block->data[at];
        compare->found = data[at];
        if (!compare->reread) {
                compare->reread = true;
                return compare_start(session);
        }
        if (!compare->reentered && may_misread(rom)) {
                compare->reentered = true;
                session->step = 2;
                rom_reenter(rom);
                return COMPARE_BUSY;
        }
        return COMPARE_DIFFERENT;
}

enum step compare_fail(struct session *session, enum compare_status status,
                       enum session_error error) {
        const struct compare *compare = &session->compare;

        if (status == COMPARE_FAULT)
                return session_fail_rom(session);
        session->failure.expected = compare->expected;
        session->failure.found = compare->found;
        return session_fail_at(session, error, compare->address);
}

/*
 * Head, tail, and one block of each part of what is between, picked anew each time: as many as a
 * second allows at 115200. Another image differs nearly everywhere; what was changed in one piece
 * twice as long as a part is seen in any case.
 */
#define RANDOM_BLOCKS 20

static uint64_t next_random(uint64_t *seed) { /* SplitMix64, Steele et al. 2014 */
        uint64_t z = *seed += 0x9E3779B97F4A7C15;

        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
}

/* The lists that are compared, those of the head first. */
#define HEAD_LISTS 2

/* Returns false when there is nothing left to compare. */
static bool next_list(struct session *session) {
        const struct plan *plan = session->plan;
        const struct plan_list *lists[] = { &plan->unit_reads, &plan->head_reads,
                                            &plan->body_reads };

        if (session->index == ARRAY_SIZE(lists))
                return false;
        compare_begin(&session->compare, lists[session->index++],
                      session->request.kind == SESSION_FLASH);
        return true;
}

static bool pick_block(struct session *session) {
        const struct plan_list *body = &session->plan->body_reads;

        if (session->index < HEAD_LISTS)
                return next_list(session);
        if (body->n_blocks == 0)
                return false;
        size_t i = session->index++ - HEAD_LISTS, tail = body->n_blocks - 1, which = tail;
        size_t parts = MIN(tail, (size_t)RANDOM_BLOCKS - 1);
        if (i > parts)
                return false;
        if (i < parts) {
                size_t from = tail * i / parts, to = tail * (i + 1) / parts;

                which = from + (size_t)(next_random(&session->request.seed) % (to - from));
        }
        compare_begin(&session->compare, &session->picked, true);
        session->picked = (struct plan_list){ .blocks = &body->blocks[which], .n_blocks = 1 };
        return true;
}

/* Filler may have done harm to what was compared before it: then once more. */
static bool compared_in_vain(struct session *session) {
        bool resynced = session->rom.resynced;

        session->rom.resynced = false;
        return resynced;
}

static enum step finish_check(struct session *session, enum compare_status status) {
        if (status == COMPARE_SAME && compared_in_vain(session))
                return session_goto(session, phase_check);
        if (status == COMPARE_SAME && session->request.check_only &&
            phase_compare_options(session) == STEP_FAILED)
                return STEP_FAILED;
        if (status == COMPARE_SAME) {
                session->info.unchanged = true;
                session->outcome = SESSION_COMPLETE;
                return session->request.check_only ? session_goto(session, phase_leave) : STEP_NEXT;
        }
        if (session->request.check_only)
                return compare_fail(session, status, SESSION_DIFFERS);
        return STEP_NEXT;
}

enum step phase_check(struct session *session) {
        bool fast = session->request.check == SESSION_CHECK_FAST;

        if (session->request.check == SESSION_CHECK_NONE)
                return STEP_NEXT;
        if (session->step == 0 && session->index == 0)
                session_begin_progress(session, all_reads(session->plan));
        for (;;) {
                if (session->step == 0 && !(fast ? pick_block(session) : next_list(session)))
                        return finish_check(session, COMPARE_SAME);
                enum compare_status status = compare_advance(session);
                if (status == COMPARE_BUSY)
                        return STEP_BUSY;
                if (status != COMPARE_SAME)
                        return finish_check(session, status);
                session->step = 0;
        }
}

enum step phase_compare_all(struct session *session) {
        if (session->step == 0 && session->index == 0)
                session_begin_progress(session, all_reads(session->plan));
        for (;;) {
                if (session->step == 0 && !next_list(session))
                        return compared_in_vain(session) ? session_goto(session, phase_compare_all)
                                                         : STEP_NEXT;
                enum compare_status status = compare_advance(session);
                if (status == COMPARE_BUSY)
                        return STEP_BUSY;
                if (status != COMPARE_SAME)
                        return compare_fail(session, status, SESSION_DIFFERS);
                session->step = 0;
        }
}
