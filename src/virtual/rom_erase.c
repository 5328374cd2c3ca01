/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/bytes.h"
#include "util/macro.h"
#include "virtual/model.h"

/*
 * Erase and Extended Erase (AN3155 3.7, 3.8). Protected pages and numbers that do not exist are
 * skipped without a word. A mass or bank erase that meets a protected page is refused (Open
 * Bootloader). Chosen by this model: a bank erase of a chip with one bank is refused.
 */

static void erase_done(struct virtual_stm32 *chip, uint64_t now) {
        (void)rom_ack(chip, now);
        rom_done(chip);
}

/* AN2606: G07 V11.3 and U375 V14.1 erase the first page of a list only, G0B1 of bank 2's. */
static bool skipped_by_quirk(const struct virtual_stm32 *chip, uint8_t bank, unsigned before) {
        if (chip->chip->quirks & CHIP_QUIRK_ONE_PAGE_ERASE)
                return before > 0;
        if (chip->chip->quirks & CHIP_QUIRK_ONE_PAGE_BANK2)
                return bank == 2 && before > 0;
        return false;
}

/* Reduces page numbers to the indices of pages that will be erased. Returns how many. */
static size_t pages_to_erase(const struct virtual_stm32 *chip, const uint16_t *numbers, size_t n,
                             uint16_t *ret_indices) {
        unsigned in_bank[3] = {};
        size_t count = 0;

        for (size_t i = 0; i < n; i++) {
                unsigned *before;
                size_t index;

                if (!flash_find_number(chip, numbers[i], &index))
                        continue;
                before = chip->chip->quirks & CHIP_QUIRK_ONE_PAGE_ERASE
                                 ? &in_bank[0]
                                 : &in_bank[chip->pages[index].bank];
                if (!skipped_by_quirk(chip, chip->pages[index].bank, (*before)++) &&
                    !chip->protected[index])
                        ret_indices[count++] = (uint16_t)index;
        }
        return count;
}

static void erase_pages(struct virtual_stm32 *chip, uint64_t now, const uint16_t *numbers,
                        size_t n) {
        uint16_t indices[ERASE_LIST_MAX];
        size_t count = pages_to_erase(chip, numbers, n, indices);

        if (count > 0 && job_erase_pages(chip, now, indices, count))
                chip->rom.after = ROM_AFTER_ACK;
        else
                erase_done(chip, now);
}

static bool banks_protected(const struct virtual_stm32 *chip, uint8_t banks) {
        for (size_t i = 0; i < chip->n_pages; i++)
                if (banks & 1U << chip->pages[i].bank && chip->protected[i])
                        return true;
        return false;
}

static void erase_banks(struct virtual_stm32 *chip, uint64_t now, uint8_t banks) {
        if (banks_protected(chip, banks)) {
                rom_nack(chip, now);
                return;
        }
        if (!job_erase_banks(chip, now, banks)) {
                erase_done(chip, now);
                return;
        }
        chip->rom.after = ROM_AFTER_ACK;

        /* AN2606, H74x V9.1: the ACK comes before the end, and the ROM takes commands */
        if (banks == 1U << 2 && chip->chip->quirks & CHIP_QUIRK_EARLY_ERASE_ACK) {
                chip->job.background = true;
                chip->busy = now;
                erase_done(chip, now);
        }
}

/* ---- 0x43: a count, page numbers of one byte; FF 00 is the whole flash ---- */

void rom_erase_list(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;
        size_t n = rom->packet[0] + 1U;
        uint16_t numbers[256];

        if (rom->got == 1) {
                rom->need = n == 256 ? 2 : 1 + n + 1;
                return;
        }
        if (n == 256) {
                /* FF and anything but 00: no erase, yet an ACK (AN3155 3.7) */
                if (rom->packet[1] == 0x00)
                        erase_banks(chip, now, 1U << 1 | 1U << 2);
                else
                        erase_done(chip, now);
                return;
        }
        if (!rom_packet_right(chip)) {
                rom_nack(chip, now);
                return;
        }
        for (size_t i = 0; i < n; i++)
                numbers[i] = rom->packet[1 + i];
        erase_pages(chip, now, numbers, n);
}

/* ---- 0x44: the same with 16 bits ---- */

void rom_extended_count(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;

        rom->count = get_be16(rom->packet);
        rom->sum = rom->packet[0] ^ rom->packet[1];
        rom->pages_seen = 0;
        if (rom->count >= 0xFFF0)
                rom_expect(chip, ROM_EXTENDED_SPECIAL, 1);
        else
                rom_expect(chip, ROM_EXTENDED_PAGE, 2);
        (void)now;
}

void rom_extended_special(struct virtual_stm32 *chip, uint64_t now) {
        const struct chip *row = chip->chip;
        struct rom *rom = &chip->rom;
        bool bank_erase = flash_has_two_banks(chip) && !(row->quirks & CHIP_QUIRK_NO_BANK_ERASE);
        bool right = rom->packet[0] == rom->sum;

        if (right && rom->count == 0xFFFF && !(row->quirks & CHIP_QUIRK_NO_MASS_ERASE))
                erase_banks(chip, now, 1U << 1 | 1U << 2);
        else if (right && rom->count == 0xFFFE && bank_erase)
                erase_banks(chip, now, 1U << 1);
        else if (right && rom->count == 0xFFFD && bank_erase)
                erase_banks(chip, now, 1U << 2);
        else
                rom_nack(chip, now);
}

/* Of a longer list the buffer keeps the end (Open Bootloader). */
void rom_extended_page(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;

        rom->sum ^= rom->packet[0] ^ rom->packet[1];
        rom->pages[rom->pages_seen++ % ERASE_LIST_MAX] = get_be16(rom->packet);
        if (rom->pages_seen > rom->count)
                rom_expect(chip, ROM_EXTENDED_SUM, 1);
        else
                rom_expect(chip, ROM_EXTENDED_PAGE, 2);
        (void)now;
}

void rom_extended_sum(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;

        if (rom->packet[0] != rom->sum)
                rom_nack(chip, now);
        else
                erase_pages(chip, now, rom->pages, MIN(rom->pages_seen, (size_t)ERASE_LIST_MAX));
}
