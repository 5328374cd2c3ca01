/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/*
 * Erases pages as such: a range, a bank, or all. An ACK proves nothing (AN3155 3.8: protected pages
 * are skipped), so the beginning of each page is looked at afterwards; of the first, which the chip
 * may boot from, before the others go: with an old vector table the rest of it would start.
 */

/* The range asked for, by its addresses in flash; false: not all of it is there. */
static bool find_range(struct session *session, uint32_t *ret_start, uint64_t *ret_end) {
        const struct session_request *request = &session->request;
        const struct chip *chip = session->rom.chip;
        struct flash_page page;
        uint32_t start = request->address;

        if (chip)
                start = chip_resolve_alias(chip, start);
        *ret_start = start;
        *ret_end = (uint64_t)start + request->length;
        return flash_map_find(&session->map, start, &page) &&
               flash_map_find(&session->map, start + request->length - 1, &page);
}

static void add_page(struct session *session, const struct flash_page *page) {
        uint32_t boot = session_boot_address(session);
        struct flash_page *pages = session->pages;

        pages[session->n_pages++] = *page;
        /* The page that the chip boots from goes first: what is left never starts. */
        if (boot - page->address < page->size) {
                pages[session->n_pages - 1] = pages[0];
                pages[0] = *page;
        }
}

static enum step collect_pages(struct session *session) {
        const struct session_request *request = &session->request;
        size_t n = flash_map_pages(&session->map);
        bool ranged = request->bank == 0 && request->length > 0;
        uint32_t start = 0;
        uint64_t end = 0;

        if (ranged && !find_range(session, &start, &end))
                return session_fail_outside(session, &session->map, start, end);
        session->pages = calloc(n, sizeof(*session->pages));
        if (!session->pages)
                return session_fail_memory(session);
        for (size_t i = 0; i < n; i++) {
                struct flash_page page;

                (void)flash_map_page(&session->map, i, &page);
                if (request->bank > 0 && page.bank != request->bank)
                        continue;
                if (ranged && (page.address >= end || (uint64_t)page.address + page.size <= start))
                        continue;
                add_page(session, &page);
        }
        if (session->n_pages == 0)
                return session_refuse(session, SESSION_UNSUPPORTED, "this chip has one bank");
        session->work_total = 2 * session->n_pages; /* erased, looked at */
        return STEP_NEXT;
}

enum {
        ERASE_BEGIN,
        ERASE_RANGED,
        ERASE_AT_ONCE, /* mass or bank erase under way */
        ERASE_FIRST_SEEN,
        ERASE_FIRST_LOOKED,
        ERASE_PAGES_DONE,
        ERASE_LOOKED,
};

/* ---- afterwards ---- */

static enum step look_next(struct session *session) {
        const struct flash_page *page = &session->pages[session->index];

        if (session->index == session->n_pages)
                return STEP_NEXT;
        rom_try_read(&session->rom, page->address, MIN(page->size, (uint32_t)PAGE_LOOK));
        session->step = ERASE_LOOKED;
        return STEP_BUSY;
}

static enum step begin_look(struct session *session) {
        session->index = 0;
        return look_next(session);
}

/* Is the page that was looked at blank? Asked twice: a Read carries no checksum. */
static bool seen_blank(struct session *session, bool *ret_again) {
        const struct rom *rom = &session->rom;
        size_t size;
        const uint8_t *data = rom_data(rom, &size);
        bool blank = rom->status == ROM_OK && session_is_blank(session, data, size);

        *ret_again = !blank && !session->retried;
        session->retried = *ret_again;
        return blank;
}

static enum step not_blank(struct session *session, const struct flash_page *page) {
        size_t size;

        return session->rom.status == ROM_OK
                       ? session_fail_not_blank(session, page->address,
                                                rom_data(&session->rom, &size))
                       : session_fail_rom(session);
}

static enum step looked(struct session *session) {
        bool again, blank = seen_blank(session, &again);

        if (blank) {
                session->index++;
                session_advance_work(session, 0, 1);
        }
        return blank || again ? look_next(session)
                              : not_blank(session, &session->pages[session->index]);
}

/* ---- page by page ---- */

static enum step erase_next(struct session *session) {
        const struct flash_page *pages = session->pages + session->index;
        size_t left = session->n_pages - session->index, n = 1;

        if (left == 0)
                return begin_look(session);
        size_t limit = MIN(left, rom_erase_limit(&session->rom, pages));
        if (session->index > 0) /* the boot page goes alone */
                while (n < limit && rom_erase_limit(&session->rom, &pages[n]) > 1)
                        n++;
        session->offset = (uint32_t)n;
        session_lose_pages(session, pages, n);
        session->uninterruptible = session->index == 0;
        session->erasing = true;
        rom_erase(&session->rom, pages, n);
        session->step = ERASE_PAGES_DONE;
        return STEP_BUSY;
}

