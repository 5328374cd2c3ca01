/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/*
 * Erase, write, verify, in the order that never leaves a partial image which starts: head page
 * first, head block last. A page that turns out wrong is erased and written again, a few times a
 * job.
 */

enum {
        ERASE_TRIES = 3,
        REPAIRS_MAX = 4,
};

static uint8_t erased_value(const struct session *session) {
        return session->rom.chip ? session->rom.chip->erased : 0xFF;
}

bool session_is_blank(const struct session *session, const uint8_t *data, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (data[i] != erased_value(session))
                        return false;
        return true;
}

enum step session_fail_not_blank(struct session *session, uint32_t address, const uint8_t *data) {
        uint32_t i = 0;

        while (data[i] == erased_value(session))
                i++;
        session->failure.expected = erased_value(session);
        session->failure.found = data[i];
        return session_fail_at(session, SESSION_NOT_BLANK, address + i);
}

/* ---- erase ---- */

enum {
        ERASE_BEGIN,
        ERASE_RANGED,
        ERASE_HEAD_DONE,
        ERASE_LOOKED,
        ERASE_PAGES,
        ERASE_PAGES_DONE,
};

bool session_wants_fast(const struct session *session) {
        const struct rom *rom = &session->rom;

        return session->request.fast_program && !rom->fast && rom->chip &&
               rom->chip->quirks & CHIP_QUIRK_VOLTAGE_RANGE;
}

static void advance_erase(struct session *session, const struct flash_page *pages, size_t n) {
        session_advance_work(session, n, session_erase_work(session, pages, n));
}

static enum step erase_head(struct session *session) {
        session->uninterruptible = true;
        session_lose_pages(session, session->plan->pages, 1);
        session->erase_tries++;
        rom_erase(&session->rom, session->plan->pages, 1);
        session->step = ERASE_HEAD_DONE;
        return STEP_BUSY;
}

static enum step check_head(struct session *session) {
        const struct rom *rom = &session->rom;
        size_t size;
        const uint8_t *data = rom_data(rom, &size);

        session->uninterruptible = false;
        if (rom->status == ROM_OK && session_is_blank(session, data, size)) {
                session->has_old_head = false;
                session->index = 1;
                session->step = ERASE_PAGES;
                advance_erase(session, session->plan->pages, 1);
                return STEP_AGAIN;
        }
        if (session->erase_tries < ERASE_TRIES)
                return erase_head(session);
        return rom->status == ROM_OK ? session_fail_first_page(session, &session->plan->pages[0],
                                                               session->plan->head_address)
                                     : session_fail_rom(session);
}

static enum step erase_more(struct session *session) {
        const struct plan *plan = session->plan;
        const struct flash_page *pages = plan->pages + session->index;
        size_t left = plan->n_pages - session->index, n;

        if (left == 0)
                return STEP_NEXT;
        size_t limit = MIN(left, rom_erase_limit(&session->rom, pages));
        for (n = 1; n < limit && rom_erase_limit(&session->rom, &pages[n]) > 1; n++)
                ;
        session_lose_pages(session, pages, n);
        session->erasing = true;
        session->offset = (uint32_t)n;
        rom_erase(&session->rom, pages, n);
        session->step = ERASE_PAGES_DONE;
        return STEP_BUSY;
}

static enum step begin_erase(struct session *session) {
        const struct plan *plan = session->plan;

        session->body_written = session->rest_written = session->head_written = false;
        session->erase_tries = 0;
        session_begin_progress(session, plan->n_pages);
        if (plan->n_pages == 0)
                return STEP_NEXT;
        return plan->has_head ? erase_head(session) : erase_more(session);
}

enum step phase_erase(struct session *session) {
        struct rom *rom = &session->rom;
        const struct plan *plan = session->plan;

        switch (session->step) {
        case ERASE_BEGIN:
                if (!session_wants_fast(session))
                        return begin_erase(session);
                rom_raise_voltage_range(rom);
                session->step = ERASE_RANGED;
                return STEP_BUSY;
        case ERASE_RANGED:
                return rom->status == ROM_OK ? begin_erase(session) : session_fail_rom(session);
        case ERASE_HEAD_DONE:
                if (rom->status != ROM_OK)
                        return session_fail_rom_at(session, plan->pages[0].address);
                /* once: what looks blank is, and what does not is erased again */
                rom_try_read(rom, plan->head_address, HEAD_LOOK);
                session->step = ERASE_LOOKED;
                return STEP_BUSY;
        case ERASE_LOOKED:
                return check_head(session);
        case ERASE_PAGES_DONE:
                session->erasing = false;
                if (rom->status != ROM_OK)
                        return session_fail_rom_at(session, plan->pages[session->index].address);
                advance_erase(session, plan->pages + session->index, session->offset);
                session->index += session->offset;
                return erase_more(session);
        default:
                return erase_more(session);
        }
}

