/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/session_internal.h"
#include "util/macro.h"

/* How a job that went well ends: the application runs, or the chip stays in its ROM. */

/* Of some jobs the address is that of what they read or write. */
static bool address_is_start(const struct session_request *request) {
        return request->has_address && request->after == SESSION_AFTER_GO &&
               request->kind != SESSION_READ && request->kind != SESSION_ERASE &&
               request->kind != SESSION_WRITE_OPTIONS;
}

static uint32_t start_address(const struct session *session) {
        const struct chip *chip = session->rom.chip;
        uint32_t address = session->request.address;

        if (!address_is_start(&session->request))
                return session_start_address(session);
        return chip ? chip_resolve_alias(chip, address) : address;
}

/*
 * A chip with empty check decides at power-on or option load whether it is empty. One that was
 * programmed since re-enters the ROM at each reset (AN2606, patterns 6, 11, 13, 16), unless its ROM
 * clears the flag. The flag cannot be read; whether the ROM answers can. Go is not fooled.
 */
static bool may_be_thought_empty(const struct session *session) {
        const struct chip *chip = session->rom.chip;

        return chip && !session->gone && chip->quirks & CHIP_QUIRK_EMPTY_CHECK &&
               !(chip->quirks & CHIP_QUIRK_EMPTY_CLEARED);
}

enum {
        LEAVE_BEGIN,
        LEAVE_RESET,
        LEAVE_LOOKED,
        LEAVE_CHECKED,
        LEAVE_LINES_SAFE,
        LEAVE_GONE,
        LEAVE_LAST,
};

/* BOOT0 goes inactive first: whatever resets the chip later must not find the ROM. */
static enum step make_safe(struct session *session, unsigned next) {
        struct entry_sequence safe;

        entry_safe(&session->config.entry, &safe);
        rom_steps(&session->rom, &safe);
        session->step = next;
        return STEP_BUSY;
}

static enum step go(struct session *session) {
        rom_go(&session->rom, start_address(session));
        session->step = LEAVE_GONE;
        return STEP_BUSY;
}

static enum step start(struct session *session) {
        session->info.started_by_go = session->config.entry.has_reset;
        return make_safe(session, LEAVE_LINES_SAFE);
}

/* The ROM starts whatever it is told to, blank flash too; then nobody gets in without a reset. */
static enum step check_start(struct session *session) {
        rom_try_read_twice(&session->rom, start_address(session), 8);
        session->step = LEAVE_CHECKED;
        return STEP_BUSY;
}

static enum step start_checked(struct session *session) {
        const struct rom *rom = &session->rom;
        size_t size;
        const uint8_t *data = rom_data(rom, &size);
        bool blank = rom->status == ROM_OK && session_is_blank(session, data, size);

        if (session->request.after != SESSION_AFTER_GO)
                return blank || rom->status == ROM_NACK ? make_safe(session, LEAVE_LAST)
                                                        : start(session);
        if (!blank) /* what cannot be read Go may refuse, and says why */
                return make_safe(session, LEAVE_LINES_SAFE);
        if (session->request.kind == SESSION_ERASE)
                return make_safe(session, LEAVE_LAST); /* as was asked for */
        session->failure.has_address = true;
        session->failure.address = start_address(session);
        return session_refuse(session, SESSION_UNSUPPORTED,
                              "there is nothing to start: flash is blank where it would be");
}

static enum step reset(struct session *session) {
        const struct chip *chip = session->rom.chip;
        struct entry_sequence leave;

        entry_leave(&session->config.entry, &leave);
        session->step = LEAVE_LAST;
        if (may_be_thought_empty(session)) {
                struct entry_attempt attempt;

                entry_attempt(&session->config.entry, chip, session->rom.baud, 0, &attempt);
                leave.steps[leave.n_steps - 1].delay =
                        attempt.sequence.steps[attempt.sequence.n_steps - 1].delay;
                session->step = LEAVE_RESET;
        }
        rom_steps(&session->rom, &leave);
        return STEP_BUSY;
}

static bool nothing_to_start(const struct session *session) {
        if (session->outcome != SESSION_COMPLETE && session_would_strand(session))
                return true;
        if (session->request.kind == SESSION_ERASE && !session->boot_touched &&
            session_boot_is_certain(session))
                return false; /* a range behind what the chip boots from: data */
        return session->outcome == SESSION_NOT_BOOTABLE;
}

static enum step begin_leave(struct session *session) {
        bool can_reset = session->config.entry.has_reset;
        enum session_after after = session->gone ? SESSION_AFTER_RUN : session->request.after;

        switch (after) {
        case SESSION_AFTER_STAY:
                return STEP_NEXT;
        case SESSION_AFTER_GO:
                return check_start(session);
        case SESSION_AFTER_RUN:
                break;
        }
        if (nothing_to_start(session) || (!can_reset && session->gone))
                return make_safe(session, LEAVE_LAST); /* only the lines */
        return can_reset ? reset(session) : check_start(session);
}

enum step phase_leave(struct session *session) {
        const struct rom *rom = &session->rom;

        switch (session->step) {
        case LEAVE_BEGIN:
                return begin_leave(session);
        case LEAVE_RESET:
                rom_look(&session->rom);
                session->step = LEAVE_LOOKED;
                return STEP_BUSY;
        case LEAVE_LOOKED:
                return rom->status == ROM_OK ? check_start(session) : STEP_NEXT;
        case LEAVE_CHECKED:
                return start_checked(session);
        case LEAVE_LINES_SAFE:
                return go(session);
        case LEAVE_GONE:
                session->rom.failure.start_unknown = rom->status == ROM_UNSURE;
                if (rom->status != ROM_OK)
                        return session_fail_rom(session);
                return make_safe(session, LEAVE_LAST); /* a recovery may have raised BOOT0 */
        default:
                return STEP_NEXT;
        }
}

/* Run without an address, and Reset, need no ROM. */
enum step phase_run(struct session *session) {
        if (!session->config.entry.has_reset)
                return session_refuse(session, SESSION_UNSUPPORTED,
                                      "no NRST line is configured for this target");
        return session->step == LEAVE_BEGIN ? reset(session) : phase_leave(session);
}
