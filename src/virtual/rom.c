/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chip/options.h"
#include "util/macro.h"
#include "virtual/model.h"

/*
 * The ROM's USART loader: synchronisation and the command loop (AN3155). It has no time-out: half a
 * packet waits for ever. Where AN3155 is silent this model does as ST's Open Bootloader
 * (stm32-mw-openbl), and where that is no guide it chose:
 *  - a byte with wrong parity or stop bit is taken as received (AN3155 names no check);
 *  - an answer starts without delay once the last byte is in;
 *  - a first byte that is not 0x7F: loaders that measure in software lock to a wrong rate and send
 *    their ACK at it; those that measure in hardware stay silent. Both need a reset (AN2606 4.3).
 */

#define ACK  0x79
#define NACK 0x1F

/* ---- synchronisation ---- */

/* At less than 1200 baud the counter that measures the rate overflows (AN3155 2.1). */
#define BAUD_MIN 1200

void rom_reset(struct virtual_stm32 *chip) {
        chip->rom = (struct rom){ .stage = ROM_COMMAND, .need = 2 };
}

/*
 * The rate is the time from the start bit to the falling edge after the seven ones of 0x7F, over
 * eight; another byte has its falling edges elsewhere. Returns their distance in bits.
 */
static unsigned sync_span(const struct frame *frame, unsigned first) {
        for (unsigned i = first + 1; i < frame->n; i++)
                if (!(frame->bits >> i & 1U) && frame->bits >> (i - 1) & 1U)
                        return i - first;
        return frame->n - first;
}

/* The first falling edge of the frame at or after `from`; frame->n: none. */
static unsigned sync_edge(const struct frame *frame, uint64_t from) {
        for (unsigned i = 0; i < frame->n; i++)
                if (!(frame->bits >> i & 1U) && (i == 0 || frame->bits >> (i - 1) & 1U) &&
                    frame->start + (uint64_t)i * frame->length / frame->n >= from)
                        return i;
        return frame->n;
}

/* A rate that is measured in software is too low by up to the row's error at 115200 baud, and by
 * less at lower rates (AN2606 table 6; that it grows in proportion is this model's choice). */
static uint64_t sync_error(struct virtual_stm32 *chip, uint64_t length) {
        uint64_t worst = chip->chip->jitter_percent * length / 100;

        if (!chip->config.autobaud_jitter)
                return 0;
        worst = worst * frame_length(115200, 11) / MAX(length, 1U);
        return worst * (model_random(chip) % 1001) / 1000;
}

/* The frame at the head of the line has passed; it is the first since the ROM's start. */
void rom_listen(struct virtual_stm32 *chip) {
        struct line *line = &chip->lines[TO_CHIP];
        struct frame frame = *line_at(line, 0);
        unsigned edge = sync_edge(&frame, chip->chip_receiver.from), span;
        struct rom *rom = &chip->rom;
        uint64_t length;
        bool right;

        line_pop(line);
        if (line->instant && frame.start >= chip->chip_receiver.from)
                edge = 0;
        if (edge == frame.n)
                return;

        span = sync_span(&frame, edge);
        right = edge == 0 && (frame.bits >> 1 & 0xFF) == 0x7F;
        if (!right && span == 8)
                span = 7;

        rom->frame_bits = chip->chip->quirks & CHIP_QUIRK_8N1 ? 10 : 11;
        length = (uint64_t)frame.length * rom->frame_bits * span / (frame.n * 8ULL);
        length += sync_error(chip, length);
        rom->length = (uint32_t)MIN(length, (uint64_t)UINT32_MAX);
        rom->locked = true;

        chip->chip_receiver = receiver_new(chip->now, rom->length, rom->frame_bits);
        if ((!right && chip->chip->jitter_percent == 0) ||
            rom->length > frame_length(BAUD_MIN, rom->frame_bits) / 40 * 41) {
                rom->stalled = true;
                return;
        }
        rom_send(chip, chip->now, (const uint8_t[]){ ACK, ACK },
                 chip->chip->quirks & CHIP_QUIRK_DOUBLE_SYNC_ACK ? 2 : 1);
}

/* When the next byte is complete; USEC_INFINITY: none is under way, or nobody listens. */
uint64_t rom_next(const struct virtual_stm32 *chip) {
        const struct line *line = &chip->lines[TO_CHIP];

        if (chip->state != VIRTUAL_ROM || line->count == 0)
                return USEC_INFINITY;
        if (chip->rom.locked)
                return line_next(line, &chip->chip_receiver);
        return line_frame_end(line, line_at(line, 0));
}

/* ---- answers ---- */

void rom_send(struct virtual_stm32 *chip, uint64_t now, const uint8_t *data, size_t size) {
        struct frame format = { .length = chip->rom.length, .n = chip->rom.frame_bits };

        model_transmit(chip, now, format, data, size);
        /* it waits for each byte to leave, and reads none meanwhile */
        chip->busy = MAX(chip->busy, now);
        chip->busy = MAX(chip->busy, chip->lines[TO_HOST].free);
}

