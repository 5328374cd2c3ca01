/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "chip/chip-data.h"
#include "chip/option_family.h"
#include "chip/option_word.h"
#include "chip/options.h"
#include "util/macro.h"

#define RDP_LEVEL_2 0xCC

/* System memory as the boot address of an F7 names it: by its own address, or as the ITCM bus sees
 * it (RM0385, boot configuration). */
#define F7_ITCM_ROM 0x00100000U

/* Of G07x AN2606 says it of V11.2, and not of those that followed. */
#define G07X          0x460
#define G07X_LAUNCHES 0xB3

bool chip_launches_options(const struct chip *chip, uint8_t bootloader_id) {
        if (!(chip->quirks & CHIP_QUIRK_NO_OPTION_LAUNCH))
                return true;
        return chip->id == G07X && bootloader_id >= G07X_LAUNCHES;
}

size_t chip_options_size(const struct chip *chip) {
        size_t size = 0;

        for (size_t i = 0; i < CHIP_RANGES_MAX; i++)
                size += chip->options[i].size;
        return size;
}

/* ---- words ---- */

bool chip_options_have_complements(const struct chip *chip) {
        const struct option_family *family = option_family_of(chip);

        return family && option_word_has_complement(family->format);
}

bool chip_options_fit_complements(const struct chip *chip, const uint8_t *bytes, size_t size) {
        const struct option_family *family = option_family_of(chip);

        for (size_t i = 0; family && i < size / option_word_size(family->format); i++)
                if (!option_word_intact(family->format, bytes, i))
                        return false;
        return family != NULL;
}

static bool bit_get(const struct option_family *family, const uint8_t *bytes,
                    struct option_bit bit) {
        return option_word_get(family->format, bytes, bit.word) >> bit.bit & 1;
}

static void bit_put(const struct option_family *family, uint8_t *bytes, struct option_bit bit,
                    bool value) {
        uint32_t word = option_word_get(family->format, bytes, bit.word);

        option_word_put(family->format, bytes, bit.word,
                        value ? word | 1U << bit.bit : word & ~(1U << bit.bit));
}

static bool bit_is_set(const struct option_family *family, const uint8_t *bytes,
                       struct option_bit bit) {
        return bit.exists && bit_get(family, bytes, bit);
}

static uint8_t rdp_get(const struct option_family *family, const uint8_t *bytes) {
        return (uint8_t)(option_word_get(family->format, bytes, 0) >> family->rdp_bit);
}

/* ---- meaning ---- */

static enum chip_tristate tristate(bool value) {
        return value ? CHIP_YES : CHIP_NO;
}

static bool has_other_layout(const struct chip *chip) {
        const struct chip_part *part = chip->data ? chip->data->smaller : NULL;

        for (; part && part->flash_size > 0; part++)
                if (part->layout_other)
                        return true;
        return chip->layout_other != NULL;
}

static enum chip_tristate decode_layout(const struct option_family *family, const struct chip *chip,
                                        uint32_t flash_size, const uint8_t *bytes) {
        const struct option_bit *bits = family->other_layout;
        bool largest = flash_size == chip->flash_size, value;

        if (!has_other_layout(chip))
                return CHIP_NO;
        if (!bits[0].exists)
                return CHIP_UNKNOWN;

        value = bit_get(family, bytes, bits[0]);
        if (bits[1].exists && bit_get(family, bytes, bits[1]) != value) {
                /* the size of the part says which of the two counts */
                if (flash_size == 0 || (family->both_below && !largest))
                        return CHIP_UNKNOWN;
                value = bit_get(family, bytes, bits[largest]);
        }
        return tristate(value == family->other_value);
}

static enum chip_tristate decode_swap(const struct option_family *family, const struct chip *chip,
                                      const uint8_t *bytes) {
        if (!(chip->quirks & CHIP_QUIRK_BANK_SWAP))
                return CHIP_NO;
        if (!family->swap.exists)
                return CHIP_UNKNOWN;
        return tristate(bit_get(family, bytes, family->swap) == family->swap_value);
}

