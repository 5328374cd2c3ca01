/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>

#include "boot/an3155.h"
#include "boot/command.h"
#include "boot/decode_exchange.h"
#include "chip/chip.h"
#include "util/macro.h"

/* The words for an exchange that was overheard. */

/* ---- lists of numbers ---- */

static int print_range(char *text, size_t room, const struct decode_numbers *numbers) {
        const char *comma = numbers->used > 0 ? "," : "";

        if (numbers->first == numbers->last)
                return snprintf(text, room, "%s%" PRIu32, comma, numbers->first);
        return snprintf(text, room, "%s%" PRIu32 "-%" PRIu32, comma, numbers->first, numbers->last);
}

void decode_numbers_add(struct decode_numbers *numbers, uint32_t number) {
        if (numbers->count++ == 0) {
                numbers->first = numbers->last = number;
                return;
        }
        if (numbers->cut)
                return;
        if (number == numbers->last + 1) {
                numbers->last = number;
                return;
        }

        size_t room = sizeof(numbers->text) - numbers->used;
        int n = print_range(numbers->text + numbers->used, room, numbers);
        if (n < 0 || (size_t)n >= room) {
                numbers->cut = true;
                return;
        }
        numbers->used += (size_t)n;
        numbers->first = numbers->last = number;
}

static void tell_numbers(const struct decode_numbers *numbers, const char *unit, FILE *out) {
        char last[32];

        if (numbers->count == 0)
                return;
        (void)print_range(last, sizeof(last), numbers);
        fprintf(out, " %" PRIu32 " %s%s %.*s%s", numbers->count, unit,
                numbers->count == 1 ? "" : "s", (int)numbers->used, numbers->text,
                numbers->cut ? ",..." : last);
}

/* ---- what was asked for ---- */

static void tell_size(const struct decode_exchange *x, FILE *out) {
        if (x->has_size)
                fprintf(out, " %" PRIu32 " byte%s", x->size, x->size == 1 ? "" : "s");
}

static void tell_erase(const struct decode_exchange *x, FILE *out) {
        switch (x->special) {
        case 0:
                tell_numbers(&x->numbers, "page", out);
                break;
        case 0xFFFF:
                fprintf(out, " everything");
                break;
        case 0xFFFE:
        case 0xFFFD:
                fprintf(out, " bank %d", 0xFFFF - x->special);
                break;
        default:
                fprintf(out, " reserved code 0x%04X", x->special);
        }
}

static void tell_request(const struct decode_exchange *x, FILE *out) {
        const char *name = an3155_command_name(x->command);

        if (name)
                fprintf(out, "%s", name);
        else
                fprintf(out, "unknown command 0x%02X", x->command);
        if (x->has_address)
                fprintf(out, " 0x%08" PRIX32, x->address);
        if (x->has_opcode)
                fprintf(out, " 0x%04X", x->opcode);
        if (x->command == AN3155_ERASE || x->command == AN3155_EXTENDED_ERASE)
                tell_erase(x, out);
        else
                tell_numbers(&x->numbers, "sector", out);
        tell_size(x, out);
        if (x->damaged)
                fprintf(out, " (sent with a wrong checksum)");
}

/* ---- what was answered ---- */

static void tell_bytes(const uint8_t *bytes, size_t n, FILE *out) {
        for (size_t i = 0; i < n; i++)
                fprintf(out, " %02X", bytes[i]);
}

static void tell_get(const struct decode_exchange *x, FILE *out) {
        fprintf(out, ": protocol %u.%u", x->bytes[0] >> 4, x->bytes[0] & 15);
        for (size_t i = 1; i < x->n_bytes; i++) {
                const char *name = an3155_command_name(x->bytes[i]);

                fprintf(out, ", ");
                if (name)
                        fprintf(out, "%s", name);
                else
                        fprintf(out, "0x%02X", x->bytes[i]);
        }
}

static void tell_id(const struct decode_exchange *x, FILE *out) {
        struct exchange answer = { .n_data = (uint16_t)x->n_bytes };

        for (size_t i = 0; i < x->n_bytes; i++)
                answer.data[i] = x->bytes[i];
        uint16_t id = an3155_chip_id(&answer);
        const struct chip *chip = chip_by_id(id);
        fprintf(out, ": 0x%03X (%s)", id, chip ? chip->name : "in no table");
}

static void tell_answer(const struct decode_exchange *x, FILE *out) {
        switch (x->command) {
        case AN3155_GET:
                tell_get(x, out);
                break;
        case AN3155_GET_VERSION:
                fprintf(out, ": protocol %u.%u", x->bytes[0] >> 4, x->bytes[0] & 15);
                break;
        case AN3155_GET_ID:
                tell_id(x, out);
                break;
        case AN3155_GET_CHECKSUM:
                fprintf(out, ", polynomial 0x%08" PRIX32 ", initial 0x%08" PRIX32 ": 0x%08" PRIX32,
                        x->polynomial, x->initial, x->checksum);
                break;
        case AN3155_SPECIAL:
        case AN3155_EXTENDED_SPECIAL:
                fprintf(out, ", answered:");
                tell_bytes(x->bytes, x->n_bytes, out);
                break;
        default:
                break;
        }
}

/* What the ROM's answer, or silence, was to; nothing where it was the end of the exchange. */
static void tell_place(const struct decode_exchange *x, FILE *out) {
        static const char *const places[] = {
                [PART_END] = "the command",           [PART_ADDRESS] = "the address",
                [PART_LENGTH] = "the length",         [PART_DATA] = "the data",
                [PART_PAGES] = "the pages",           [PART_WIDE_PAGES] = "the pages",
                [PART_SECTORS] = "the sectors",       [PART_WORDS] = "the length",
                [PART_POLYNOMIAL] = "the polynomial", [PART_INITIAL] = "the initial value",
                [PART_OPCODE] = "the opcode",         [PART_BLOCK] = "the data",
        };

        fprintf(out, " to %s", places[x->answered]);
}

static void tell_time(uint64_t usec, FILE *out) {
        fprintf(out, " after %" PRIu64 ".%" PRIu64 " ms", usec / 1000, usec % 1000 / 100);
}

void decode_exchange_tell(const struct decode_exchange *x, enum decode_status status, FILE *out) {
        tell_request(x, out);
        switch (status) {
        case DECODE_COMPLETE:
                tell_answer(x, out);
                fprintf(out, ", ACK");
                tell_time(x->waited, out);
                break;
        case DECODE_NACKED:
                fprintf(out, ", NACK");
                tell_place(x, out);
                tell_time(x->waited, out);
                break;
        case DECODE_SILENT:
                fprintf(out, x->got > 0 ? ", answer cut short" : ", no answer");
                tell_place(x, out);
                break;
        case DECODE_UNEXPECTED:
                fprintf(out, ", garbage instead of an answer");
                tell_place(x, out);
                break;
        case DECODE_MORE:
        case DECODE_UNFINISHED:
                fprintf(out, ", unfinished");
                break;
        }
}
