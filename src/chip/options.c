/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "chip/options.h"
#include "util/bytes.h"
#include "util/macro.h"

/* How an option word lies in the area. */
enum word_format {
        WORD_8,           /* value and complement, 8 bits each: RM0008 2.3, RM0091 4, RM0316 4 */
        WORD_16,          /* the same with 16 bits: RM0377 3.8, RM0038 3.8 */
        WORD_32,          /* the same with 32 bits: RM0351 3.4, RM0440 3.4, RM0444 3.4 */
        WORD_16_SPARSE,   /* 16 bits in 64, the rest reserved: RM0090 3.9.1, RM0385 3.4.1 */
        WORD_32_REGISTER, /* the flash interface's own registers */
};

struct option_bit {
        bool exists;
        uint8_t word, bit;
};

#define BIT_OF(w, b)                                                                               \
        { .exists = true, .word = (w), .bit = (b) }

enum boot_select {
        BOOT_BY_PIN,       /* nothing but pins */
        BOOT_BY_PIN_OR_SW, /* by the pin, or by nBOOT0 as `select` says */
        BOOT_BY_ADDRESS,   /* the pin selects one of two addresses (F7) */
};

struct option_family {
        const char *family;
        uint16_t ids[4]; /* only these of the family; [0] == 0: all of them */
        enum word_format format;

        struct option_bit rdp; /* lowest bit of the byte */
        uint8_t rdp_open;      /* its value without protection */
        bool rdp_final;        /* level 2 (0xCC) exists */

        enum boot_select boot;
        struct option_bit select;  /* BOOT0 is a pin, or not */
        bool select_pin;           /* value of `select` that means the pin */
        struct option_bit n_boot1; /* 0: the pin selects RAM */
        struct option_bit n_boot0;
        struct option_bit bfb2; /* 1: the ROM chooses between the banks */

        struct option_bit other_layout;
        bool other_value;           /* its value against the default */
        struct option_bit final[2]; /* once set, set for good */
        const char *final_names[2];
};

/* The first that fits a chip counts. */
static const struct option_family families[] = {
        { /* RM0008 2.3.1: RDP level 1 by anything but 0xA5; 0x430 has BFB2 in USER */
          .family = "F1",
          .ids = { 0x430 },
          .format = WORD_8,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xA5,
          .bfb2 = BIT_OF(1, 3) },
        { .family = "F1", .format = WORD_8, .rdp = BIT_OF(0, 0), .rdp_open = 0xA5 },
        { /* RM0091 4: USER with nBOOT0, nBOOT1, BOOT_SEL */
          .family = "F0",
          .ids = { 0x442, 0x445 },
          .format = WORD_8,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_PIN_OR_SW,
          .select = BIT_OF(1, 7),
          .select_pin = true,
          .n_boot0 = BIT_OF(1, 3),
          .n_boot1 = BIT_OF(1, 4) },
        { .family = "F0",
          .format = WORD_8,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .n_boot1 = BIT_OF(1, 4) },
        { /* RM0316 4 */
          .family = "F3",
          .format = WORD_8,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .n_boot1 = BIT_OF(1, 4) },
        { /* RM0033 2.4.1 */
          .family = "F2",
          .format = WORD_16_SPARSE,
          .rdp = BIT_OF(0, 8),
          .rdp_open = 0xAA,
          .rdp_final = true },
        { /* RM0090 3.9.1: BFB2 and DB1M of the dual-bank parts */
          .family = "F4",
          .ids = { 0x419, 0x434 },
          .format = WORD_16_SPARSE,
          .rdp = BIT_OF(0, 8),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .bfb2 = BIT_OF(0, 4),
          .other_layout = BIT_OF(1, 14),
          .other_value = true },
        { .family = "F4",
          .format = WORD_16_SPARSE,
          .rdp = BIT_OF(0, 8),
          .rdp_open = 0xAA,
          .rdp_final = true },
        { /* RM0410 3.4.1: nDBANK beside nWRP, BOOT_ADD0 and BOOT_ADD1 in words 2 and 3 */
          .family = "F7",
          .ids = { 0x451 },
          .format = WORD_16_SPARSE,
          .rdp = BIT_OF(0, 8),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_ADDRESS,
          .other_layout = BIT_OF(1, 13),
          .other_value = false },
        { .family = "F7",
          .format = WORD_16_SPARSE,
          .rdp = BIT_OF(0, 8),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_ADDRESS },
        { /* RM0377 3.8: FLASH_OPTR[31:16] is word 1 */
          .family = "L0",
          .ids = { 0x447 },
          .format = WORD_16,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .n_boot1 = BIT_OF(1, 15),
          .bfb2 = BIT_OF(1, 7) },
        { .family = "L0",
          .ids = { 0x425, 0x417 },
          .format = WORD_16,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .n_boot1 = BIT_OF(1, 15) },
        { /* RM0038 3.8 */
          .family = "L1",
          .ids = { 0x436, 0x437 },
          .format = WORD_16,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .bfb2 = BIT_OF(1, 7) },
        { .family = "L1",
          .format = WORD_16,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true },
        { /* RM0351 3.4.1 */
          .family = "L4",
          .ids = { 0x415 },
          .format = WORD_32,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .n_boot1 = BIT_OF(0, 23),
          .bfb2 = BIT_OF(0, 20) },
        { /* RM0394 3.4.1 */
          .family = "L4",
          .format = WORD_32,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_PIN_OR_SW,
          .select = BIT_OF(0, 26),
          .select_pin = true,
          .n_boot0 = BIT_OF(0, 27),
          .n_boot1 = BIT_OF(0, 23) },
        { /* RM0440 3.4.1 */
          .family = "G4",
          .format = WORD_32,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_PIN_OR_SW,
          .select = BIT_OF(0, 26),
          .select_pin = true,
          .n_boot0 = BIT_OF(0, 27),
          .n_boot1 = BIT_OF(0, 23),
          .bfb2 = BIT_OF(0, 20),
          .other_layout = BIT_OF(0, 22),
          .other_value = false },
        { /* RM0444 3.4.1; SECR is word 14 */
          .family = "G0",
          .format = WORD_32,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_PIN_OR_SW,
          .select = BIT_OF(0, 24),
          .select_pin = false,
          .n_boot1 = BIT_OF(0, 25),
          .n_boot0 = BIT_OF(0, 26),
          .final = { BIT_OF(14, 16) },
          .final_names = { "BOOT_LOCK" } },
        { /* RM0490 4.4.1 */
          .family = "C0",
          .format = WORD_32,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_PIN_OR_SW,
          .select = BIT_OF(0, 24),
          .select_pin = false,
          .n_boot1 = BIT_OF(0, 25),
          .n_boot0 = BIT_OF(0, 26),
          .final = { BIT_OF(14, 16) },
          .final_names = { "BOOT_LOCK" } },
        { /* RM0434 3.4 */
          .family = "WB",
          .format = WORD_32,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_PIN_OR_SW,
          .select = BIT_OF(0, 26),
          .select_pin = true,
          .n_boot0 = BIT_OF(0, 27),
          .n_boot1 = BIT_OF(0, 23) },
        { /* RM0453 4.4 */
          .family = "WL",
          .format = WORD_32,
          .rdp = BIT_OF(0, 0),
          .rdp_open = 0xAA,
          .rdp_final = true,
          .boot = BOOT_BY_PIN_OR_SW,
          .select = BIT_OF(0, 26),
          .select_pin = true,
          .n_boot0 = BIT_OF(0, 27),
          .n_boot1 = BIT_OF(0, 23) },
};

