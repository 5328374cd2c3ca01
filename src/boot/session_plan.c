/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "boot/session_internal.h"
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

bool session_boot_is_certain(const struct session *session) {
        return session->info.options.has_boot_address ||
               plan_boots_at_start(session->rom.chip, &session->map);
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

static void weigh(struct session *session) {
        const struct plan *plan = session->plan;
        uint64_t all = plan_read_bytes(plan);

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
        if (session->preserved.n_segments == 0) /* of the image itself */
                session->info.cannot_start = session->plan->cannot_start;
        weigh(session);
        return session->request.kind == SESSION_FLASH
                       ? session_check_pages(session, session->plan->pages, session->plan->n_pages)
                       : STEP_NEXT;
}

/* A picture, or the image of something else: a chip that boots there would only hang. */
enum step phase_startable(struct session *session) {
        if (session->request.unbootable || !session->info.cannot_start ||
            !session_boot_is_certain(session))
                return STEP_NEXT;
        session->failure.plan = (struct plan_error){
                .status = PLAN_CANNOT_START,
                .address = session->plan->boot_address,
        };
        return session_fail_at(session, SESSION_DOES_NOT_FIT, session->plan->boot_address);
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
