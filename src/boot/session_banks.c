/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/*
 * An option may swap the addresses of two banks, while an erase names them as they are built
 * (RM0444, RM0456 7.5.8, RM0481: nSWAP_BANK, SWAP_BANK). Where it is set, or the ROM does not show
 * it, the first page that tells is erased alone: it must go, and its twin in the other bank stay.
 */

#define TRIES_MAX 2

enum {
        BANKS_BEGIN,
        BANKS_OWN_READ,
        BANKS_TWIN_READ,
        BANKS_ERASED,
        BANKS_OWN_CHECKED,
        BANKS_TWIN_CHECKED,
};

static bool may_be_swapped(const struct session *session) {
        const struct session_request *request = &session->request;
        const struct chip *chip = session->rom.chip;

        if (request->kind == SESSION_ERASE && request->length == 0 && request->bank == 0)
                return false; /* all of it goes */
        return chip && chip->quirks & CHIP_QUIRK_BANK_SWAP && !session->config.map &&
               session->info.options.banks_swapped != CHIP_NO &&
               flash_map_has_two_banks(&session->map);
}

static size_t pages_of(const struct session *session, const struct flash_page **ret_pages) {
        *ret_pages = session->plan ? session->plan->pages : session->pages;
        return session->plan ? session->plan->n_pages : session->n_pages;
}

static enum step look(struct session *session, const struct flash_page *page, unsigned step) {
        session->step = step;
        rom_try_read_twice(&session->rom, page->address, BANKS_LOOK);
        return STEP_BUSY;
}

static enum step erase(struct session *session) {
        session_lose_pages(session, &session->telling, 1);
        session->uninterruptible = session->erased = true;
        rom_erase(&session->rom, &session->telling, 1);
        session->step = BANKS_ERASED;
        return STEP_BUSY;
}

/* The next page that may tell; where none does, nothing that can be seen is lost. */
static enum step look_at_next(struct session *session) {
        const struct flash_page *pages;
        size_t n = pages_of(session, &pages);

        for (; session->index < n; session->index++) {
                session->telling = pages[session->index];
                if (flash_map_twin(&session->map, &session->telling, &session->twin))
                        return look(session, &session->telling, BANKS_OWN_READ);
        }
        return STEP_NEXT;
}

static enum step erased(struct session *session) {
        if (session->rom.status == ROM_OK)
                return look(session, &session->telling, BANKS_OWN_CHECKED);
        return session_fail_rom_at(session, session->telling.address);
}

static bool stands(const struct session *session, const uint8_t *data, const uint8_t *before) {
        return !session_is_blank(session, before, BANKS_LOOK) &&
               memcmp(data, before, BANKS_LOOK) == 0;
}

/* Both looks are taken: `data` is what is in the twin now. */
static enum step judge(struct session *session, const uint8_t *data) {
        bool twin_lost = memcmp(data, session->old_twin, BANKS_LOOK) != 0;

        session->uninterruptible = false;
        if (!twin_lost && !session->own_stands)
                return STEP_NEXT;
        if (session->own_stands || session_is_blank(session, session->old_own, BANKS_LOOK))
                session->outcome = SESSION_UNTOUCHED;
        session->failure.twin = twin_lost ? session->twin.address : 0;
        session->failure.expected = session->rom.chip->erased;
        session->failure.found = session->old_own[0];
        return session_fail_at(session, SESSION_NOT_BLANK, session->telling.address);
}

static enum step again(struct session *session) {
        bool twin = session->step == BANKS_TWIN_READ || session->step == BANKS_TWIN_CHECKED;

        return look(session, twin ? &session->twin : &session->telling, session->step);
}

static enum step looked(struct session *session, const uint8_t *data) {
        session->bank_tries = 0;
        switch (session->step) {
        case BANKS_OWN_READ:
                memcpy(session->old_own, data, BANKS_LOOK);
                return look(session, &session->twin, BANKS_TWIN_READ);
        case BANKS_TWIN_READ:
                memcpy(session->old_twin, data, BANKS_LOOK);
                if (!session_is_blank(session, session->old_own, BANKS_LOOK) ||
                    !session_is_blank(session, session->old_twin, BANKS_LOOK))
                        return erase(session);
                session->index++;
                return look_at_next(session);
        case BANKS_OWN_CHECKED:
                session->own_stands = stands(session, data, session->old_own);
                return look(session, &session->twin, BANKS_TWIN_CHECKED);
        default:
                return judge(session, data);
        }
}

/* What was torn cannot be read on some chips: that is contents, too, and not erased ones. */
static enum step unreadable(struct session *session) {
        uint8_t data[BANKS_LOOK];

        memset(data, (uint8_t)~session->rom.chip->erased, sizeof(data));
        return looked(session, data);
}

enum step phase_banks(struct session *session) {
        const struct rom *rom = &session->rom;
        size_t size;

        switch (session->step) {
        case BANKS_BEGIN:
                return may_be_swapped(session) ? look_at_next(session) : STEP_NEXT;
        case BANKS_ERASED:
                return erased(session);
        default:
                if (rom->status == ROM_OK)
                        return looked(session, rom_data(rom, &size));
                if (rom->status != ROM_UNSURE)
                        return session_fail_rom(session);
                return ++session->bank_tries < TRIES_MAX ? again(session) : unreadable(session);
        }
}
