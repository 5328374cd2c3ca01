/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/* Option bytes and protection: critical sections, the whole area at once, read back afterwards. */

/* Longest area that one Write Memory can hold. */
#define AREA_MAX PLAN_BLOCK_MAX

static const struct chip_range *area_at(const struct session *session, size_t index,
                                        size_t *ret_offset) {
        const struct chip *chip = session->rom.chip;
        size_t offset = 0;

        for (size_t i = 0; i < index; i++)
                offset += chip->options[i].size;
        *ret_offset = offset;
        return &chip->options[index];
}

/* ---- may it be? ---- */

static enum step refuse(struct session *session, enum session_error error, const char *what) {
        session->failure.permanent = what;
        return session_fail(session, error);
}

bool options_may_be_written(struct session *session, enum step *ret) {
        const struct chip *chip = session->rom.chip;

        *ret = STEP_FAILED;
        if (session->info.protection == CHIP_YES) {
                (void)session_fail(session, SESSION_PROTECTED);
                return false;
        }
        if (!chip || session->n_options == 0 || session->n_options != chip_options_size(chip)) {
                (void)refuse(session, SESSION_UNSUPPORTED,
                             "the option bytes of this chip cannot be reached through its ROM");
                return false;
        }
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                if (chip->options[i].size > AREA_MAX || chip->options[i].size % 4 != 0) {
                        (void)refuse(session, SESSION_UNSUPPORTED,
                                     "the option area is too long to be written in one piece");
                        return false;
                }
        return true;
}

static bool check_permanent(struct session *session) {
        const char *what = chip_options_permanent(session->rom.chip, session->options,
                                                  session->new_options, session->n_options);

        if (!what || session->request.permanent)
                return true;
        (void)refuse(session, SESSION_PERMANENT, what);
        return false;
}

/* ---- writing ---- */

/* Steps: 10 look for the next area that differs, 11 written, 12 being read back. */
enum {
        OPTIONS_NEXT = 10,
        OPTIONS_WRITTEN,
        OPTIONS_READ,
};

static enum step write_area(struct session *session) {
        for (; session->option_area < CHIP_RANGES_MAX; session->option_area++) {
                size_t offset;
                const struct chip_range *area = area_at(session, session->option_area, &offset);

                if (area->size == 0 || memcmp(session->options + offset,
                                              session->new_options + offset, area->size) == 0)
                        continue;
                session->no_pulse = true;
                rom_write_options(&session->rom, area->start, session->new_options + offset,
                                  area->size);
                session->step = OPTIONS_WRITTEN;
                return STEP_BUSY;
        }
        session->step = 0;
        session->option_area = 0;
        session->no_pulse = false;
        return STEP_NEXT;
}

static enum step compare_area(struct session *session) {
        size_t offset, size;
        const struct chip_range *area = area_at(session, session->option_area, &offset);
        const uint8_t *data = rom_data(&session->rom, &size);
        uint8_t *before = session->options + offset;
        const uint8_t *wanted = session->new_options + offset;

        for (size_t i = 0; i < area->size; i++) {
                /* A bit that was not to change may be reserved and read as it likes. */
                uint8_t changed = before[i] ^ wanted[i];

                if (((data[i] ^ wanted[i]) & changed) == 0)
                        continue;
                session->failure.expected = wanted[i];
                session->failure.found = data[i];
                return session_fail_at(session, SESSION_VERIFY_MISMATCH, area->start + (uint32_t)i);
        }
        memcpy(before, data, area->size);
        session->option_area++;
        session->step = OPTIONS_NEXT;
        return STEP_AGAIN;
}

/* RDP level 1 or 2 was just set: the area cannot be read any more, and that is the proof. */
static bool protected_itself(const struct session *session) {
        struct chip_options options;

        return chip_options_decode(session->rom.chip, session->new_options, session->n_options,
                                   &options) == 0 &&
               options.protection == CHIP_YES;
}

enum step options_write(struct session *session) {
        struct rom *rom = &session->rom;
        size_t offset;

        switch (session->step) {
        case OPTIONS_WRITTEN:
                if (rom->status == ROM_NACK)
                        return session_fail_rom(
                                session, area_at(session, session->option_area, &offset)->start);
                const struct chip_range *area = area_at(session, session->option_area, &offset);
                rom_try_read(rom, area->start, area->size);
                session->step = OPTIONS_READ;
                return STEP_BUSY;
        case OPTIONS_READ:
                if (rom->status == ROM_OK)
                        return compare_area(session);
                if (rom->status == ROM_NACK && protected_itself(session)) {
                        session->info.protection = CHIP_YES;
                        session->option_area++;
                        session->step = OPTIONS_NEXT;
                        return STEP_AGAIN;
                }
                return session_fail_rom(session,
                                        area_at(session, session->option_area, &offset)->start);
        default:
                return check_permanent(session) ? write_area(session) : STEP_FAILED;
        }
}

/* ---- what is wanted ---- */

/* Lays `size` bytes for `address` over the wanted option bytes; false: not all within an area. */
static bool overlay(struct session *session, uint32_t address, const uint8_t *data, size_t size) {
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++) {
                size_t offset;
                const struct chip_range *area = area_at(session, i, &offset);

                if (area->size == 0 || address < area->start ||
                    address - area->start > area->size ||
                    size > area->size - (address - area->start))
                        continue;
                memcpy(session->new_options + offset + (address - area->start), data, size);
                return true;
        }
        return false;
}

