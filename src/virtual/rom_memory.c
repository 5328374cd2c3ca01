/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "util/bytes.h"
#include "util/macro.h"
#include "virtual/model.h"

/*
 * Read Memory, Write Memory, Go (AN3155 3.4 to 3.6) and Get Checksum (3.13). Chosen by this model:
 *  - a block that begins in a memory and runs beyond its end is NACKed once its length is known;
 *  - a write that is misaligned for its row is NACKed with its address (rows that keep silent about
 *    bad addresses: silence), one to flash or option bytes whose size is no multiple of 4 after its
 *    data. One to RAM writes up to 3 stale bytes behind, as Open Bootloader does;
 *  - a unit whose ECC does not fit hangs the loader when it is read: nothing is known of its fault
 *    handlers;
 *  - a row with CHIP_QUIRK_BULK_ID_READ lets the block around size register and unique ID be read
 *    as a whole only.
 */

#define VOLTAGE_RANGE 0xFFFF0000U

/* Reads an address packet. False: its checksum is wrong, and NACKed. */
static bool take_address(struct virtual_stm32 *chip, uint64_t now) {
        if (!rom_packet_right(chip)) {
                rom_nack(chip, now);
                return false;
        }
        chip->rom.address = get_be32(chip->rom.packet);
        return true;
}

/* Old loaders end the command without a word, and take what follows as the next (AN3155 3.4). */
static void address_refused(struct virtual_stm32 *chip, uint64_t now) {
        if (chip->chip->quirks & CHIP_QUIRK_SILENT_ADDRESS)
                rom_done(chip);
        else
                rom_nack(chip, now);
}

/* AN3155 3.4 and 3.5 say 256 for all, and stm32flash writes so much to L0 too; others keep to 128
 * there. */
static size_t block_max(const struct virtual_stm32 *chip) {
        return chip->config.short_blocks && chip->chip->quirks & CHIP_QUIRK_BLOCK_128 ? 128 : 256;
}

/* ---- Read Memory ---- */

static bool bulk_only(const struct virtual_stm32 *chip, struct region region) {
        bool usual = chip->chip->quirks & CHIP_QUIRK_BULK_ID_READ;

        return region.type == REGION_DEVICE && usual != chip->config.id_otherwise;
}

/* The other way about: a row that is said to want bulk reads refuses them. */
static bool short_only(const struct virtual_stm32 *chip, struct region region) {
        return region.type == REGION_DEVICE && chip->chip->quirks & CHIP_QUIRK_BULK_ID_READ &&
               chip->config.id_otherwise;
}

void rom_read_address(struct virtual_stm32 *chip, uint64_t now) {
        struct region region;

        if (!take_address(chip, now))
                return;
        region = memory_find(chip, chip->rom.address, 1);
        if (region.type == REGION_NONE ||
            (bulk_only(chip, region) && chip->rom.address % memory_device_block(chip) != 0)) {
                address_refused(chip, now);
                return;
        }
        if (rom_ack(chip, now))
                rom_expect(chip, ROM_READ_LENGTH, 2);
}

/* Users of H723 see the second block that they read after writing begin with FF, and the right
 * bytes after a reset (qa-community.st.com 115022). */
static void show_stale(struct virtual_stm32 *chip, uint8_t *data, size_t size) {
        struct rom *rom = &chip->rom;

        if (!(chip->chip->quirks & CHIP_QUIRK_REREAD) || !rom->written)
                return;
        if (++rom->reads == 2) {
                rom->stale = true;
                rom->stale_at = rom->address;
        }
        if (rom->stale && rom->address == rom->stale_at)
                memset(data, 0xFF, MIN(size, (size_t)chip->chip->program_unit));
}

/* Two wrong bits in a unit with ECC end in an NMI or a bus error (RM0351 3.3.2, RM0444 3.3.2,
 * RM0433 4.7.2); L0 and L1 know none. */
