/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/rom.h"
#include "util/macro.h"

/* How often a refused or broken operation is repeated, and how often all of them together. */
enum {
        REFUSALS_MAX = 3,
        BREAKS_MAX = 3,
        RECOVERIES_MAX = 30,
};

/* A second NACK, if it comes (AN2606, Read/Write/Go under RDP), follows at once. */
#define NACK_SETTLE (2 * USEC_PER_MSEC)

/* Late answers have come by then: a USB adapter's latency timer and a loaded host. */
#define BROKEN_SETTLE (50 * USEC_PER_MSEC)

/* After option bytes were programmed: load, reset, start-up. */
#define OPTION_SETTLE (200 * USEC_PER_MSEC)

/* One erase and program of the option area, and far more. */
#define OPTION_TIMEOUT (5 * USEC_PER_SEC)

/* AN3155 3.12: the host waits for the mass erase; a second ACK that took this long came after it.
 */
#define UNPROTECT_ACK_SOON (200 * USEC_PER_MSEC)

/* Writing the byte 3 there selects words, VDD 2.7 V to 3.6 V (AN2606, F2 F4 F7: 0xFFFF0000). */
#define VOLTAGE_RANGE_ADDRESS 0xFFFF0000

enum {
        STATE_IDLE,
        STATE_START,
        STATE_EXCHANGE,
        STATE_REFUSED,
        STATE_BROKEN,
        STATE_RECOVER,
        STATE_RESYNC,
        STATE_ENTER,
        STATE_FAST,
        STATE_STEPS,
        STATE_SETTLE, /* after a critical section */
        STATE_REENTER,
        STATE_LOOK,
};

static bool can_reset(const struct entry_config *entry) {
        return entry->has_reset || entry->sequence.n_steps > 0;
}

void rom_init(struct rom *rom, const struct entry_config *entry, const struct chip *chip,
              unsigned baud, bool instant) {
        *rom = (struct rom){
                .entry = entry,
                .chip = chip,
                .baud = baud,
                .may_reset = can_reset(entry),
                .link = { .baud = baud, .even_parity = true, .instant = instant },
                .status = ROM_OK,
        };
}

void rom_allow_reset(struct rom *rom) {
        rom->may_reset = can_reset(rom->entry);
}

static void begin(struct rom *rom, unsigned state) {
        rom->state = state;
        rom->status = ROM_BUSY;
        rom->critical = rom->broken_is_data = false;
        rom->refusals = rom->breaks = 0;
        rom->longest = rom->settle = 0;
}

static void begin_exchange(struct rom *rom) {
        begin(rom, STATE_START);
        for (unsigned i = 0; i < rom->wanted.n_stages; i++)
                rom->longest = MAX(rom->longest, rom->wanted.stages[i].timeout);
}

static enum rom_status end(struct rom *rom, enum rom_status status) {
        rom->state = STATE_IDLE;
        rom->critical = false;
        rom->status = status;
        return status;
}

/* ---- the operations ---- */

void rom_enter(struct rom *rom) {
        begin(rom, STATE_ENTER);
        enter_begin(&rom->enter, rom->entry, rom->chip, rom->baud);
        rom->enter.look_first = entry_looks_first(rom->entry, rom->chip);
}

void rom_look(struct rom *rom) {
        begin(rom, STATE_LOOK);
        enter_begin_look(&rom->enter, rom->entry, rom->chip, rom->baud);
}

void rom_get(struct rom *rom) {
        an3155_get(&rom->wanted);
        begin_exchange(rom);
}

void rom_read(struct rom *rom, uint32_t address, size_t size) {
        an3155_read(&rom->wanted, address, size);
        begin_exchange(rom);
}

void rom_try_read(struct rom *rom, uint32_t address, size_t size) {
        rom_read(rom, address, size);
        rom->refusals = REFUSALS_MAX - 2;
        rom->broken_is_data = true;
}

void rom_write(struct rom *rom, uint32_t address, const uint8_t *data, size_t size) {
        uint64_t timeout = AN3155_TIMEOUT;

        if (rom->chip)
                timeout += 3 * chip_program_usec(rom->chip, size, CHIP_WORST, false);
        an3155_write(&rom->wanted, address, data, size, timeout);
        begin_exchange(rom);
        rom->broken_is_data = true;
}

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
}

