/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "ctl/client.h"

/*
 * Asks on the terminal whether data may be destroyed, unless --yes was given. `before` and `after`
 * are a sentence that says what is lost; between them the targets of these paths are named, with
 * their chips as far as they are known. Returns STMBOOT_EXIT_DONE; STMBOOT_EXIT_USAGE: not
 * confirmed, or there is no terminal; or why the targets cannot be looked at.
 */
int confirm(struct client *client, char *const *paths, size_t n_paths, const char *before,
            const char *after);
