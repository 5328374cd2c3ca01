/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"
#include "chip/options.h"
#include "image/image.h"
#include "util/cleanup.h"

/*
 * What to erase, write and read back, and in which order, to bring an image into a flash. Knows
 * pages and blocks, no protocol. Order: pages[0] is erased first and checked blank; then the other
 * pages; `body` is written, `body_reads` compared; `head` is written but for its last block,
 * `head_reads` compared; that block, the unit with the stack pointer and the reset vector, is
 * written, `unit_reads` compared. So a partial image never starts.
 */

#define PLAN_BLOCK_MAX   256
#define PLAN_GRANULE_MIN 4

enum plan_erase {
        PLAN_ERASE_TOUCHED, /* the pages that the image touches */
        PLAN_ERASE_ALL,     /* every page */
        PLAN_ERASE_NONE,    /* the caller knows that they are blank */
};

/* What the power or the gateway may do to the chip in the middle of it. */
enum plan_safety {
        PLAN_SAFE,           /* the order above makes it so */
        PLAN_BOOT_UNCERTAIN, /* where the chip boots from is not certain */
        PLAN_BEHIND,         /* the image does not hold what the chip boots from: that decides
                              * whether it is started; its own vector table comes last */
        PLAN_WITHOUT_HEAD,   /* likewise, and it has no vector table that could come last */
        PLAN_NOT_ERASED,     /* on request: what is there may make the half of it whole */
};

struct plan_block {
        uint32_t address;
        uint32_t size;       /* 1..PLAN_BLOCK_MAX; of a write: a multiple of the write granule */
        const uint8_t *data; /* owned by the plan */
};

struct plan_list {
        struct plan_block *blocks;
        size_t n_blocks;
        uint64_t bytes; /* in all blocks */
};

struct plan {
        struct flash_page *pages; /* [0]: the head page, if has_head */
        size_t n_pages;
        struct plan_list body, body_reads, head, head_reads, unit_reads;
        bool has_head; /* the image holds the unit that it is started from */
        uint32_t head_address;
        uint32_t image_address; /* of its first byte in flash */
        uint32_t boot_address;  /* that the chip boots from, as far as is known */
        enum plan_safety safety;
        bool cannot_start; /* what stands at the boot address is no vector table */
        uint8_t *arena;    /* what the blocks' data points into */
};

struct plan_config {
        const struct chip *chip;     /* NULL: unknown chip, `map` was given by hand */
        const struct flash_map *map; /* of this very part */
        uint32_t block_max;          /* bytes a read or write: 128 or PLAN_BLOCK_MAX */
        uint32_t write_align;        /* alignment and granule of writes: a power of two, from
                                        PLAN_GRANULE_MIN to 128; the chip's program unit, where
                                        larger, takes its place */
        uint8_t erased;
        enum plan_erase erase;
        /* Where the chip boots with BOOT0 inactive; the head. Not known: the start of flash is
         * taken, which is not certain where another address is possible. */
        bool has_boot_address;
        uint32_t boot_address;
        bool boot_address_certain;
        /* Contents of touched pages outside the image, to be written back; NULL: left erased. */
        const struct image *preserved;
};

enum plan_status {
        PLAN_OK = 0,
        PLAN_OUTSIDE_FLASH, /* a segment lies outside the flash of this part */
        PLAN_TOO_LARGE,     /* it starts in flash and runs beyond its end */
        PLAN_OPTION_BYTES,  /* a segment lies in the option bytes; only on request */
        PLAN_EMPTY,         /* nothing of the image lies in flash */
        PLAN_OVERLAP,       /* two segments, one by an alias, hold the same address */
        PLAN_RANGE_OUTSIDE, /* no image: a range to be erased is not all of it flash */
        PLAN_NOT_THERE,     /* others of its kind have flash there, this part refuses to be read */
        PLAN_CANNOT_START,  /* not of plan_build(): no vector table where the chip surely boots */
};

struct plan_error {
        enum plan_status status;
        uint32_t address;                /* first address that does not fit */
        uint32_t end;                    /* end of that segment, exclusive */
        uint32_t flash_start, flash_end; /* what there is, end exclusive */
        uint32_t flash_size;             /* bytes of it: there may be a hole between two banks */
};

/*
 * Segments inside an option area of `config->chip` are left out of the plan if `skip_options` (they
 * are written by the option-byte step), else refused. Aliases of flash are resolved. Granules that
 * hold only the erased value are not written, unless nothing is erased; all bytes are compared.
 *
 * The head is at the boot address, if the image (or what is preserved) holds it. Else, where the
 * image starts with a vector table, it is there: some bootloader in front decides what starts, and
 * the plan is not power-fail safe. Else there is none. head.blocks may be empty although has_head:
 * a head that holds only the erased value needs no write.
 *
 * Returns 0 and a plan that the caller owns; a positive enum plan_status with `ret_error` filled;
 * -ENOMEM; or -EINVAL (no such block_max or write_align).
 */
int plan_build(const struct image *image, const struct plan_config *config, bool skip_options,
               struct plan **ret, struct plan_error *ret_error);

/*
 * Would this image fit a chip of this kind with `flash_size` bytes (0: the family's largest)?
 * Returns as plan_build() does, option-byte segments being left out; the plan's pages are those
 * that the image touches. -EOPNOTSUPP: the chip's layout is not known, or none of that size.
 */
int plan_check_image(const struct image *image, const struct chip *chip, uint32_t flash_size,
                     struct plan **ret, struct plan_error *ret_error);

/* Does a chip like this start flash at its first byte or not at all, whatever its options say? */
bool plan_boots_at_start(const struct chip *chip, const struct flash_map *map);

/* What comparing all of it reads. */
uint64_t plan_read_bytes(const struct plan *plan);

struct plan *plan_free(struct plan *plan);
DEFINE_CLEANUP(struct plan, plan_free);
