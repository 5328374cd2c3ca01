/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/rom_internal.h"
#include "util/macro.h"

/* The operations: what each says, and how long it may take. */

/* After option bytes were programmed: load, reset, start-up. */
#define OPTION_SETTLE (200 * USEC_PER_MSEC)

/* One erase and program of the option area, and far more. */
#define OPTION_TIMEOUT (5 * USEC_PER_SEC)

/* Writing the byte 3 there selects words, VDD 2.7 V to 3.6 V (AN2606, F2 F4 F7: 0xFFFF0000). */
#define VOLTAGE_RANGE_ADDRESS 0xFFFF0000

void rom_init(struct rom *rom, const struct entry_config *entry, const struct chip *chip,
              unsigned baud, bool instant) {
        *rom = (struct rom){
                .entry = entry,
                .chip = chip,
                .baud = baud,
                .may_reset = entry_can_reset(entry),
                .link = { .baud = baud, .even_parity = true, .instant = instant },
                .status = ROM_OK,
        };
}

void rom_allow_reset(struct rom *rom) {
        rom->may_reset = entry_can_reset(rom->entry);
}

static void begin(struct rom *rom, unsigned state) {
        rom->state = state;
        rom->status = ROM_BUSY;
        rom->critical = rom->may_vanish = rom->broken_is_data = rom->insists = false;
        rom->twice = rom->begun = false;
        rom->refusals = rom->breaks = rom->readings = 0;
        rom->n_reading = 0;
        rom->longest = rom->settle = 0;
}

static void begin_exchange(struct rom *rom) {
        begin(rom, ROM_STATE_START);
        for (unsigned i = 0; i < rom->wanted.n_stages; i++)
                rom->longest = MAX(rom->longest, rom->wanted.stages[i].timeout);
}

void rom_enter(struct rom *rom) {
        begin(rom, ROM_STATE_ENTER);
        enter_begin(&rom->enter, rom->entry, rom->chip, rom->baud);
        rom->enter.look_first = entry_looks_first(rom->entry, rom->chip);
}

void rom_reenter(struct rom *rom) {
        begin(rom, ROM_STATE_REENTER);
        enter_begin(&rom->enter, rom->entry, rom->chip, rom->baud);
}

void rom_look(struct rom *rom) {
        begin(rom, ROM_STATE_LOOK);
        enter_begin_look(&rom->enter, rom->entry, rom->chip, rom->baud);
}

void rom_get(struct rom *rom) {
        const struct chip *chip = chip_by_id(rom->chip_id);

        an3155_get(&rom->wanted);
        /* Elsewhere a list that is short by one byte was damaged on its way. */
        rom->wanted.stages[0].count_unsure = chip && chip->quirks & CHIP_QUIRK_GET_COUNT;
        begin_exchange(rom);
        rom->twice = rom->insists = true;
}

void rom_read(struct rom *rom, uint32_t address, size_t size) {
        an3155_read(&rom->wanted, address, size);
        begin_exchange(rom);
        rom->insists = true;
}

void rom_try_read(struct rom *rom, uint32_t address, size_t size) {
        rom_read(rom, address, size);
        rom->broken_is_data = true;
        rom->insists = false;
}

void rom_read_twice(struct rom *rom, uint32_t address, size_t size) {
        rom_read(rom, address, size);
        rom->twice = true;
}

void rom_try_read_twice(struct rom *rom, uint32_t address, size_t size) {
        rom_try_read(rom, address, size);
        rom->twice = true;
}

void rom_write(struct rom *rom, uint32_t address, const uint8_t *data, size_t size) {
        uint64_t timeout = AN3155_TIMEOUT;

        if (rom->chip)
                timeout += 3 * chip_program_usec(rom->chip, size, CHIP_WORST, false);
        an3155_write(&rom->wanted, address, data, size, timeout);
        begin_exchange(rom);
        rom->broken_is_data = rom->insists = true;
}

/* ---- erase ---- */

/* Per page what datasheets allow, three times; never less than 5 s a command. */
static uint64_t erase_timeout(const struct rom *rom, const struct flash_page *page) {
        if (rom->chip)
                return 3 * chip_page_erase_usec(rom->chip, page->size, CHIP_WORST, false);
        return page->size <= 8192 ? 200 * USEC_PER_MSEC : 12 * USEC_PER_SEC;
}