static void set_boot_address(struct chip_options *options, uint32_t address) {
        options->has_boot_address = true;
        options->boot_address = address;
}

/* RM0385, RM0410, boot configuration: two addresses in units of 16 KiB */
static void decode_boot_add(const struct option_family *family, const struct chip *chip,
                            const uint8_t *bytes, struct chip_options *options) {
        uint32_t add0 = option_word_get(family->format, bytes, 2) << 14;
        uint32_t add1 = option_word_get(family->format, bytes, 3) << 14;

        /* with nDBANK = nDBOOT = 0 the ROM looks at BOOT_ADD0 whatever the pin says, and takes the
         * bank that holds valid code: AN2606, F76x/77x, V9.3 */
        if (options->other_layout == CHIP_YES && family->n_dboot.exists &&
            !bit_get(family, bytes, family->n_dboot)) {
                options->boot_pin = CHIP_NO;
                return;
        }

        options->boot_pin = tristate(add1 == F7_ITCM_ROM || add1 == chip->system.start);
        set_boot_address(options, chip_resolve_alias(chip, add0));
}

/* RM0438, RM0456 table 25: with TrustZone off, two addresses in units of 128 bytes */
static void decode_boot_nsbootadd(const struct option_family *family, const struct chip *chip,
                                  const uint8_t *bytes, bool by_pin, struct chip_options *options) {
        uint32_t add0 = option_word_get(family->format, bytes, 1) & ~0x7FU;
        uint32_t add1 = option_word_get(family->format, bytes, 2) & ~0x7FU;

        if (bit_is_set(family, bytes, family->tzen))
                return;

        options->boot_pin = tristate(by_pin && add1 == chip->system.start);
        set_boot_address(options, by_pin || bit_get(family, bytes, family->n_boot0) ? add0 : add1);
}

static void decode_boot(const struct option_family *family, const struct chip *chip,
                        const uint8_t *bytes, struct chip_options *options) {
        bool by_pin = !family->select.exists ||
                      bit_get(family, bytes, family->select) == family->select_pin;

        if (family->boot == BOOT_UNKNOWN)
                return;
        if (family->boot == BOOT_BY_ADD) {
                decode_boot_add(family, chip, bytes, options);
                return;
        }
        if (family->boot == BOOT_BY_NSBOOTADD) {
                decode_boot_nsbootadd(family, chip, bytes, by_pin, options);
                return;
        }
        if (bit_is_set(family, bytes, family->boot_lock)) {
                options->boot_pin = CHIP_NO;
                set_boot_address(options, chip->flash_start);
                return;
        }

        options->boot_pin = tristate(
                by_pin && (!family->n_boot1.exists || bit_get(family, bytes, family->n_boot1)));

        /* where the ROM chooses between two banks, or nBOOT0 keeps out of flash, no address says
         * what starts */
        if (family->bfb2.exists && bit_get(family, bytes, family->bfb2) == family->bfb2_choose)
                return;
        if (!by_pin && !bit_get(family, bytes, family->n_boot0))
                return;
        set_boot_address(options, chip->flash_start);
}

/* Are the words that decide about booting and protection in order? */
static bool options_intact(const struct option_family *family, const uint8_t *bytes) {
        return option_word_intact(family->format, bytes, 0) &&
               option_word_intact(family->format, bytes, family->n_boot1.word) &&
               option_word_intact(family->format, bytes, family->bfb2.word) &&
               option_word_intact(family->format, bytes, family->boot_lock.word);
}

