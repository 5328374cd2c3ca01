/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"

/*
 * How a chip is brought into its ROM: line steps and waits from its boot pattern (AN2606 table 2,
 * reset and start-up times table 227), or from a Sequence= that replaces them.
 */

/* Logical levels: reset = chip held in reset, boot0/boot1 = high at the chip's pin (true). */
struct entry_lines {
        bool set_reset, reset;
        bool set_boot0, boot0;
        bool set_boot1, boot1;
};

/* Or does it leave all of them as they are? */
bool entry_sets_lines(const struct entry_lines *lines);

struct entry_step {
        struct entry_lines lines;
        uint64_t delay; /* after setting them, microseconds */
};

#define ENTRY_STEPS_MAX 16

struct entry_sequence {
        struct entry_step steps[ENTRY_STEPS_MAX];
        size_t n_steps;
};

struct entry_config {
        bool has_reset, has_boot0, has_boot1; /* which lines are wired */
        uint64_t reset_pulse;                 /* 0: 10 ms */
        uint64_t startup;                     /* 0: from the device table */
        struct entry_sequence sequence;       /* n_steps > 0: replaces everything */
};

/*
 * Reads "reset=1 boot0=1 10ms reset=0 100ms". Returns 0, or -EINVAL with the offset of the word
 * that does not fit.
 */
int entry_sequence_parse(const char *text, struct entry_sequence *ret, size_t *ret_offset);

/* What was seen while trying, for the advice. */
struct entry_evidence {
        unsigned attempts; /* how often 0x7F was sent */
        unsigned baud;
        unsigned lowest_baud;   /* that was tried; 0: not known */
        bool lines;             /* there were lines to drive */
        bool silence;           /* at least one attempt saw nothing at all */
        bool echo;              /* our own 0x7F came back */
        bool echo_answered;     /* ... and the ROM's answer right behind it */
        bool zeros;             /* only 0x00: a held-low line, or a much lower baud rate */
        bool garbage;           /* bytes that are neither ACK nor NACK */
        bool text;              /* printable: an application is talking */
        bool nack_only;         /* 0x1F to everything */
        bool acked_then_silent; /* synchronised, then the first command got no answer */
        bool acked_then_nack;   /* synchronised, then every command was refused (parity?) */
        uint8_t received[32];
        size_t n_received;
};

/* One attempt: how to get there, how long to wait, at what speed. */
struct entry_attempt {
        struct entry_sequence sequence; /* n_steps 0: nothing can be driven */
        unsigned baud;
        bool even_parity;
};

/* How many attempts are worth making, and attempt `index` of them. `chip` may be NULL. */
unsigned entry_attempts(const struct entry_config *config, const struct chip *chip);
void entry_attempt(const struct entry_config *config, const struct chip *chip, unsigned baud,
                   unsigned index, struct entry_attempt *ret);

/*
 * Is it wise to look for the ROM before touching a line? A new G0 or C0 sits in its ROM since
 * power-on, ignores BOOT0, and its ROM has cleared the flag that let it in: a reset would start its
 * empty flash, and only a power cycle brings it back (AN2606, known limitations; RM0454 3.4.1).
 */
bool entry_looks_first(const struct entry_config *config, const struct chip *chip);

/* The rate to fall back to: what this chip's ROM is sure to understand, or `baud` where lower. */
unsigned entry_careful_baud(const struct chip *chip, unsigned baud);

/* Does an attempt reset the chip? */
bool entry_can_reset(const struct entry_config *config);

/* BOOT0 inactive, then a pulse on NRST: the chip starts its application. */
void entry_leave(const struct entry_config *config, struct entry_sequence *ret);

/* BOOT0 inactive, NRST released, no pulse: what a failed job leaves. */
void entry_safe(const struct entry_config *config, struct entry_sequence *ret);

/* Ends what the chip is at by a reset into its ROM, then as entry_safe(). */
void entry_abandon(const struct entry_config *config, struct entry_sequence *ret);
