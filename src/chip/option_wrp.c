/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "chip/option_wrp.h"
#include "chip/option_word.h"
#include "chip/options.h"
#include "util/macro.h"

unsigned option_wrp_number(const struct chip *chip, const struct flash_page *page) {
        const struct option_family *family = option_family_of(chip);
        uint32_t group = (page->address - chip->flash_start) / 4096;

        switch (family ? family->wrp : WRP_UNKNOWN) {
        case WRP_BYTES:
                return MIN(group, 31U);
        case WRP_WORDS:
                return group;
        default:
                return page->number;
        }
}

struct option_bit option_wrp_bit(enum option_wrp kind, unsigned number) {
        unsigned word, bit;

        switch (kind) {
        case WRP_BYTES:
                word = 4 + number / 8;
                bit = number % 8;
                break;
        case WRP_SECTORS: /* bank 2's, from 12 on, are in its own area (RM0090 3.9) */
                word = number < 12 ? 1 : 3;
                bit = number % 12;
                break;
        default: /* WRP1 to WRP3; WRP4 of the largest L1 lies behind a gap (RM0038 3.8) */
                word = number < 96 ? 2 + number / 16 : 32 + (number - 96) / 16;
                bit = number % 16;
        }
        return (struct option_bit){ .exists = true, .word = (uint8_t)word, .bit = (uint8_t)bit };
}

bool option_wrp_protects(enum option_wrp kind, bool bit) {
        return bit == (kind == WRP_WORDS);
}

struct option_wrp_range option_wrp_range(uint32_t word) {
        return (struct option_wrp_range){ .first = word & 0xFF, .last = word >> 16 & 0xFF };
}

/* ---- what is certain ---- */

static bool is_set(const struct option_family *family, const uint8_t *bytes,
                   struct option_bit bit) {
        return bit.exists && option_word_get(family->format, bytes, bit.word) >> bit.bit & 1;
}

/* May the bits stand for something else? F76 pairs its sectors where it has two banks (RM0410). */
static bool is_doubtful(const struct option_family *family, const struct chip_options *options,
                        const uint8_t *bytes) {
        bool pairs = family->n_dboot.exists && options->other_layout != CHIP_NO;

        return family->wrp == WRP_UNKNOWN || family->wrp_unsure || pairs ||
               is_set(family, bytes, family->sprmod);
}

static enum chip_tristate by_bit(const struct chip *chip, const struct option_family *family,
                                 const uint8_t *bytes, size_t size, const struct flash_page *page) {
        struct option_bit bit = option_wrp_bit(family->wrp, option_wrp_number(chip, page));

        if ((bit.word + 1U) * option_word_size(family->format) > size ||
            !option_word_fits(family->format, bytes, bit.word))
                return CHIP_UNKNOWN;
        return option_wrp_protects(family->wrp, is_set(family, bytes, bit)) ? CHIP_YES : CHIP_NO;
}

/* The fields are as wide as the part is large: what is more may be bits that mean nothing, and all
 * ones may be what nobody ever wrote. */
static enum chip_tristate in_range(const struct option_family *family, const uint8_t *bytes,
                                   size_t word, unsigned n_pages, unsigned number) {
        uint32_t value = option_word_get(family->format, bytes, word);
        struct option_wrp_range range = option_wrp_range(value);

        if (value == UINT32_MAX || !option_word_fits(family->format, bytes, word))
                return CHIP_UNKNOWN;
        if (range.first > range.last)
                return CHIP_NO;
        if (range.last >= n_pages)
                return CHIP_UNKNOWN;
        return number >= range.first && number <= range.last ? CHIP_YES : CHIP_NO;
}

static enum chip_tristate by_range(const struct option_family *family, const uint8_t *bytes,
                                   unsigned n_pages, unsigned number) {
        enum chip_tristate result = CHIP_NO;

        for (size_t i = 0; i < OPTION_WRP_RANGE_WORDS; i++)
                switch (in_range(family, bytes, OPTION_WRP_RANGE_WORD + i, n_pages, number)) {
                case CHIP_YES:
                        return CHIP_YES;
                case CHIP_UNKNOWN:
                        result = CHIP_UNKNOWN;
                        break;
                case CHIP_NO:
                        break;
                }
        return result;
}

enum chip_tristate chip_options_page_protected(const struct chip *chip, uint32_t flash_size,
                                               const uint8_t *bytes, size_t size,
                                               const struct flash_page *page) {
        const struct option_family *family = option_family_of(chip);
        struct chip_options options;

        if (!family || flash_size == 0 ||
            chip_options_decode(chip, flash_size, bytes, size, &options) < 0)
                return CHIP_UNKNOWN;
        /* who asks has read flash: bytes that deny it are not what the manual says */
        if (options.protection != CHIP_NO || is_doubtful(family, &options, bytes))
                return CHIP_UNKNOWN;
        if (family->wrp == WRP_RANGES)
                return by_range(family, bytes, flash_size / page->size, page->number);
        return by_bit(chip, family, bytes, size, page);
}
