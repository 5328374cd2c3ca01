/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "boot/session.h"

/*
 * What a failure means on this very chip and wiring, and what to try next. Data: one row a cause,
 * each with the source of its claim.
 */

struct advice_context {
        const struct chip *chip; /* what it is, or is believed to be; NULL: not known */
        const struct entry_config *entry;
        unsigned baud;
        bool is_virtual;
};

#define ADVICE_MAX 4

/* One line of text each ("BOOT0 may not be wired: ..."), the most likely first. Returns how many.
 */
size_t advice_find(const struct session_failure *failure, const struct advice_context *context,
                   const char *ret_texts[static ADVICE_MAX]);

/*
 * The one place where a failure becomes text: target, phase, command, address, what was expected
 * and what came, the outcome, then the advice. Returns a string that the caller frees, or NULL
 * (memory).
 */
char *failure_to_text(const char *target, const struct session_failure *failure,
                      const struct advice_context *context);
