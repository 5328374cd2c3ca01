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

static bool is_blank(const struct session *session, const uint8_t *data, size_t size) {
        for (size_t i = 0; i < size; i++)
                if (data[i] != erased_value(session))
                        return false;
        return true;
}

/* ---- erase ---- */

enum {
        ERASE_HEAD_DONE = 1,
        ERASE_LOOKED,
        ERASE_PAGES,
        ERASE_PAGES_DONE,
        ERASE_RANGED,
};

static enum step erase_head(struct session *session) {
        session->uninterruptible = true;
        session->outcome = SESSION_NOT_BOOTABLE;
        session->erase_tries++;
        rom_erase(&session->rom, session->plan->pages, 1);
        session->step = ERASE_HEAD_DONE;
        return STEP_BUSY;
}

static enum step erase_refused(struct session *session) {
        if (session->index == 0) /* the very first erase: nothing happened */
                session->outcome = SESSION_UNTOUCHED;
        return session_fail_rom(session, session->plan->pages[session->index].address);
}

static enum step check_head(struct session *session) {
        const struct rom *rom = &session->rom;
        size_t size;
        const uint8_t *data = rom_data(rom, &size);

        session->uninterruptible = false;
        if (rom->status == ROM_OK && is_blank(session, data, size)) {
                session->index = 1;
                session->step = ERASE_PAGES;
                session_advance_progress(session, 1);
                return STEP_AGAIN;
        }
        if (session->erase_tries < ERASE_TRIES)
                return erase_head(session);

        uint32_t address = session->plan->head_address;
        if (rom->status == ROM_OK) {
                size_t i = 0;

                while (data[i] == erased_value(session))
                        i++;
                session->failure.expected = erased_value(session);
                session->failure.found = data[i];
                address += (uint32_t)i;
                if (session->has_old_head && memcmp(data, session->old_head, size) == 0)
                        session->outcome = SESSION_UNTOUCHED; /* write-protected: skipped */
        }
        return session_fail_at(session, SESSION_NOT_BLANK, address);
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
        session->outcome = SESSION_NOT_BOOTABLE;
        session->erasing = true;
        session->offset = (uint32_t)n;
        rom_erase(&session->rom, pages, n);
        session->step = ERASE_PAGES_DONE;
        return STEP_BUSY;
}

enum step phase_erase(struct session *session) {
        struct rom *rom = &session->rom;
        const struct plan *plan = session->plan;

        switch (session->step) {
        case 0:
                if (session->request.fast_program && rom->chip &&
                    rom->chip->quirks & CHIP_QUIRK_VOLTAGE_RANGE && !rom->fast) {
                        rom_raise_voltage_range(rom);
                        return STEP_BUSY;
                }
                if (rom->status == ROM_NACK && rom->fast)
                        return session_fail_rom(session, 0);
                session_begin_progress(session, plan->n_pages);
                if (plan->n_pages == 0)
                        return STEP_NEXT;
                if (plan->has_head)
                        return erase_head(session);
                return erase_more(session);
        case ERASE_HEAD_DONE:
                if (rom->status != ROM_OK)
                        return erase_refused(session);
                rom_try_read(rom, plan->head_address, session->block_max);
                session->step = ERASE_LOOKED;
                return STEP_BUSY;
        case ERASE_LOOKED:
                return check_head(session);
        case ERASE_PAGES_DONE:
                session->erasing = false;
                if (rom->status != ROM_OK)
                        return erase_refused(session);
                session_advance_progress(session, session->offset);
                session->index += session->offset;
                return erase_more(session);
        default:
                return erase_more(session);
        }
}

/* ---- write ---- */

/* Makes a list of blocks true, block by block. STEP_NEXT: all written. */
enum {
        WRITE_START,
        WRITE_REPAIRED = 20,
        WRITE_NEXT,
        WRITE_DONE,
        WRITE_LOOKED,
};

static enum step repair(struct session *session, uint32_t address) {
        if (session->repairs++ >= REPAIRS_MAX ||
            !flash_map_find(&session->map, address, &session->repair))
                return STEP_FAILED;
        session->repairing = true;
        session->uninterruptible = false;
        return session_goto(session, phase_write);
}