static uint64_t mass_erase_timeout(const struct rom *rom, uint32_t flash_size) {
        uint64_t worst = 60 * USEC_PER_SEC; /* F4 with 2 MiB, in bytes: 32 s a bank */

        if (rom->chip)
                worst = chip_mass_erase_usec(rom->chip, flash_size, CHIP_WORST, false);
        return worst + worst / 4 + 10 * USEC_PER_SEC;
}

void rom_erase_all(struct rom *rom, uint32_t flash_size) {
        an3155_erase_all(&rom->wanted, rom->erase_command, mass_erase_timeout(rom, flash_size));
        begin_exchange(rom);
        rom->refusals = REFUSALS_MAX - 1;
}

void rom_erase_bank(struct rom *rom, uint8_t bank, uint32_t flash_size) {
        an3155_erase_bank(&rom->wanted, bank, mass_erase_timeout(rom, flash_size));
        begin_exchange(rom);
        rom->refusals = REFUSALS_MAX - 1;
}

void rom_go(struct rom *rom, uint32_t address) {
        an3155_go(&rom->wanted, address);
        /* The ACK that a ROM forgets is the command's (AN2606, H74x V9.0). */
        rom->wanted.stages[0].ack_optional = rom->chip && rom->chip->quirks & CHIP_QUIRK_GO_NO_ACK;
        begin_exchange(rom);
}

void rom_steps(struct rom *rom, const struct entry_sequence *steps) {
        begin(rom, STATE_STEPS);
        link_steps(&rom->link, steps);
}

static void begin_critical(struct rom *rom, uint64_t settle) {
        begin_exchange(rom);
        rom->critical = true;
        rom->settle = settle;
}

void rom_write_options(struct rom *rom, uint32_t address, const uint8_t *data, size_t size) {
        an3155_write(&rom->wanted, address, data, size, OPTION_TIMEOUT);
        begin_critical(rom, OPTION_SETTLE);
}

void rom_write_protect(struct rom *rom, const uint8_t *sectors, size_t n_sectors) {
        an3155_write_protect(&rom->wanted, sectors, n_sectors, OPTION_TIMEOUT);
        begin_critical(rom, OPTION_SETTLE);
}

void rom_protection(struct rom *rom, enum an3155_command command, uint32_t flash_size) {
        bool erases = command == AN3155_READOUT_UNPROTECT;
        uint64_t mass_erase = mass_erase_timeout(rom, flash_size);

        an3155_protection(&rom->wanted, command, erases ? mass_erase : OPTION_TIMEOUT);
        begin_critical(rom, OPTION_SETTLE + (erases ? mass_erase : 0));
}

size_t rom_erase_limit(const struct rom *rom, const struct flash_page *first) {
        uint32_t quirks = rom->chip ? rom->chip->quirks : 0;

        if (quirks & CHIP_QUIRK_ONE_PAGE_ERASE ||
            (quirks & CHIP_QUIRK_ONE_PAGE_BANK2 && first->bank == 2))
                return 1;
        return AN3155_ERASE_PAGES_MAX;
}

const uint8_t *rom_data(const struct rom *rom, size_t *ret_size) {
        *ret_size = rom->link.exchange.n_data;
        return rom->link.exchange.data;
}

/* ---- failures ---- */

static enum session_error link_error(enum link_result result) {
        switch (result) {
        case LINK_OK:
                return SESSION_OK;
        case LINK_NACK:
                return SESSION_NACK;
        case LINK_SILENCE:
                return SESSION_SILENCE;
        case LINK_GARBAGE:
                return SESSION_GARBAGE;
        case LINK_LINES:
                return SESSION_LINES;
        case LINK_FORMAT:
                return SESSION_FORMAT;
        case LINK_LOST:
                return SESSION_LINK_LOST;
        }
        return SESSION_GARBAGE;
}

static void note_failure(struct rom *rom, enum session_error error) {
        const struct link *link = &rom->link;

        rom->error = error;
        rom->failure = (struct session_failure){
                .error = error,
                .system = link->system,
                .has_command = true,
                .command = link->exchange.command,
                .stage = link->exchange.stage,
                .n_received = link->n_received,
        };
        memcpy(rom->failure.received, link->received, link->n_received);
}

