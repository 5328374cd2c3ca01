/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "util/macro.h"

/* Configuration files: inih, made strict. */

/*
 * Called for every section header (`key` and `value` NULL) and every assignment. Returns 0, or
 * negative with a reason (settings_reason()).
 */
typedef int (*settings_handler)(const char *section, const char *key, const char *value,
                                unsigned line, void *userdata, char **ret_reason);

/*
 * Reads a file's bytes. Returns 0; -EINVAL with "FILE:LINE: reason" for the caller to free; or
 * -ENOMEM. Stops at the first error. Values are lines of UTF-8.
 */
int settings_read(const char *file, const char *data, size_t size, settings_handler handler,
                  void *userdata, char **ret_reason);

/* Sets *ret to a formatted text; returns -EINVAL, or -ENOMEM. */
int settings_reason(char **ret, const char *format, ...) _printf_(2, 3);