void rom_erase(struct rom *rom, const struct flash_page *pages, size_t n_pages) {
        uint16_t numbers[AN3155_ERASE_PAGES_MAX];
        uint64_t timeout = 0;

        assert(n_pages >= 1 && n_pages <= AN3155_ERASE_PAGES_MAX);
        for (size_t i = 0; i < n_pages; i++) {
                numbers[i] = pages[i].number;
                timeout += erase_timeout(rom, &pages[i]);
        }
        an3155_erase(&rom->wanted, rom->erase_command, numbers, n_pages,
                     MAX(timeout, 5 * USEC_PER_SEC));
        begin_exchange(rom);
        rom->insists = true;
}

/* What datasheets allow, and a quarter more. */
static uint64_t mass_erase_time(const struct rom *rom, uint32_t flash_size) {
        uint64_t worst = 0;

        if (rom->chip)
                worst = chip_mass_erase_usec(rom->chip, flash_size, CHIP_WORST, false);
        if (worst == 0)
                worst = 60 * USEC_PER_SEC; /* F4 with 2 MiB, in bytes: 32 s a bank */
        return worst + worst / 4;
}

static uint64_t mass_erase_timeout(const struct rom *rom, uint32_t flash_size) {
        return mass_erase_time(rom, flash_size) + 10 * USEC_PER_SEC;
}

void rom_erase_all(struct rom *rom, uint32_t flash_size) {
        an3155_erase_all(&rom->wanted, rom->erase_command, mass_erase_timeout(rom, flash_size));
        begin_exchange(rom);
        rom->refusals = ROM_REFUSALS_MAX - 1;
}

void rom_erase_bank(struct rom *rom, uint8_t bank, uint32_t flash_size) {
        an3155_erase_bank(&rom->wanted, bank, mass_erase_timeout(rom, flash_size));
        begin_exchange(rom);
        rom->refusals = ROM_REFUSALS_MAX - 1;
}

size_t rom_erase_limit(const struct rom *rom, const struct flash_page *first) {
        uint32_t quirks = rom->chip ? rom->chip->quirks : 0;

        if (quirks & CHIP_QUIRK_ONE_PAGE_ERASE ||
            (quirks & CHIP_QUIRK_ONE_PAGE_BANK2 && first->bank == 2))
                return 1;
        return AN3155_ERASE_PAGES_MAX;
}

/* ---- the rest ---- */

void rom_go(struct rom *rom, uint32_t address) {
        an3155_go(&rom->wanted, address);
        /* The ACK that a ROM forgets is the command's (AN2606, H74x V9.0). */
        rom->wanted.stages[0].ack_optional = rom->chip && rom->chip->quirks & CHIP_QUIRK_GO_NO_ACK;
        begin_exchange(rom);
}

void rom_steps(struct rom *rom, const struct entry_sequence *steps) {
        begin(rom, ROM_STATE_STEPS);
        link_steps(&rom->link, steps);
}

void rom_describe_voltage_range(struct exchange *ret) {
        static const uint8_t range[4] = { 0x03, 0xFF, 0xFF, 0xFF };

        an3155_write(ret, VOLTAGE_RANGE_ADDRESS, range, sizeof(range), AN3155_TIMEOUT);
}

void rom_raise_voltage_range(struct rom *rom) {
        rom_describe_voltage_range(&rom->wanted);
        begin_exchange(rom);
        rom->fast = true;
}

static void begin_critical(struct rom *rom, uint64_t settle) {
        begin_exchange(rom);
        rom->critical = true;
        rom->settle = settle;
}

void rom_write_options(struct rom *rom, uint32_t address, const uint8_t *data, size_t size,
                       bool may_vanish) {
        an3155_write(&rom->wanted, address, data, size, OPTION_TIMEOUT);
        begin_critical(rom, OPTION_SETTLE);
        rom->may_vanish = may_vanish;
}

void rom_write_protect(struct rom *rom, const uint8_t *sectors, size_t n_sectors) {
        an3155_write_protect(&rom->wanted, sectors, n_sectors, OPTION_TIMEOUT);
        begin_critical(rom, OPTION_SETTLE);
}

void rom_protection(struct rom *rom, enum an3155_command command, uint32_t flash_size) {
        bool erases = command == AN3155_READOUT_UNPROTECT;

        an3155_protection(&rom->wanted, (uint8_t)command,
                          erases ? mass_erase_timeout(rom, flash_size) : OPTION_TIMEOUT);
        begin_critical(rom, OPTION_SETTLE + (erases ? mass_erase_time(rom, flash_size) : 0));
}

bool rom_was_reset(const struct rom *rom) {
        return !rom->enter.synced_by_nack;
}

bool rom_reset_itself(const struct rom *rom) {
        return rom_was_reset(rom) && rom->enter.current.sequence.n_steps == 0;
}

const uint8_t *rom_data(const struct rom *rom, size_t *ret_size) {
        *ret_size = rom->link.exchange.n_data;
        return rom->link.exchange.data;
}
