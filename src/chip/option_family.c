/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "chip/option_family.h"
#include "util/macro.h"

#define BIT_OF(w, b)                                                                               \
        { .exists = true, .word = (w), .bit = (b) }
#define FACTORY(values) .factory = (values), .n_factory = ARRAY_SIZE(values)

/* Level 0 is 0xAA, level 2 is 0xCC, level 1 is anything else. */
#define RDP_AA .rdp_open = 0xAA, .rdp_final = true

/* The user bits of L4, L4+, G4, WB and WL: nBOOT1 23, nSWBOOT0 26, nBOOT0 27. */
#define BOOT_NSWBOOT0                                                                              \
        .boot = BOOT_BY_PIN_OR_BIT, .select = BIT_OF(0, 26), .select_pin = true,                   \
        .n_boot0 = BIT_OF(0, 27), .n_boot1 = BIT_OF(0, 23)

/* The user bits of G0, C0 and U0: nBOOT_SEL 24, nBOOT1 25, nBOOT0 26. */
#define BOOT_NBOOT_SEL                                                                             \
        .boot = BOOT_BY_PIN_OR_BIT, .select = BIT_OF(0, 24), .select_pin = false,                  \
        .n_boot1 = BIT_OF(0, 25), .n_boot0 = BIT_OF(0, 26)

/* The user bits of L5 and U5: nSWBOOT0 26, nBOOT0 27, TZEN 31; BOOT_LOCK in SECBOOTADD0R. With
 * TrustZone 0x55 is level 0.5. */
#define TRUST_ZONE                                                                                 \
        .rdp_half = 0x55, .boot = BOOT_BY_NSBOOTADD, .select = BIT_OF(0, 26), .select_pin = true,  \
        .n_boot0 = BIT_OF(0, 27), .tzen = BIT_OF(0, 31), .boot_lock = BIT_OF(3, 0),                \
        .permanent = { { "TZEN", 0, 31, 1 }, { "BOOT_LOCK", 3, 0, 1 } }

/* OPTCR 0x0FFFAAED (RM0090) as option words; the second bank's nWRP is in word 3 */
static const uint32_t factory_f4[] = { 0xAAEF, 0x0FFF, 0xFFFF, 0x0FFF };

/* OPTCR 0xC0FFAAFD and OPTCR1 0x00400080 (RM0385); nDBANK and nDBOOT are 1 (RM0410) */
static const uint32_t factory_f7[] = { 0xAAFF, 0xC0FF, 0x0080, 0x0040 };
static const uint32_t factory_f76[] = { 0xAAFF, 0xFFFF, 0x0080, 0x0040 };

/* OPTR 0x807000AA, no sector protected (RM0367 3.7.8) */
static const uint32_t factory_l0[] = { 0x00AA, 0x8070, 0, 0, 0, 0, 0, 0 };

/* OBR 0x00F800AA, no sector protected (RM0038) */
static const uint32_t factory_l1[] = { 0x00AA, 0x00F8, 0, 0, 0, 0, 0, 0 };

/* OPTR, PCROP1SR, then PCROP1ER, WRP1AR, WRP1BR and SEC1R or bank 2's where the area shows them
 * (RM0351, RM0394, RM0440: option bytes) */
static const uint32_t factory_l4[] = { 0xFFEFF8AA, 0xFFFFFFFF };
static const uint32_t factory_g4[] = { 0xFFEFF8AA, 0xFFFFFFFF, 0x00FF0000, 0xFF00FFFF,
                                       0xFF00FFFF, 0xFF00FE00, 0xFFFFFFFF, 0xFFFFFFFF,
                                       0xFFFFFFFF, 0xFF00FFFF, 0xFF00FFFF, 0xFF00FE00 };

/* OPTR, NSBOOTADD0R, NSBOOTADD1R, SECBOOTADD0R, SECWM1R1, SECWM1R2, WRP1AR, WRP1BR, then the same
 * four of bank 2. U5: RM0456 7.9.13, read so on NUCLEO-U575 and -U5A5; the rest as Renode's model
 * has it. L5: what Arm's flash algorithm restores (STM32L5xx_DFP) */
#define FACTORY_WATERMARKS 0xFFFFFF80, 0x7F807F80, 0xFF80FFFF, 0xFF80FFFF
static const uint32_t factory_u5[] = { 0x1FEFF8AA, 0x0800007F,         0x0BF9007F,
                                       0x0C00007C, FACTORY_WATERMARKS, FACTORY_WATERMARKS };
