/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stmboot/dbus.h>
#include <systemd/sd-bus.h>

#include "boot/session.h"
#include "util/macro.h"

/* From what went wrong to the names that stand on the bus. */

enum error_code {
#define ERROR_CODE(symbol, name, exit_code) ERROR_##symbol,
        STMBOOT_ERRORS(ERROR_CODE)
#undef ERROR_CODE
};

/* "org.stmboot1.Error.Busy" */
const char *error_name(enum error_code code);

enum error_code error_from_session(enum session_error error);

/*
 * Sets a bus error of ours, or InvalidArgs, with a text that is fit for the bus whatever went into
 * it. Both return a negative errno, for a method handler to return.
 */
int error_set(sd_bus_error *ret, enum error_code code, const char *format, ...) _printf_(3, 4);
int error_invalid(sd_bus_error *ret, const char *format, ...) _printf_(2, 3);