/* ---- write ---- */

enum {
        WRITE_START,
        WRITE_REPAIRED,
        WRITE_NEXT,
        WRITE_DONE,
        WRITE_LOOKED,
};

/*
 * A block turned out wrong: its page is erased and written again. Where the head is there already,
 * it must go first: then all is done again.
 */
static enum step repair(struct session *session, uint32_t address) {
        const struct plan *plan = session->plan;

        if (session->request.erase == PLAN_ERASE_NONE || session->repairs++ >= REPAIRS_MAX ||
            !flash_map_find(&session->map, address, &session->repair))
                return STEP_FAILED;
        session->uninterruptible = false;
        session->outcome = SESSION_NOT_BOOTABLE;
        if (session->head_written && session->repair.address != plan->pages[0].address)
                return session_goto(session, phase_erase);
        if (session->repair.address == plan->pages[0].address)
                session->rest_written = session->head_written = false;
        session->repairing = true;
        return session_goto(session, phase_write);
}

/* Makes a list of blocks true, block by block, up to `end`. STEP_NEXT: all written. */
static enum step write_next(struct session *session, const struct plan_list *list, size_t end) {
        if (session->index == end)
                return STEP_NEXT;

        const struct plan *plan = session->plan;
        const struct plan_block *block = &list->blocks[session->index];
        session->outcome = SESSION_NOT_BOOTABLE;
        session->boot_touched |= plan->has_head && plan->head_address == plan->boot_address;
        rom_write(&session->rom, block->address, block->data, block->size);
        session->step = WRITE_DONE;
        return STEP_BUSY;
}

static enum step block_done(struct session *session, const struct plan_list *list, size_t end) {
        session_advance_progress(session, list->blocks[session->index].size);
        session->index++;
        return write_next(session, list, end);
}

/* A broken write was recovered from: done, not done, or half done? */
static enum step look_at_block(struct session *session, const struct plan_list *list, size_t end) {
        const struct plan_block *block = &list->blocks[session->index];
        const struct rom *rom = &session->rom;
        size_t size;
        const uint8_t *data = rom_data(rom, &size);

        if (rom->status == ROM_OK && memcmp(data, block->data, block->size) == 0)
                return block_done(session, list, end);
        if (rom->status == ROM_OK && session_is_blank(session, data, block->size)) {
                /* only the last unit is left, and filler may have done harm to all before it */
                if (session->rest_written && rom->resynced)
                        return session_goto(session, phase_verify);
                return write_next(session, list, end);
        }
        return repair(session, block->address) == STEP_FAILED ? session_fail_rom(session)
                                                              : STEP_AGAIN;
}

static enum step write_list(struct session *session, const struct plan_list *list, size_t end) {
        struct rom *rom = &session->rom;

        switch (session->step) {
        case WRITE_DONE:
                if (rom->status == ROM_OK)
                        return block_done(session, list, end);
                if (rom->status == ROM_NACK)
                        return session_fail_rom(session);
                rom_try_read_twice(rom, list->blocks[session->index].address,
                                   list->blocks[session->index].size);
                session->step = WRITE_LOOKED;
                return STEP_BUSY;
        case WRITE_LOOKED:
                return look_at_block(session, list, end);
        default:
                return write_next(session, list, end);
        }
}

/* The first block at or behind `address`; blocks are sorted, and none spans two pages. */
static size_t first_from(const struct plan_list *list, uint64_t address) {
        size_t i = 0;

        while (i < list->n_blocks && list->blocks[i].address < address)
                i++;
        return i;
}

/* What was written behind the page before stands, and must not be written twice. */
static enum step page_repaired(struct session *session) {
        const struct plan_list *body = &session->plan->body;
        const struct flash_page *page = &session->repair;

        if (session->rom.status != ROM_OK)
                return session_fail_rom_at(session, page->address);
        session->repairing = false;
        session->index = first_from(body, page->address);
        if (session->body_written)
                session->write_end = first_from(body, (uint64_t)page->address + page->size);
        session->step = WRITE_NEXT;
        return STEP_AGAIN;
}

