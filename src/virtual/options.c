/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chip/option_family.h"
#include "chip/option_word.h"
#include "chip/options.h"
#include "util/macro.h"
#include "virtual/model.h"

/*
 * Option bytes: what they mean once loaded, and what the protection commands make of them. Where a
 * family keeps its boot and readout bits is src/chip's knowledge. Chosen by this model:
 *  - the ROM stores what it is given, complements included; a word whose complement does not fit
 *    counts, when loaded, as readout protection level 1;
 *  - any reset after a write loads them, and counts as option loading for the empty check;
 *  - where they are not shown, or nothing is known of a bit, the chip is as delivered: BOOT0
 *    selects the ROM, no protection. New protection of such rows is remembered beside them;
 *  - 0x63 takes pairs of first and last page where the hardware protects ranges (AN2606: U5).
 */

/* ---- words ---- */

static bool word_exists(const struct virtual_stm32 *chip, unsigned word) {
        return (word + 1) * option_word_size(chip->option_family->format) <= chip->options_size;
}

static uint32_t word_get(const struct virtual_stm32 *chip, const uint8_t *bytes, unsigned word) {
        return word_exists(chip, word) ? option_word_get(chip->option_family->format, bytes, word)
                                       : UINT32_MAX;
}

static void word_put(const struct virtual_stm32 *chip, uint8_t *bytes, unsigned word,
                     uint32_t value) {
        if (word_exists(chip, word))
                option_word_put(chip->option_family->format, bytes, word, value);
}

static bool bit_get(const struct virtual_stm32 *chip, struct option_bit bit, bool otherwise) {
        if (!bit.exists)
                return otherwise;
        return word_get(chip, chip->options, bit.word) >> bit.bit & 1;
}

int options_new(struct virtual_stm32 *chip) {
        chip->options_size = chip_options_size(chip->chip);
        chip->options = calloc(1, MAX(chip->options_size, (size_t)1));
        if (!chip->options)
                return -ENOMEM;

        if (chip->options_size > 0) {
                chip->option_family = option_family_of(chip->chip);
                chip_options_factory(chip->chip, chip->options, chip->options_size);
        }
        return 0;
}

/* Can the protection commands be carried out in the bytes themselves? */
bool options_writable(const struct virtual_stm32 *chip) {
        return chip->option_family && chip->option_family->rdp_open > 0 &&
               chip->options_size <= OPTIONS_MAX;
}

/* ---- write protection ---- */

enum wrp {
        WRP_HIDDEN,        /* not in the bytes that are shown: remembered by sector */
        WRP_HIDDEN_RANGES, /* the same, by ranges of pages */
        WRP_BYTES,   /* a clear bit is 4 KiB, the last one all the rest (PM0075 2.5, RM0091 4) */
        WRP_SECTORS, /* a clear bit is a sector (RM0090 3.9.5, RM0385 3.4) */
        WRP_WORDS,   /* a set bit is 4 KiB (RM0367 3.7.8, RM0038 3.8) */
        WRP_RANGES,  /* WRP1A in word 3, WRP1B in word 4: first and last page (RM0444 3.4) */
};

static enum wrp wrp_kind(const struct virtual_stm32 *chip) {
        static const struct {
                const char *family;
                enum wrp kind;
        } kinds[] = {
                { "F0", WRP_BYTES },   { "F1", WRP_BYTES },   { "F3", WRP_BYTES },
                { "F2", WRP_SECTORS }, { "F4", WRP_SECTORS }, { "F7", WRP_SECTORS },
                { "L0", WRP_WORDS },   { "L1", WRP_WORDS },   { "G0", WRP_RANGES },
                { "C0", WRP_RANGES },  { "G4", WRP_RANGES },  { "WB", WRP_RANGES },
                { "WL", WRP_RANGES },  { "H7", WRP_HIDDEN },
        };

        for (size_t i = 0; i < ARRAY_SIZE(kinds) && chip->options_size > 0; i++)
                if (strcmp(kinds[i].family, chip->chip->family) == 0)
                        return kinds[i].kind;
        return strcmp(chip->chip->family, "H7") == 0 ? WRP_HIDDEN : WRP_HIDDEN_RANGES;
}

/* The 4-KiB group of a page; of F0, F1 and F3 the last bit covers the rest. */
static unsigned page_group(const struct virtual_stm32 *chip, size_t page, enum wrp kind) {
        uint32_t group = (chip->pages[page].address - chip->chip->flash_start) / 4096;

        return kind == WRP_BYTES ? MIN(group, 31U) : group;
}

