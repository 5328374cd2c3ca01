/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>

#include "virtual/model.h"

static bool is_wire(enum virtual_fault_type type, enum direction *ret) {
        switch (type) {
        case VIRTUAL_FAULT_LOSE_TO_CHIP:
        case VIRTUAL_FAULT_FLIP_TO_CHIP:
                *ret = TO_CHIP;
                return true;
        case VIRTUAL_FAULT_LOSE_TO_HOST:
        case VIRTUAL_FAULT_FLIP_TO_HOST:
        case VIRTUAL_FAULT_INSERT_TO_HOST:
        case VIRTUAL_FAULT_LATE_TO_HOST:
                *ret = TO_HOST;
                return true;
        default:
                return false;
        }
}

/* What its `at` counts, so far. */
static uint64_t fault_base(const struct virtual_stm32 *chip, enum virtual_fault_type type) {
        enum direction direction;

        if (is_wire(type, &direction))
                return chip->lines[direction].total;

        switch (type) {
        case VIRTUAL_FAULT_WRITE_LOST:
        case VIRTUAL_FAULT_WRITE_TORN:
                return chip->writes;
        case VIRTUAL_FAULT_ERASE_WEAK:
                return chip->counters.page_erases;
        default:
                return chip->counters.exchanges;
        }
}

/* The wires ask for every byte: remember when the next one is due. */
static void wire_faults_schedule(struct virtual_stm32 *chip) {
        chip->wire_fault_at[TO_CHIP] = chip->wire_fault_at[TO_HOST] = USEC_INFINITY;
        for (const struct fault_entry *entry = chip->faults; entry; entry = entry->next) {
                enum direction direction;

                if (is_wire(entry->fault.type, &direction))
                        chip->wire_fault_at[direction] =
                                MIN(chip->wire_fault_at[direction], entry->at);
        }
}

int virtual_add_fault(struct virtual_stm32 *chip, const struct virtual_fault *fault) {
        struct fault_entry *entry;

        if (fault->type == VIRTUAL_FAULT_NONE)
                return 0;

        entry = malloc(sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        *entry = (struct fault_entry){
                .fault = *fault,
                .at = fault_base(chip, fault->type) + fault->at,
                .next = chip->faults,
        };
        chip->faults = entry;
        wire_faults_schedule(chip);
        return 0;
}

void faults_free(struct virtual_stm32 *chip) {
        while (chip->faults) {
                struct fault_entry *next = chip->faults->next;

                free(chip->faults);
                chip->faults = next;
        }
}

/* Is one of this type due at `count`? It is used up. */
bool fault_take(struct virtual_stm32 *chip, enum virtual_fault_type type, uint64_t count,
                uint32_t *ret_detail) {
        for (struct fault_entry **p = &chip->faults; *p; p = &(*p)->next) {
                struct fault_entry *entry = *p;

                if (entry->fault.type != type || entry->at != count)
                        continue;
                if (ret_detail)
                        *ret_detail = entry->fault.detail;
                *p = entry->next;
                free(entry);
                return true;
        }
        return false;
}

/* One more byte is put on a wire. False: it is lost. */
bool fault_wire(struct virtual_stm32 *chip, enum direction direction, struct frame *frame) {
        struct line *line = &chip->lines[direction];
        uint64_t count = line->total++;
        bool arrives = true;
        uint32_t detail;

        if (count != chip->wire_fault_at[direction])
                return true;

        if (direction == TO_CHIP) {
                if (fault_take(chip, VIRTUAL_FAULT_FLIP_TO_CHIP, count, &detail))
                        frame->bits ^= (uint16_t)(2U << detail % 8);
                arrives = !fault_take(chip, VIRTUAL_FAULT_LOSE_TO_CHIP, count, NULL);
        } else {
                if (fault_take(chip, VIRTUAL_FAULT_FLIP_TO_HOST, count, &detail))
                        frame->bits ^= (uint16_t)(2U << detail % 8);
                if (fault_take(chip, VIRTUAL_FAULT_LATE_TO_HOST, count, &detail))
                        frame->start += detail * NSEC_PER_USEC;
                if (fault_take(chip, VIRTUAL_FAULT_INSERT_TO_HOST, count, &detail)) {
                        struct frame extra = *frame;

                        extra.bits = frame_bits((uint8_t)detail, frame->n);
                        line_put(line, extra);
                        frame->start = MAX(frame->start, line->free);
                }
                arrives = !fault_take(chip, VIRTUAL_FAULT_LOSE_TO_HOST, count, NULL);
        }

        wire_faults_schedule(chip);
        return arrives;
}

void virtual_clear_faults(struct virtual_stm32 *chip) {
        faults_free(chip);
        chip->dead = false;
        wire_faults_schedule(chip);
}

/* One more command was recognised. */
void fault_command(struct virtual_stm32 *chip, uint64_t now) {
        uint64_t count = chip->counters.exchanges;
        struct rom *rom = &chip->rom;
        uint32_t detail;

        rom->fault = VIRTUAL_FAULT_NONE;
        if (!chip->faults)
                return;

        if (fault_take(chip, VIRTUAL_FAULT_NACK, count, &rom->fault_stage))
                rom->fault = VIRTUAL_FAULT_NACK;
        else if (fault_take(chip, VIRTUAL_FAULT_DOUBLE_NACK, count, &rom->fault_stage))
                rom->fault = VIRTUAL_FAULT_DOUBLE_NACK;
        else if (fault_take(chip, VIRTUAL_FAULT_EXTRA_ACK, count, &rom->fault_stage))
                rom->fault = VIRTUAL_FAULT_EXTRA_ACK;

        if (fault_take(chip, VIRTUAL_FAULT_STALL, count, NULL))
                rom->stalled = true;
        if (fault_take(chip, VIRTUAL_FAULT_DEAD, count, NULL))
                chip->dead = true;
        if (fault_take(chip, VIRTUAL_FAULT_RESET, count, NULL))
                chip->reset_at = now;
        if (fault_take(chip, VIRTUAL_FAULT_POWER, count, &detail))
                chip->power_off_at = now + detail * NSEC_PER_USEC;
        model_schedule(chip);
}
