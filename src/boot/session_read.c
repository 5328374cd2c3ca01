/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdlib.h>
#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/* Jobs that read: a range of memory, or the option bytes. */

/* While the ROM runs, it is what stands at 0x0 (RM0090 2.4): flash is meant, by its own address. A
 * range that goes on beyond an alias is taken as it is. */
static uint32_t start_of(const struct session *session) {
        const struct session_request *request = &session->request;
        const struct chip *chip = session->rom.chip;
        uint32_t last = request->length - 1;

        if (!chip)
                return request->address;
        uint32_t start = chip_resolve_alias(chip, request->address);
        return chip_resolve_alias(chip, request->address + last) == start + last ? start
                                                                                 : request->address;
}

/* What begins in flash ends there. Where nothing tells the part's size, the largest one's counts.
 */
static enum step check_end(struct session *session) {
        const struct session_request *request = &session->request;
        const struct chip *chip = session->rom.chip;
        uint32_t size = session->info.has_flash_size ? session->info.flash_size : 0;
        struct flash_map map;
        struct flash_page page;

        if (!chip || chip_flash_map(chip, size, false, &map) < 0)
                return STEP_NEXT;
        uint32_t start = chip_resolve_alias(chip, request->address);
        if (!flash_map_find(&map, start, &page) ||
            flash_map_find(&map, start + request->length - 1, &page))
                return STEP_NEXT;
        return session_fail_outside(session, &map, start, (uint64_t)start + request->length);
}

enum step phase_read(struct session *session) {
        const struct session_request *request = &session->request;
        struct rom *rom = &session->rom;

        if (session->step++ == 0) {
                if (session->info.protection == CHIP_YES)
                        return session_fail(session, SESSION_PROTECTED);
                if (check_end(session) == STEP_FAILED)
                        return STEP_FAILED;
                session->data = malloc(request->length);
                if (!session->data)
                        return session_fail_memory(session);
                session->work_total = request->length;
                session_begin_progress(session, request->length);
        } else if (rom->status != ROM_OK) {
                return session_fail_rom(session);
        } else {
                size_t size;
                const uint8_t *data = rom_data(rom, &size);

                memcpy(session->data + session->n_data, data, size);
                session->n_data += size;
                session_advance_progress(session, size);
        }
        if (session->n_data == request->length)
                return STEP_NEXT;
        rom_read(rom, start_of(session) + (uint32_t)session->n_data,
                 MIN(session->block_max, request->length - session->n_data));
        return STEP_BUSY;
}

/* They were read for the identification. */
enum step phase_read_options(struct session *session) {
        if (session->info.protection == CHIP_YES)
                return session_fail(session, SESSION_PROTECTED);
        if (session->n_options == 0 || session->n_options != chip_options_size(session->rom.chip))
                return session_refuse(session, SESSION_UNSUPPORTED,
                                      "the option bytes of this chip cannot be read by its ROM");
        session->data = malloc(session->n_options);
        if (!session->data)
                return session_fail_memory(session);
        memcpy(session->data, session->options, session->n_options);
        session->n_data = session->n_options;
        return STEP_NEXT;
}
