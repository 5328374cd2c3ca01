/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/* Jobs on memory as such: read a range, erase pages. */

/* ---- read ---- */

static enum step out_of_memory(struct session *session) {
        session->failure.system = -ENOMEM;
        return session_fail(session, SESSION_UNSUPPORTED);
}

enum step phase_read(struct session *session) {
        const struct session_request *request = &session->request;
        struct rom *rom = &session->rom;

        if (session->step++ == 0) {
                if (session->info.protection == CHIP_YES)
                        return session_fail(session, SESSION_PROTECTED);
                session->data = malloc(request->length);
                if (!session->data)
                        return out_of_memory(session);
                session->work_total = request->length;
                session_begin_progress(session, request->length);
        } else if (rom->status != ROM_OK) {
                return session_fail_rom(session, request->address + (uint32_t)session->n_data);
        } else {
                size_t size;
                const uint8_t *data = rom_data(rom, &size);

                memcpy(session->data + session->n_data, data, size);
                session->n_data += size;
                session_advance_progress(session, size);
        }
        if (session->n_data == request->length)
                return STEP_NEXT;
        rom_read(rom, request->address + (uint32_t)session->n_data,
                 MIN(session->block_max, request->length - session->n_data));
        return STEP_BUSY;
}

/* They were read for the identification. */
enum step phase_read_options(struct session *session) {
        if (session->info.protection == CHIP_YES)
                return session_fail(session, SESSION_PROTECTED);
        if (session->n_options == 0 || session->n_options != chip_options_size(session->rom.chip)) {
                session->failure.permanent =
                        "the option bytes of this chip cannot be read by its ROM";
                return session_fail(session, SESSION_UNSUPPORTED);
        }
        session->data = malloc(session->n_options);
        if (!session->data)
                return out_of_memory(session);
        memcpy(session->data, session->options, session->n_options);
        session->n_data = session->n_options;
        return STEP_NEXT;
}

/* ---- erase ---- */

static enum step collect_pages(struct session *session) {
        const struct session_request *request = &session->request;
        const struct session_info *info = &session->info;
        size_t n = flash_map_pages(&session->map);
        uint64_t end = (uint64_t)request->address + request->length;
        bool all = request->length == 0;
        uint32_t boot = info->options.has_boot_address ? info->options.boot_address
                                                       : session->map.runs[0].address;

        session->pages = calloc(n, sizeof(*session->pages));
        if (!session->pages)
                return out_of_memory(session);
        for (size_t i = 0; i < n; i++) {
                struct flash_page page;

                if (!flash_map_page(&session->map, i, &page))
                        continue;
                if (request->bank > 0 ? page.bank != request->bank
                                      : !all && (page.address >= end ||
                                                 page.address + page.size <= request->address))
                        continue;
                session->pages[session->n_pages++] = page;
                /* The page that the chip boots from goes first: what is left never starts. */
                if (boot - page.address < page.size) {
                        session->pages[session->n_pages - 1] = session->pages[0];
                        session->pages[0] = page;
                }
        }
        if (session->n_pages == 0) {
                session->failure.plan = (struct plan_error){
                        .status = PLAN_OUTSIDE_FLASH,
                        .address = request->address,
                        .end = (uint32_t)end,
                        .flash_start = session->map.runs[0].address,
                        .flash_end = session->map.runs[0].address + flash_map_size(&session->map),
                };
                return session_fail_at(session, SESSION_DOES_NOT_FIT, request->address);
        }
        session->work_total = session->n_pages;
        session_begin_progress(session, session->n_pages);
        return STEP_NEXT;
}

enum {
        ERASE_BEGIN,
        ERASE_AT_ONCE, /* mass or bank erase under way */
        ERASE_PAGES,
        ERASE_PAGES_DONE,
};

static enum step erase_next(struct session *session) {
        const struct flash_page *pages = session->pages + session->index;
        size_t left = session->n_pages - session->index;
        size_t limit = MIN(left, rom_erase_limit(&session->rom, pages)), n = 1;

        if (left == 0)
                return STEP_NEXT;
        if (session->index > 0) /* the boot page goes alone */
                while (n < limit && rom_erase_limit(&session->rom, &pages[n]) > 1)
                        n++;
        session->offset = (uint32_t)n;
        session->outcome = SESSION_NOT_BOOTABLE;
        session->uninterruptible = session->index == 0;
        session->erasing = true;
        rom_erase(&session->rom, pages, n);
        session->step = ERASE_PAGES_DONE;
        return STEP_BUSY;
}

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
        session->outcome = SESSION_NOT_BOOTABLE;
        session->erasing = true;
        session->step = ERASE_AT_ONCE;
        return true;
}

static enum step begin_erase(struct session *session) {
        if (session_find_map(session) == STEP_FAILED)
                return STEP_FAILED;
        if (session->rom.erase_command == 0) {
                session->failure.permanent = "this ROM lists no erase command";
                return session_fail(session, SESSION_UNSUPPORTED);
        }
        if (collect_pages(session) == STEP_FAILED)
                return STEP_FAILED;
        session->step = ERASE_PAGES;
        return at_once(session) ? STEP_BUSY : erase_next(session);
}

enum step phase_erase_range(struct session *session) {
        const struct rom *rom = &session->rom;

        switch (session->step) {
        case ERASE_BEGIN:
                return begin_erase(session);
        case ERASE_AT_ONCE:
                session->erasing = false;
                if (rom->status == ROM_OK) {
                        session_advance_progress(session, session->n_pages);
                        return STEP_NEXT;
                }
                session->step = ERASE_PAGES; /* refused: page by page, then */
                session->outcome = SESSION_UNTOUCHED;
                return erase_next(session);
        case ERASE_PAGES_DONE:
                session->erasing = session->uninterruptible = false;
                if (rom->status != ROM_OK) {
                        if (session->index == 0)
                                session->outcome = SESSION_UNTOUCHED;
                        return session_fail_rom(session, session->pages[session->index].address);
                }
                session_advance_progress(session, session->offset);
                session->index += session->offset;
                return erase_next(session);
        default:
                return erase_next(session);
        }
}
