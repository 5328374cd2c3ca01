/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "boot/decode_exchange.h"
#include "boot/command.h"
#include "util/bytes.h"
#include "util/macro.h"

/* What follows each command and its complement: AN3155 section 3. */
static const enum decode_part *parts_of(uint8_t command) {
        static const enum decode_part get[] = { PART_ACK, PART_COUNTED, PART_ACK, PART_END };
        static const enum decode_part version[] = { PART_ACK, PART_VERSION, PART_ACK, PART_END };
        static const enum decode_part read[] = { PART_ACK, PART_ADDRESS, PART_ACK, PART_LENGTH,
                                                 PART_ACK, PART_MEMORY,  PART_END };
        static const enum decode_part go[] = { PART_ACK, PART_ADDRESS, PART_ACK, PART_END };
        static const enum decode_part write[] = { PART_ACK,  PART_ADDRESS, PART_ACK,
                                                  PART_DATA, PART_ACK,     PART_END };
        static const enum decode_part erase[] = { PART_ACK, PART_PAGES, PART_ACK, PART_END };
        static const enum decode_part extended_erase[] = { PART_ACK, PART_WIDE_PAGES, PART_ACK,
                                                           PART_END };
        static const enum decode_part special[] = { PART_ACK,    PART_OPCODE, PART_ACK,
                                                    PART_BLOCK,  PART_ACK,    PART_ANSWER,
                                                    PART_ANSWER, PART_ACK,    PART_END };
        static const enum decode_part extended_special[] = { PART_ACK,   PART_OPCODE, PART_ACK,
                                                             PART_BLOCK, PART_ACK,    PART_BLOCK,
                                                             PART_ACK,   PART_ANSWER, PART_ACK,
                                                             PART_END };
        static const enum decode_part protect[] = { PART_ACK, PART_SECTORS, PART_ACK, PART_END };
        static const enum decode_part twice[] = { PART_ACK, PART_ACK, PART_END };
        /* AN3155 3.13 leaves open whether one or two ACKs come before the checksum. */
        static const enum decode_part checksum[] = {
                PART_ACK, PART_ADDRESS, PART_ACK, PART_WORDS,        PART_ACK,      PART_POLYNOMIAL,
                PART_ACK, PART_INITIAL, PART_ACK, PART_OPTIONAL_ACK, PART_CHECKSUM, PART_END,
        };
        static const enum decode_part unknown[] = { PART_ACK, PART_END };

        switch (command) {
        case AN3155_GET:
        case AN3155_GET_ID:
                return get;
        case AN3155_GET_VERSION:
                return version;
        case AN3155_READ:
                return read;
        case AN3155_GO:
                return go;
        case AN3155_WRITE:
                return write;
        case AN3155_ERASE:
                return erase;
        case AN3155_EXTENDED_ERASE:
                return extended_erase;
        case AN3155_SPECIAL:
                return special;
        case AN3155_EXTENDED_SPECIAL:
                return extended_special;
        case AN3155_WRITE_PROTECT:
                return protect;
        case AN3155_WRITE_UNPROTECT:
        case AN3155_READOUT_PROTECT:
        case AN3155_READOUT_UNPROTECT:
                return twice;
        case AN3155_GET_CHECKSUM:
                return checksum;
        default:
                return unknown;
        }
}

/* How long a part is, as far as its first bytes tell; 0: more of them are needed. */
static uint32_t part_size(const struct decode_exchange *x) {
        uint32_t wide = (uint32_t)x->head[0] << 8 | x->head[1];

        switch (*x->part) {
        case PART_ADDRESS:
        case PART_WORDS:
        case PART_POLYNOMIAL:
        case PART_INITIAL:
        case PART_CHECKSUM:
                return 5;
        case PART_OPCODE:
        case PART_VERSION:
                return 3;
        case PART_LENGTH:
                return 2;
        case PART_DATA:
        case PART_SECTORS:
                return x->head[0] + 3U;
        case PART_PAGES:
                return x->head[0] == 0xFF ? 2 : x->head[0] + 3U;
        case PART_WIDE_PAGES:
                if (x->got < 2)
                        return 0;
                return wide >= 0xFFF0 ? 3 : 2 * (wide + 1) + 3;
        case PART_BLOCK:
                return x->got < 2 ? 0 : wide + 3;
        case PART_COUNTED:
                return x->head[0] + 2U;
        case PART_MEMORY:
                return x->size;
        case PART_ANSWER:
                return x->got < 2 ? 0 : wide + 2;
        default:
                return 1;
        }
}

