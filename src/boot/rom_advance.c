/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/rom_internal.h"
#include "util/bytes.h"
#include "util/macro.h"

/* From one activity of the link to the next: repeats, recoveries, critical sections. */

/* A second NACK (AN2606: Read, Write and Go under RDP) follows at once, but a USB adapter may keep
 * it for its latency timer, 16 ms at most. */
#define NACK_SETTLE (20 * USEC_PER_MSEC)

/* Late answers have come by then: a USB adapter's latency timer and a loaded host. */
#define BROKEN_SETTLE (50 * USEC_PER_MSEC)

/* Behind what may be its end, a mass erase has option bytes, a reset and a start-up to come. */
#define UNPROTECT_SETTLE (200 * USEC_PER_MSEC)

static enum rom_status end(struct rom *rom, enum rom_status status) {
        rom->state = ROM_STATE_IDLE;
        rom->critical = false;
        rom->status = status;
        return status;
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
        const struct exchange *exchange = &link->exchange;

        rom->error = error;
        rom->failure = (struct session_failure){
                .error = error,
                .system = link->system,
                .has_command = true,
                .command = exchange->command,
                .stage = exchange->stage,
                .n_received = link->n_received,
                .entry = { .lowest_baud = rom->baud },
        };
        memcpy(rom->failure.received, link->received, link->n_received);
        if (exchange->command == AN3155_READ || exchange->command == AN3155_WRITE ||
            exchange->command == AN3155_GO) {
                rom->failure.has_address = true;
                rom->failure.address = get_be32(exchange->tx + exchange->stages[1].offset);
        }
}

static enum rom_status fail(struct rom *rom, enum session_error error) {
        rom->error = error;
        rom->failure.error = error;
        return end(rom, ROM_FAILED);
}

/* Lines, format or port: no command's fault. */
static enum rom_status fail_link(struct rom *rom) {
        rom->failure = (struct session_failure){ .system = rom->link.system };
        return fail(rom, rom->link.lost ? SESSION_LINK_LOST : link_error(rom->link.result));
}

/* ---- an exchange ---- */

static enum rom_status settle_refusal(struct rom *rom, uint64_t quiet) {
        link_quiet(&rom->link, quiet);
        rom->state = ROM_STATE_REFUSED;
        return ROM_BUSY;
}

static enum rom_status settle_break(struct rom *rom) {
        link_quiet(&rom->link, BROKEN_SETTLE);
        rom->state = ROM_STATE_BROKEN;
        return ROM_BUSY;
}

static enum rom_status start_exchange(struct rom *rom) {
        rom->link.exchange = rom->wanted;
        rom->said = false;
        if (rom->link.stray) { /* somebody talks out of turn: the next answer could be his */
                note_failure(rom, SESSION_GARBAGE);
                /* Nothing was said yet: where no reset is allowed a settled line will do. */
                return rom->critical ? settle_refusal(rom, BROKEN_SETTLE) : settle_break(rom);
        }
        rom->unsettled = rom->critical;
        link_exchange(&rom->link);
        rom->state = ROM_STATE_EXCHANGE;
        return ROM_BUSY;
}

static bool agrees(struct rom *rom) {
        const struct exchange *exchange = &rom->link.exchange;
        bool same = rom->n_reading == exchange->n_data &&
                    memcmp(rom->reading, exchange->data, exchange->n_data) == 0;

        memcpy(rom->reading, exchange->data, exchange->n_data);
        rom->n_reading = exchange->n_data;
        return same;
}

/*
 * AN3155 3.12: the host waits for the mass erase. The second ACK comes before or after that, by the
 * ROM, and when it is read does not tell, as the host may have been late: the time that datasheets
 * allow counts from the first one, when the link began to wait for the second.
 */
static uint64_t unprotect_settle(const struct rom *rom) {
        uint64_t end = rom->link.sent_at + rom->settle;

        return MAX(end, rom->link.now + UNPROTECT_SETTLE) - rom->link.now;
}

static enum rom_status settle_critical(struct rom *rom) {
        const struct exchange *exchange = &rom->link.exchange;
        uint64_t settle = rom->settle;

        if (exchange->command == AN3155_READOUT_UNPROTECT && exchange->status == EXCHANGE_DONE)
                settle = unprotect_settle(rom);
        /* Broken: for all that is known the chip has just begun. */
        if (exchange->status != EXCHANGE_DONE)
                settle = MAX(settle, rom->longest);

