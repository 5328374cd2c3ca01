/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "daemon/board.h"
#include "hw/lines.h"
#include "hw/port.h"
#include "util/clock.h"

static const char *const state_names[] = {
        [VIRTUAL_OFF] = "off", [VIRTUAL_IN_RESET] = "reset",  [VIRTUAL_STARTING] = "starting",
        [VIRTUAL_ROM] = "rom", [VIRTUAL_RUNNING] = "running", [VIRTUAL_HUNG] = "hung",
};

/* FNV-1a, Fowler et al. */
static uint64_t seed_from_name(const char *name) {
        uint64_t hash = 0xcbf29ce484222325;

        for (; *name; name++)
                hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
        return hash;
}

int board_new(const char *name, const struct target_config *config, struct virtual_stm32 **ret) {
        struct virtual_config board = config->board;
        struct virtual_stm32 *chip;

        if (board.seed == 0)
                board.seed = seed_from_name(name);
        int r = virtual_new(&board, &chip);
        for (size_t i = 0; r == 0 && i < config->n_faults; i++) {
                r = virtual_add_fault(chip, &config->faults[i]);
                if (r < 0)
                        virtual_free(chip);
        }
        if (r == 0)
                *ret = chip;
        return r;
}

struct virtual_stm32 *board_free(struct virtual_stm32 *board) {
        return board ? virtual_free(board) : NULL;
}

int board_connect(struct virtual_stm32 *board, struct port **ret_port, struct lines **ret_lines) {
        struct lines *lines;

        int r = lines_open_virtual(board, &lines);
        if (r < 0)
                return r;
        r = port_open_virtual(board, ret_port);
        if (r < 0) {
                lines_close(lines);
                return r;
        }
        *ret_lines = lines;
        return 0;
}

const char *board_state(struct virtual_stm32 *board) {
        return state_names[virtual_state(board, clock_usec())];
}
