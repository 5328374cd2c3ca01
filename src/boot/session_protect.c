/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/session_internal.h"
#include "util/macro.h"

/*
 * Write and readout protection: critical sections. What broke off is said again, since a list
 * replaces the one in force and the rest switches on or off. Readout protection is proved by a word
 * of flash, which is refused while it is on (AN3155 table 2), unless it waits for a reset that
 * nobody here can give.
 */

#define PROTECT_TRIES 3

enum {
        PROTECT_SECTORS = 0,
        PROTECT_SECTORS_DONE,
        PROTECT_SWITCH,
        PROTECT_SWITCH_DONE,
        PROTECT_PROVE,
};

/* Nothing is switched by Get. */
#define NO_SWITCH AN3155_GET

/* What is to be switched besides the list of sectors. */
static enum an3155_command wanted_switch(const struct session_request *request) {
        switch (request->kind) {
        case SESSION_WRITE_UNPROTECT:
                return AN3155_WRITE_UNPROTECT;
        case SESSION_READOUT_PROTECT:
                return AN3155_READOUT_PROTECT;
        case SESSION_READOUT_UNPROTECT:
                return AN3155_READOUT_UNPROTECT;
        default:
                return request->readout_protect ? AN3155_READOUT_PROTECT : NO_SWITCH;
        }
}

static bool nothing_to_switch(const struct session *session) {
        enum an3155_command command = wanted_switch(&session->request);

        return command == NO_SWITCH ||
               (command == AN3155_READOUT_PROTECT && session->info.protection == CHIP_YES);
}

static bool changes_readout(const struct session *session) {
        enum an3155_command command = wanted_switch(&session->request);

        return command == AN3155_READOUT_PROTECT || command == AN3155_READOUT_UNPROTECT;
}

static enum step check_listed(struct session *session, enum an3155_command command) {
        const struct chip *chip = session->rom.chip;

        if (session->gone)
                return session_refuse(session, SESSION_UNSUPPORTED,
                                      "the option bytes have locked the ROM out");
        if (chip && chip->quirks & CHIP_QUIRK_NO_RDP && changes_readout(session))
                return session_refuse(
                        session, SESSION_UNSUPPORTED,
                        "this chip has no readout protection commands (PRODUCT_STATE)");
        if (!session_lists(session, command))
                return session_refuse(session, SESSION_UNSUPPORTED,
                                      "its ROM lists no command for that");
        return STEP_NEXT;
}

/* No ROM does that: it takes any number, and protects what there is (AN3155 3.9). */
static enum step check_sectors(struct session *session) {
        const struct session_request *request = &session->request;
        const struct chip *chip = session->rom.chip;
        unsigned n = 0;

        if (chip)
                n = chip_protect_sectors(chip, session->info.flash_size);
        for (size_t i = 0; i < request->n_sectors && n > 0; i++)
                if (request->sectors[i] >= n) {
                        session->failure.sector = request->sectors[i];
                        session->failure.n_sectors = n;
                        return session_fail(session, SESSION_UNSUPPORTED);
                }
        return STEP_NEXT;
}

/* What is said last is judged before anything is done. */
enum step phase_may_protect(struct session *session) {
        if (session->request.n_sectors > 0 &&
            (check_listed(session, AN3155_WRITE_PROTECT) == STEP_FAILED ||
             check_sectors(session) == STEP_FAILED))
                return STEP_FAILED;
        if (nothing_to_switch(session))
                return STEP_NEXT;
        return check_listed(session, wanted_switch(&session->request));
}

static enum step protect_sectors(struct session *session) {
        const struct session_request *request = &session->request;

        if (check_listed(session, AN3155_WRITE_PROTECT) == STEP_FAILED)
                return STEP_FAILED;
        rom_write_protect(&session->rom, request->sectors, request->n_sectors);
        session->option_writes++;
        session->step = PROTECT_SECTORS_DONE;
        return STEP_BUSY;
}

static enum step protect_switch(struct session *session) {
        enum an3155_command command = wanted_switch(&session->request);
        const struct chip *chip = session->rom.chip;
        uint32_t size = session->info.has_flash_size ? session->info.flash_size
                                                     : (chip ? chip->flash_size : 0);