void rom_expect(struct virtual_stm32 *chip, enum rom_stage stage, size_t need) {
        chip->rom.stage = stage;
        chip->rom.got = 0;
        chip->rom.need = need;
}

void rom_done(struct virtual_stm32 *chip) {
        rom_expect(chip, ROM_COMMAND, 2);
}

void rom_nack(struct virtual_stm32 *chip, uint64_t now) {
        chip->counters.nacks++;
        rom_send(chip, now, (const uint8_t[]){ NACK }, 1);
        rom_done(chip);
}

/* Returns false if a fault made a NACK of it: the command is over. */
bool rom_ack(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;
        enum virtual_fault_type fault = VIRTUAL_FAULT_NONE;

        if (rom->answers++ == rom->fault_stage)
                fault = rom->fault;
        if (fault == VIRTUAL_FAULT_NACK || fault == VIRTUAL_FAULT_DOUBLE_NACK) {
                rom_nack(chip, now);
                if (fault == VIRTUAL_FAULT_DOUBLE_NACK)
                        rom_nack(chip, now);
                return false;
        }
        rom_send(chip, now, (const uint8_t[]){ ACK, ACK },
                 fault == VIRTUAL_FAULT_EXTRA_ACK ? 2 : 1);
        return true;
}

/* ---- commands ---- */

static void rom_get(struct virtual_stm32 *chip, uint64_t now) {
        uint8_t reply[2 + ROM_COMMANDS_MAX];
        size_t n = rom_commands(chip, reply + 2);

        reply[0] = (uint8_t)n;
        if (chip->chip->quirks & CHIP_QUIRK_GET_COUNT)
                reply[0] = (uint8_t)(n + 2); /* 13 instead of 11 (AN2606, H74x V9.0) */
        reply[1] = chip->rom_row->version;
        rom_send(chip, now, reply, 2 + n);
        (void)rom_ack(chip, now);
        rom_done(chip);
}

static void rom_get_version(struct virtual_stm32 *chip, uint64_t now) {
        rom_send(chip, now, (const uint8_t[]){ chip->rom_row->version, 0, 0 }, 3);
        (void)rom_ack(chip, now);
        rom_done(chip);
}

static void rom_get_id(struct virtual_stm32 *chip, uint64_t now) {
        uint16_t id = chip->chip->id;

        /* WB0, WL3: metal fix, mask set, product (AN2606); the first two are invented */
        if (chip->chip->quirks & CHIP_QUIRK_8N1)
                rom_send(chip, now, (const uint8_t[]){ 2, 0x01, 0x01, (uint8_t)id }, 4);
        else
                rom_send(chip, now, (const uint8_t[]){ 1, (uint8_t)(id >> 8), (uint8_t)id }, 3);
        (void)rom_ack(chip, now);
        rom_done(chip);
}

/* Read-out protection leaves these (AN3155 table 2; 0x50 and 0x51: Open Bootloader). */
static bool command_allowed(const struct virtual_stm32 *chip, uint8_t command) {
        switch (command) {
        case 0x00:
        case 0x01:
        case 0x02:
                return true;
        case 0x50:
        case 0x51:
        case 0x92:
                return chip->values.rdp_level < 2;
        default:
                return chip->values.rdp_level == 0;
        }
}

static void command_refused(struct virtual_stm32 *chip, uint64_t now, uint8_t command) {
        rom_nack(chip, now);
        if (chip->chip->quirks & CHIP_QUIRK_DOUBLE_NACK &&
            (command == 0x11 || command == 0x21 || command == 0x31))
                rom_nack(chip, now);
}

/* The command is acknowledged: what comes next? */
static void command_begin(struct virtual_stm32 *chip, uint64_t now, uint8_t command) {
        switch (command) {
        case 0x00:
                rom_get(chip, now);
                break;
        case 0x01:
                rom_get_version(chip, now);
                break;
        case 0x02:
                rom_get_id(chip, now);
                break;
        case 0x11:
                rom_expect(chip, ROM_READ_ADDRESS, 5);
                break;
        case 0x21:
                rom_expect(chip, ROM_GO_ADDRESS, 5);
                break;
        case 0x31:
                rom_expect(chip, ROM_WRITE_ADDRESS, 5);
                break;
        case 0x43:
                /* not listed: Open Bootloader parses it as 0x44 all the same */
                if (rom_knows(chip, 0x43))
                        rom_expect(chip, ROM_ERASE_LIST, 1);
                else
                        rom_expect(chip, ROM_EXTENDED_COUNT, 2);
                break;
        case 0x44:
                rom_expect(chip, ROM_EXTENDED_COUNT, 2);
                break;
        case 0x50:
        case 0x51:
                rom_expect(chip, ROM_SPECIAL_CODE, 3);
                break;
        case 0x63:
                rom_expect(chip, ROM_PROTECT_LIST, 1);
                break;
        case 0x73:
                rom_write_unprotect(chip, now);
                break;
        case 0x82:
                rom_readout_protect(chip, now);
                break;
        case 0x92:
                rom_readout_unprotect(chip, now);
                break;
        case 0xA1:
                rom_expect(chip, ROM_SUM_ADDRESS, 5);
                break;
        }
}