static enum step look_at_first(struct session *session, unsigned next) {
        rom_try_read(&session->rom, session->pages[0].address, PAGE_LOOK);
        session->step = next;
        return STEP_BUSY;
}

static enum step begin_pages(struct session *session) {
        session->index = 0;
        return look_at_first(session, ERASE_FIRST_SEEN);
}

static enum step first_seen(struct session *session) {
        size_t size;
        const uint8_t *data = rom_data(&session->rom, &size);

        session->has_old_head = session->rom.status == ROM_OK;
        if (session->has_old_head)
                memcpy(session->old_head, data, size);
        return erase_next(session);
}

static enum step first_looked(struct session *session) {
        const struct flash_page *first = &session->pages[0];
        bool again, blank = seen_blank(session, &again);

        if (again)
                return look_at_first(session, ERASE_FIRST_LOOKED);
        if (blank)
                return erase_next(session);
        return session->rom.status == ROM_OK
                       ? session_fail_first_page(session, first, first->address)
                       : session_fail_rom(session);
}

static enum step pages_done(struct session *session) {
        const struct rom *rom = &session->rom;

        session->erasing = session->uninterruptible = false;
        if (rom->status != ROM_OK)
                return session_fail_rom_at(session, session->pages[session->index].address);
        session_advance_progress(session, session->offset);
        session->index += session->offset;
        return session->index == 1 ? look_at_first(session, ERASE_FIRST_LOOKED)
                                   : erase_next(session);
}

/* ---- at once ---- */

static bool at_once(struct session *session) {
        const struct session_request *request = &session->request;
        struct rom *rom = &session->rom;
        uint32_t quirks = rom->chip ? rom->chip->quirks : 0;
        uint32_t size = flash_map_size(&session->map);

        if (request->mass_erase && !(quirks & CHIP_QUIRK_NO_MASS_ERASE))
                rom_erase_all(rom, size);
        else if (request->bank > 0 && rom->erase_command == AN3155_EXTENDED_ERASE &&
                 !(quirks & (CHIP_QUIRK_NO_BANK_ERASE | CHIP_QUIRK_EARLY_ERASE_ACK)))
                rom_erase_bank(rom, request->bank, size);
        else
                return false;
        session_lose_pages(session, session->pages, session->n_pages);
        session->erasing = true;
        session->step = ERASE_AT_ONCE;
        return true;
}

static enum step done_at_once(struct session *session) {
        session->erasing = false;
        if (session->rom.status == ROM_OK) {
                session_advance_progress(session, session->n_pages);
                return begin_look(session);
        }
        /* A refusal at its end may have come after the first of two banks. */
        session->erased |=
                session->rom.begun && (session->rom.breaks > 0 || session->rom.resynced ||
                                       flash_map_has_two_banks(&session->map));
        if (session_check_names(session, session->pages, session->n_pages) == STEP_FAILED)
                return STEP_FAILED;
        return begin_pages(session); /* refused: page by page, then */
}

enum step phase_collect(struct session *session) {
        const struct session_request *request = &session->request;

        if (session_find_map(session) == STEP_FAILED)
                return STEP_FAILED;
        if (session->rom.erase_command == 0)
                return session_refuse(session, SESSION_UNSUPPORTED,
                                      "this ROM lists no erase command");
        if (collect_pages(session) == STEP_FAILED)
                return STEP_FAILED;
        if (request->length == 0 && request->bank == 0) /* all of it, however it is divided */
                return request->mass_erase
                               ? STEP_NEXT
                               : session_check_names(session, session->pages, session->n_pages);
        return session_check_pages(session, session->pages, session->n_pages);
}

static enum step begin_erase(struct session *session) {
        session_begin_progress(session, session->n_pages);
        return at_once(session) ? STEP_BUSY : begin_pages(session);
}

enum step phase_erase_range(struct session *session) {
        const struct rom *rom = &session->rom;

        switch (session->step) {
        case ERASE_BEGIN:
                if (!session_wants_fast(session))
                        return begin_erase(session);
                rom_raise_voltage_range(&session->rom);
                session->step = ERASE_RANGED;
                return STEP_BUSY;
        case ERASE_RANGED:
                return rom->status == ROM_OK ? begin_erase(session) : session_fail_rom(session);
        case ERASE_AT_ONCE:
                return done_at_once(session);
        case ERASE_FIRST_SEEN:
                return first_seen(session);
        case ERASE_FIRST_LOOKED:
                return first_looked(session);
        case ERASE_PAGES_DONE:
                return pages_done(session);
        default:
                return looked(session);
        }
}
