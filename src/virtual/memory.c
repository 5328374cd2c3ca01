/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "util/bytes.h"
#include "util/macro.h"
#include "virtual/model.h"

/* The address map as the ROM sees it: flash (without aliases), the RAM it leaves to the host,
 * option bytes, system memory, and the factory-programmed area. All else is no memory. */

/* Size and alignment of the readable block around size register or unique ID: stm32loader reads 256
 * bytes of an F4, 128 of an L0. */
uint32_t memory_device_block(const struct virtual_stm32 *chip) {
        return chip->chip->quirks & CHIP_QUIRK_BLOCK_128 ? 128 : 256;
}

static bool range_holds(struct chip_range range, uint32_t address, size_t size) {
        return address - range.start < range.size && size <= range.size - (address - range.start);
}

static bool device_holds(const struct virtual_stm32 *chip, uint32_t base, uint32_t address,
                         size_t size) {
        struct chip_range range = {
                .start = ALIGN_DOWN(base, memory_device_block(chip)),
                .size = memory_device_block(chip),
        };

        return base != 0 && range_holds(range, address, size);
}

struct region memory_find(const struct virtual_stm32 *chip, uint32_t address, size_t size) {
        const struct chip *row = chip->chip;
        size_t options = 0;

        if (flash_contains(chip, address, size))
                return (struct region){ .type = REGION_FLASH };

        for (size_t i = 0; i < CHIP_RANGES_MAX; i++) {
                if (range_holds(row->ram[i], address, size))
                        return (struct region){
                                .type = REGION_RAM,
                                .index = i,
                                .offset = address - row->ram[i].start,
                        };
                if (range_holds(row->options[i], address, size))
                        return (struct region){
                                .type = REGION_OPTIONS,
                                .index = i,
                                .offset = options + (address - row->options[i].start),
                        };
                options += row->options[i].size;
        }

        /* G0B1 and H523 have the bootloader ID outside of the ROM listed (AN2606 table 226) */
        if (range_holds(row->system, address, size) ||
            (row->bootloader_id && address == row->bootloader_id && size == 1))
                return (struct region){ .type = REGION_SYSTEM };
        if (device_holds(chip, row->flash_size_register, address, size) ||
            device_holds(chip, row->unique_id, address, size))
                return (struct region){ .type = REGION_DEVICE };
        return (struct region){ .type = REGION_NONE };
}

/* RM0038 31.1.1: some categories of L1 hold a code, or have a byte without meaning in it. */
static uint16_t size_register(const struct virtual_stm32 *chip) {
        uint16_t size = (uint16_t)(chip->flash_size / 1024);

        if (chip->config.size_blank)
                return 0xFFFF;
        if (chip->chip->quirks & CHIP_QUIRK_SIZE_CODE)
                return size == 256;
        if (chip->chip->quirks & CHIP_QUIRK_SIZE_LOW_BYTE)
                return size | 0xA500;
        return size;
}

/* One byte outside of what can be written: identity, else something that never changes. */
static uint8_t constant_byte(const struct virtual_stm32 *chip, uint32_t address) {
        const struct chip *row = chip->chip;

        for (size_t i = 0, offset = 0; i < CHIP_RANGES_MAX; offset += row->options[i++].size)
                if (range_holds(row->options[i], address, 1))
                        return chip->options[offset + (address - row->options[i].start)];
        if (row->flash_size_register && address - row->flash_size_register < 2)
                return (uint8_t)(size_register(chip) >> 8 * (address - row->flash_size_register));
        if (row->unique_id && address - row->unique_id < sizeof(chip->unique_id))
                return chip->unique_id[address - row->unique_id];
        if (row->bootloader_id && address == row->bootloader_id)
                return rom_bootloader_id(chip);
        if (range_holds(row->system, address, 1))
                return (uint8_t)(address * 0x9E3779B1U >> 24); /* no ROM is copied here */
        return 0xFF;
}

void memory_read(const struct virtual_stm32 *chip, struct region region, uint32_t address,
                 uint8_t *ret_data, size_t size) {
        switch (region.type) {
        case REGION_FLASH:
                memcpy(ret_data, chip->flash + (address - chip->chip->flash_start), size);
                break;
        case REGION_RAM:
                memcpy(ret_data, chip->ram[region.index] + region.offset, size);
                break;
        case REGION_OPTIONS:
                memcpy(ret_data, chip->options + region.offset, size);
                break;
        case REGION_SYSTEM:
        case REGION_DEVICE:
                for (size_t i = 0; i < size; i++)
                        ret_data[i] = constant_byte(chip, address + (uint32_t)i);
                break;
        case REGION_NONE:
                memset(ret_data, 0, size);
                break;
        }
}

uint32_t memory_read_word(const struct virtual_stm32 *chip, uint32_t address) {
        uint8_t data[4];

        memory_read(chip, memory_find(chip, address, sizeof(data)), address, data, sizeof(data));
        return get_le32(data);
}

bool virtual_peek(const struct virtual_stm32 *chip, uint32_t address, void *ret_data, size_t size) {
        struct region region = memory_find(chip, address, size);

        if (region.type == REGION_NONE)
                return false;
        memory_read(chip, region, address, ret_data, size);
        return true;
}

bool virtual_poke(struct virtual_stm32 *chip, uint32_t address, const void *data, size_t size) {
        struct region region = memory_find(chip, address, size);

        switch (region.type) {
        case REGION_FLASH:
                flash_poke(chip, address, data, size);
                return true;
        case REGION_RAM:
                memcpy(chip->ram[region.index] + region.offset, data, size);
                return true;
        case REGION_OPTIONS:
                memcpy(chip->options + region.offset, data, size);
                chip->options_pending = true;
                return true;
        case REGION_SYSTEM:
        case REGION_DEVICE:
        case REGION_NONE:
                break;
        }
        return false;
}
