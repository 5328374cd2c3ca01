/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/session_internal.h"
#include "util/macro.h"

/* Which pages this very part has, and whether its ROM can be made to erase just those. */

/* ---- the map ---- */

static bool holds_all(const struct flash_map *map, const struct flash_page *page) {
        struct flash_page found;

        return flash_map_find(map, page->address, &found) &&
               flash_map_find(map, page->address + page->size - 1, &found);
}

/* A layout given by hand says how pages are divided; how many there are, the size register. False:
 * what a part of this size has is not known. */
static bool cut_off(const struct chip *chip, uint32_t size, struct flash_map *map) {
        struct flash_map own, other;
        size_t n_runs = 0;

        if (chip_flash_map(chip, size, false, &own) < 0 ||
            chip_flash_map(chip, size, true, &other) < 0)
                return false;
        for (size_t i = 0; i < map->n_runs; i++) {
                struct flash_run run = map->runs[i];
                struct flash_page page = { .address = run.address, .size = run.page_size };
                uint16_t there = 0;

                for (; there < run.pages; there++, page.address += page.size)
                        if (!holds_all(&own, &page) && !holds_all(&other, &page))
                                break;
                run.pages = there;
                if (there > 0)
                        map->runs[n_runs++] = run;
        }
        map->n_runs = n_runs;
        return true;
}

/* Nor does it say with which number bank 2 begins: that is the chip's, however small the part. */
static void number_bank_2(const struct chip *chip, struct flash_map *map) {
        size_t i = 0;

        while (i < map->n_runs && map->runs[i].bank != 2)
                i++;
        if (i == map->n_runs || chip->bank2_first < map->runs[i].first)
                return;
        unsigned gap = chip->bank2_first - map->runs[i].first;
        for (; i < map->n_runs; i++)
                map->runs[i].first = (uint16_t)(map->runs[i].first + gap);
}

static enum step take_map_by_hand(struct session *session) {
        session->map = *session->config.map;
        if (session->rom.chip)
                number_bank_2(session->rom.chip, &session->map);
        for (size_t i = 0; i < session->map.n_runs; i++) /* no block spans two pages */
                if (session->map.runs[i].page_size < session->block_max)
                        session->block_max = 128;
        session->sized = session->info.has_flash_size &&
                         cut_off(session->rom.chip, session->info.flash_size, &session->map);
        if (session->map.n_runs == 0)
                return session_refuse(session, SESSION_UNFLASHABLE,
                                      "the layout given names no page that this part has");
        return STEP_NEXT;
}

enum step session_find_map(struct session *session) {
        const struct chip *chip = session->rom.chip;
        const struct session_info *info = &session->info;

        if (chip && chip->unusable)
                return session_refuse(session, SESSION_UNFLASHABLE, chip->unusable);
        if (info->protection == CHIP_YES)
                return session_fail(session, SESSION_PROTECTED);
        if (session->config.map)
                return take_map_by_hand(session);
        if (!chip)
                return session_fail(session, SESSION_UNKNOWN_CHIP);
        session->sized = info->has_flash_size;
        bool other = info->options.other_layout == CHIP_YES;
        if (chip_flash_map(chip, info->flash_size, other, &session->map) < 0 ||
            chip_flash_map(chip, info->flash_size,
                           other || info->options.other_layout == CHIP_UNKNOWN,
                           &session->other_map) < 0)
                return session_refuse(session, SESSION_UNFLASHABLE,
                                      "no page layout is known for a part of this flash size");
        if (info->options.banks_swapped == CHIP_YES) {
                flash_map_swap_banks(&session->map);
                flash_map_swap_banks(&session->other_map);
        }
        return STEP_NEXT;
}

/* ---- the pages to be erased ---- */

enum step session_check_names(struct session *session, const struct flash_page *pages, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (an3155_erase_names(session->rom.erase_command, pages[i].number))
                        continue;
                session->failure.reason =
                        "the erase command of its ROM (0x43) names pages 0 to 255 only";
                return session_fail_at(session, SESSION_UNSUPPORTED, pages[i].address);
        }
        return STEP_NEXT;
}

