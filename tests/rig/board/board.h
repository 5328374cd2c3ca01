/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "virtual/virtual.h"

/*
 * What the rig's programs have in common: a virtual STM32 that lives in real time, behind lines and
 * a UART that the kernel drives, and that tests can look into.
 */

struct board {
        const struct chip *part;
        struct virtual_stm32 *chip;
        uint32_t flash_size;
        uint64_t now;   /* microseconds of CLOCK_MONOTONIC; never goes back */
        uint64_t edges; /* of NRST and of the boot lines */
        bool reset, boot0, boot1;
        unsigned baud;
        bool even_parity;
};

/*
 * A powered board, from part=STM32F405 flash=SIZE (the family's largest) load=FILE (what "save"
 * wrote) seed=NUMBER (another chip, with another unique ID) on the command line. Returns 0, -EINVAL
 * for unknown values, -EBADMSG for a file of another part, or what the file system says. From here
 * on the signals that end the program are seen by board_wait() only.
 */
int board_init(struct board *board, char *const *argv);
void board_done(struct board *board);

/* Takes the time: now, or `usec` where an event tells when it was. Returns board->now. */
uint64_t board_tick(struct board *board);
uint64_t board_tick_to(struct board *board, uint64_t usec);

/* Levels of the lines; says so in the log when they change. */
void board_set_lines(struct board *board, bool reset, bool boot0, bool boot1);
void board_set_format(struct board *board, unsigned baud, bool even_parity);
void board_send(struct board *board, const uint8_t *data, size_t size);

/*
 * Waits until a descriptor is ready, the chip has something to say, or `until`. False: the
 * program is to end.
 */
bool board_wait(struct board *board, struct pollfd *fds, size_t n_fds, uint64_t until);

/*
 * Carries out one line from the tests; false: none of its commands.
 *        state                    "running 0x08000000", "rom", "in-reset" ...
 *        counters                 NAME=VALUE lines: of the chip, and edges
 *        format                   baud rate and parity last seen: "115200 8E1"
 *        read ADDRESS SIZE        that memory, raw
 *        write ADDRESS BYTE...    as with a debug probe
 *        fault TYPE AT DETAIL     virtual_fault: "stall", "dead", "nack" ...
 *        power off|on|cycle
 *        save FILE                cuts the power and keeps flash and option bytes
 */
bool board_command(struct board *board, char *command, FILE *out);

/* A line of the log (standard output), with the time of CLOCK_MONOTONIC. */
void board_log(const struct board *board, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
