/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "daemon/error.h"
#include "util/cleanup.h"
#include "util/utf8.h"

static const char *const names[] = {
#define ERROR_NAME(symbol, name, exit_code) [ERROR_##symbol] = STMBOOT_ERROR_PREFIX name,
        STMBOOT_ERRORS(ERROR_NAME)
#undef ERROR_NAME
};

static const enum error_code session_errors[] = {
        [SESSION_OK] = ERROR_FAILED,
        [SESSION_NO_ENTRY] = ERROR_NO_ENTRY,
        [SESSION_SILENCE] = ERROR_PROTOCOL,
        [SESSION_NACK] = ERROR_PROTOCOL,
        [SESSION_GARBAGE] = ERROR_PROTOCOL,
        [SESSION_WRONG_CHIP] = ERROR_WRONG_CHIP,
        [SESSION_UNKNOWN_CHIP] = ERROR_UNKNOWN_CHIP,
        [SESSION_UNFLASHABLE] = ERROR_UNSUPPORTED,
        [SESSION_DOES_NOT_FIT] = ERROR_IMAGE_DOES_NOT_FIT,
        [SESSION_PROTECTED] = ERROR_PROTECTED,
        [SESSION_WRITE_PROTECTED] = ERROR_PROTECTED,
        [SESSION_BOOT_PIN] = ERROR_BOOT_PIN_DISABLED,
        [SESSION_PERMANENT] = ERROR_NOT_PERMITTED,
        [SESSION_UNSUPPORTED] = ERROR_UNSUPPORTED,
        [SESSION_NOT_BLANK] = ERROR_VERIFY_FAILED,
        [SESSION_VERIFY_MISMATCH] = ERROR_VERIFY_FAILED,
        [SESSION_DIFFERS] = ERROR_DIFFERS,
        [SESSION_LINES] = ERROR_LINES,
        [SESSION_FORMAT] = ERROR_PORT,
        [SESSION_LINK_LOST] = ERROR_LINK_LOST,
        [SESSION_CANCELLED] = ERROR_CANCELLED,
};

const char *error_name(enum error_code code) {
        return names[code];
}

enum error_code error_from_session(enum session_error error) {
        return (size_t)error < ARRAY_SIZE(session_errors) ? session_errors[error] : ERROR_FAILED;
}

_printf_(3, 0) static int set_error(sd_bus_error *ret, const char *name, const char *format,
                                    va_list ap) {
        _cleanup_free_ char *text = NULL;

        if (vasprintf(&text, format, ap) < 0) {
                text = NULL;
                return -ENOMEM;
        }
        utf8_sanitise(text);
        return sd_bus_error_set(ret, name, text);
}

int error_set(sd_bus_error *ret, enum error_code code, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int r = set_error(ret, error_name(code), format, ap);
        va_end(ap);
        return r;
}

int error_invalid(sd_bus_error *ret, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int r = set_error(ret, SD_BUS_ERROR_INVALID_ARGS, format, ap);
        va_end(ap);
        return r;
}
