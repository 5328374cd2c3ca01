/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/config_target.h"
#include "virtual/virtual.h"

/* The virtual STM32 behind Port=virtual:..., where the build has it (else all of this fails). */

/*
 * `name` gives it an identity where the configuration has no Seed=. Returns 0, -ENOMEM, -EINVAL (no
 * such part), or -EOPNOTSUPP (not in this build).
 */
int board_new(const char *name, const struct target_config *config, struct virtual_stm32 **ret);
struct virtual_stm32 *board_free(struct virtual_stm32 *board);

/* Returns 0 or negative errno; both are the caller's. */
int board_connect(struct virtual_stm32 *board, struct port **ret_port, struct lines **ret_lines);

/* What it does at this moment: off, reset, starting, rom, running, hung. */
const char *board_state(struct virtual_stm32 *board);
