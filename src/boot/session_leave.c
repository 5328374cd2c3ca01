/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/session_internal.h"
#include "util/macro.h"

/* How a job that went well ends: the application runs, or the chip stays in its ROM. */

static uint32_t start_address(const struct session *session) {
        if (session->request.has_address)
                return session->request.address;
        if (session->plan && session->plan->has_head)
                return session->plan->head_address;
        if (session->info.options.has_boot_address)
                return session->info.options.boot_address;
        return session->rom.chip ? session->rom.chip->flash_start : 0x08000000;
}

/*
 * A chip with empty check decides at power-on or option load whether it is empty. One that was
 * programmed since re-enters the ROM at each reset (AN2606, patterns 6, 11, 13, 16), unless its ROM
 * clears the flag. The flag cannot be read; whether the ROM answers can. Go is not fooled.
 */
static bool may_be_thought_empty(const struct session *session) {
        const struct chip *chip = session->rom.chip;

        return chip && chip->quirks & CHIP_QUIRK_EMPTY_CHECK &&
               !(chip->quirks & CHIP_QUIRK_EMPTY_CLEARED);
}

static bool nothing_to_start(const struct session *session) {
        return session->outcome == SESSION_NOT_BOOTABLE;
}

enum {
        LEAVE_BEGIN,
        LEAVE_RESET,
        LEAVE_LOOKED,
        LEAVE_LINES_SAFE,
        LEAVE_GONE,
        LEAVE_LAST,
};

static enum step go(struct session *session) {
        rom_go(&session->rom, start_address(session));
        session->step = LEAVE_GONE;
        return STEP_BUSY;
}

/* BOOT0 goes inactive first: whatever resets the chip later must not find the ROM. */
static enum step make_safe(struct session *session, unsigned next) {
        struct entry_sequence safe;

        entry_safe(&session->config.entry, &safe);
        rom_steps(&session->rom, &safe);
        session->step = next;
        return STEP_BUSY;
}

static enum step safe_then_go(struct session *session) {
        return make_safe(session, LEAVE_LINES_SAFE);
}

static enum step reset(struct session *session) {
        const struct chip *chip = session->rom.chip;
        struct entry_sequence leave;

        entry_leave(&session->config.entry, &leave);
        session->step = LEAVE_LAST;
        if (may_be_thought_empty(session) && leave.n_steps > 0) {
                struct entry_attempt attempt;

                entry_attempt(&session->config.entry, chip, session->rom.baud, 0, &attempt);
                leave.steps[leave.n_steps - 1].delay =
                        attempt.sequence.steps[attempt.sequence.n_steps - 1].delay;
                session->step = LEAVE_RESET;
        }
        rom_steps(&session->rom, &leave);
        return STEP_BUSY;
}

static enum step begin_leave(struct session *session) {
        bool can_reset = session->config.entry.has_reset;

        switch (session->request.after) {
        case SESSION_AFTER_STAY:
                return STEP_NEXT;
        case SESSION_AFTER_GO:
                return safe_then_go(session);
        case SESSION_AFTER_RUN:
                break;
        }
        if (nothing_to_start(session) ||
            (session_would_strand(session) && session->outcome != SESSION_COMPLETE) ||
            (!can_reset && session->info.protection == CHIP_YES))
                return make_safe(session, LEAVE_LAST); /* only the lines */
        if (!can_reset)
                return safe_then_go(session);
        return reset(session);
}

enum step phase_leave(struct session *session) {
        const struct rom *rom = &session->rom;

        switch (session->step) {
        case LEAVE_BEGIN:
                session->info.recoveries = rom->recoveries;
                return begin_leave(session);
        case LEAVE_RESET:
                rom_look(&session->rom);
                session->step = LEAVE_LOOKED;
                return STEP_BUSY;
        case LEAVE_LOOKED:
                if (rom->status != ROM_OK)
                        return STEP_NEXT;
                session->info.started_by_go = true;
                return go(session);
        case LEAVE_LINES_SAFE:
                return go(session);
        case LEAVE_GONE:
                if (rom->status != ROM_OK)
                        return session_fail_rom(session, start_address(session));
                return make_safe(session, LEAVE_LAST); /* a recovery may have raised BOOT0 */
        default:
                return STEP_NEXT;
        }
}

/* Run and Reset need no ROM, unless an address says so or nobody can reset the chip. */
enum step phase_run(struct session *session) {
        const struct session_request *request = &session->request;
        bool by_go = request->kind == SESSION_RUN &&
                     (request->has_address || !session->config.entry.has_reset);

        if (!session->config.entry.has_reset && !by_go) {
                session->failure.permanent = "no NRST line is configured for this target";
                return session_fail(session, SESSION_UNSUPPORTED);
        }
        if (!by_go)
                return session->step == LEAVE_BEGIN ? reset(session) : phase_leave(session);
        switch (session->step) {
        case LEAVE_BEGIN:
                rom_enter(&session->rom);
                session->step = LEAVE_LAST;
                return STEP_BUSY;
        case LEAVE_LAST:
                session->info.identified = true;
                session->info.chip_id = session->rom.chip_id;
                session->info.chip = session->rom.chip = chip_by_id(session->rom.chip_id);
                return safe_then_go(session);
        default:
                return phase_leave(session);
        }
}
