/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "util/macro.h"
#include "virtual/model.h"

/*
 * What each ROM says of itself: the version of the USART protocol and the bootloader ID of a late
 * revision (AN2606, the device's section and table 3). Rows that are not here speak 3.1.
 */
static const struct rom_row rom_rows[] = {
        { 0x412, 0x22, 0xFF },
        { 0x410, 0x22, 0xFF },
        { 0x414, 0x22, 0xFF },
        { 0x420, 0x22, 0x10 },
        { 0x428, 0x22, 0x10 },
        { 0x418, 0x22, 0xFF },
        { 0x430, 0x30, 0x21 },
        { 0x411, 0x31, 0x33 },
        { 0x416, 0x30, 0x20 },
        { 0x429, 0x31, 0x20 },
        { 0x495, 0x32, 0xD5 },
        { 0x44C, 0x40, 0xB0 },
        { 0x44D, 0x40, 0x21 },
        { 0x44E, 0x40, 0x01 },
        { 0x44F, 0x40, 0x00 },
        { 0x45A, 0x40, 0x00 },
        { 0x474, 0x40, 0xE2 },
        { 0x484, 0x40, 0xE5 },
        { 0x478, 0x40, 0xE2 },
        { 0x47A, 0x40, 0xF0 },
        { 0x485, 0x40, 0xE5 },
        { 0x454, 0x40, 0xE2 },
        { 0x42A, 0x40, 0xE0 },
        { 0x4B2, 0x40, 0xD0 },
        { 0x4B0, 0x40, 0xD2 },
        { 0x03B, 0x20, 0xFF },
        { 0x03F, 0x40, 0xFF },
        { 0x006, 0x10, 0xFF },
        { 0x05F, 0x40, 0xFF },
        /* protocol 3.1, for the ID's sake */
        { 0x413, 0x31, 0x91 },
        { 0x419, 0x31, 0x91 },
        { 0x450, 0x31, 0x90 },
        { 0x460, 0x31, 0xB3 },
        { 0x467, 0x31, 0x92 },
};

static const struct rom_row usual = { 0, 0x31, 0x90 };

const struct rom_row *rom_row_find(const struct chip *chip) {
        for (size_t i = 0; i < ARRAY_SIZE(rom_rows); i++)
                if (rom_rows[i].id == chip->id)
                        return &rom_rows[i];
        return &usual;
}

uint8_t rom_bootloader_id(const struct virtual_stm32 *chip) {
        return chip->config.bootloader_id ? chip->config.bootloader_id
                                          : chip->rom_row->bootloader_id;
}

/* AN2606 names special commands for these. */
static bool has_special(const struct chip *chip) {
        static const char *const families[] = { "C5", "H5", "L5", "U3", "U5", "WBA" };

        for (size_t i = 0; i < ARRAY_SIZE(families); i++)
                if (strcmp(chip->family, families[i]) == 0)
                        return true;
        return false;
}

/* The command codes that Get lists, in its order. Returns how many. */
size_t rom_commands(const struct virtual_stm32 *chip, uint8_t ret[static ROM_COMMANDS_MAX]) {
        const struct chip *row = chip->chip;
        bool blue = row->quirks & CHIP_QUIRK_8N1; /* WB0 and WL3: a loader of its own */
        bool old = blue || chip->rom_row->version < 0x30;
        size_t n = 0;

        ret[n++] = 0x00;
        ret[n++] = 0x01;
        ret[n++] = 0x02;
        ret[n++] = 0x11;
        ret[n++] = 0x21;
        ret[n++] = 0x31;
        ret[n++] = old ? 0x43 : 0x44;
        if (!blue) {
                ret[n++] = 0x63;
                ret[n++] = 0x73;
        }
        if (!(row->quirks & CHIP_QUIRK_NO_RDP)) {
                ret[n++] = 0x82;
                ret[n++] = 0x92;
        }
        if (has_special(row) || chip->config.all_commands)
                ret[n++] = 0x50;
        if (chip->config.all_commands) {
                ret[n++] = 0x51;
                ret[n++] = 0xA1;
        }
        return n;
}

bool rom_knows(const struct virtual_stm32 *chip, uint8_t command) {
        uint8_t commands[ROM_COMMANDS_MAX];
        size_t n = rom_commands(chip, commands);

        return memchr(commands, command, n) != NULL;
}
