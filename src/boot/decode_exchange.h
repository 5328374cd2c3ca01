/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * One command of AN3155 as it is overheard: which bytes belong to it, and what it says. Both sides
 * may be wrong, and any byte may follow any other.
 */

/* What a part of a command is; decode_exchange.c has their order for each command. */
enum decode_part {
        PART_END,
        /* from the host, each with its checksum */
        PART_ADDRESS,
        PART_LENGTH,     /* N, its complement */
        PART_DATA,       /* N, N + 1 bytes */
        PART_PAGES,      /* N, N + 1 numbers; or FF 00 */
        PART_WIDE_PAGES, /* the same in 16 bits; or FFFF, FFFE, FFFD */
        PART_SECTORS,    /* N, N + 1 numbers */
        PART_WORDS,      /* length in words */
        PART_POLYNOMIAL, /* 32 bits */
        PART_INITIAL,    /* 32 bits */
        PART_OPCODE,     /* 16 bits */
        PART_BLOCK,      /* 16 bits of size, bytes */
        PART_HOST_MAX_ = PART_BLOCK,
        /* from the ROM */
        PART_ACK,
        PART_OPTIONAL_ACK,
        PART_COUNTED,  /* N, N + 1 bytes */
        PART_VERSION,  /* three bytes */
        PART_MEMORY,   /* as many bytes as the host asked for */
        PART_ANSWER,   /* 16 bits of size, bytes */
        PART_CHECKSUM, /* 32 bits, checksum */
};

enum decode_status {
        DECODE_MORE, /* the exchange goes on */
        DECODE_COMPLETE,
        DECODE_NACKED,
        DECODE_UNEXPECTED, /* this byte is not part of it: the exchange ends before */
        DECODE_SILENT,     /* no answer came; never returned, only told */
        DECODE_UNFINISHED, /* something else came; never returned, only told */
};

/* Numbers in the order of the wire, told as ranges. */
struct decode_numbers {
        uint32_t count;
        uint32_t first, last; /* of the range under way */
        char text[80];        /* the ranges before */
        size_t used;
        bool cut;
};

#define DECODE_BYTES_MAX 32

struct decode_exchange {
        uint8_t command;
        uint64_t start;  /* microseconds */
        uint64_t asked;  /* since when an answer is awaited */
        uint64_t waited; /* for the last ACK that told something, microseconds */

        const enum decode_part *part; /* under way */
        enum decode_part answered;    /* the host's part before it; PART_END: the command itself */
        uint32_t got, want;           /* bytes of this part; want 0: not known yet */
        uint8_t head[2];              /* its first bytes */
        uint32_t word;                /* its last four bytes */
        uint8_t check;                /* XOR of its bytes */
        bool damaged;                 /* one of the host's checksums is wrong */

        bool has_address, has_size, has_opcode;
        uint32_t address, size; /* size: bytes read, written or summed up, or sent in blocks */
        uint32_t polynomial, initial, checksum;
        uint16_t opcode;
        uint16_t special;                /* FFFF, FFFE, FFFD: all, bank 1, bank 2; 0: pages */
        struct decode_numbers numbers;   /* pages or sectors */
        uint8_t bytes[DECODE_BYTES_MAX]; /* the beginning of what was answered */
        size_t n_bytes;
};

/* `code` and its complement have been sent. */
void decode_exchange_init(struct decode_exchange *x, uint8_t code, uint64_t start);

/* Is it the host's turn? */
bool decode_exchange_host(const struct decode_exchange *x);

/* A byte of the host, in its turn. */
enum decode_status decode_exchange_sent(struct decode_exchange *x, uint8_t byte);

/* A byte of the ROM. In the host's turn it is never part of the exchange. */
enum decode_status decode_exchange_received(struct decode_exchange *x, uint8_t byte, uint64_t time);

/* One line without its end. */
void decode_exchange_tell(const struct decode_exchange *x, enum decode_status status, FILE *out);

void decode_numbers_add(struct decode_numbers *numbers, uint32_t number);
