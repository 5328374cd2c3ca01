/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "util/bytes.h"
#include "virtual/model.h"

/*
 * Protection (AN3155 3.9 to 3.12) and Special (3.14, 3.15). All of the option area is rewritten.
 * Chosen by this model:
 *  - where no reset follows, new protection counts from the next one on that loads option bytes;
 *  - loaders before protocol 3.1 give the second ACK of Readout Unprotect after the erase, later
 *    ones before it, as Open Bootloader does; then comes the mass erase;
 *  - a special operation answers no data and a status of one zero.
 */

/* Rewrites all areas with `bytes`, or takes as long where the row shows none. */
static bool rewrite_options(struct virtual_stm32 *chip, uint64_t now, const uint8_t *bytes) {
        if (options_writable(chip))
                return job_options(chip, now, 0, chip->options_size, bytes, chip->options_size);
        chip->options_pending = true;
        return job_compute(chip, now,
                           NSEC_PER_USEC * chip_page_erase_usec(chip->chip, chip->pages[0].size,
                                                                chip->config.timing, chip->fast));
}

static void options_command(struct virtual_stm32 *chip, uint64_t now, const uint8_t *bytes) {
        if (rewrite_options(chip, now, bytes))
                chip->rom.after = ROM_AFTER_ACK_RESET;
        else
                rom_nack(chip, now);
}

void rom_protect_list(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;
        size_t n = rom->packet[0] + 1U;
        uint8_t bytes[OPTIONS_MAX];

        if (rom->got == 1) {
                rom->need = 1 + n + 1;
                return;
        }
        if (!rom_packet_right(chip)) {
                rom_nack(chip, now);
                return;
        }
        options_protect(chip, bytes, rom->packet + 1, n);
        options_command(chip, now, bytes);
}

void rom_write_unprotect(struct virtual_stm32 *chip, uint64_t now) {
        uint8_t bytes[OPTIONS_MAX];

        options_protect(chip, bytes, NULL, 0);
        options_command(chip, chip->busy, bytes);
        (void)now;
}

void rom_readout_protect(struct virtual_stm32 *chip, uint64_t now) {
        uint8_t bytes[OPTIONS_MAX];

        options_set_rdp(chip, bytes, true);
        options_command(chip, chip->busy, bytes);
        (void)now;
}

/* ---- Readout Unprotect: all of flash, the RAM, then the option bytes ---- */

void rom_readout_unprotect(struct virtual_stm32 *chip, uint64_t now) {
        bool early = chip->rom_row->version >= 0x31;

        if (early && !rom_ack(chip, now))
                return;
        chip->rom.after = early ? ROM_AFTER_REGRESSION : ROM_AFTER_REGRESSION_ACK;
        if (!job_erase_banks(chip, chip->busy, 1U << 1 | 1U << 2))
                rom_nack(chip, now);
}

/* The flash is erased. */
void rom_regress(struct virtual_stm32 *chip, uint64_t now) {
        uint8_t bytes[OPTIONS_MAX];

        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                if (chip->ram[i])
                        memset(chip->ram[i], 0, chip->chip->ram[i].size);

        options_set_rdp(chip, bytes, false);
        chip->rom.after =
                chip->rom.after == ROM_AFTER_REGRESSION ? ROM_AFTER_RESET : ROM_AFTER_ACK_RESET;
        (void)rewrite_options(chip, now, bytes);
}

/* ---- Special and Extended Special ---- */

/* What AN2606 names, by family. */
static bool special_known(const struct virtual_stm32 *chip, uint16_t code) {
        const char *family = chip->chip->family;

        if (chip->config.all_commands)
                return code == 0x0001 || code == 0x0002 || code == 0x0082;
        if (strcmp(family, "H5") == 0)
                return code == 0x0001 || code == 0x0002 || code == 0x0083;
        if (strcmp(family, "C5") == 0)
                return code == 0x0002 || code == 0x00A4;
        return code == 0x0082;
}

void rom_special_code(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;

        rom->special = get_be16(rom->packet);
        if (!rom_packet_right(chip) || !special_known(chip, rom->special))
                rom_nack(chip, now);
        else if (rom_ack(chip, now))
                rom_expect(chip, ROM_SPECIAL_DATA, 2);
}

static void special_answer(struct virtual_stm32 *chip, uint64_t now) {
        static const uint8_t no_data[] = { 0, 0 }, status[] = { 0, 1, 0 };

        if (chip->rom.command == 0x50)
                rom_send(chip, now, no_data, sizeof(no_data));
        rom_send(chip, now, status, sizeof(status));
        (void)rom_ack(chip, now);
        rom_done(chip);
        if (chip->rom.special == 0x0002)
                rom_system_reset(chip);
}

/* A size in two bytes, data, checksum. True: the packet is complete and right. */
static bool special_packet(struct virtual_stm32 *chip, uint64_t now, size_t most) {
        struct rom *rom = &chip->rom;
        size_t size = get_be16(rom->packet);

        if (rom->got == 2) {
                /* too much: NACK at once, and what follows is taken for commands */
                if (size > most)
                        rom_nack(chip, now);
                else
                        rom->need = 2 + size + 1;
                return false;
        }
        if (!rom_packet_right(chip)) {
                rom_nack(chip, now);
                return false;
        }
        return rom_ack(chip, now);
}

void rom_special_data(struct virtual_stm32 *chip, uint64_t now) {
        if (!special_packet(chip, now, 128))
                return;
        if (chip->rom.command == 0x51)
                rom_expect(chip, ROM_SPECIAL_MORE, 2);
        else
                special_answer(chip, now);
}

void rom_special_more(struct virtual_stm32 *chip, uint64_t now) {
        if (special_packet(chip, now, 1024))
                special_answer(chip, now);
}
