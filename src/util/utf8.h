/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Length of the valid UTF-8 sequence that `text` begins with (at its end: 0); 0: not valid. */
size_t utf8_next(const char *text);

/* Valid throughout, and without control characters: fit for a log line and for the bus. */
bool utf8_is_line(const char *text);

/* Replaces each byte that is no valid UTF-8 by '?'. */
void utf8_sanitise(char *text);