        struct entry_sequence pause = { .n_steps = 1, .steps = { { .delay = settle } } };
        link_steps(&rom->link, &pause);
        rom->state = ROM_STATE_SETTLE;
        return ROM_BUSY;
}

static enum rom_status again(struct rom *rom) {
        rom->state = ROM_STATE_START;
        return ROM_BUSY;
}

static enum rom_status exchanged(struct rom *rom) {
        rom->said = rom->link.result != LINK_NACK && link_said_all(&rom->link);
        rom->begun |= rom->link.result != LINK_NACK || rom->link.exchange.stage > 0;
        switch (rom->link.result) {
        case LINK_OK:
                if (rom->critical)
                        return settle_critical(rom);
                if (!rom->twice || agrees(rom))
                        return end(rom, ROM_OK);
                if (++rom->readings == ROM_READINGS_MAX) {
                        note_failure(rom, SESSION_GARBAGE);
                        return settle_break(rom);
                }
                return again(rom);
        case LINK_NACK:
                rom->unsettled = false;
                note_failure(rom, SESSION_NACK);
                return settle_refusal(rom, link_wire_time(&rom->link, 2) + NACK_SETTLE);
        case LINK_SILENCE:
        case LINK_GARBAGE:
                note_failure(rom, link_error(rom->link.result));
                if (!rom->critical)
                        return settle_break(rom);
                rom->broken_is_data = true;
                return settle_critical(rom);
        default:
                return fail_link(rom);
        }
}

/* An operation is repeated when the chip has been brought back, except where that could do harm. */
static enum rom_status carry_on(struct rom *rom) {
        bool did_nothing = rom->refusals >= ROM_REFUSALS_MAX;

        if (rom->broken_is_data && !did_nothing)
                return end(rom, ROM_UNSURE);
        rom->readings = rom->refusals = 0;
        return again(rom);
}

/* ---- bringing the chip back ---- */

static void begin_resync(struct rom *rom) {
        resync_begin(&rom->resync, rom->chip_id, rom->link.exchange.command);
        rom->resynced = true;
        rom->begun = true; /* if what looked like a refusal was none, filler goes on with it */
        rom->state = ROM_STATE_RESYNC;
}

static enum rom_status recover(struct rom *rom) {
        if (++rom->breaks > ROM_BREAKS_MAX || rom->recoveries >= ROM_RECOVERIES_MAX)
                return fail(rom, rom->error);
        rom->recoveries++;
        if (rom->may_reset) {
                if (rom->breaks > 1)
                        rom->baud = entry_careful_baud(rom->chip, rom->baud);
                enter_begin(&rom->enter, rom->entry, rom->chip, rom->baud);
                rom->state = ROM_STATE_RECOVER;
        } else if (rom->link.exchange.command == AN3155_GO && rom->said) {
                /* an application would hear all that filler */
                enter_begin_look(&rom->enter, rom->entry, rom->chip, rom->baud);
                rom->state = ROM_STATE_WENT;
        } else {
                begin_resync(rom);
        }
        return rom_advance(rom);
}

/* Refused time and again: a byte too many puts every pair out of step, and a baud rate that the ROM
 * has measured badly garbles what we say. */
static enum rom_status refused(struct rom *rom) {
        if (!rom->insists || rom->breaks >= ROM_INSISTS_MAX)
                return end(rom, ROM_NACK);
        return recover(rom);
}

/* What answered is not what was there: noise in its answer, or another board was plugged in. */
static enum rom_status came_back_another(struct rom *rom, uint16_t chip_id) {
        rom->failure = (struct session_failure){ .chip_id = chip_id };
        return fail(rom, SESSION_WRONG_CHIP);
}

static enum rom_status came_back(struct rom *rom, uint16_t chip_id) {
        if (chip_id != rom->chip_id)
                return came_back_another(rom, chip_id);
        if (rom->fast && rom->chip && rom->chip->quirks & CHIP_QUIRK_VOLTAGE_RANGE) {
                rom_describe_voltage_range(&rom->link.exchange);
                link_exchange(&rom->link);
                rom->state = ROM_STATE_FAST;
                return ROM_BUSY;
        }
        return carry_on(rom);
}

