/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "limit.h"
#include "util/macro.h"

#define BLOCK       256
#define BLOCK_BYTES 268 /* on the wire, both directions */
#define BYTE_BITS   11

static uint64_t erase_usec(const struct chip *chip, size_t size) {
        struct flash_map map;
        struct flash_page page;
        uint64_t usec = 0;

        int r = chip_flash_map(chip, 0, false, &map);
        assert(r == 0);
        for (size_t i = 0; flash_map_page(&map, i, &page); i++)
                if (page.address < chip->flash_start + size)
                        usec += chip_page_erase_usec(chip, page.size, CHIP_TYPICAL, false);
        return usec;
}

uint64_t limit_usec(const struct chip *chip, size_t size, unsigned baud, bool verify) {
        uint64_t blocks = size / BLOCK;
        uint64_t wire = blocks * BLOCK_BYTES * BYTE_BITS * USEC_PER_SEC / baud;
        uint64_t program = blocks * chip_program_usec(chip, BLOCK, CHIP_TYPICAL, false);

        return erase_usec(chip, size) + program + wire * (verify ? 2 : 1);
}
