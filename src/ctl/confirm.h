/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct options;

/*
 * Asks on the terminal whether data may be destroyed, unless --yes was given. `what` is a sentence
 * that says what is lost. Returns STMBOOT_EXIT_DONE, or STMBOOT_EXIT_USAGE: not confirmed, or there
 * is no terminal.
 */
int confirm(const struct options *options, const char *what);
