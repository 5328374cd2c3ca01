/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/flash_map.h"

struct chip_data;

/*
 * What is known of each STM32 whose ROM speaks AN3155: one row a product ID, from devices.csv,
 * constant and shared. No function here allocates.
 */

/* Oddities of a ROM or chip that the engine must heed and the virtual STM32 shows. */
enum chip_quirk {
        CHIP_QUIRK_8N1 = 1U << 0,              /* no parity (WB0, WL3) */
        CHIP_QUIRK_NO_MASS_ERASE = 1U << 1,    /* 0x44 FFFF is NACKed (L0, L1) */
        CHIP_QUIRK_NO_BANK_ERASE = 1U << 2,    /* 0x44 FFFE/FFFD is NACKed or broken */
        CHIP_QUIRK_ONE_PAGE_ERASE = 1U << 3,   /* only one page a command is erased */
        CHIP_QUIRK_ONE_PAGE_BANK2 = 1U << 4,   /* the same, in bank 2 only (G0B1) */
        CHIP_QUIRK_DOUBLE_NACK = 1U << 5,      /* two NACKs to Read/Write/Go when protected */
        CHIP_QUIRK_DOUBLE_SYNC_ACK = 1U << 6,  /* two ACKs to the first 0x7F (L412) */
        CHIP_QUIRK_SILENT_ADDRESS = 1U << 7,   /* no NACK to a bad address: silence */
        CHIP_QUIRK_GET_COUNT = 1U << 8,        /* Get may report a wrong count (H74x V9.0) */
        CHIP_QUIRK_GO_NO_ACK = 1U << 9,        /* Go may lack its first ACK (H74x V9.0) */
        CHIP_QUIRK_EARLY_ERASE_ACK = 1U << 10, /* bank-2 erase is ACKed too early (H74x V9.1) */
        CHIP_QUIRK_BULK_ID_READ = 1U << 11,    /* size and UID only inside a bulk read */
        CHIP_QUIRK_EMPTY_CHECK = 1U << 12,     /* enters the ROM while flash is empty */
        CHIP_QUIRK_EMPTY_CLEARED = 1U << 13,   /* the ROM clears that flag at its start */
        CHIP_QUIRK_PIN_OFF = 1U << 14,         /* BOOT0 ignored as delivered (G0, C0 nBOOT_SEL) */
        CHIP_QUIRK_VOLTAGE_RANGE = 1U << 15,   /* 0xFFFF0000 selects the program width (F2/F4/F7) */
        CHIP_QUIRK_REREAD = 1U << 16,          /* a mismatch counts only after re-entry (H72x) */
        CHIP_QUIRK_BLOCK_128 = 1U << 17,       /* at most 128 bytes a read or write (L0) */
        CHIP_QUIRK_SIZE_CODE = 1U << 18,       /* the size register holds a code (L1 cat. 3/4) */
        CHIP_QUIRK_NO_RDP = 1U << 19,          /* no readout commands (H5: PRODUCT_STATE) */
        CHIP_QUIRK_RESET_AFTER_OB = 1U << 20,  /* option-byte and protect commands end in a reset */
        CHIP_QUIRK_NO_RAM = 1U << 21,          /* the ROM gives no access to RAM */
        CHIP_QUIRK_STRICT_HALFWORD = 1U << 22, /* refuses to program a non-erased unit (F0/F1/F3) */
        CHIP_QUIRK_ECC = 1U << 23,             /* a program unit can be written once only */
        CHIP_QUIRK_SIZE_LOW_BYTE = 1U << 24,   /* only its low byte is valid (L1 cat. 2) */
        CHIP_QUIRK_BANK_SWAP = 1U << 25,       /* banks may swap addresses, but not numbers */
        CHIP_QUIRK_NO_OPTION_LAUNCH = 1U << 26, /* option bytes may wait for a power cycle */
};

struct chip_range {
        uint32_t start;
        uint32_t size; /* bytes; 0: none */
};

enum chip_timing {
        CHIP_TYPICAL,
        CHIP_WORST,
};

#define CHIP_RANGES_MAX 4

struct chip {
        uint16_t id;      /* as Get ID reports it */
        const char *name; /* as AN2606 names the group: "STM32F405/407/415/417" */
        const char *const
                *parts;     /* part-number stems, NULL-terminated: "STM32F405"; x: any character */
        const char *family; /* "F4" */
        const char *core;
        const char *unusable; /* NULL, or why stmboot cannot flash it */
        uint32_t quirks;      /* enum chip_quirk */