/* WRP1 to WRP3 follow one another, WRP4 of the largest L1 lies behind a gap (RM0038 3.8). */
static unsigned group_word(unsigned group) {
        return group < 96 ? 2 + group / 16 : 32 + (group - 96) / 16;
}

/* The bit of nWRP that stands for a sector: F76 with two banks pairs them (RM0410 3.4). */
static unsigned sector_bit(const struct virtual_stm32 *chip, size_t page) {
        unsigned number = chip->pages[page].number;

        if (strcmp(chip->chip->family, "F7") == 0 && flash_has_two_banks(chip))
                return (unsigned)page / 2;
        return number;
}

/* Of two areas the second holds bank 2's sectors: 12 and on (RM0090 3.9). */
static unsigned sector_word(unsigned bit) {
        return bit < 12 ? 1 : 3;
}

static bool page_protected(const struct virtual_stm32 *chip, size_t page) {
        enum wrp kind = wrp_kind(chip);
        unsigned number;

        switch (kind) {
        case WRP_BYTES:
                number = page_group(chip, page, kind);
                return !(word_get(chip, chip->options, 4 + number / 8) >> number % 8 & 1);
        case WRP_SECTORS:
                number = sector_bit(chip, page);
                return !(word_get(chip, chip->options, sector_word(number)) >> number % 12 & 1);
        case WRP_WORDS:
                number = page_group(chip, page, kind);
                return word_get(chip, chip->options, group_word(number)) >> number % 16 & 1;
        case WRP_RANGES:
                for (unsigned word = 3; word <= 4; word++) {
                        uint32_t range = word_get(chip, chip->options, word);

                        number = chip->pages[page].number;
                        if (number >= (range & 0xFF) && number <= (range >> 16 & 0xFF))
                                return true;
                }
                return false;
        case WRP_HIDDEN:
        case WRP_HIDDEN_RANGES:
                break;
        }
        return chip->hidden_wrp[page];
}

static bool listed(const uint8_t *sectors, size_t n, unsigned number) {
        return number <= UINT8_MAX && n > 0 && memchr(sectors, (int)number, n) != NULL;
}

static bool listed_range(const uint8_t *pairs, size_t n, unsigned page) {
        for (size_t i = 0; i + 1 < n; i += 2)
                if (page >= pairs[i] && page <= pairs[i + 1])
                        return true;
        return false;
}

/* `bytes` become the present ones with exactly these sectors protected; numbers are not checked. */
void options_protect(struct virtual_stm32 *chip, uint8_t *bytes, const uint8_t *sectors, size_t n) {
        enum wrp kind = wrp_kind(chip);
        uint32_t words[32] = {}; /* the bits set for listed sectors, 8, 12 or 16 a word */

        if (options_writable(chip))
                memcpy(bytes, chip->options, chip->options_size);

        switch (kind) {
        case WRP_BYTES:
                for (unsigned i = 0; i < 32; i++)
                        words[i / 8] |= (uint32_t)listed(sectors, n, i) << i % 8;
                for (unsigned i = 0; i < 4; i++)
                        word_put(chip, bytes, 4 + i, ~words[i]);
                break;
        case WRP_SECTORS:
                for (unsigned i = 0; i < 24; i++)
                        words[i / 12] |= (uint32_t)listed(sectors, n, i) << i % 12;
                /* the second word is in bank 2's area, where there is one */
                for (unsigned i = 0; i < (chip->chip->options[1].size > 0 ? 2 : 1); i++)
                        word_put(chip, bytes, 1 + 2 * i,
                                 (word_get(chip, chip->options, 1 + 2 * i) | 0xFFF) & ~words[i]);
                break;
        case WRP_WORDS:
                for (unsigned i = 0; i < 128; i++)
                        words[i / 16] |= (uint32_t)listed(sectors, n, i) << i % 16;
                for (unsigned i = 0; i < 128; i += 16)
                        word_put(chip, bytes, group_word(i), words[i / 16]);
                break;
        case WRP_RANGES:
                /* first behind last: no page */
                for (unsigned i = 0; i < 2; i++)
                        word_put(chip, bytes, 3 + i,
                                 2 * i + 1 < n ? sectors[2 * i] | (uint32_t)sectors[2 * i + 1] << 16
                                               : 0xFFU);
                break;
        case WRP_HIDDEN:
                for (size_t i = 0; i < chip->n_pages; i++)
                        chip->hidden_wrp[i] = listed(sectors, n, chip->pages[i].number);
                break;
        case WRP_HIDDEN_RANGES:
                for (size_t i = 0; i < chip->n_pages; i++)
                        chip->hidden_wrp[i] = listed_range(sectors, n, chip->pages[i].number);
                break;
        }
}