int chip_options_decode(const struct chip *chip, uint32_t flash_size, const uint8_t *bytes,
                        size_t size, struct chip_options *ret) {
        const struct option_family *family = option_family_of(chip);
        struct chip_options options = {};
        uint8_t rdp;

        if (size == 0 || size != chip_options_size(chip))
                return -EINVAL;

        if (family && options_intact(family, bytes)) {
                rdp = rdp_get(family, bytes);
                if (family->rdp_open > 0)
                        options.protection =
                                tristate(rdp != family->rdp_open &&
                                         (family->rdp_half == 0 || rdp != family->rdp_half));
                options.other_layout = decode_layout(family, chip, flash_size, bytes);
                options.banks_swapped = decode_swap(family, chip, bytes);
                decode_boot(family, chip, bytes, &options);
        }

        *ret = options;
        return 0;
}

int chip_options_enable_boot_pin(const struct chip *chip, uint8_t *bytes, size_t size) {
        const struct option_family *family = option_family_of(chip);

        if (!family || size == 0 || size != chip_options_size(chip) ||
            !options_intact(family, bytes) || bit_is_set(family, bytes, family->boot_lock))
                return -EOPNOTSUPP;

        switch (family->boot) {
        case BOOT_BY_PIN:
        case BOOT_BY_PIN_OR_BIT:
                if (family->select.exists)
                        bit_put(family, bytes, family->select, family->select_pin);
                if (family->n_boot1.exists)
                        bit_put(family, bytes, family->n_boot1, true);
                return 0;
        case BOOT_BY_ADD:
                option_word_put(family->format, bytes, 3, F7_ITCM_ROM >> 14);
                return 0;
        case BOOT_BY_NSBOOTADD:
        case BOOT_UNKNOWN:
                break;
        }
        return -EOPNOTSUPP;
}

const char *chip_options_permanent(const struct chip *chip, const uint8_t *before,
                                   const uint8_t *after, size_t size) {
        const struct option_family *family = option_family_of(chip);

        if (!family || size == 0 || size != chip_options_size(chip))
                return NULL;

        if (family->rdp_final && rdp_get(family, after) == RDP_LEVEL_2 &&
            rdp_get(family, before) != RDP_LEVEL_2)
                return "RDP level 2";

        for (size_t i = 0; i < ARRAY_SIZE(family->permanent); i++) {
                const struct option_permanent *field = &family->permanent[i];
                uint32_t mask = (1U << field->width) - 1U;
                uint32_t old, new;

                if (!field->name)
                        break;
                old = option_word_get(family->format, before, field->word) >> field->bit & mask;
                new = option_word_get(family->format, after, field->word) >> field->bit &mask;
                if (old != new && (field->width > 1 || new == 1))
                        return field->name;
        }
        return NULL;
}

void chip_options_factory(const struct chip *chip, uint8_t *ret_bytes, size_t size) {
        const struct option_family *family = option_family_of(chip);
        size_t words;
        uint32_t rdp;

        memset(ret_bytes, 0xFF, size);
        if (!family || size == 0 || size != chip_options_size(chip))
                return;

        /* L0 and L1 erase to zeros, and a 0 does not protect (RM0377, RM0038) */
        words = size / option_word_size(family->format);
        for (size_t i = 0; i < words; i++)
                option_word_put(family->format, ret_bytes, i,
                                i < family->n_factory       ? family->factory[i]
                                : family->format == WORD_16 ? 0
                                                            : UINT32_MAX);
        if (family->n_factory > 0)
                return;

        /* nothing but level 0 is known; a bit that locks for good is not set, nor one that swaps */
        if (family->swap.exists)
                bit_put(family, ret_bytes, family->swap, !family->swap_value);
        if (family->rdp_open == 0)
                return;
        rdp = option_word_get(family->format, ret_bytes, 0) & ~(0xFFU << family->rdp_bit);
        option_word_put(family->format, ret_bytes, 0,
                        rdp | (uint32_t)family->rdp_open << family->rdp_bit);
        for (size_t i = 0; i < ARRAY_SIZE(family->permanent) && family->permanent[i].name; i++)
                bit_put(family, ret_bytes,
                        (struct option_bit){ .exists = true,
                                             .word = family->permanent[i].word,
                                             .bit = family->permanent[i].bit },
                        false);
}
