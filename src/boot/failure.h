/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "boot/advice.h"

/*
 * The one place where a failure becomes text: a line with target, phase, command, address, what was
 * expected and what came; a line with the outcome; a line "Try: ..." for each advice. Lines end in
 * a newline but for the last. Returns a string that the caller frees, or NULL (memory).
 */
char *failure_to_text(const char *target, const struct session_failure *failure,
                      const struct advice_context *context);

/* Why a flash is not power-fail safe; NULL: it is. */
const char *failure_risk(enum plan_safety safety);