/* As delivered no page is protected, whatever the bytes say that nobody documents. */
void options_deliver(struct virtual_stm32 *chip) {
        uint8_t bytes[OPTIONS_MAX];

        for (size_t i = 0; i < chip->n_pages && options_writable(chip); i++)
                if (page_protected(chip, i)) {
                        options_protect(chip, bytes, NULL, 0);
                        memcpy(chip->options, bytes, chip->options_size);
                        return;
                }
}

/* ---- readout protection ---- */

void options_set_rdp(struct virtual_stm32 *chip, uint8_t *bytes, bool protect) {
        const struct option_family *family = chip->option_family;
        uint32_t word;

        if (!options_writable(chip)) {
                chip->hidden_rdp = protect;
                return;
        }
        memcpy(bytes, chip->options, chip->options_size);
        word = word_get(chip, bytes, 0) & ~(0xFFU << family->rdp_bit);
        if (!protect)
                word |= (uint32_t)family->rdp_open << family->rdp_bit;
        word_put(chip, bytes, 0, word);
}

static uint8_t rdp_level(const struct virtual_stm32 *chip) {
        const struct option_family *family = chip->option_family;
        uint8_t rdp;

        if (!options_writable(chip))
                return chip->hidden_rdp;
        if (!chip_options_fit_complements(chip->chip, chip->options, chip->options_size))
                return 1;
        rdp = (uint8_t)(word_get(chip, chip->options, 0) >> family->rdp_bit);
        if (rdp == 0xCC && family->rdp_final)
                return 2;
        return rdp != family->rdp_open && (family->rdp_half == 0 || rdp != family->rdp_half);
}

/* ---- loading ---- */

static const struct option_bit *layout_bit(const struct virtual_stm32 *chip) {
        const struct option_bit *bits = chip->option_family->other_layout;

        /* L4+: DB1M is heeded below the largest size, DBANK at it (RM0432 3.4); L5 likewise, where
         * smaller parts with the two at odds are not modelled */
        return &bits[bits[1].exists && chip->flash_size == chip->chip->flash_size];
}

/* Two addresses, by the pin's level. F7: BOOT_ADDx, times 16 KiB; U5: NSBOOTADDx. */
static void load_boot_addresses(struct virtual_stm32 *chip, struct option_values *values) {
        enum boot_select boot = chip->option_family->boot;
        uint32_t usual[2] = { chip->chip->flash_start, chip->chip->system.start };

        if (boot != BOOT_BY_ADD && boot != BOOT_BY_NSBOOTADD)
                return;
        values->has_boot_address = true;
        for (unsigned i = 0; i < 2; i++) {
                unsigned first = boot == BOOT_BY_ADD ? 2 : 1;
                uint32_t value = word_get(chip, chip->options, first + i);

                if (boot == BOOT_BY_ADD)
                        values->boot_address[i] = value << 14;
                else /* all ones: its factory value is not known here */
                        values->boot_address[i] = value == UINT32_MAX ? usual[i] : value & ~0x7FU;
        }
}

/* What counts from this reset on. */
void options_load(struct virtual_stm32 *chip) {
        const struct option_family *family = chip->option_family;
        struct option_values values = {
                .nboot0 = true,
                .nboot1 = true,
                .pin_ignored = !family && chip->chip->quirks & CHIP_QUIRK_PIN_OFF,
                .banks_swapped = chip->config.banks_swapped,
        };

        chip->options_pending = false;
        values.rdp_level = rdp_level(chip);
        if (family) {
                values.has_nboot1 = family->n_boot1.exists;
                values.nboot1 = bit_get(chip, family->n_boot1, true);
                values.nboot0 = bit_get(chip, family->n_boot0, true);
                values.pin_ignored = family->select.exists &&
                                     bit_get(chip, family->select, false) != family->select_pin;
                values.boot_lock = bit_get(chip, family->boot_lock, false);
                values.other_layout =
                        layout_bit(chip)->exists &&
                        bit_get(chip, *layout_bit(chip), false) == family->other_value;
                if (family->swap.exists)
                        values.banks_swapped =
                                bit_get(chip, family->swap, false) == family->swap_value;
                values.dual_boot = family->bfb2.exists &&
                                   bit_get(chip, family->bfb2, false) == family->bfb2_choose;
                if (family->n_dboot.exists)
                        values.dual_boot =
                                values.other_layout && !bit_get(chip, family->n_dboot, true);
                load_boot_addresses(chip, &values);
        }

        chip->values = values;
        flash_load_map(chip);
        for (size_t i = 0; i < chip->n_pages; i++)
                chip->protected[i] = page_protected(chip, i);
}