static enum step write_next(struct session *session, const struct plan_list *list) {
        if (session->index == list->n_blocks)
                return STEP_NEXT;

        const struct plan_block *block = &list->blocks[session->index];
        session->outcome = SESSION_NOT_BOOTABLE;
        rom_write(&session->rom, block->address, block->data, block->size);
        session->step = WRITE_DONE;
        return STEP_BUSY;
}

/* A broken write was recovered from: done, not done, or half done? */
static enum step look_at_block(struct session *session, const struct plan_list *list) {
        const struct plan_block *block = &list->blocks[session->index];
        const struct rom *rom = &session->rom;
        size_t size;
        const uint8_t *data = rom_data(rom, &size);

        if (rom->status == ROM_OK && memcmp(data, block->data, block->size) == 0) {
                session_advance_progress(session, block->size);
                session->index++;
                return write_next(session, list);
        }
        if (rom->status == ROM_OK && is_blank(session, data, block->size))
                return write_next(session, list);
        if (repair(session, block->address) == STEP_FAILED)
                return session_fail_rom(session, block->address);
        return STEP_AGAIN;
}

static enum step write_list(struct session *session, const struct plan_list *list) {
        struct rom *rom = &session->rom;

        switch (session->step) {
        case WRITE_DONE: {
                const struct plan_block *block = &list->blocks[session->index];

                if (rom->status == ROM_NACK)
                        return session_fail_rom(session, block->address);
                if (rom->status == ROM_UNSURE) {
                        rom_try_read(rom, block->address, block->size);
                        session->step = WRITE_LOOKED;
                        return STEP_BUSY;
                }
                session_advance_progress(session, block->size);
                session->index++;
                return write_next(session, list);
        }
        case WRITE_LOOKED:
                return look_at_block(session, list);
        default:
                return write_next(session, list);
        }
}

/* The first block of the page under repair; blocks are sorted, and none spans two pages. */
static size_t first_in_page(const struct plan_list *list, const struct flash_page *page) {
        size_t i = 0;

        while (i < list->n_blocks && list->blocks[i].address < page->address)
                i++;
        return i;
}

enum step phase_write(struct session *session) {
        const struct plan *plan = session->plan;

        if (session->step == WRITE_START) {
                session_begin_progress(session, plan->body.bytes);
                if (session->repairing) {
                        rom_erase(&session->rom, &session->repair, 1);
                        session->step = WRITE_REPAIRED;
                        return STEP_BUSY;
                }
        } else if (session->step == WRITE_REPAIRED) {
                if (session->rom.status != ROM_OK)
                        return session_fail_rom(session, session->repair.address);
                session->repairing = false;
                session->index = first_in_page(&plan->body, &session->repair);
                session->step = WRITE_NEXT;
        }
        return write_list(session, &plan->body);
}

/* ---- verify ---- */

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
                if (session->request.erase != PLAN_ERASE_NONE &&
                    repair(session, session->compare.address) != STEP_FAILED)
                        return STEP_AGAIN;
                break;
        case COMPARE_FAULT:
                break;
        }
        return compare_fail(session, status, SESSION_VERIFY_MISMATCH);
}

enum step phase_verify(struct session *session) {
        if (session->step == 0) {
                session->rom.resynced = false;
                session->uninterruptible = false;
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

/* From its first byte on the image may start any moment: this is finished, whoever cancels. */
enum step phase_head(struct session *session) {
        const struct plan *plan = session->plan;

        if (!plan->has_head)
                return STEP_NEXT;
        if (session->step == WRITE_START) {
                session->uninterruptible = true;
                session_begin_progress(session, plan->head.bytes + plan->head_reads.bytes);
        }
        return write_list(session, &plan->head);
}

enum step phase_verify_head(struct session *session) {
        if (!session->plan->has_head)
                return STEP_NEXT;

        enum step step = verify_list(session, &session->plan->head_reads);
        if (step != STEP_NEXT)
                return step;
        if (session->rom.resynced) /* filler may have done harm to what was verified before */
                return session_goto(session, phase_verify);
        session->outcome = SESSION_COMPLETE;
        session->uninterruptible = false;
        return STEP_NEXT;
}
