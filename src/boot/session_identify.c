/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/session_internal.h"
#include "util/bytes.h"
#include "util/macro.h"

enum step phase_enter(struct session *session) {
        if (session->step++ == 0) {
                rom_enter(&session->rom);
                return STEP_BUSY;
        }
        session->info.identified = true;
        session->info.chip_id = session->rom.chip_id;
        return STEP_NEXT;
}

/* ---- what Get and Get ID said ---- */

bool session_lists(const struct session *session, enum an3155_command command) {
        return session->commands[command / 8] >> command % 8 & 1;
}

static enum step take_identity(struct session *session) {
        struct rom *rom = &session->rom;
        const char *name = session->config.chip_name;
        size_t n_commands;
        const uint8_t *commands = rom_data(rom, &n_commands);

        session->info.chip = rom->chip = chip_by_id(rom->chip_id);
        session->failure.chip_id = rom->chip_id;
        if (name && !(rom->chip && chip_name_fits(name, rom->chip)))
                return session_fail(session, SESSION_WRONG_CHIP);

        session->info.rom_version = commands[0];
        for (size_t i = 1; i < n_commands; i++)
                session->commands[commands[i] / 8] |= (uint8_t)(1U << commands[i] % 8);
        /* both are never listed (AN3155 table 2) */
        if (session_lists(session, AN3155_EXTENDED_ERASE))
                rom->erase_command = AN3155_EXTENDED_ERASE;
        else if (session_lists(session, AN3155_ERASE))
                rom->erase_command = AN3155_ERASE;

        if (rom->chip && !(rom->chip->quirks & CHIP_QUIRK_PIN_OFF))
                rom_allow_reset(rom);

        session->block_max = PLAN_BLOCK_MAX;
        if (rom->chip && rom->chip->quirks & CHIP_QUIRK_BLOCK_128)
                session->block_max = 128;
        return STEP_BUSY;
}

/* ---- what can be read ---- */

enum {
        IDENTIFY_BEGIN,
        IDENTIFY_LISTED,
        IDENTIFY_READ,
        IDENTIFY_REENTERED,
};

enum {
        READ_BOOTLOADER_ID,
        READ_FLASH_SIZE,
        READ_UNIQUE_ID,
        READ_FIRST_WORD,
        READ_OPTIONS, /* and from here on one per block of option bytes */
};

struct id_read {
        uint32_t address, size; /* what is asked for */
        uint32_t offset;        /* of what is wanted within it */
};

static uint32_t option_block(const struct session *session, size_t index, uint32_t *ret_size) {
        const struct chip *chip = session->rom.chip;

        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                for (uint32_t at = 0; at < chip->options[i].size; at += session->block_max)
                        if (index-- == 0) {
                                *ret_size = MIN(session->block_max, chip->options[i].size - at);
                                return chip->options[i].start + at;
                        }
        return 0;
}

/*
 * F4's and L0's ROMs refuse short reads of the size register and the unique ID, and answer when a
 * whole block around them is asked for: found by users on F401 and L05x (stm32loader pull 25, issue
 * 61) and L073 (electronics.stackexchange.com/418064). Of other ROMs it is hearsay which of the two
 * they answer: one that refuses the usual one is asked the other way.
 */
static void widen(const struct session *session, struct id_read *read) {
        bool usual = session->rom.chip->quirks & CHIP_QUIRK_BULK_ID_READ;
        uint32_t block = session->block_max;

        if (usual == session->id_otherwise)
                return;
        read->offset = read->address % block;
        if (read->offset + read->size > block) {
                read->offset = 0;
                return;
        }
        read->address -= read->offset;
        read->size = block;
}

static bool id_read(const struct session *session, size_t index, struct id_read *ret) {
        const struct chip *chip = session->rom.chip;

        *ret = (struct id_read){ 0 };
        if (chip->quirks & CHIP_QUIRK_8N1) /* no access to peripherals or ROM (AN2606, WB0 WL3) */
                return false;
        switch (index) {
        case READ_BOOTLOADER_ID:
                ret->address = chip->bootloader_id;
                ret->size = 1;
                break;
        case READ_FLASH_SIZE:
                ret->address = chip->flash_size_register;
                ret->size = 2;
                widen(session, ret);
                break;
        case READ_UNIQUE_ID:
                ret->address = chip->unique_id;
                ret->size = 12;
                widen(session, ret);
                break;
        case READ_FIRST_WORD:
                ret->address = chip->quirks & CHIP_QUIRK_PIN_OFF ? chip->flash_start : 0;
                ret->size = 4;
                break;
        default:
                if (chip_options_size(chip) <= OPTION_BYTES_MAX)
                        ret->address = option_block(session, index - READ_OPTIONS, &ret->size);
        }
        return ret->address != 0;
}

/*
 * The size decides what may be erased, and option bytes are written back whole: read twice. But the
 * largest of the row is believed at once where it is a power of two: no single wrong bit makes it
 * of a smaller one (a smaller one it may: 128 of 192 KiB); and so are option bytes that stand
 * beside their complements.
 */
static bool reads_once(const struct session *session) {
        switch (session->index) {
        case READ_BOOTLOADER_ID:
        case READ_UNIQUE_ID:
                return true;
        case READ_FIRST_WORD:
                return false;
        case READ_FLASH_SIZE:
                return !session->doubted;
        default:
                return !session->doubted && chip_options_have_complements(session->rom.chip);
        }
}

