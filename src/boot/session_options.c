/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/session_internal.h"
#include "util/macro.h"

/* Option bytes: critical sections, the whole area at once, read back afterwards. */

/* Longest area that one Write Memory can hold. */
#define AREA_MAX PLAN_BLOCK_MAX

#define OPTION_TRIES 3

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

bool options_may_be_written(struct session *session) {
        const struct chip *chip = session->rom.chip;

        if (session->info.protection == CHIP_YES) {
                (void)session_fail(session, SESSION_PROTECTED);
                return false;
        }
        if (!chip || session->n_options == 0 || session->n_options != chip_options_size(chip)) {
                (void)session_refuse(
                        session, SESSION_UNSUPPORTED,
                        "the option bytes of this chip cannot be reached through its ROM");
                return false;
        }
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                if (chip->options[i].size > AREA_MAX || chip->options[i].size % 4 != 0) {
                        (void)session_refuse(
                                session, SESSION_UNSUPPORTED,
                                "the option area is too long to be written in one piece");
                        return false;
                }
        return true;
}

/* What in the wanted option bytes can never be undone; NULL: nothing. */
static const char *lasting(const struct session *session) {
        return chip_options_permanent(session->rom.chip, session->options, session->new_options,
                                      session->n_options);
}

/* ---- writing ---- */

enum {
        OPTIONS_NEXT = 10, /* look for the next area that differs */
        OPTIONS_WRITTEN,
        OPTIONS_READ,
};

/* The first area holds the readout protection, after which no other can be written: it is last. */
static const struct chip_range *current_area(const struct session *session, size_t *ret_offset) {
        return area_at(session, CHIP_RANGES_MAX - 1 - session->option_area, ret_offset);
}

static enum step write_area(struct session *session) {
        for (; session->option_area < CHIP_RANGES_MAX; session->option_area++) {
                size_t offset;
                const struct chip_range *area = current_area(session, &offset);

                if (area->size == 0 || memcmp(session->options + offset,
                                              session->new_options + offset, area->size) == 0)
                        continue;
                if (session->gone)
                        return session_refuse(session, SESSION_UNSUPPORTED,
                                              "the option bytes have locked the ROM out before "
                                              "all of them were written");
                rom_write_options(&session->rom, area->start, session->new_options + offset,
                                  area->size, lasting(session) != NULL);
                session->option_writes++;
                session->step = OPTIONS_WRITTEN;
                return STEP_BUSY;
        }
        session->info.needs_power_cycle |=
                session->option_writes > 0 && !session_launches_options(session);
        session->step = 0;
        session->option_area = 0;
        session->option_tries = 0;
        return STEP_NEXT;
}

static enum step next_area(struct session *session) {
        session->option_area++;
        session->option_tries = 0;
        session->step = OPTIONS_NEXT;
        return STEP_AGAIN;
}

/* A write that broke off may have done nothing; and the chip may have dropped it. */
static bool worth_writing_again(struct session *session) {
        if (++session->option_tries >= OPTION_TRIES)
                return false;
        session->step = OPTIONS_NEXT;
        return true;
}

static enum step compare_area(struct session *session) {
        size_t offset, size;
        const struct chip_range *area = current_area(session, &offset);
        const uint8_t *data = rom_data(&session->rom, &size);
        uint8_t *before = session->options + offset;
        const uint8_t *wanted = session->new_options + offset;

        for (size_t i = 0; i < area->size; i++) {
                /* A bit that was not to change may be reserved and read as it likes. */
                uint8_t changed = before[i] ^ wanted[i];

                if (((data[i] ^ wanted[i]) & changed) == 0)
                        continue;
                if (worth_writing_again(session))
                        return STEP_AGAIN;
                session->failure.expected = wanted[i];
                session->failure.found = data[i];
                return session_fail_at(session, SESSION_VERIFY_MISMATCH, area->start + (uint32_t)i);
        }
        memcpy(before, data, area->size);
        return next_area(session);
}

/* RDP level 1 or 2 was just set: the area cannot be read any more, and that is the proof. */
static bool protected_itself(const struct session *session) {
        struct chip_options options;

        return session->rom.failure.stage == 0 &&
               chip_options_decode(session->rom.chip, session->info.flash_size,
                                   session->new_options, session->n_options, &options) == 0 &&
               options.protection == CHIP_YES;
}

static enum step read_area(struct session *session) {
        size_t offset;
        const struct chip_range *area = current_area(session, &offset);

        rom_try_read_twice(&session->rom, area->start, area->size);
        session->step = OPTIONS_READ;
        return STEP_BUSY;
}

static enum step area_written(struct session *session) {
        struct rom *rom = &session->rom;
        size_t offset;
        const struct chip_range *area = current_area(session, &offset);

        if (rom->status == ROM_NACK) {
                session->option_writes -= rom->failure.stage == 0;
                return session_fail_rom(session);
        }
        if (rom->status == ROM_GONE) {
                session->gone = true;
                memcpy(session->options + offset, session->new_options + offset, area->size);
                return next_area(session);
        }
        return read_area(session);
}

