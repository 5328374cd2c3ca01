/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/*
 * The ROM skips pages that are protected against writing, and says ACK (AN3155 3.7, 3.8): found out
 * afterwards, the old firmware is gone. Where the option bytes name such pages, a job that would
 * change one of them is refused before it does anything.
 */

enum chip_tristate session_page_protected(const struct session *session,
                                          const struct flash_page *page) {
        if (!session->rom.chip || session->config.map) /* whose pages are not the chip's own */
                return CHIP_UNKNOWN;
        return chip_options_page_protected(session->rom.chip, session->info.flash_size,
                                           session->options, session->n_options, page);
}

static enum step refuse(struct session *session, uint32_t address) {
        struct flash_page page = { .address = address };

        (void)flash_map_find(&session->map, address, &page);
        return session_fail_at(session, SESSION_WRITE_PROTECTED, page.address);
}

/* Where banks may be swapped, another page was erased than was meant. */
static bool means_its_pages(const struct session *session) {
        return !session->rom.chip || !(session->rom.chip->quirks & CHIP_QUIRK_BANK_SWAP);
}

enum step session_fail_first_page(struct session *session, const struct flash_page *page,
                                  uint32_t address) {
        size_t size;
        const uint8_t *data = rom_data(&session->rom, &size);

        if (session->has_old_head && !session->erased &&
            memcmp(data, session->old_head, size) == 0) {
                session->outcome = SESSION_UNTOUCHED;
                if (means_its_pages(session) &&
                    session_page_protected(session, page) == CHIP_UNKNOWN)
                        return session_fail_at(session, SESSION_WRITE_PROTECTED, page->address);
        }
        return session_fail_not_blank(session, address, data);
}

/* ---- what should be on protected pages once the job is done ---- */

static void guard(struct session *session, const struct plan_block *block) {
        struct plan_list *guarded = &session->guarded;

        guarded->blocks[guarded->n_blocks++] = *block;
        guarded->bytes += block->size;
}

static void guard_list(struct session *session, const struct plan_list *list) {
        struct flash_page page = {};
        bool is_protected = false;

        for (size_t i = 0; i < list->n_blocks; i++) {
                const struct plan_block *block = &list->blocks[i];

                if (block->address - page.address >= page.size)
                        is_protected = flash_map_find(&session->map, block->address, &page) &&
                                       session_page_protected(session, &page) == CHIP_YES;
                if (is_protected)
                        guard(session, block);
        }
}

static void guard_pages(struct session *session, const struct flash_page *pages, size_t n) {
        static const uint8_t ones[PAGE_LOOK] = { [0 ... PAGE_LOOK - 1] = 0xFF }, zeros[PAGE_LOOK];
        const uint8_t *blank = session->rom.chip && session->rom.chip->erased == 0 ? zeros : ones;

        for (size_t i = 0; i < n; i++) {
                const struct plan_block look = { .address = pages[i].address,
                                                 .size = PAGE_LOOK,
                                                 .data = blank };

                if (session_page_protected(session, &pages[i]) == CHIP_YES)
                        guard(session, &look);
        }
}

static enum step begin(struct session *session) {
        const struct plan *plan = session->plan;
        bool all = session->request.erase == PLAN_ERASE_ALL;
        size_t n = session->n_pages;

        if (plan)
                n = plan->body_reads.n_blocks + plan->head_reads.n_blocks +
                    plan->unit_reads.n_blocks + (all ? plan->n_pages : 0);
        session->guarded.blocks = calloc(MAX(n, (size_t)1), sizeof(*session->guarded.blocks));
        if (!session->guarded.blocks)
                return session_fail_memory(session);
        if (plan) {
                guard_list(session, &plan->body_reads);
                guard_list(session, &plan->head_reads);
                guard_list(session, &plan->unit_reads);
                if (all)
                        guard_pages(session, plan->pages, plan->n_pages);
        } else {
                guard_pages(session, session->pages, session->n_pages);
        }
        compare_begin(&session->compare, &session->guarded, true);
        session->work_total += session->guarded.bytes;
        session_begin_progress(session, session->guarded.bytes);
        return STEP_NEXT;
}

/* The head page must read erased, whatever is on it: that cannot succeed. */
static bool head_is_protected(const struct session *session) {
        const struct plan *plan = session->plan;

        return plan && plan->has_head && plan->n_pages > 0 &&
               session_page_protected(session, &plan->pages[0]) == CHIP_YES;
}

enum step phase_protected(struct session *session) {
        if (session->step == 0) {
                if (head_is_protected(session))
                        return refuse(session, session->plan->pages[0].address);
                if (begin(session) == STEP_FAILED)
                        return STEP_FAILED;
        }

        enum compare_status status = compare_advance(session);
        switch (status) {
        case COMPARE_BUSY:
                return STEP_BUSY;
        case COMPARE_DIFFERENT:
                return refuse(session, session->compare.address);
        case COMPARE_SAME:
        case COMPARE_FAULT: /* what cannot be read proves nothing */
                break;
        }
        return STEP_NEXT;
}