static bool in_options(const struct chip *chip, uint32_t address) {
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                if (address - chip->options[i].start < chip->options[i].size)
                        return true;
        return false;
}

static enum step want_options(struct session *session) {
        const struct session_request *request = &session->request;
        const struct chip *chip = session->rom.chip;
        bool fits = true;

        memcpy(session->new_options, session->options, session->n_options);
        if (request->kind == SESSION_FLASH && request->option_segments)
                for (size_t i = 0; i < request->image->n_segments; i++) {
                        const struct image_segment *segment = &request->image->segments[i];

                        if (in_options(chip, segment->address))
                                fits &= overlay(session, segment->address, segment->data,
                                                segment->size);
                }
        if (request->option_bytes)
                fits &= overlay(session,
                                request->kind == SESSION_WRITE_OPTIONS && request->has_address
                                        ? request->address
                                        : chip->options[0].start,
                                request->option_bytes, request->option_size);
        if (!fits)
                return refuse(session, SESSION_UNSUPPORTED,
                              "these bytes do not lie within the chip's option areas");
        return STEP_NEXT;
}

static bool has_option_segments(const struct session *session) {
        const struct session_request *request = &session->request;

        if (request->kind != SESSION_FLASH || !request->option_segments || !session->rom.chip)
                return false;
        for (size_t i = 0; i < request->image->n_segments; i++)
                if (in_options(session->rom.chip, request->image->segments[i].address))
                        return true;
        return false;
}

enum step phase_options(struct session *session) {
        enum step step;

        if (session->step == 0) {
                if (!session->request.option_bytes && !has_option_segments(session))
                        return STEP_NEXT;
                if (!options_may_be_written(session, &step))
                        return step;
                if (want_options(session) == STEP_FAILED)
                        return STEP_FAILED;
        }
        return options_write(session);
}

/* ---- protection ---- */

static enum step begin_protection(struct session *session, enum an3155_command command) {
        const struct chip *chip = session->rom.chip;

        if (chip && chip->quirks & CHIP_QUIRK_NO_RDP && command != AN3155_WRITE_UNPROTECT)
                return refuse(session, SESSION_UNSUPPORTED,
                              "this chip has no readout protection commands (PRODUCT_STATE)");
        session->no_pulse = true;
        if (command == AN3155_READOUT_UNPROTECT)
                session->outcome = SESSION_NOT_BOOTABLE; /* it erases all of the flash */
        rom_protection(&session->rom, command,
                       session->info.has_flash_size ? session->info.flash_size
                                                    : (chip ? chip->flash_size : 0));
        return STEP_BUSY;
}

static enum step begin_write_protect(struct session *session) {
        session->no_pulse = true;
        rom_write_protect(&session->rom, session->request.sectors, session->request.n_sectors);
        return STEP_BUSY;
}

static enum step protection_failed(struct session *session) {
        /* Refused as a whole: only these four commands are, and only by readout protection. */
        if (session->rom.status == ROM_NACK && session->info.protection == CHIP_YES)
                return session_fail(session, SESSION_PROTECTED);
        return session_fail_rom(session, 0);
}

enum {
        PROTECT_SECTORS_DONE = 1,
        PROTECT_READOUT_DONE,
        PROTECT_PROVE,
};

static enum step next_protection(struct session *session) {
        const struct session_request *request = &session->request;

        if (session->step == 0 && request->n_sectors > 0) {
                session->step = PROTECT_SECTORS_DONE;
                return begin_write_protect(session);
        }
        if (session->step < PROTECT_READOUT_DONE) {
                session->step = PROTECT_READOUT_DONE;
                if (request->readout_protect || request->kind == SESSION_READOUT_PROTECT)
                        return begin_protection(session, AN3155_READOUT_PROTECT);
                if (request->kind == SESSION_READOUT_UNPROTECT)
                        return begin_protection(session, AN3155_READOUT_UNPROTECT);
                if (request->kind == SESSION_WRITE_UNPROTECT)
                        return begin_protection(session, AN3155_WRITE_UNPROTECT);
        }
        session->no_pulse = false;
        return STEP_NEXT;
}

static bool changes_readout(const struct session_request *request) {
        return request->readout_protect || request->kind == SESSION_READOUT_PROTECT ||
               request->kind == SESSION_READOUT_UNPROTECT;
}

/* One word of flash tells: it is refused under readout protection. */
static enum step prove(struct session *session) {
        bool want_protected = session->request.kind != SESSION_READOUT_UNPROTECT;
        bool is_protected = session->rom.status == ROM_NACK;

        session->info.protection = is_protected ? CHIP_YES : CHIP_NO;
        if (is_protected && !want_protected)
                return session_fail(session, SESSION_PROTECTED);
        if (want_protected && !is_protected)
                return refuse(session, SESSION_UNSUPPORTED,
                              "the chip acknowledged the readout protection and is not protected");
        return next_protection(session);
}

enum step phase_protect(struct session *session) {
        struct rom *rom = &session->rom;

        if (session->step == PROTECT_PROVE) {
                session->step = PROTECT_READOUT_DONE;
                return prove(session);
        }
        if (session->step > 0 && (rom->status == ROM_NACK || (rom->status == ROM_UNSURE &&
                                                              !changes_readout(&session->request))))
                return protection_failed(session);
        if (session->step == PROTECT_READOUT_DONE && changes_readout(&session->request)) {
                session->step = PROTECT_PROVE;
                rom_try_read(rom, rom->chip ? rom->chip->flash_start : 0x08000000, 4);
                return STEP_BUSY;
        }
        return next_protection(session);
}