static enum step area_read(struct session *session) {
        struct rom *rom = &session->rom;

        if (rom->status == ROM_OK)
                return compare_area(session);
        if (rom->status == ROM_NACK && protected_itself(session)) {
                session->info.protection = CHIP_YES;
                return next_area(session);
        }
        if (rom->status == ROM_UNSURE && ++session->option_tries < OPTION_TRIES)
                return read_area(session);
        return session_fail_rom(session);
}

enum step options_write(struct session *session) {
        const char *what;

        switch (session->step) {
        case OPTIONS_WRITTEN:
                return area_written(session);
        case OPTIONS_READ:
                return area_read(session);
        default:
                what = lasting(session);
                if (what && !session->request.permanent)
                        return session_refuse(session, SESSION_PERMANENT, what);
                return write_area(session);
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

static bool has_option_segments(const struct session *session) {
        const struct session_request *request = &session->request;

        if (!request->image || !request->option_segments || !session->rom.chip)
                return false;
        for (size_t i = 0; i < request->image->n_segments; i++)
                if (in_options(session->rom.chip, request->image->segments[i].address))
                        return true;
        return false;
}

static bool wants_option_bytes(const struct session *session) {
        enum session_kind kind = session->request.kind;

        return session->request.option_bytes &&
               (kind == SESSION_FLASH || kind == SESSION_WRITE_OPTIONS);
}

bool options_are_asked_for(const struct session *session) {
        const struct session_request *request = &session->request;

        switch (request->kind) {
        case SESSION_WRITE_PROTECT:
        case SESSION_WRITE_UNPROTECT:
        case SESSION_READOUT_PROTECT:
        case SESSION_READOUT_UNPROTECT:
        case SESSION_WRITE_OPTIONS:
                return true;
        case SESSION_FLASH:
                return request->option_bytes || has_option_segments(session) ||
                       request->n_sectors > 0 || request->readout_protect;
        default:
                return false;
        }
}

/* All areas one behind the other, as they are read; or a part from an address on, by default from
 * the start of the first area. */
static bool overlay_wanted(struct session *session) {
        const struct session_request *request = &session->request;
        bool addressed = request->kind == SESSION_WRITE_OPTIONS && request->has_address;

        if (!addressed && request->option_size == session->n_options) {
                memcpy(session->new_options, request->option_bytes, session->n_options);
                return true;
        }
        return overlay(session, addressed ? request->address : session->rom.chip->options[0].start,
                       request->option_bytes, request->option_size);
}

static enum step want_options(struct session *session) {
        const struct session_request *request = &session->request;
        const struct chip *chip = session->rom.chip;
        bool fits = true;

        memcpy(session->new_options, session->options, session->n_options);
        if (has_option_segments(session))
                for (size_t i = 0; i < request->image->n_segments; i++) {
                        const struct image_segment *segment = &request->image->segments[i];

                        if (in_options(chip, segment->address))
                                fits &= overlay(session, segment->address, segment->data,
                                                segment->size);
                }
        if (wants_option_bytes(session))
                fits &= overlay_wanted(session);
        if (!fits)
                return session_refuse(session, SESSION_UNSUPPORTED,
                                      "these bytes do not lie within the chip's option areas");
        return STEP_NEXT;
}

/* Filler that was sent since the image was verified may have done harm to it. */
static enum step options_done(struct session *session) {
        bool verified = session->request.kind == SESSION_FLASH;

        if (!verified || !session->rom.resynced)
                return STEP_NEXT;
        session->outcome = SESSION_NOT_BOOTABLE;
        if (!session->info.unchanged)
                return session_goto(session, phase_verify);
        session->info.unchanged = false;
        session->outcome = SESSION_UNTOUCHED;
        return session_goto(session, phase_check);
}

enum step phase_options(struct session *session) {
        if (session->step == 0 && !session->options_wanted) {
                if (!wants_option_bytes(session) && !has_option_segments(session))
                        return options_done(session);
                if (!options_may_be_written(session) || want_options(session) == STEP_FAILED)
                        return STEP_FAILED;
                session->options_wanted = true;
        }
        enum step step = options_write(session);
        return step == STEP_NEXT ? options_done(session) : step;
}

/* They were read for the identification. */
enum step phase_compare_options(struct session *session) {
        if (!wants_option_bytes(session) && !has_option_segments(session))
                return STEP_NEXT;
        if (!options_may_be_written(session) || want_options(session) == STEP_FAILED)
                return STEP_FAILED;
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++) {
                size_t offset;
                const struct chip_range *area = area_at(session, i, &offset);

                for (uint32_t k = 0; k < area->size; k++) {
                        session->failure.expected = session->new_options[offset + k];
                        session->failure.found = session->options[offset + k];
                        if (session->failure.expected != session->failure.found)
                                return session_fail_at(session, SESSION_DIFFERS, area->start + k);
                }
        }
        return STEP_NEXT;
}
