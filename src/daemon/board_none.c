/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "daemon/board.h"

int board_new(const char *name, const struct target_config *config, struct virtual_stm32 **ret) {
        (void)name;
        (void)config;
        (void)ret;
        return -EOPNOTSUPP;
}

struct virtual_stm32 *board_free(struct virtual_stm32 *board) {
        (void)board;
        return NULL;
}

int board_connect(struct virtual_stm32 *board, struct port **ret_port, struct lines **ret_lines) {
        (void)board;
        (void)ret_port;
        (void)ret_lines;
        return -EOPNOTSUPP;
}

const char *board_state(struct virtual_stm32 *board) {
        (void)board;
        return "";
}
