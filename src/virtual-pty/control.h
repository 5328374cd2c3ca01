/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "virtual/virtual.h"

/* The hand on the board: what drives a virtual STM32's pins, power and faults by words. */

struct board {
        struct virtual_stm32 *chip;
        bool reset, boot0, boot1;
        bool parity; /* of the host's UART: even, or none */
        unsigned baud;
};

/*
 * Does what a line says: "reset=1", "boot0=0", "boot1=1", "power=0", "parity=even", "fault=nack@3".
 * Returns 0; -EINVAL: says nothing known; -ENOMEM.
 */
int board_control(struct board *board, uint64_t now, const char *line);

/* Puts the lines as the board has them. */
void board_apply(struct board *board, uint64_t now);

/* "nack@3" or "flip-to-host@120:5": type, count from 0, detail. Returns 0 or -EINVAL. */
int fault_parse(const char *text, struct virtual_fault *ret);