static const uint32_t factory_l5[] = { 0x7FEFF8AA, 0x0800007F,         0x0BF9007F,
                                       0x0C00007C, FACTORY_WATERMARKS, FACTORY_WATERMARKS };

/* OPTR; PCROP and WRP areas start behind their end, that is: none (RM0444, RM0490: option bytes) */
static const uint32_t factory_g0[] = { 0xFFFFFEAA, 0xFF, 0,    0xFF, 0xFF, 0xFF, 0, 0xFF,
                                       0,          0xFF, 0xFF, 0xFF, 0,    0,    0, 0 };

/* The first that fits a chip counts. */
static const struct option_family families[] = {
        {
                /* PM0075, XL density PM0068: read protected by anything but 0xA5 */
                .family = "F1",
                .ids = { 0x430 },
                .format = WORD_8,
                .rdp_open = 0xA5,
                .boot = BOOT_BY_PIN,
                .bfb2 = BIT_OF(1, 3),
                .bfb2_choose = false,
                .wrp = WRP_BYTES,
                .wrp_unsure = true,
        },
        {
                .family = "F1",
                .format = WORD_8,
                .rdp_open = 0xA5,
                .boot = BOOT_BY_PIN,
                .wrp = WRP_BYTES,
        },
        {
                /* RM0091 4: USER has nBOOT0, nBOOT1 and BOOT_SEL on F04x and F09x; what RM0360
                 * calls reserved on F070x6 and F030xC reads as 1 there */
                .family = "F0",
                .ids = { 0x442, 0x445 },
                .format = WORD_8,
                RDP_AA,
                .boot = BOOT_BY_PIN_OR_BIT,
                .select = BIT_OF(1, 7),
                .select_pin = true,
                .n_boot0 = BIT_OF(1, 3),
                .n_boot1 = BIT_OF(1, 4),
                .wrp = WRP_BYTES,
        },
        {
                /* RM0091 4, RM0360 4 */
                .family = "F0",
                .format = WORD_8,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .n_boot1 = BIT_OF(1, 4),
                .wrp = WRP_BYTES,
        },
        {
                /* RM0316, RM0365, RM0366, RM0313: option byte description */
                .family = "F3",
                .format = WORD_8,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .n_boot1 = BIT_OF(1, 4),
                .wrp = WRP_BYTES,
        },
        {
                /* PM0059: option bytes */
                .family = "F2",
                .format = WORD_16_IN_64,
                .rdp_bit = 8,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .wrp = WRP_SECTORS,
                FACTORY(factory_f4),
        },
        {
                /* RM0090, RM0386, option bytes: BFB2 and DB1M */
                .family = "F4",
                .ids = { 0x419, 0x434 },
                .format = WORD_16_IN_64,
                .rdp_bit = 8,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .bfb2 = BIT_OF(0, 4),
                .bfb2_choose = true,
                .other_layout = { BIT_OF(1, 14) },
                .other_value = true,
                .wrp = WRP_SECTORS,
                .sprmod = BIT_OF(1, 15),
                FACTORY(factory_f4),
        },
        {
                /* RM0090, option bytes: no SPRMOD */
                .family = "F4",
                .ids = { 0x413 },
                .format = WORD_16_IN_64,
                .rdp_bit = 8,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .wrp = WRP_SECTORS,
                FACTORY(factory_f4),
        },
        {
                /* RM0368, RM0383, RM0390, RM0401, RM0402, RM0430: option bytes */
                .family = "F4",
                .format = WORD_16_IN_64,
                .rdp_bit = 8,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .wrp = WRP_SECTORS,
                .sprmod = BIT_OF(1, 15),
                FACTORY(factory_f4),
        },
        {
                /* RM0410, option bytes; AN2606 pattern 9 */
                .family = "F7",
                .ids = { 0x451 },
                .format = WORD_16_IN_64,
                .rdp_bit = 8,
                RDP_AA,
                .boot = BOOT_BY_ADD,
                .other_layout = { BIT_OF(1, 13) },
                .other_value = false,
                .n_dboot = BIT_OF(1, 12),
                .wrp = WRP_SECTORS,
                FACTORY(factory_f76),
        },
        {
                /* RM0385, RM0431, option bytes */
                .family = "F7",
                .format = WORD_16_IN_64,
                .rdp_bit = 8,
                RDP_AA,
                .boot = BOOT_BY_ADD,
                .wrp = WRP_SECTORS,
                FACTORY(factory_f7),
        },
        {
                /* RM0377: nBOOT0 and nBOOT_SEL too, whose sense AN2606 pattern 6 inverts */
                .family = "L0",
                .ids = { 0x457 },
                .format = WORD_16,
                RDP_AA,
                .wrp = WRP_WORDS,
                .sprmod = BIT_OF(0, 8),
                FACTORY(factory_l0),
        },
        {
                /* RM0367 3.7.8: word 1 is OPTR[31:16] */
                .family = "L0",
                .ids = { 0x447 },
                .format = WORD_16,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .n_boot1 = BIT_OF(1, 15),
                .bfb2 = BIT_OF(1, 7),
                .bfb2_choose = true,
                .wrp = WRP_WORDS,
                .sprmod = BIT_OF(0, 8),
                FACTORY(factory_l0),
        },
        {
                .family = "L0",
                .format = WORD_16,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .n_boot1 = BIT_OF(1, 15),
                .wrp = WRP_WORDS,
                .sprmod = BIT_OF(0, 8),
                FACTORY(factory_l0),
        },
        {
                /* RM0038: BFB2 of the dual-bank parts; AN2606 pattern 4 */
                .family = "L1",
                .ids = { 0x436, 0x437 },
                .format = WORD_16,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .bfb2 = BIT_OF(1, 7),
                .bfb2_choose = false,
                .wrp = WRP_WORDS,
                .sprmod = BIT_OF(0, 8),
                FACTORY(factory_l1),
        },
        {
                .family = "L1",
                .format = WORD_16,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .wrp = WRP_WORDS,
                .sprmod = BIT_OF(0, 8),
                FACTORY(factory_l1),
        },
        {
                /* RM0351: BFB2 20, DUALBANK 21 (heeded below 1 MiB), no nSWBOOT0 */
                .family = "L4",
                .ids = { 0x415 },
                .format = WORD_32,
                RDP_AA,
                .boot = BOOT_BY_PIN,
                .n_boot1 = BIT_OF(0, 23),
                .bfb2 = BIT_OF(0, 20),
                .bfb2_choose = true,
                .other_layout = { BIT_OF(0, 21) },
                .other_value = false,
                FACTORY(factory_l4),
        },
        {
                .family = "L4",
                .ids = { 0x461 },
                .format = WORD_32,
                RDP_AA,
                BOOT_NSWBOOT0,
                .bfb2 = BIT_OF(0, 20),
                .bfb2_choose = true,
                .other_layout = { BIT_OF(0, 21) },
                .other_value = false,
                FACTORY(factory_l4),
        },
        {
                /* RM0394 */
                .family = "L4",
                .format = WORD_32,
                RDP_AA,
                BOOT_NSWBOOT0,
                FACTORY(factory_l4),
        },
        {
                /* RM0432: DB1M 21, DBANK 22; the size of the part says which counts */
                .family = "L4+",
                .format = WORD_32,
                RDP_AA,
                BOOT_NSWBOOT0,
                .bfb2 = BIT_OF(0, 20),
                .bfb2_choose = true,
                .other_layout = { BIT_OF(0, 21), BIT_OF(0, 22) },
                .other_value = false,
                FACTORY(factory_l4),
        },
        {
                /* RM0440: BFB2 20, DBANK 22, BOOT_LOCK in SEC1R */
                .family = "G4",
                .ids = { 0x469 },
                .format = WORD_32,
                RDP_AA,
                BOOT_NSWBOOT0,
                .boot_lock = BIT_OF(5, 16),
                .bfb2 = BIT_OF(0, 20),
                .bfb2_choose = true,
                .other_layout = { BIT_OF(0, 22) },
                .other_value = false,
                .wrp = WRP_RANGES,
                .wrp_unsure = true,
                .permanent = { { "BOOT_LOCK", 5, 16, 1 } },
                FACTORY(factory_g4),
        },
        {
                .family = "G4",
                .format = WORD_32,
                RDP_AA,
                BOOT_NSWBOOT0,
                .boot_lock = BIT_OF(5, 16),
                .wrp = WRP_RANGES,
                .permanent = { { "BOOT_LOCK", 5, 16, 1 } },
                FACTORY(factory_g4),
        },
        {
                /* RM0444: nSWAP_BANK 20, DUAL_BANK 21, BOOT_LOCK in SECR at 0x1FFF7870 */
                .family = "G0",
                .ids = { 0x467 },
                .format = WORD_32,
                RDP_AA,
                BOOT_NBOOT_SEL,
                .boot_lock = BIT_OF(14, 16),
                .other_layout = { BIT_OF(0, 21) },
                .other_value = false,
                .swap = BIT_OF(0, 20),
                .swap_value = false,
                .wrp = WRP_RANGES,
                .wrp_unsure = true,
                .permanent = { { "BOOT_LOCK", 14, 16, 1 } },
                FACTORY(factory_g0),
        },
        {
                /* RM0444, RM0454 3.4.1 */
                .family = "G0",
                .format = WORD_32,
                RDP_AA,
                BOOT_NBOOT_SEL,
                .boot_lock = BIT_OF(14, 16),
                .wrp = WRP_RANGES,
                .permanent = { { "BOOT_LOCK", 14, 16, 1 } },
                FACTORY(factory_g0),
        },
        {
                /* RM0490 3.1 */
                .family = "C0",
                .format = WORD_32,
                RDP_AA,
                BOOT_NBOOT_SEL,
                .boot_lock = BIT_OF(14, 16),
                .wrp = WRP_RANGES,
                .permanent = { { "BOOT_LOCK", 14, 16, 1 } },
                FACTORY(factory_g0),
        },
        {
                /* RM0503 2.5: the registers from OPTR on; SECR 0x60 behind it */
                .family = "U0",
                .format = WORD_PLAIN,
                RDP_AA,
                BOOT_NBOOT_SEL,
                .boot_lock = BIT_OF(24, 16),
                .permanent = { { "BOOT_LOCK", 24, 16, 1 } },
        },
        {
                /* an ID that no document of ST's lists */
                .family = "WB",
                .ids = { 0x496 },
                .format = WORD_32,
                RDP_AA,
                BOOT_NSWBOOT0,
                .wrp = WRP_RANGES,
                .wrp_unsure = true,
        },
        {
                /* RM0434, option bytes */
                .family = "WB",
                .format = WORD_32,
                RDP_AA,
                BOOT_NSWBOOT0,
                .wrp = WRP_RANGES,
        },
        {
                /* RM0453 4.4: BOOT_LOCK 30 */
                .family = "WL",
                .format = WORD_32,
                RDP_AA,
                BOOT_NSWBOOT0,
                .boot_lock = BIT_OF(0, 30),
                .wrp = WRP_RANGES,
                .permanent = { { "BOOT_LOCK", 0, 30, 1 } },
        },
        {
                /* RM0438: as on U5, but SWAP_BANK 20, DB256K 21, DBANK 22, which below 512 KiB
                 * gives the page size only (OpenOCD stm32l4x.c) */
                .family = "L5",
                .format = WORD_PLAIN,
                RDP_AA,
                TRUST_ZONE,
                .other_layout = { BIT_OF(0, 21), BIT_OF(0, 22) },
                .other_value = false,
                .both_below = true,
                .swap = BIT_OF(0, 20),
                .swap_value = true,
                FACTORY(factory_l5),
        },
        {
                /* RM0456 table 25: the registers OPTR, NSBOOTADD0R, NSBOOTADD1R, SECBOOTADD0R */
                .family = "U5",
                .format = WORD_PLAIN,
                RDP_AA,
                TRUST_ZONE,
                .other_layout = { BIT_OF(0, 21) },
                .other_value = false,
                .swap = BIT_OF(0, 20),
                .swap_value = true,
                FACTORY(factory_u5),
        },
        {
                /* RM0481: OPTSR and OPTSR2, current and to be programmed; SWAP_BANK 31 */
                .family = "H5",
                .format = WORD_PLAIN,
                .swap = BIT_OF(0, 31),
                .swap_value = true,
                .permanent = { { "PRODUCT_STATE", 0, 8, 8 },
                               { "PRODUCT_STATE", 1, 8, 8 },
                               { "TZEN", 8, 24, 8 },
                               { "TZEN", 9, 24, 8 } },
        },
};

const struct option_family *option_family_of(const struct chip *chip) {
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
