/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "virtual-pty/client_clock.h"
#include "virtual-pty/control.h"
#include "virtual-pty/pty.h"

/*
 * Runs the board behind the pty until SIGTERM or SIGINT, telling on standard error what the chip
 * does. `clock`: of the client, if it tells. `control`: descriptor of a FIFO with a command a line,
 * or -1. `baud`: of the wire; 0: what the client sets. Returns 0 or negative errno.
 */
int serve(struct board *board, struct pty *pty, struct client_clock *clock, int control,
          unsigned baud);
