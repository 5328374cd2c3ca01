/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"

/* Where the families keep what options.h speaks of. For src/chip and src/virtual only. */

/* How an option word lies in the area. */
enum word_format {
        WORD_8,        /* a byte and its complement */
        WORD_16,       /* the same with 16 bits */
        WORD_32,       /* the same with 32 bits */
        WORD_16_IN_64, /* 16 bits in every 64, the others reserved */
        WORD_PLAIN,    /* 32 bits, a register of the flash interface */
};

struct option_bit {
        bool exists;
        uint8_t word, bit;
};

enum boot_select {
        BOOT_UNKNOWN,
        BOOT_BY_PIN,        /* by pins alone */
        BOOT_BY_PIN_OR_BIT, /* by the pin or by nBOOT0, as `select` says */
        BOOT_BY_ADD,        /* the pin selects BOOT_ADD0 or BOOT_ADD1, words 2 and 3 */
        BOOT_BY_NSBOOTADD,  /* the pin or nBOOT0 selects NSBOOTADD0 or NSBOOTADD1, words 1 and 2 */
};

/* How the bytes say what is protected against writing. */
enum option_wrp {
        WRP_UNKNOWN,
        WRP_BYTES,   /* a clear bit is 4 KiB, the 32nd all the rest (PM0075 2.5, RM0091 4) */
        WRP_SECTORS, /* a clear bit is a sector (PM0059, RM0090 3.9.5, RM0385 3.4) */
        WRP_WORDS,   /* a set bit is 4 KiB (RM0367 3.7.8, RM0038 3.8) */
        WRP_RANGES,  /* WRP1A in word 3, WRP1B in word 4: first and last page (RM0444 3.4) */
};

/* What cannot be undone: a bit that is set, or any change of a wider field. */
struct option_permanent {
        const char *name;
        uint8_t word, bit, width;
};

struct option_family {
        const char *family;
        uint16_t ids[3]; /* only these of the family; none: all */
        enum word_format format;

        uint8_t rdp_bit;  /* of word 0, where RDP's byte begins */
        uint8_t rdp_open; /* level 0; 0: the family has no RDP */
        uint8_t rdp_half; /* level 0.5, which protects the secure side only; 0: none */
        bool rdp_final;   /* 0xCC is level 2 */

        enum boot_select boot;
        struct option_bit select;    /* is BOOT0 a pin? */
        bool select_pin;             /* value of `select` that says yes */
        struct option_bit n_boot0;   /* stands for the pin, inverted */
        struct option_bit n_boot1;   /* 0: BOOT0 selects RAM */
        struct option_bit boot_lock; /* 1: nothing but flash */
        struct option_bit tzen;      /* 1: boots on the secure side */
        struct option_bit bfb2;
        bool bfb2_choose;                  /* value with which the ROM chooses between the banks */
        struct option_bit other_layout[2]; /* bank options; the largest part heeds the second */
        bool other_value;                  /* their value against the default */
        bool both_below;                   /* smaller parts heed both, each for something else */
        struct option_bit swap;            /* bank 2 lies at the lower addresses */
        bool swap_value;
        struct option_bit n_dboot; /* 0, with two banks: the ROM chooses between them */

        enum option_wrp wrp;
        bool wrp_unsure;          /* not all of it is known */
        struct option_bit sprmod; /* 1: those bits are about reading (PCROP) */

        struct option_permanent permanent[4];

        const uint32_t *factory; /* values as delivered, from word 0 on */
        size_t n_factory;
};

/* The row of this chip, or NULL: nothing is known of its option bytes. */
const struct option_family *option_family_of(const struct chip *chip);