static enum rom_status fail(struct rom *rom, enum session_error error) {
        rom->error = error;
        rom->failure.error = error;
        return end(rom, ROM_FAILED);
}

static enum rom_status fail_link(struct rom *rom) {
        note_failure(rom, link_error(rom->link.result));
        rom->failure.has_command = false;
        return end(rom, ROM_FAILED);
}

/* ---- from one link activity to the next ---- */

static enum rom_status start_exchange(struct rom *rom) {
        if (rom->link.stray && rom->critical) {
                /* Nothing was said yet; a settled line is enough to say it. */
                link_quiet(&rom->link, BROKEN_SETTLE);
                rom->state = STATE_REFUSED;
                return ROM_BUSY;
        }
        if (rom->link.stray) { /* somebody talks out of turn: the next answer could be his */
                note_failure(rom, SESSION_GARBAGE);
                link_quiet(&rom->link, BROKEN_SETTLE);
                rom->state = STATE_BROKEN;
                return ROM_BUSY;
        }
        rom->link.exchange = rom->wanted;
        link_exchange(&rom->link);
        rom->state = STATE_EXCHANGE;
        return ROM_BUSY;
}

/* An operation is repeated when the chip has been brought back, except where that could do harm. */
static enum rom_status carry_on(struct rom *rom) {
        if (rom->broken_is_data)
                return end(rom, ROM_UNSURE);
        rom->state = STATE_START;
        return ROM_BUSY;
}

static bool wants_fast(const struct rom *rom) {
        return rom->fast && rom->chip && rom->chip->quirks & CHIP_QUIRK_VOLTAGE_RANGE;
}

static void describe_voltage_range(struct exchange *ret) {
        static const uint8_t range[4] = { 0x03, 0xFF, 0xFF, 0xFF };

        an3155_write(ret, VOLTAGE_RANGE_ADDRESS, range, sizeof(range), AN3155_TIMEOUT);
}

void rom_raise_voltage_range(struct rom *rom) {
        describe_voltage_range(&rom->wanted);
        begin_exchange(rom);
        rom->fast = true;
}

static enum rom_status set_voltage_range(struct rom *rom) {
        describe_voltage_range(&rom->link.exchange);
        link_exchange(&rom->link);
        rom->state = STATE_FAST;
        return ROM_BUSY;
}

static enum rom_status recover(struct rom *rom) {
        if (rom->link.lost)
                return fail(rom, SESSION_LINK_LOST);
        if (++rom->breaks > BREAKS_MAX || rom->recoveries >= RECOVERIES_MAX)
                return fail(rom, rom->error);
        rom->recoveries++;
        if (rom->may_reset) {
                enter_begin(&rom->enter, rom->entry, rom->chip, rom->baud);
                rom->state = STATE_RECOVER;
        } else {
                resync_begin(&rom->resync);
                rom->resynced = true;
                rom->state = STATE_RESYNC;
        }
        return rom_advance(rom);
}

static enum rom_status came_back(struct rom *rom, uint16_t chip_id) {
        if (chip_id != rom->chip_id) { /* noise in its answer, or another board was plugged in */
                rom->failure.chip_id = chip_id;
                return fail(rom, SESSION_WRONG_CHIP);
        }
        if (wants_fast(rom))
                return set_voltage_range(rom);
        return carry_on(rom);
}

static enum rom_status settle_critical(struct rom *rom) {
        const struct exchange *exchange = &rom->link.exchange;
        uint64_t settle = rom->settle;

        if (exchange->command == AN3155_READOUT_UNPROTECT && exchange->status == EXCHANGE_DONE &&
            rom->link.now - rom->link.sent_at > UNPROTECT_ACK_SOON)
                settle = OPTION_SETTLE;
        /* Broken: for all that is known the chip has just begun. */
        if (exchange->status != EXCHANGE_DONE)
                settle = MAX(settle, rom->longest);

        struct entry_sequence pause = { .n_steps = 1, .steps = { { .delay = settle } } };
        link_steps(&rom->link, &pause);
        rom->state = STATE_SETTLE;
        return ROM_BUSY;
}