        if (check_listed(session, command) == STEP_FAILED)
                return STEP_FAILED;
        if (command == AN3155_READOUT_UNPROTECT)
                session->outcome = SESSION_NOT_BOOTABLE; /* it erases all of the flash */
        rom_protection(&session->rom, command, size);
        session->option_writes++;
        session->step = PROTECT_SWITCH_DONE;
        return STEP_BUSY;
}

/* Under readout protection the command itself is refused, but for the one that lifts it. */
static enum step refused(struct session *session) {
        bool whole = session->rom.failure.stage == 0;
        bool lifts = session->request.kind == SESSION_READOUT_UNPROTECT;

        session->option_writes -= whole;
        if (whole && lifts && session->protect_tries == 0)
                session->outcome = SESSION_UNTOUCHED;
        if (whole && !lifts && session->info.protection == CHIP_YES)
                return session_fail(session, SESSION_PROTECTED);
        return session_fail_rom(session);
}

static bool worth_saying_again(struct session *session) {
        return ++session->protect_tries < PROTECT_TRIES;
}

/* It was acknowledged. */
static void note_launch(struct session *session) {
        session->info.needs_power_cycle |= !session_launches_options(session);
}

static enum step sectors_done(struct session *session) {
        switch (session->rom.status) {
        case ROM_OK:
                note_launch(session);
                session->protect_tries = 0;
                session->step = PROTECT_SWITCH;
                return STEP_AGAIN;
        case ROM_UNSURE:
                if (worth_saying_again(session))
                        return protect_sectors(session);
                return session_fail_rom(session);
        default:
                return refused(session);
        }
}

/* Said, it counts from a reset on. Broken off, it tells something where it was a change. */
static bool can_be_proved(const struct session *session) {
        bool was_protected = session->info.protection == CHIP_YES;

        if (!changes_readout(session))
                return false;
        if (session->rom.status == ROM_OK)
                return rom_was_reset(&session->rom);
        return was_protected == (session->request.kind == SESSION_READOUT_UNPROTECT);
}

static enum step switch_done(struct session *session) {
        struct rom *rom = &session->rom;

        if (rom->status == ROM_NACK)
                return refused(session);
        if (rom->status == ROM_OK) {
                session->switch_taken = true;
                note_launch(session);
        }
        if (can_be_proved(session)) {
                session->step = PROTECT_PROVE;
                rom_try_read(rom, session_flash_start(session), 4);
                return STEP_BUSY;
        }
        if (rom->status == ROM_OK)
                return STEP_NEXT;
        return worth_saying_again(session) ? protect_switch(session) : session_fail_rom(session);
}

static enum step prove(struct session *session) {
        const struct rom *rom = &session->rom;
        bool want_protected = wanted_switch(&session->request) == AN3155_READOUT_PROTECT;
        bool is_protected = rom->status == ROM_NACK && rom->failure.stage == 0;

        if (rom->status == ROM_UNSURE)
                return worth_saying_again(session) ? switch_done(session)
                                                   : session_fail_rom(session);
        if (is_protected == want_protected) {
                session->info.protection = is_protected ? CHIP_YES : CHIP_NO;
                session->info.needs_power_cycle = false;
                return STEP_NEXT;
        }
        if (session->switch_taken && !session_launches_options(session))
                return STEP_NEXT; /* once more would not help, and erase all once more */
        if (worth_saying_again(session))
                return protect_switch(session);
        if (is_protected)
                return session_fail(session, SESSION_PROTECTED);
        return session_refuse(session, SESSION_UNSUPPORTED,
                              "the chip acknowledged the readout protection and is not protected");
}

enum step phase_protect(struct session *session) {
        switch (session->step) {
        case PROTECT_SECTORS:
                if (session->request.n_sectors > 0)
                        return protect_sectors(session);
                session->step = PROTECT_SWITCH;
                return STEP_AGAIN;
        case PROTECT_SECTORS_DONE:
                return sectors_done(session);
        case PROTECT_SWITCH:
                return nothing_to_switch(session) ? STEP_NEXT : protect_switch(session);
        case PROTECT_SWITCH_DONE:
                return switch_done(session);
        default:
                return prove(session);
        }
}
