/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Command lines of KEY=VALUE words. */

/* The value of that key, in place, or NULL. */
char *args_get(char *const *argv, const char *key);

/* Ends the program with a message unless every word has one of these keys (NULL-terminated). */
void args_check(char *const *argv, const char *const *keys);