static bool read_faults(const struct virtual_stm32 *chip, struct region region, size_t size) {
        return region.type == REGION_FLASH && chip->chip->quirks & CHIP_QUIRK_ECC &&
               !flash_sound(chip, chip->rom.address, size);
}

void rom_read_length(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;
        size_t size = rom->packet[0] + 1U;
        struct region region = memory_find(chip, rom->address, size);
        uint8_t data[256];

        if ((rom->packet[0] ^ rom->packet[1]) != 0xFF || size > block_max(chip) ||
            region.type == REGION_NONE ||
            (bulk_only(chip, region) && size < memory_device_block(chip)) ||
            (short_only(chip, region) && size >= memory_device_block(chip))) {
                rom_nack(chip, now);
                return;
        }
        if (!rom_ack(chip, now))
                return;
        if (read_faults(chip, region, size)) {
                rom->stalled = true;
                return;
        }
        memory_read(chip, region, rom->address, data, size);
        if (region.type == REGION_FLASH)
                show_stale(chip, data, size);
        rom_send(chip, now, data, size);
        rom_done(chip);
}

/* ---- Write Memory ---- */

static bool write_address_valid(const struct virtual_stm32 *chip, uint32_t address) {
        struct region region = memory_find(chip, address, 1);

        switch (region.type) {
        case REGION_FLASH:
                return address % chip->chip->write_align == 0;
        case REGION_RAM:
                return address % 4 == 0;
        case REGION_OPTIONS:
                /* exactly the start of an area (AN3155 3.5) */
                return address == chip->chip->options[region.index].start;
        default:
                return address == VOLTAGE_RANGE && chip->chip->quirks & CHIP_QUIRK_VOLTAGE_RANGE;
        }
}

void rom_write_address(struct virtual_stm32 *chip, uint64_t now) {
        if (!take_address(chip, now))
                return;
        if (!write_address_valid(chip, chip->rom.address)) {
                address_refused(chip, now);
                return;
        }
        if (rom_ack(chip, now))
                rom_expect(chip, ROM_WRITE_DATA, 1);
}

/* AN2606: the first byte selects, the other three stay 0xFF; 3 and 4 program words and more. */
static void write_voltage_range(struct virtual_stm32 *chip, uint64_t now, const uint8_t *data,
                                size_t size) {
        if (size != 4 || data[0] > 4 || (data[1] & data[2] & data[3]) != 0xFF) {
                rom_nack(chip, now);
                return;
        }
        chip->fast = data[0] >= 3;
        (void)rom_ack(chip, now);
        rom_done(chip);
}

static void write_flash(struct virtual_stm32 *chip, uint64_t now, const uint8_t *data,
                        size_t size) {
        uint8_t padded[256 + PROGRAM_UNIT_MAX];
        size_t whole = ALIGN_UP(size, (size_t)chip->chip->program_unit);

        chip->rom.written = true;
        chip->rom.reads = 0;

        /* the rest of the last unit is programmed too, and spent where there is ECC */
        memcpy(padded, data, size);
        memset(padded + size, chip->chip->erased, whole - size);
        if (job_program(chip, now, chip->rom.address, padded, whole)) {
                chip->rom.after = ROM_AFTER_ACK;
                return;
        }
        /* an erase that was acknowledged too early is still at work: nothing is programmed */
        (void)rom_ack(chip, now);
        rom_done(chip);
}

static void write_options(struct virtual_stm32 *chip, uint64_t now, struct region region,
                          const uint8_t *data, size_t size) {
        if (job_options(chip, now, region.offset, chip->chip->options[region.index].size, data,
                        size)) {
                chip->rom.after = ROM_AFTER_ACK_RESET;
                return;
        }
        (void)rom_ack(chip, now);
        rom_done(chip);
}

static void write_ram(struct virtual_stm32 *chip, uint64_t now, struct region region, size_t size) {
        size_t left = chip->chip->ram[region.index].size - region.offset;

        memcpy(chip->ram[region.index] + region.offset, chip->rom.packet + 1,
               MIN(ALIGN_UP(size, (size_t)4), left));
        (void)rom_ack(chip, now);
        rom_done(chip);
}