static const struct option_family *family_of(const struct chip *chip) {
        for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
                const struct option_family *family = &families[i];

                if (strcmp(family->family, chip->family) != 0)
                        continue;
                if (family->ids[0] == 0)
                        return family;
                for (size_t j = 0; j < ARRAY_SIZE(family->ids); j++)
                        if (family->ids[j] == chip->id)
                                return family;
        }
        return NULL;
}

size_t chip_options_size(const struct chip *chip) {
        size_t size = 0;

        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                size += chip->options[i].size;
        return size;
}

/* ---- words ---- */

static size_t word_size(enum word_format format) {
        switch (format) {
        case WORD_8:
                return 2;
        case WORD_16:
        case WORD_32_REGISTER:
                return 4;
        case WORD_32:
        case WORD_16_SPARSE:
                return 8;
        }
        return 8;
}

static uint32_t word_get(enum word_format format, const uint8_t *bytes, size_t word) {
        const uint8_t *p = bytes + word * word_size(format);

        switch (format) {
        case WORD_8:
                return p[0];
        case WORD_16:
        case WORD_16_SPARSE:
                return get_le16(p);
        case WORD_32:
        case WORD_32_REGISTER:
                return get_le32(p);
        }
        return 0;
}

static void word_put(enum word_format format, uint8_t *bytes, size_t word, uint32_t value) {
        uint8_t *p = bytes + word * word_size(format);

        switch (format) {
        case WORD_8:
                p[0] = (uint8_t)value;
                p[1] = (uint8_t)~value;
                break;
        case WORD_16:
                put_le16(p, (uint16_t)value);
                put_le16(p + 2, (uint16_t)~value);
                break;
        case WORD_16_SPARSE:
                put_le16(p, (uint16_t)value);
                break;
        case WORD_32:
                put_le32(p, value);
                put_le32(p + 4, ~value);
                break;
        case WORD_32_REGISTER:
                put_le32(p, value);
                break;
        }
}

static bool bit_get(const struct option_family *family, const uint8_t *bytes,
                    struct option_bit bit) {
        return word_get(family->format, bytes, bit.word) >> bit.bit & 1;
}