static void rom_command(struct virtual_stm32 *chip, uint64_t now) {
        struct rom *rom = &chip->rom;
        uint8_t command = rom->packet[0];
        bool known = rom_knows(chip, command) || (command == 0x43 && rom_knows(chip, 0x44));

        rom->answers = 0;
        rom->fault = VIRTUAL_FAULT_NONE;
        if ((command ^ rom->packet[1]) != 0xFF || !known) {
                rom_nack(chip, now);
                return;
        }

        fault_command(chip, now);
        chip->counters.exchanges++;
        if (chip->dead || rom->stalled || chip->event <= now)
                return;

        if (!command_allowed(chip, command)) {
                command_refused(chip, now, command);
                return;
        }
        rom->command = command;
        chip->counters.erases += command == 0x43 || command == 0x44;
        if (command == 0x21 && chip->chip->quirks & CHIP_QUIRK_GO_NO_ACK)
                rom->answers++;
        else if (!rom_ack(chip, now))
                return;
        command_begin(chip, now, command);
}

static void (*const stages[ROM_STAGES_MAX_])(struct virtual_stm32 *chip, uint64_t now) = {
        [ROM_COMMAND] = rom_command,
        [ROM_READ_ADDRESS] = rom_read_address,
        [ROM_READ_LENGTH] = rom_read_length,
        [ROM_WRITE_ADDRESS] = rom_write_address,
        [ROM_WRITE_DATA] = rom_write_data,
        [ROM_GO_ADDRESS] = rom_go_address,
        [ROM_ERASE_LIST] = rom_erase_list,
        [ROM_EXTENDED_COUNT] = rom_extended_count,
        [ROM_EXTENDED_SPECIAL] = rom_extended_special,
        [ROM_EXTENDED_PAGE] = rom_extended_page,
        [ROM_EXTENDED_SUM] = rom_extended_sum,
        [ROM_PROTECT_LIST] = rom_protect_list,
        [ROM_SPECIAL_CODE] = rom_special_code,
        [ROM_SPECIAL_DATA] = rom_special_data,
        [ROM_SPECIAL_MORE] = rom_special_more,
        [ROM_SUM_ADDRESS] = rom_sum_address,
        [ROM_SUM_SIZE] = rom_sum_size,
        [ROM_SUM_POLYNOMIAL] = rom_sum_polynomial,
        [ROM_SUM_INITIAL] = rom_sum_initial,
};

/* One byte is read. A stage is called when its packet is complete, and may then ask for more. */
void rom_byte(struct virtual_stm32 *chip, uint64_t now, uint8_t byte) {
        struct rom *rom = &chip->rom;

        if (chip->dead || rom->stalled)
                return;
        rom->packet[rom->got++] = byte;
        if (rom->got == rom->need)
                stages[rom->stage](chip, now);
}

/* Is the XOR of the packet and its checksum zero? */
bool rom_packet_right(const struct virtual_stm32 *chip) {
        uint8_t sum = 0;

        for (size_t i = 0; i < chip->rom.got; i++)
                sum ^= chip->rom.packet[i];
        return sum == 0;
}

size_t rom_hunger(const struct virtual_stm32 *chip) {
        return chip->rom.locked ? chip->rom.need - chip->rom.got : 1;
}

/* ---- work ---- */

/* The last answer leaves first. */
void rom_system_reset(struct virtual_stm32 *chip) {
        chip->reset_at = MAX(chip->busy, chip->now);
        model_schedule(chip);
}

/* AN3155 3.6, 3.9 to 3.12: a system reset, to take the new option bytes into account. Where only
 * OBL_LAUNCH does that, it is a reset itself (RM0490 4.4.2), and Open Bootloader sets it. */
static bool launches_options(const struct virtual_stm32 *chip) {
        return !options_load_at_reset(chip) &&
               chip_launches_options(chip->chip, rom_bootloader_id(chip));
}

static void options_written(struct virtual_stm32 *chip) {
        bool launches = launches_options(chip);

        rom_done(chip);
        chip->options_loading |= launches;
        if (launches || chip->config.resets_itself ||
            chip->chip->quirks & CHIP_QUIRK_RESET_AFTER_OB)
                rom_system_reset(chip);
}

void rom_job_done(struct virtual_stm32 *chip, uint64_t now) {
        switch (chip->rom.after) {
        case ROM_AFTER_ACK:
                (void)rom_ack(chip, now);
                rom_done(chip);
                break;
        case ROM_AFTER_ACK_RESET:
                (void)rom_ack(chip, now);
                options_written(chip);
                break;
        case ROM_AFTER_RESET:
                options_written(chip);
                break;
        case ROM_AFTER_REGRESSION:
        case ROM_AFTER_REGRESSION_ACK:
                rom_regress(chip, now);
                break;
        case ROM_AFTER_CHECKSUM:
                rom_sum_answer(chip, now);
                break;
        }
}