void rom_write_data(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;
        size_t size = rom->packet[0] + 1U;
        const uint8_t *data = rom->packet + 1;
        struct region region;

        if (rom->got == 1) {
                rom->need = 1 + size + 1;
                return;
        }

        if (!rom_packet_right(chip) || size > block_max(chip)) {
                rom_nack(chip, now);
                return;
        }
        if (rom->address == VOLTAGE_RANGE && chip->chip->quirks & CHIP_QUIRK_VOLTAGE_RANGE) {
                write_voltage_range(chip, now, data, size);
                return;
        }

        region = memory_find(chip, rom->address, size);
        if (region.type == REGION_NONE || (region.type != REGION_RAM && size % 4 != 0)) {
                rom_nack(chip, now);
                return;
        }
        switch (region.type) {
        case REGION_FLASH:
                write_flash(chip, now, data, size);
                break;
        case REGION_OPTIONS:
                write_options(chip, now, region, data, size);
                break;
        default:
                write_ram(chip, now, region, size);
                break;
        }
}

/* ---- Go ---- */

void rom_go_address(struct virtual_stm32 *chip, uint64_t now) {
        struct region region;
        uint32_t address;

        if (!take_address(chip, now))
                return;
        address = chip->rom.address;
        region = memory_find(chip, address, 8);
        if (region.type != REGION_FLASH && region.type != REGION_RAM) {
                address_refused(chip, now);
                return;
        }
        if (!rom_ack(chip, now))
                return;
        rom_reset(chip);
        boot_start(chip, now, address);
}

/* ---- Get Checksum: the CRC unit over 32-bit words ---- */

void rom_sum_address(struct virtual_stm32 *chip, uint64_t now) {
        if (!take_address(chip, now))
                return;
        if (chip->rom.address % 4 != 0 ||
            memory_find(chip, chip->rom.address, 4).type == REGION_NONE) {
                rom_nack(chip, now);
                return;
        }
        if (rom_ack(chip, now))
                rom_expect(chip, ROM_SUM_SIZE, 5);
}

void rom_sum_size(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;

        rom->words = get_be32(rom->packet);
        if (!rom_packet_right(chip) || rom->words == 0 || rom->words > UINT32_MAX / 4 ||
            memory_find(chip, rom->address, rom->words * (size_t)4).type == REGION_NONE) {
                rom_nack(chip, now);
                return;
        }
        if (rom_ack(chip, now))
                rom_expect(chip, ROM_SUM_POLYNOMIAL, 5);
}

void rom_sum_polynomial(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;

        rom->polynomial = get_be32(rom->packet);
        if (!rom_packet_right(chip))
                rom_nack(chip, now);
        else if (rom_ack(chip, now))
                rom_expect(chip, ROM_SUM_INITIAL, 5);
}

void rom_sum_initial(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;

        if (!rom_packet_right(chip)) {
                rom_nack(chip, now);
                return;
        }
        rom->sum_initial = get_be32(rom->packet);
        if (!rom_ack(chip, now))
                return;
        /* 4 AHB cycles a word (RM0090 4.3), here at 16 MHz */
        if (job_compute(chip, chip->busy, rom->words * 250ULL))
                rom->after = ROM_AFTER_CHECKSUM;
        else
                rom_sum_answer(chip, chip->busy);
}

void rom_sum_answer(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;
        uint32_t crc = rom->sum_initial;
        uint8_t reply[5];

        for (uint32_t i = 0; i < rom->words; i++) {
                crc ^= memory_read_word(chip, rom->address + 4 * i);
                for (unsigned bit = 0; bit < 32; bit++)
                        crc = crc << 1 ^ (crc & 1U << 31 ? rom->polynomial : 0);
        }

        put_be32(reply, crc);
        reply[4] = reply[0] ^ reply[1] ^ reply[2] ^ reply[3];
        if (rom_ack(chip, now))
                rom_send(chip, now, reply, sizeof(reply));
        rom_done(chip);
}