static void bit_set(const struct option_family *family, uint8_t *bytes, struct option_bit bit,
                    bool value) {
        uint32_t word = word_get(family->format, bytes, bit.word);

        word = value ? word | 1U << bit.bit : word & ~(1U << bit.bit);
        word_put(family->format, bytes, bit.word, word);
}

static uint8_t rdp_get(const struct option_family *family, const uint8_t *bytes) {
        return (uint8_t)(word_get(family->format, bytes, family->rdp.word) >> family->rdp.bit);
}

/* ---- meaning ---- */

/* RM0385 2.5, RM0410 2.5: an address in units of 16 KiB; with both BOOT_ADDx the pin decides. */
static void decode_boot_addresses(const struct chip *chip, const uint8_t *bytes,
                                  struct chip_options *options) {
        uint32_t add0 = word_get(WORD_16_SPARSE, bytes, 2);
        uint32_t add1 = word_get(WORD_16_SPARSE, bytes, 3);

        /* 0x00100000 is the system memory as the ITCM bus sees it */
        options->boot_pin = add1 == 0x0040 || add1 == chip->system.start >> 14 ? CHIP_YES : CHIP_NO;
        options->has_boot_address = true;
        options->boot_address = chip_resolve_alias(chip, add0 << 14);
}

static void decode_boot(const struct option_family *family, const struct chip *chip,
                        const uint8_t *bytes, struct chip_options *options) {
        bool by_pin = true;

        if (family->boot == BOOT_BY_ADDRESS) {
                decode_boot_addresses(chip, bytes, options);
                return;
        }

        if (family->boot == BOOT_BY_PIN_OR_SW)
                by_pin = bit_get(family, bytes, family->select) == family->select_pin;
        options->boot_pin =
                by_pin && (!family->n_boot1.exists || bit_get(family, bytes, family->n_boot1))
                        ? CHIP_YES
                        : CHIP_NO;

        /* with BFB2 the ROM takes the bank that holds valid code; with nBOOT0 = 0 nothing starts
         * from flash */
        if (family->bfb2.exists && bit_get(family, bytes, family->bfb2))
                return;
        if (!by_pin && !bit_get(family, bytes, family->n_boot0))
                return;
        options->has_boot_address = true;
        options->boot_address = chip->flash_start;
}

int chip_options_decode(const struct chip *chip, const uint8_t *bytes, size_t size,
                        struct chip_options *ret) {
        const struct option_family *family = family_of(chip);
        struct chip_options options = {};

        if (size == 0 || size != chip_options_size(chip))
                return -EINVAL;

        if (family) {
                options.protection =
                        rdp_get(family, bytes) == family->rdp_open ? CHIP_NO : CHIP_YES;
                if (family->other_layout.exists)
                        options.other_layout =
                                bit_get(family, bytes, family->other_layout) == family->other_value
                                        ? CHIP_YES
                                        : CHIP_NO;
                decode_boot(family, chip, bytes, &options);
        }

        *ret = options;
        return 0;
}

int chip_options_enable_boot_pin(const struct chip *chip, uint8_t *bytes, size_t size) {
        const struct option_family *family = family_of(chip);

        if (!family || family->boot != BOOT_BY_PIN_OR_SW || size != chip_options_size(chip))
                return -EOPNOTSUPP;

        bit_set(family, bytes, family->select, family->select_pin);
        bit_set(family, bytes, family->n_boot1, true);
        return 0;
}

const char *chip_options_permanent(const struct chip *chip, const uint8_t *before,
                                   const uint8_t *after, size_t size) {
        const struct option_family *family = family_of(chip);

        if (!family || size == 0 || size != chip_options_size(chip))
                return NULL;

        if (family->rdp_final && rdp_get(family, after) == 0xCC && rdp_get(family, before) != 0xCC)
                return "RDP level 2";
        for (size_t i = 0; i < ARRAY_SIZE(family->final); i++)
                if (family->final[i].exists && bit_get(family, after, family->final[i]) &&
                    !bit_get(family, before, family->final[i]))
                        return family->final_names[i];
        return NULL;
}

void chip_options_factory(const struct chip *chip, uint8_t *ret_bytes, size_t size) {
        const struct option_family *family = family_of(chip);
        uint32_t word;

        memset(ret_bytes, 0xFF, size);
        if (!family || size == 0 || size != chip_options_size(chip))
                return;

        if (family->format == WORD_8)
                for (size_t i = 0; i < size / 2; i++)
                        word_put(WORD_8, ret_bytes, i, 0xFF);

        word = word_get(family->format, ret_bytes, family->rdp.word);
        word &= ~(0xFFU << family->rdp.bit);
        word_put(family->format, ret_bytes, family->rdp.word,
                 word | (uint32_t)family->rdp_open << family->rdp.bit);
        if (family->bfb2.exists)
                bit_set(family, ret_bytes, family->bfb2, false);
        if (family->final[0].exists)
                bit_set(family, ret_bytes, family->final[0], false);
}
