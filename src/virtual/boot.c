/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "util/macro.h"
#include "virtual/model.h"

/*
 * What a reset starts: AN2606 table 2, one row a boot pattern. Chosen by this model where no manual
 * says it:
 *  - the levels count at the instant at which NRST is released;
 *  - a row whose start-up time AN2606 does not list takes 20 ms, an application 50 us;
 *  - a stack pointer is right anywhere in the first MiB of SRAM or in CCM, since AN2606 names the
 *    RAM that the ROM leaves, not all that the chip has, and for some rows too little.
 */

#define STARTUP_UNKNOWN     (20 * USEC_PER_MSEC)
#define STARTUP_APPLICATION 50

#define APPLICATION_BAUD 115200

/* ---- is there something that can run? ---- */

static bool stack_valid(const struct virtual_stm32 *chip, uint32_t stack) {
        static const struct chip_range usual[] = {
                { 0x20000000, 0x100000 },
                { 0x10000000, 0x10000 },
        };

        /* it may point just behind the end, where the first push begins */
        if (stack % 4 != 0)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
                if (stack - usual[i].start - 1 < usual[i].size)
                        return true;
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++) {
                struct chip_range ram = chip->chip->ram[i];
                uint32_t base = ram.start & 0xFF000000;

                if (ram.size > 0 && stack - base - 1 < ram.start - base + ram.size)
                        return true;
        }
        return false;
}

static bool code_valid(const struct virtual_stm32 *chip, uint32_t vector) {
        uint32_t address = chip_resolve_alias(chip->chip, vector & ~1U);
        struct region region = memory_find(chip, address, 2);
        uint8_t code[2];

        if (!(vector & 1)) /* Thumb only */
                return false;
        if (region.type == REGION_FLASH && !flash_sound(chip, address, sizeof(code)))
                return false;
        if (region.type != REGION_FLASH && region.type != REGION_RAM)
                return false;

        memory_read(chip, region, address, code, sizeof(code));
        return code[0] != chip->chip->erased || code[1] != chip->chip->erased;
}

static bool vectors_valid(const struct virtual_stm32 *chip, uint32_t address) {
        struct region region = memory_find(chip, address, 8);

        if (region.type != REGION_FLASH && region.type != REGION_RAM)
                return false;
        if (region.type == REGION_FLASH && !flash_sound(chip, address, 8))
                return false;
        return stack_valid(chip, memory_read_word(chip, address)) &&
               code_valid(chip, memory_read_word(chip, address + 4));
}

/* ---- where to ---- */

/* The address of the bank's first page, if the ROM would start what is in it. */
static bool bank_bootable(const struct virtual_stm32 *chip, uint8_t bank, uint32_t *ret_address) {
        for (size_t i = 0; i < chip->n_pages; i++) {
                uint32_t address = chip->pages[i].address;

                if (chip->pages[i].bank != bank)
                        continue;
                if (!stack_valid(chip, memory_read_word(chip, address)))
                        return false;
                *ret_address = address;
                return true;
        }
        return false;
}

/* BFB2 and its kin: bank 2 if it can start, else bank 1, else the ROM. */
static enum boot_target boot_banks(struct virtual_stm32 *chip, uint32_t *ret_address) {
        if (bank_bootable(chip, 2, ret_address) || bank_bootable(chip, 1, ret_address))
                return BOOT_FLASH;
        return BOOT_ROM;
}

/* BOOT0, or the bit that stands for it. */
static bool boot0_high(const struct virtual_stm32 *chip) {
        return chip->values.pin_ignored ? !chip->values.nboot0 : chip->boot0;
}

/* Patterns 8, 9 and 12: an option value for each level of BOOT0. (10: H7 shows no option bytes.) */
static enum boot_target boot_address(struct virtual_stm32 *chip, uint32_t *ret_address) {
        const struct option_values *values = &chip->values;
        uint32_t address = values->boot_address[0];

        /* F76 with two banks and dual boot: BOOT_ADD0, whatever the pin (AN2606, V9.3) */
        if (chip->chip->pattern == 9 && values->dual_boot) {
                if (!flash_contains(chip, chip_resolve_alias(chip->chip, address), 4))
                        return BOOT_ROM;
                return boot_banks(chip, ret_address);
        }

        address = values->boot_address[boot0_high(chip)];
        /* the ROM, and its ITCM alias */
        if (address - chip->chip->system.start < chip->chip->system.size || address == 0x00100000)
                return BOOT_ROM;
        *ret_address = chip_resolve_alias(chip->chip, address);
        return BOOT_FLASH;
}

