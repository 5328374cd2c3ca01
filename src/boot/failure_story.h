/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "boot/advice.h"

/* What the text of a failure is told from and to. Private to failure*.c. */
struct story {
        FILE *out;
        const struct session_failure *failure;
        const struct advice_context *context;
};

/* The line with the outcome: what is true now of flash, option bytes and lines. */
void failure_tell_outcome(const struct story *story);
