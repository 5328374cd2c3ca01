/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "drive.h"

/* A chip, its wiring and the jobs done on it, for tests of whole jobs. */

struct board {
        const struct chip *chip;
        struct drive drive;
        struct session_config config;
        struct session *session; /* of the last job */
};

/*
 * A chip by its name, as delivered and just powered; NRST and BOOT0 wired. A G0 or C0 has its boot
 * pin enabled. `wiring`: NULL, or what else the model is to be told; its chip is not looked at.
 */
void board_open(struct board *board, const char *name, const struct virtual_config *wiring);
/* With its option bytes as delivered: a G0 or C0 ignores its boot pin. */
void board_open_delivered(struct board *board, const char *name,
                          const struct virtual_config *wiring);
/* The same with a row of the caller's, of which a session is told nothing beforehand. */
void board_open_row(struct board *board, const struct chip *row,
                    const struct virtual_config *wiring);
void board_close(struct board *board);

/* A layout given by hand for the jobs that follow; `map` is what it becomes, and stays in use. */
void board_set_layout(struct board *board, const char *layout, struct flash_map *map);

/* Puts an image into flash as a debug probe does, and cycles the power. */
void board_put(struct board *board, const struct image *image);
void board_cycle_power(struct board *board);

/* Option bytes as a debug probe writes them, in force after the next reset. */
void board_poke(struct board *board, uint32_t address, uint32_t value, size_t size);
uint32_t board_peek(const struct board *board, uint32_t address, size_t size);

/* Carries out one job. */
bool board_try(struct board *board, const struct session_request *request);
void board_do(struct board *board, const struct session_request *request);
const struct session_failure *board_fail(struct board *board, const struct session_request *request,
                                         enum session_error error);

/* Lines inactive, no option write torn, no unit programmed twice, nothing said to a busy chip,
 * progress that never fell. */
void board_check_left(const struct board *board);

/* What runs once the power was cycled with BOOT0 low. */
enum board_runs {
        BOARD_RUNS_NOTHING,
        BOARD_RUNS_OLD,
        BOARD_RUNS_NEW,
        BOARD_RUNS_PART,
};
enum board_runs board_look(struct board *board, const struct image *old, const struct image *new);

/* The failure of the last job as a user reads it. Caller frees. */
char *board_text(const struct board *board);