static enum boot_target boot_decide(struct virtual_stm32 *chip, uint32_t *ret_address) {
        const struct option_values *values = &chip->values;
        uint8_t pattern = chip->chip->pattern;
        bool by_boot1 = pattern == 1 || pattern == 3 || pattern == 4 || pattern == 5;
        bool sram = by_boot1 && !values->has_nboot1 ? chip->boot1 : !values->nboot1;

        *ret_address = chip->chip->flash_start;

        if (values->rdp_level == 2 && chip->chip->id != 0x449)
                return BOOT_FLASH;
        if (values->has_boot_address)
                return boot_address(chip, ret_address);
        if (values->boot_lock)
                return BOOT_FLASH;

        if (boot0_high(chip) && sram)
                return BOOT_SRAM;
        if (boot0_high(chip) && !(pattern == 3 && values->dual_boot))
                return BOOT_ROM;
        if (values->dual_boot)
                return boot_banks(chip, ret_address);
        if (chip->chip->quirks & CHIP_QUIRK_EMPTY_CHECK && chip->empty)
                return BOOT_ROM;
        return BOOT_FLASH;
}

/* ---- on the way ---- */

/* Set at power-on and option loading only, from the first word of flash (RM0444 3.3.4). */
static void empty_check(struct virtual_stm32 *chip) {
        uint32_t word = memory_read_word(chip, chip->chip->flash_start);

        chip->empty = word == chip->chip->erased * 0x01010101U;
}

/* NRST goes high, or power comes. */
void boot_release(struct virtual_stm32 *chip, uint64_t now) {
        uint64_t startup = STARTUP_APPLICATION;

        if (chip->options_pending && (chip->options_loading || options_load_at_reset(chip))) {
                options_load(chip);
                empty_check(chip);
        }

        chip->boot_target = boot_decide(chip, &chip->boot_address);
        if (chip->boot_target == BOOT_ROM) {
                startup = chip->chip->startup_usec ? chip->chip->startup_usec : STARTUP_UNKNOWN;
                if (chip->config.timing == CHIP_WORST)
                        startup = MAX(startup, (uint64_t)chip->chip->startup_slow_usec);
        }
        chip->state = VIRTUAL_STARTING;
        chip->boot_at = now + startup * NSEC_PER_USEC;
        model_schedule(chip);
}

void boot_finish(struct virtual_stm32 *chip, uint64_t now) {
        chip->boot_at = USEC_INFINITY;

        switch (chip->boot_target) {
        case BOOT_ROM:
                chip->state = VIRTUAL_ROM;
                chip->busy = now;
                chip->chip_receiver.from = now;
                line_discard(&chip->lines[TO_CHIP], now);
                if (chip->chip->quirks & CHIP_QUIRK_EMPTY_CLEARED)
                        chip->empty = false;
                break;
        case BOOT_FLASH:
                boot_start(chip, now, chip->boot_address);
                break;
        case BOOT_SRAM:
                chip->state = VIRTUAL_HUNG; /* nothing was loaded there */
                break;
        }
}

/* ---- the application ---- */

static uint32_t crc32(const uint8_t *data, size_t size) {
        static const uint32_t nibbles[16] = {
                0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
                0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
        };
        uint32_t crc = 0xFFFFFFFF;

        for (size_t i = 0; i < size; i++) {
                crc = nibbles[(crc ^ data[i]) & 0xF] ^ crc >> 4;
                crc = nibbles[(crc ^ data[i] >> 4) & 0xF] ^ crc >> 4;
        }
        return ~crc;
}

/* CRC-32 of the flash from `address` to the last byte that is not erased; 0 for code in RAM. */
static uint32_t application_crc(const struct virtual_stm32 *chip, uint32_t address) {
        uint32_t start = address - chip->chip->flash_start, end = chip->flash_span;

        if (start >= end)
                return 0;
        while (end > start && chip->flash[end - 1] == chip->chip->erased)
                end--;
        return crc32(chip->flash + start, end - start);
}

/* Starts the code whose vector table is at `address`, or locks up. */
void boot_start(struct virtual_stm32 *chip, uint64_t now, uint32_t address) {
        struct frame format = {
                .length = frame_length(APPLICATION_BAUD, 11),
                .n = 11,
                .two_stop_bits = true,
        };
        char banner[64];

        if (!vectors_valid(chip, address)) {
                chip->state = VIRTUAL_HUNG;
                return;
        }
        chip->state = VIRTUAL_RUNNING;
        chip->running_from = address;

        (void)snprintf(banner, sizeof(banner), "APP %08x running from 0x%08x\r\n",
                       application_crc(chip, address), address);
        model_transmit(chip, now, format, (const uint8_t *)banner, strlen(banner));
}