        uint32_t flash_start;
        uint32_t flash_size;      /* the family's largest, bytes; 0: not known */
        const char *layout;       /* as in flash_map_parse(), of the largest part */
        const char *layout_other; /* with the bank option the other way; NULL: none */
        uint16_t bank2_first;     /* number of bank 2's first page on the wire; 0: counts on */
        uint8_t erased;           /* value of an erased byte */
        uint8_t program_unit;     /* bytes programmed at once by the hardware */
        uint8_t write_align;      /* alignment and granule of Write Memory */

        struct chip_range ram[CHIP_RANGES_MAX];     /* what the ROM leaves to the host */
        struct chip_range options[CHIP_RANGES_MAX]; /* option-byte areas, each written whole */
        struct chip_range system;                   /* system memory (the ROM) */
        struct chip_range alias[CHIP_RANGES_MAX];   /* other addresses of flash; map to its start */
        uint32_t flash_size_register;               /* 0: none */
        uint32_t unique_id;                         /* 0: none */
        uint32_t bootloader_id;                     /* 0: none */

        uint8_t pattern;       /* boot pattern, AN2606 table 2 */
        const char *pins;      /* "USART1 RX=PA10 TX=PA9; ..." */
        uint32_t startup_usec; /* from reset to the first 0x7F, AN2606 table 227; 0: not listed */
        uint32_t startup_slow_usec; /* the same without HSE, LSE, or with an unlucky pin; 0: none */
        uint8_t jitter_percent;     /* error of a software-measured baud rate, AN2606 table 6; 0:
                                       hardware */
        uint32_t baud_max;          /* 0: no documented limit but AN3155's tested 115200 */

        const char *notes; /* for people */

        const struct chip_data *data; /* private to src/chip: times, layouts of smaller parts */
};

/* The table, ordered by family as in devices.csv. */
extern const struct chip chip_table[];
extern const size_t chip_table_size;

/* The row of this product ID, or NULL. */
const struct chip *chip_by_id(uint16_t id);

/*
 * The first row that a person's name fits: "STM32F405", "stm32f405rg", "F405", "STM32F103xB",
 * "0x413". A name fits a part number if one begins with the other; an x in either stands for any
 * character. A name may fit several rows (STM32F4); chip_name_fits() answers for one. NULL: none,
 * or no name: there are letters, digits and dashes in one, 20 at most.
 */
const struct chip *chip_by_name(const char *name);
bool chip_name_fits(const char *name, const struct chip *chip);

/*
 * The map of a part with `size` bytes of flash (from its size register; 0: the family's largest)
 * and with the bank option as `other_layout` says. Returns 0 or -EINVAL (no layout is known, or
 * none of that size).
 */
int chip_flash_map(const struct chip *chip, uint32_t size, bool other_layout,
                   struct flash_map *ret);

/* Maps an alias (0x0, 0x00200000 on F7, 0x0C000000 with TrustZone) to the flash address. */
uint32_t chip_resolve_alias(const struct chip *chip, uint32_t address);

/*
 * How many sectors, numbered from 0, Write Protect can name on a part with `size` bytes of flash
 * (0: the family's largest), at the most; 0: not known, as where the hardware protects ranges.
 */
unsigned chip_protect_sectors(const struct chip *chip, uint32_t size);

/* The bytes of flash that the size register's value stands for; 0: implausible. */
uint32_t chip_flash_size(const struct chip *chip, uint16_t register_value);

/*
 * How long the ROM takes, in microseconds (datasheets, see devices.csv). `fast`: the voltage range
 * was raised through 0xFFFF0000 (F2/F4/F7); ignored elsewhere. 0: not known. Mass erase: a size
 * that no part of the row has, 0 too, counts as the largest.
 */
uint64_t chip_program_usec(const struct chip *chip, size_t bytes, enum chip_timing timing,
                           bool fast);
uint64_t chip_page_erase_usec(const struct chip *chip, uint32_t page_size, enum chip_timing timing,
                              bool fast);
uint64_t chip_mass_erase_usec(const struct chip *chip, uint32_t flash_size, enum chip_timing timing,
                              bool fast);