enum step phase_write(struct session *session) {
        const struct plan *plan = session->plan;

        switch (session->step) {
        case WRITE_START:
                session_begin_progress(session, plan->body.bytes);
                session->write_end = plan->body.n_blocks;
                if (!session->repairing)
                        break;
                rom_erase(&session->rom, &session->repair, 1);
                session->step = WRITE_REPAIRED;
                return STEP_BUSY;
        case WRITE_REPAIRED:
                return page_repaired(session);
        default:
                break;
        }
        enum step step = write_list(session, &plan->body, session->write_end);
        session->body_written |= step == STEP_NEXT;
        return step;
}

/* ---- verify ---- */

/* Only a reset would tell (ST community: H72x); what was erased again would be hidden as well. */
static bool may_be_stale(const struct session *session) {
        const struct rom *rom = &session->rom;

        return !rom->may_reset && rom->chip && rom->chip->quirks & CHIP_QUIRK_REREAD &&
               session->compare.found == erased_value(session);
}

static enum step verify_list(struct session *session, const struct plan_list *list) {
        if (session->step == 0)
                compare_begin(&session->compare, list, false);

        enum compare_status status = compare_advance(session);
        switch (status) {
        case COMPARE_BUSY:
                return STEP_BUSY;
        case COMPARE_SAME:
                return STEP_NEXT;
        case COMPARE_DIFFERENT:
        case COMPARE_FAULT: /* where the ECC of what was torn does not fit */
                if (!may_be_stale(session) &&
                    repair(session, session->compare.address) != STEP_FAILED)
                        return STEP_AGAIN;
                break;
        }
        return compare_fail(session, status, SESSION_VERIFY_MISMATCH);
}

enum step phase_verify(struct session *session) {
        if (session->step == 0) {
                session->rom.resynced = false;
                session->uninterruptible = session->head_written;
                session_begin_progress(session, session->plan->body_reads.bytes);
        }

        enum step step = verify_list(session, &session->plan->body_reads);
        if (step != STEP_NEXT)
                return step;
        if (session->rom.resynced)
                return session_goto(session, phase_verify);
        if (!session->plan->has_head)
                session->outcome = SESSION_COMPLETE;
        return STEP_NEXT;
}

/* ---- head ---- */

/* Its blocks before the last, which holds the unit that the chip starts by. */
static size_t rest_of(const struct plan *plan) {
        return plan->head.n_blocks > 0 ? plan->head.n_blocks - 1 : 0;
}

/* Once its last unit is there the image starts: this is finished, whoever cancels. */
enum step phase_head(struct session *session) {
        const struct plan *plan = session->plan;

        if (!plan->has_head)
                return STEP_NEXT;
        if (session->step == WRITE_START) {
                session->uninterruptible = true;
                session_begin_progress(session, plan->head.bytes + plan->head_reads.bytes +
                                                        plan->unit_reads.bytes);
        }
        if (session->rest_written)
                return STEP_NEXT;
        enum step step = write_list(session, &plan->head, rest_of(plan));
        session->rest_written |= step == STEP_NEXT;
        return step;
}

/* An ACK proves nothing: without this a vector table with a hole in it could start. */
enum step phase_verify_rest(struct session *session) {
        if (!session->plan->has_head)
                return STEP_NEXT;
        enum step step = verify_list(session, &session->plan->head_reads);
        if (step == STEP_NEXT && session->rom.resynced) /* filler may have done harm to the body */
                return session_goto(session, phase_verify);
        return step;
}

enum step phase_head_unit(struct session *session) {
        const struct plan *plan = session->plan;

        /* written already, where all before it is verified once more */
        if (!plan->has_head || session->head_written)
                return STEP_NEXT;
        if (session->step == WRITE_START)
                session->index = rest_of(plan);
        enum step step = write_list(session, &plan->head, plan->head.n_blocks);
        session->head_written |= step == STEP_NEXT;
        return step;
}

enum step phase_verify_head(struct session *session) {
        if (!session->plan->has_head)
                return STEP_NEXT;

        enum step step = verify_list(session, &session->plan->unit_reads);
        if (step != STEP_NEXT)
                return step;
        if (session->rom.resynced)
                return session_goto(session, phase_verify);
        session->outcome = SESSION_COMPLETE;
        session->uninterruptible = false;
        return STEP_NEXT;
}
