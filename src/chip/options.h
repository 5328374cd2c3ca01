/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "chip/chip.h"

/*
 * What the option bytes of a chip say about booting and protection. Only what the cited reference
 * manual of the family states is decoded; everything else is "unknown", never guessed.
 * `bytes` are the chip's option areas, one behind the other, as read through the ROM.
 */

enum chip_tristate {
        CHIP_UNKNOWN,
        CHIP_NO,
        CHIP_YES,
};

struct chip_options {
        enum chip_tristate boot_pin;      /* does the BOOT0 pin select the ROM? */
        enum chip_tristate other_layout;  /* is the bank option set against the default? */
        enum chip_tristate banks_swapped; /* does bank 2 lie at the lower addresses? */
        enum chip_tristate protection;    /* readout protection at level 1 or 2 */
        bool has_boot_address;
        uint32_t boot_address; /* where the chip boots with BOOT0 inactive */
};

/*
 * `flash_size`: bytes, from its size register; 0: not known. Returns 0, or -EINVAL: not `size`
 * bytes of this chip.
 */
int chip_options_decode(const struct chip *chip, uint32_t flash_size, const uint8_t *bytes,
                        size_t size, struct chip_options *ret);

/*
 * Is this page of the part's own map (see chip_flash_map()) protected against writing? CHIP_UNKNOWN
 * where there is any doubt, as with no `flash_size`, another size, or a complement that does not
 * fit.
 */
enum chip_tristate chip_options_page_protected(const struct chip *chip, uint32_t flash_size,
                                               const uint8_t *bytes, size_t size,
                                               const struct flash_page *page);

/* The sum of the chip's option areas; 0: the ROM shows none. */
size_t chip_options_size(const struct chip *chip);

/* Does each word of the chip's option areas stand beside its complement? And do those in `bytes`, a
 * whole number of them, fit? Then no wrong bit of the wire is among them. */
bool chip_options_have_complements(const struct chip *chip);
bool chip_options_fit_complements(const struct chip *chip, const uint8_t *bytes, size_t size);

/*
 * Makes the chip obey its BOOT0 pin (G0, C0 ...: clears nBOOT_SEL), complements included. Returns
 * 0, or -EOPNOTSUPP: not known how.
 */
int chip_options_enable_boot_pin(const struct chip *chip, uint8_t *bytes, size_t size);

/*
 * Names what in the step from `before` to `after` cannot be undone (RDP level 2, BOOT_LOCK, TZEN,
 * PRODUCT_STATE); NULL: nothing known of that kind.
 */
const char *chip_options_permanent(const struct chip *chip, const uint8_t *before,
                                   const uint8_t *after, size_t size);

/* Does the ROM of this bootloader ID (0: not known) launch the option bytes that are written
 * through it, or may they wait for a power cycle? */
bool chip_launches_options(const struct chip *chip, uint8_t bootloader_id);

/* The factory state of the area, where documented (for the virtual STM32). */
void chip_options_factory(const struct chip *chip, uint8_t *ret_bytes, size_t size);
