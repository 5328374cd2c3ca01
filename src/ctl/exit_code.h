/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "stmboot/dbus.h"

/*
 * The exit code (enum stmboot_exit) that stands for a D-Bus error's name, from STMBOOT_ERRORS and
 * the bus's own.
 */
int exit_code_of_error(const char *name);

/* The exit code of a connection that failed with this negative errno. */
int exit_code_of_errno(int error);

/* The table of exit codes, for --help. */
void exit_code_print(FILE *file);