enum step session_check_pages(struct session *session, const struct flash_page *pages, size_t n) {
        if (session_check_names(session, pages, n) == STEP_FAILED)
                return STEP_FAILED;
        for (size_t i = 0; i < n && !session->config.map; i++) {
                struct flash_page other;

                if (flash_map_find(&session->other_map, pages[i].address, &other) &&
                    other.address == pages[i].address && other.size == pages[i].size &&
                    other.number == pages[i].number)
                        continue;
                session->failure.reason =
                        "its pages there depend on an option (single or dual bank) that its ROM "
                        "does not show";
                return session_fail_at(session, SESSION_UNFLASHABLE, pages[i].address);
        }
        return STEP_NEXT;
}

/* ---- a size that nothing tells ---- */

/* The segment's last word by its address in flash; false: it is none of flash (option bytes). */
static bool last_word(const struct session *session, const struct image_segment *segment,
                      uint32_t *ret) {
        const struct chip *chip = session->rom.chip;
        uint32_t last = segment->address + segment->size - 1;
        struct flash_page page;

        if (chip)
                last = chip_resolve_alias(chip, last);
        *ret = ALIGN_DOWN(last, 4U);
        return flash_map_find(&session->map, last, &page);
}

static enum step does_not_fit(struct session *session, enum plan_status status,
                              const struct flash_map *map, uint32_t address, uint32_t end) {
        session->failure.plan = (struct plan_error){
                .status = status,
                .address = address,
                .end = end,
                .flash_start = map->runs[0].address,
                .flash_end = (uint32_t)flash_map_end(map),
                .flash_size = flash_map_size(map),
        };
        return session_fail_at(session, SESSION_DOES_NOT_FIT, address);
}

static enum step not_there(struct session *session, uint32_t address) {
        return does_not_fit(session, PLAN_NOT_THERE, &session->map, address, address + 4);
}

enum step session_fail_outside(struct session *session, const struct flash_map *map, uint32_t start,
                               uint64_t end) {
        return does_not_fit(session, PLAN_RANGE_OUTSIDE, map, start, (uint32_t)end);
}

/* The first command is refused under protection, the address where no memory is (AN3155 3.4);
 * there old ROMs say nothing. */
static enum step judge(struct session *session, uint32_t address) {
        const struct rom *rom = &session->rom;
        bool mute = rom->chip && rom->chip->quirks & CHIP_QUIRK_SILENT_ADDRESS &&
                    rom->failure.error == SESSION_SILENCE;

        if (rom->status == ROM_NACK && rom->failure.stage == 0)
                return session_fail(session, SESSION_PROTECTED);
        if (rom->status == ROM_NACK || (mute && rom->failure.stage > 0))
                return not_there(session, address);
        return session_fail_rom(session);
}

enum step phase_reach(struct session *session) {
        const struct image *image = session->request.image;
        struct rom *rom = &session->rom;
        uint32_t address = 0;

        if (session->sized)
                return STEP_NEXT;
        if (session->step++ == 0) {
                session->retried = false;
        } else if (rom->status == ROM_OK) {
                session->retried = false;
                session->index++;
        } else if (rom->status == ROM_UNSURE && !session->retried) {
                session->retried = true;
        } else if (rom->status == ROM_UNSURE && rom->failure.stage > 1) {
                session->retried = false; /* it is there: what was torn faults when it is read */
                session->index++;
        } else {
                (void)last_word(session, &image->segments[session->index], &address);
                return judge(session, address);
        }
        while (session->index < image->n_segments &&
               !last_word(session, &image->segments[session->index], &address))
                session->index++;
        if (session->index == image->n_segments)
                return STEP_NEXT;
        rom_try_read(rom, address, 4);
        return STEP_BUSY;
}