static enum rom_status fast_again(struct rom *rom) {
        if (rom->link.result == LINK_LOST)
                return fail_link(rom);
        if (rom->link.result == LINK_OK)
                return carry_on(rom);
        note_failure(rom, link_error(rom->link.result));
        return settle_break(rom);
}

/*
 * Where no reset is allowed, and the command was not out yet when it broke off, the ROM may wait
 * for the rest of it: then filler must end that, and not 0x7F, which adds up.
 */
static enum rom_status settled(struct rom *rom) {
        rom->unsettled = false;
        if (!rom->may_reset && !rom->said) {
                begin_resync(rom);
                return ROM_BUSY;
        }
        enter_begin(&rom->enter, rom->entry, rom->chip, rom->baud);
        rom->enter.look_first = !rom->may_reset;
        rom->state = ROM_STATE_REENTER;
        return ROM_BUSY;
}

static enum rom_status no_answer(struct rom *rom) {
        if (rom->state == ROM_STATE_REENTER && rom->may_vanish && !rom->broken_is_data)
                return end(rom, ROM_GONE);
        if (rom->state != ROM_STATE_RECOVER) {
                rom->error = SESSION_NO_ENTRY;
                rom->failure = (struct session_failure){ 0 };
        }
        rom->failure.entry = rom->enter.evidence;
        return fail(rom, rom->error);
}

static enum rom_status entered(struct rom *rom) {
        uint16_t chip_id = rom->enter.chip_id;

        rom->baud = rom->enter.current.baud;
        switch (rom->state) {
        case ROM_STATE_ENTER:
                rom->chip_id = chip_id;
                rom->may_reset = rom->may_reset && rom->enter.current.sequence.n_steps > 0;
                return end(rom, ROM_OK);
        case ROM_STATE_REENTER:
                if (chip_id != rom->chip_id)
                        return came_back_another(rom, chip_id);
                return end(rom, rom->broken_is_data ? ROM_UNSURE : ROM_OK);
        default:
                return came_back(rom, chip_id);
        }
}

static enum rom_status entering(struct rom *rom, enum enter_status status) {
        if (status == ENTER_BUSY)
                return ROM_BUSY;
        if (status == ENTER_LINK)
                return fail_link(rom);
        if (rom->state == ROM_STATE_LOOK)
                return end(rom, status == ENTER_OK ? ROM_OK : ROM_NACK);
        if (rom->state == ROM_STATE_WENT && status != ENTER_OK)
                return end(rom, ROM_UNSURE);
        return status == ENTER_OK ? entered(rom) : no_answer(rom);
}

static enum rom_status resyncing(struct rom *rom, enum resync_status status) {
        switch (status) {
        case RESYNC_BUSY:
                return ROM_BUSY;
        case RESYNC_OK:
                return came_back(rom, rom->chip_id);
        case RESYNC_LOST:
                return fail_link(rom);
        case RESYNC_FAILED:
                break;
        }
        return fail(rom, rom->error);
}

/* ---- the machine ---- */

enum rom_status rom_advance(struct rom *rom) {
        struct link *link = &rom->link;

        switch (rom->state) {
        case ROM_STATE_START:
                return start_exchange(rom);
        case ROM_STATE_EXCHANGE:
                return exchanged(rom);
        case ROM_STATE_REFUSED:
                if (link->result == LINK_LOST)
                        return fail_link(rom);
                return ++rom->refusals < ROM_REFUSALS_MAX ? again(rom) : refused(rom);
        case ROM_STATE_BROKEN:
                return link->result == LINK_LOST ? fail_link(rom) : recover(rom);
        case ROM_STATE_RECOVER:
        case ROM_STATE_ENTER:
        case ROM_STATE_REENTER:
        case ROM_STATE_LOOK:
        case ROM_STATE_WENT:
                return entering(rom, enter_advance(&rom->enter, link));
        case ROM_STATE_RESYNC:
                return resyncing(rom, resync_advance(&rom->resync, link));
        case ROM_STATE_FAST:
                return fast_again(rom);
        case ROM_STATE_STEPS:
                return link->result == LINK_OK ? end(rom, ROM_OK) : fail_link(rom);
        case ROM_STATE_SETTLE:
                return settled(rom);
        default:
                return rom->status;
        }
}

void rom_abort(struct rom *rom) {
        link_abort(&rom->link);
        rom->begun = true;
        (void)end(rom, ROM_FAILED);
}