static enum step read_id(struct session *session, const struct id_read *read) {
        (reads_once(session) ? rom_try_read : rom_try_read_twice)(&session->rom, read->address,
                                                                  read->size);
        return STEP_BUSY;
}

static bool size_is_doubtful(const struct chip *chip, const uint8_t *data) {
        uint32_t size = chip_flash_size(chip, get_le16(data));

        return size != chip->flash_size || (size & (size - 1)) != 0 ||
               chip->quirks & CHIP_QUIRK_SIZE_CODE;
}

static bool is_doubtful(const struct session *session, const struct id_read *read) {
        const struct chip *chip = session->rom.chip;
        size_t size;
        const uint8_t *data = rom_data(&session->rom, &size) + read->offset;

        if (!reads_once(session))
                return false;
        if (session->index == READ_FLASH_SIZE)
                return size_is_doubtful(chip, data);
        return session->index >= READ_OPTIONS && !chip_options_fit_complements(chip, data, size);
}

static void take_read(struct session *session, size_t index, const struct id_read *read) {
        struct session_info *info = &session->info;
        size_t size;
        const uint8_t *data = rom_data(&session->rom, &size) + read->offset;

        switch (index) {
        case READ_BOOTLOADER_ID:
                info->has_bootloader_id = true;
                info->bootloader_id = data[0];
                break;
        case READ_FLASH_SIZE:
                info->flash_size = chip_flash_size(session->rom.chip, get_le16(data));
                info->has_flash_size = info->flash_size > 0;
                break;
        case READ_UNIQUE_ID:
                info->has_unique_id = true;
                memcpy(info->unique_id, data, sizeof(info->unique_id));
                break;
        case READ_FIRST_WORD:
                session->knows_empty = true;
                session->was_empty = get_le32(data) == UINT32_MAX;
                break;
        default:
                memcpy(session->options + session->n_options, data, size);
                session->n_options += size;
        }
}

/* F4's unique ID stands in the block that its size register was read with. */
static void take_same_block(struct session *session, const struct id_read *read) {
        struct id_read next;

        while (session->index + 1 < READ_OPTIONS && id_read(session, session->index + 1, &next) &&
               next.address == read->address && next.size == read->size)
                take_read(session, ++session->index, &next);
}

static enum step identified(struct session *session) {
        struct session_info *info = &session->info;
        const struct chip *chip = session->rom.chip;

        if (session->n_options > 0 && session->n_options == chip_options_size(chip) &&
            chip_options_decode(chip, info->flash_size, session->options, session->n_options,
                                &info->options) == 0) {
                info->has_options = true;
                if (info->protection == CHIP_UNKNOWN)
                        info->protection = info->options.protection;
        }
        return STEP_NEXT;
}

/* A rate that the ROM has measured badly makes it refuse what it does not understand. */
static bool may_have_misheard(struct session *session) {
        struct rom *rom = &session->rom;
        unsigned baud = entry_careful_baud(rom->chip, rom->baud);

        if (!rom->may_reset || rom->chip->jitter_percent == 0 || baud == rom->baud)
                return false;
        rom->baud = baud;
        rom_reenter(rom);
        session->step = IDENTIFY_REENTERED;
        return true;
}

/* What is asked for next, if anything is left. */
static enum step read_next(struct session *session) {
        struct id_read read;

        while (session->index < READ_OPTIONS && !id_read(session, session->index, &read))
                session->index++;
        return id_read(session, session->index, &read) ? read_id(session, &read)
                                                       : identified(session);
}

/* Is what was refused, or came different twice, worth to be asked for again? */
static bool worth_another(struct session *session) {
        if (session->rom.status == ROM_UNSURE && !session->retried) {
                session->retried = true;
                return true;
        }
        if (session->index != READ_FLASH_SIZE)
                return false;
        session->id_otherwise = !session->id_otherwise;
        return session->id_otherwise;
}

static enum step take_answer(struct session *session) {
        const struct rom *rom = &session->rom;
        struct id_read read;

        (void)id_read(session, session->index, &read);
        if (rom->status == ROM_OK) {
                if (is_doubtful(session, &read)) {
                        session->doubted = true;
                        return read_id(session, &read);
                }
                session->info.protection = CHIP_NO;
                take_read(session, session->index, &read);
                take_same_block(session, &read);
        } else if (rom->status == ROM_NACK && rom->failure.stage == 0) {
                /* Only Get, Get Version, Get ID and Readout Unprotect are answered then (AN3155
                 * table 2). */
                if (may_have_misheard(session))
                        return STEP_BUSY;
                session->info.protection = CHIP_YES;
                return STEP_NEXT;
        } else if (worth_another(session)) {
                (void)id_read(session, session->index, &read);
                return read_id(session, &read);
        }
        session->retried = session->doubted = false;
        session->index++;
        return read_next(session);
}

enum step phase_identify(struct session *session) {
        struct rom *rom = &session->rom;

        switch (session->step) {
        case IDENTIFY_BEGIN:
                rom_get(rom);
                session->step = IDENTIFY_LISTED;
                return STEP_BUSY;
        case IDENTIFY_LISTED:
                if (rom->status != ROM_OK)
                        return session_fail_rom(session);
                if (take_identity(session) == STEP_FAILED)
                        return STEP_FAILED;
                if (!rom->chip)
                        return STEP_NEXT;
                break;
        case IDENTIFY_REENTERED:
                break;
        default:
                return take_answer(session);
        }
        session->step = IDENTIFY_READ;
        return read_next(session);
}
