/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/* Before anything is erased: would we get in again? */

uint32_t session_flash_start(const struct session *session) {
        if (session->config.map)
                return session->config.map->runs[0].address;
        return session->rom.chip ? session->rom.chip->flash_start : 0x08000000;
}

uint32_t session_boot_address(const struct session *session) {
        const struct chip_options *options = &session->info.options;

        if (session->plan)
                return session->plan->boot_address;
        return options->has_boot_address
                       ? chip_resolve_alias(session->rom.chip, options->boot_address)
                       : session_flash_start(session);
}

uint32_t session_start_address(const struct session *session) {
        const struct plan *plan = session->plan;

        return plan && plan->has_head ? plan->head_address : session_boot_address(session);
}

/* Keeps the old head: it tells an erase that did nothing. */
enum step phase_look(struct session *session) {
        struct rom *rom = &session->rom;

        if (session->step++ == 0) {
                session->has_old_head = false;
                rom_try_read(rom, session_start_address(session), HEAD_LOOK);
                return STEP_BUSY;
        }
        if (rom->status == ROM_OK) {
                size_t size;
                const uint8_t *data = rom_data(rom, &size);

                memcpy(session->old_head, data, size);
                session->has_old_head = true;
        } else if (rom->status == ROM_NACK && rom->failure.stage == 0) {
                return session_fail(session, SESSION_PROTECTED);
        }
        return STEP_NEXT;
}

/* What is kept may bring the head to another place. */
enum step phase_look_again(struct session *session) {
        return session->request.preserve ? phase_look(session) : STEP_NEXT;
}

/* A chip that holds firmware and that our lines brought here obeys them. */
static bool came_by_pin(const struct session *session) {
        return session->rom.may_reset && session->config.entry.has_boot0 && session->knows_empty &&
               !session->was_empty;
}

bool session_launches_options(const struct session *session) {
        const struct session_info *info = &session->info;

        return !info->chip ||
               chip_launches_options(info->chip, info->has_bootloader_id ? info->bootloader_id : 0);
}

/* What counts, not what is written: option bytes may wait for a power cycle. */
static enum chip_tristate boot_pin(const struct session *session) {
        enum chip_tristate written = session->info.options.boot_pin;

        if (written == CHIP_YES && !session_launches_options(session))
                return CHIP_UNKNOWN;
        return written;
}

/*
 * G0 and C0 are delivered with nBOOT_SEL = 1: they ignore BOOT0 and enter the ROM only while flash
 * is empty (RM0454 3.4.1).
 */
static bool pin_works(const struct session *session) {
        const struct chip *chip = session->rom.chip;

        if (!chip || !(chip->quirks & CHIP_QUIRK_PIN_OFF))
                return session->info.options.boot_pin != CHIP_NO;
        if (boot_pin(session) != CHIP_UNKNOWN)
                return boot_pin(session) == CHIP_YES;
        return came_by_pin(session);
}

bool session_would_strand(const struct session *session) {
        if (session->rom.may_reset || !session->info.identified)
                return false;
        if (session->rom.chip && !(session->rom.chip->quirks & CHIP_QUIRK_PIN_OFF))
                return false;
        return boot_pin(session) != CHIP_YES && (!session->knows_empty || session->was_empty);
}

/*
 * Option bytes count when they are loaded, and NRST does not do that (RM0444 3.4.2, RM0490 4.4.2).
 * A chip that started anew by itself has loaded them; so has one with firmware that comes back by
 * its lines.
 */
static bool pin_in_force(const struct session *session) {
        const struct rom *rom = &session->rom;

        if (!session_launches_options(session))
                return false;
        return rom_reset_itself(rom) ||
               (rom_was_reset(rom) && session->knows_empty && !session->was_empty);
}

static enum step enable_pin(struct session *session) {
        if (!session->options_changed) {
                session->rom.may_reset = false; /* what it does by itself is to be seen */
                if (!options_may_be_written(session))
                        return STEP_FAILED;
                memcpy(session->new_options, session->options, session->n_options);
                if (chip_options_enable_boot_pin(session->rom.chip, session->new_options,
                                                 session->n_options) < 0)
                        return session_refuse(session, SESSION_UNSUPPORTED,
                                              "how BOOT0 is enabled is not known for this chip");
                session->options_changed = true;
        }
        return options_write(session);
}

enum step phase_boot_pin(struct session *session) {
        const struct session_request *request = &session->request;

        if (session->step == 0 && pin_works(session)) {
                rom_allow_reset(&session->rom);
                return STEP_NEXT;
        }
        if (session->info.unchanged && !request->enable_boot_pin)
                return STEP_NEXT; /* as it was */
        if (request->enable_boot_pin) {
                enum step step = enable_pin(session);

                if (step == STEP_NEXT) {
                        session->options_changed = false;
                        session->info.needs_power_cycle = !pin_in_force(session);
                        if (!session->info.needs_power_cycle) {
                                session->info.options.boot_pin = CHIP_YES;
                                rom_allow_reset(&session->rom);
                        }
                }
                return step;
        }
        if (!request->one_piece && session->info.options.boot_pin != CHIP_YES)
                return session_fail(session, SESSION_BOOT_PIN);
        session->rom.may_reset = false; /* a reset now could be the last */
        return STEP_NEXT;
}
