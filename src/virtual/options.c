/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chip/option_family.h"
#include "chip/option_word.h"
#include "chip/option_wrp.h"
#include "chip/options.h"
#include "util/macro.h"
#include "virtual/model.h"

/*
 * Option bytes: what they mean once loaded, and what the protection commands make of them. Where a
 * family keeps its boot and readout bits is src/chip's knowledge. Chosen by this model:
 *  - the ROM stores what it is given, complements included; a word whose complement does not fit
 *    counts, when loaded, as readout protection level 1;
 *  - families that apply them when OPTSTRT is set (F2, F4, F7, H5, H7), or whose rule is not known,
 *    load them at the next reset, too;
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

/* Not in the bytes that are shown it is remembered: of H7 by sector, else by ranges of pages. */
static enum option_wrp wrp_kind(const struct virtual_stm32 *chip) {
        return chip->option_family ? chip->option_family->wrp : WRP_UNKNOWN;
}

/* The bit of nWRP that stands for a sector: F76 with two banks pairs them (RM0410 3.4). */
static unsigned wrp_number(const struct virtual_stm32 *chip, size_t page) {
        if (strcmp(chip->chip->family, "F7") == 0 && flash_has_two_banks(chip))
                return (unsigned)page / 2;
        return option_wrp_number(chip->chip, &chip->pages[page]);
}

static bool in_a_range(const struct virtual_stm32 *chip, unsigned number) {
        for (unsigned i = 0; i < OPTION_WRP_RANGE_WORDS; i++) {
                struct option_wrp_range range =
                        option_wrp_range(word_get(chip, chip->options, OPTION_WRP_RANGE_WORD + i));

                if (number >= range.first && number <= range.last)
                        return true;
        }
        return false;
}

static bool page_protected(const struct virtual_stm32 *chip, size_t page) {
        enum option_wrp kind = wrp_kind(chip);
        struct option_bit bit;

        switch (kind) {
        case WRP_UNKNOWN:
                return chip->hidden_wrp[page];
        case WRP_RANGES:
                return in_a_range(chip, wrp_number(chip, page));
        default:
                bit = option_wrp_bit(kind, wrp_number(chip, page));
                return option_wrp_protects(kind, bit_get(chip, bit, false));
        }
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

static void protect_bits(struct virtual_stm32 *chip, uint8_t *bytes, const uint8_t *sectors,
                         size_t n) {
        static const unsigned counts[] = {
                [WRP_BYTES] = 32, [WRP_SECTORS] = 24, [WRP_WORDS] = 128
        };
        enum option_wrp kind = wrp_kind(chip);
        bool bank2 = chip->chip->options[1].size > 0;

        for (unsigned i = 0; i < counts[kind]; i++) {
                struct option_bit bit = option_wrp_bit(kind, i);
                bool set = option_wrp_protects(kind, listed(sectors, n, i));
                uint32_t word = word_get(chip, bytes, bit.word) & ~(1U << bit.bit);

                if (kind == WRP_SECTORS && i >= 12 && !bank2)
                        break; /* F7 has something else there */
                word_put(chip, bytes, bit.word, word | (uint32_t)set << bit.bit);
        }
}

static void protect_hidden(struct virtual_stm32 *chip, const uint8_t *sectors, size_t n) {
        bool ranges = strcmp(chip->chip->family, "H7") != 0;

        for (size_t i = 0; i < chip->n_pages; i++)
                chip->hidden_wrp[i] =
                        (ranges ? listed_range : listed)(sectors, n, chip->pages[i].number);
}

/* `bytes` become the present ones with exactly these sectors protected; numbers are not checked. */
void options_protect(struct virtual_stm32 *chip, uint8_t *bytes, const uint8_t *sectors, size_t n) {
        if (options_writable(chip))
                memcpy(bytes, chip->options, chip->options_size);

        switch (wrp_kind(chip)) {
        case WRP_UNKNOWN:
                protect_hidden(chip, sectors, n);
                break;
        case WRP_RANGES:
                /* first behind last: no page */
                for (unsigned i = 0; i < OPTION_WRP_RANGE_WORDS; i++)
                        word_put(chip, bytes, OPTION_WRP_RANGE_WORD + i,
                                 2 * i + 1 < n ? sectors[2 * i] | (uint32_t)sectors[2 * i + 1] << 16
                                               : 0xFFU);
                break;
        default:
                protect_bits(chip, bytes, sectors, n);
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

/*
 * F1: at each system reset (PM0075, PM0068); so F3 (RM0313, RM0364, RM0365, RM0366, option byte
 * description). Elsewhere by OBL_LAUNCH or power alone: F0 (RM0091 4), G0 (RM0444 3.4.2), C0
 * (RM0490 4.4.2), L0 (RM0377, of the empty check), U5 (RM0456); L1, L4, L5, G4, U0, U3, WB, WBA and
 * WL are taken to do so.
 */
bool options_load_at_reset(const struct virtual_stm32 *chip) {
        static const char *const families[] = { "F1", "F2", "F3", "F4",     "F7",
                                                "H5", "H7", "C5", "WB0/WL3" };

        for (size_t i = 0; i < ARRAY_SIZE(families); i++)
                if (strcmp(chip->chip->family, families[i]) == 0)
                        return true;
        return false;
}

/* What counts from this start on. */
void options_load(struct virtual_stm32 *chip) {
        const struct option_family *family = chip->option_family;
        struct option_values values = {
                .nboot0 = true,
                .nboot1 = true,
                .pin_ignored = !family && chip->chip->quirks & CHIP_QUIRK_PIN_OFF,
                .banks_swapped = chip->config.banks_swapped,
        };

        chip->options_pending = chip->options_loading = false;
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