static enum rom_status exchanged(struct rom *rom) {
        switch (rom->link.result) {
        case LINK_OK:
                if (rom->critical)
                        return settle_critical(rom);
                return end(rom, ROM_OK);
        case LINK_NACK:
                note_failure(rom, SESSION_NACK);
                link_quiet(&rom->link, link_wire_time(&rom->link, 2) + NACK_SETTLE);
                rom->state = STATE_REFUSED;
                return ROM_BUSY;
        case LINK_SILENCE:
        case LINK_GARBAGE:
                note_failure(rom, link_error(rom->link.result));
                if (rom->critical) {
                        rom->broken_is_data = true;
                        return settle_critical(rom);
                }
                link_quiet(&rom->link, BROKEN_SETTLE);
                rom->state = STATE_BROKEN;
                return ROM_BUSY;
        default:
                return fail_link(rom);
        }
}

static enum rom_status reentered(struct rom *rom, enum enter_status status) {
        if (status == ENTER_BUSY)
                return ROM_BUSY;
        if (status == ENTER_LINK)
                return fail_link(rom);
        if (rom->state == STATE_LOOK)
                return end(rom, status == ENTER_OK ? ROM_OK : ROM_NACK);
        if (status == ENTER_NO_ANSWER) {
                rom->failure.entry = rom->enter.evidence;
                return fail(rom, rom->state == STATE_RECOVER ? rom->error : SESSION_NO_ENTRY);
        }
        rom->baud = rom->enter.current.baud;
        if (rom->state == STATE_ENTER) {
                rom->chip_id = rom->enter.chip_id;
                rom->may_reset = rom->may_reset && rom->enter.current.sequence.n_steps > 0;
                return end(rom, ROM_OK);
        }
        if (rom->state == STATE_REENTER) {
                enum rom_status result = rom->broken_is_data ? ROM_UNSURE : ROM_OK;
                return rom->enter.chip_id == rom->chip_id ? end(rom, result)
                                                          : fail(rom, SESSION_WRONG_CHIP);
        }
        return came_back(rom, rom->enter.chip_id);
}

static enum rom_status resynced(struct rom *rom, enum resync_status status) {
        switch (status) {
        case RESYNC_BUSY:
                return ROM_BUSY;
        case RESYNC_OK:
                return came_back(rom, rom->resync.chip_id);
        case RESYNC_LOST:
                return fail_link(rom);
        case RESYNC_FAILED:
                break;
        }
        return fail(rom, rom->error);
}

enum rom_status rom_advance(struct rom *rom) {
        struct link *link = &rom->link;

        switch (rom->state) {
        case STATE_START:
                return start_exchange(rom);
        case STATE_EXCHANGE:
                return exchanged(rom);
        case STATE_REFUSED:
                if (link->result == LINK_LOST)
                        return fail_link(rom);
                if (++rom->refusals >= REFUSALS_MAX)
                        return end(rom, ROM_NACK);
                rom->state = STATE_START;
                return ROM_BUSY;
        case STATE_BROKEN:
                if (link->result == LINK_LOST)
                        return fail_link(rom);
                return recover(rom);
        case STATE_RECOVER:
        case STATE_ENTER:
        case STATE_REENTER:
        case STATE_LOOK:
                return reentered(rom, enter_advance(&rom->enter, link));
        case STATE_RESYNC:
                return resynced(rom, resync_advance(&rom->resync, link));
        case STATE_FAST:
                if (link->result == LINK_LOST)
                        return fail_link(rom);
                if (link->result != LINK_OK) {
                        note_failure(rom, link_error(link->result));
                        link_quiet(link, BROKEN_SETTLE);
                        rom->state = STATE_BROKEN;
                        return ROM_BUSY;
                }
                return carry_on(rom);
        case STATE_STEPS:
                return link->result == LINK_OK ? end(rom, ROM_OK) : fail_link(rom);
        case STATE_SETTLE:
                enter_begin(&rom->enter, rom->entry, rom->chip, rom->baud);
                rom->state = STATE_REENTER;
                return ROM_BUSY;
        default:
                return rom->status;
        }
}

void rom_abort(struct rom *rom) {
        link_abort(&rom->link);
        (void)end(rom, ROM_FAILED);
}