void decode_exchange_init(struct decode_exchange *x, uint8_t code, uint64_t start) {
        *x = (struct decode_exchange){ .command = code, .start = start, .part = parts_of(code) };
}

bool decode_exchange_host(const struct decode_exchange *x) {
        return *x->part <= PART_HOST_MAX_;
}

static enum decode_status next_part(struct decode_exchange *x) {
        x->part++;
        x->got = x->want = 0;
        x->check = 0;
        return *x->part == PART_END ? DECODE_COMPLETE : DECODE_MORE;
}

/* Takes a byte of the part under way. Returns whether that is its last. */
static bool take(struct decode_exchange *x, uint8_t byte) {
        if (x->got < ARRAY_SIZE(x->head))
                x->head[x->got] = byte;
        x->got++;
        x->word = x->word << 8 | byte;
        x->check ^= byte;
        if (x->want == 0)
                x->want = part_size(x);
        return x->got == x->want;
}

/* ---- the host ---- */

/* Page numbers are told one by one as they come: a list may be long. */
static void take_number(struct decode_exchange *x, uint8_t byte) {
        if (*x->part == PART_WIDE_PAGES) {
                if (x->got > 2 && x->got < x->want && x->got % 2 == 0)
                        decode_numbers_add(&x->numbers, x->word & 0xFFFF);
        } else if ((*x->part == PART_PAGES || *x->part == PART_SECTORS) && x->got > 1 &&
                   x->got < x->want) {
                decode_numbers_add(&x->numbers, byte);
        }
}

/* The last four bytes but for the checksum. */
static void end_of_part(struct decode_exchange *x, uint32_t word) {
        switch (*x->part) {
        case PART_ADDRESS:
                x->has_address = true;
                x->address = word;
                break;
        case PART_LENGTH:
        case PART_DATA:
                x->has_size = true;
                x->size = x->head[0] + 1U;
                break;
        case PART_PAGES:
                x->special = x->head[0] == 0xFF ? 0xFFFF : 0;
                break;
        case PART_WIDE_PAGES:
                x->special = x->got == 3 ? get_be16(x->head) : 0;
                break;
        case PART_WORDS:
                x->has_size = true;
                x->size = word * 4;
                break;
        case PART_POLYNOMIAL:
                x->polynomial = word;
                break;
        case PART_INITIAL:
                x->initial = word;
                break;
        case PART_OPCODE:
                x->has_opcode = true;
                x->opcode = (uint16_t)word;
                break;
        case PART_BLOCK:
                x->has_size = true;
                x->size += x->got - 3;
                break;
        default:
                break;
        }
}

/* Of one byte the checksum is the complement, of several their XOR (AN3155 section 3). */
static bool checksum_right(const struct decode_exchange *x) {
        bool one_byte = *x->part == PART_LENGTH || (*x->part == PART_PAGES && x->got == 2);

        return x->check == (one_byte ? 0xFF : 0);
}

enum decode_status decode_exchange_sent(struct decode_exchange *x, uint8_t byte) {
        uint32_t word = x->word;
        bool last = take(x, byte);

        take_number(x, byte);
        if (!last)
                return DECODE_MORE;
        end_of_part(x, word);
        if (!checksum_right(x))
                x->damaged = true;
        x->answered = *x->part;
        return next_part(x);
}

/* ---- the ROM ---- */

static enum decode_status take_ack(struct decode_exchange *x, uint8_t byte, uint64_t time) {
        if (byte != AN3155_ACK && byte != AN3155_NACK)
                return DECODE_UNEXPECTED;
        if (x->n_bytes == 0) /* one that follows data only ends it */
                x->waited = time > x->asked ? time - x->asked : 0;
        x->asked = time;
        return byte == AN3155_ACK ? next_part(x) : DECODE_NACKED;
}

enum decode_status decode_exchange_received(struct decode_exchange *x, uint8_t byte,
                                            uint64_t time) {
        if (decode_exchange_host(x))
                return DECODE_UNEXPECTED;
        if (*x->part == PART_OPTIONAL_ACK) {
                if (byte == AN3155_ACK)
                        return take_ack(x, byte, time);
                x->part++;
        }
        if (*x->part == PART_ACK)
                return take_ack(x, byte, time);

        uint32_t word = x->word;
        bool last = take(x, byte);
        bool counts = *x->part == PART_COUNTED && x->got == 1;
        if (*x->part != PART_MEMORY && !counts && x->n_bytes < sizeof(x->bytes))
                x->bytes[x->n_bytes++] = byte;
        if (!last)
                return DECODE_MORE;
        if (*x->part == PART_CHECKSUM)
                x->checksum = word;
        return next_part(x);
}
