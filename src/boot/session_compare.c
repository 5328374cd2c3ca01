/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/session_internal.h"
#include "util/macro.h"

/* Reads blocks and compares them with what should be there. */

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

/* ---- is the image there already? ---- */

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
                session_begin_progress(session, plan_read_bytes(session->plan));
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
                session_begin_progress(session, plan_read_bytes(session->plan));
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
