/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "ctl/exit_code.h"
#include "util/macro.h"

static const struct {
        const char *name;
        int code;
} errors[] = {
#define ROW(symbol, name, code) { STMBOOT_ERROR_PREFIX name, code },
        STMBOOT_ERRORS(ROW)
#undef ROW
                { SD_BUS_ERROR_INVALID_ARGS, STMBOOT_EXIT_USAGE },
        { SD_BUS_ERROR_ACCESS_DENIED, STMBOOT_EXIT_DENIED },
        { SD_BUS_ERROR_AUTH_FAILED, STMBOOT_EXIT_DENIED },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, STMBOOT_EXIT_DENIED },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, STMBOOT_EXIT_NO_SERVICE },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, STMBOOT_EXIT_NO_SERVICE },
        { SD_BUS_ERROR_UNKNOWN_OBJECT, STMBOOT_EXIT_NO_SERVICE },
        { SD_BUS_ERROR_NO_SERVER, STMBOOT_EXIT_NO_SERVICE },
        { SD_BUS_ERROR_DISCONNECTED, STMBOOT_EXIT_NO_SERVICE },
        { SD_BUS_ERROR_NO_REPLY, STMBOOT_EXIT_NO_SERVICE }, /* it died while it was asked */
};

static bool starts_with(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

int exit_code_of_error(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (strcmp(errors[i].name, name) == 0)
                        return errors[i].code;
        if (starts_with(name, "org.freedesktop.DBus.Error.Spawn."))
                return STMBOOT_EXIT_NO_SERVICE;   /* activation did not work */
        if (starts_with(name, "System.Error.")) { /* sd-bus names errno so */
                const sd_bus_error error = { .name = name };

                return exit_code_of_errno(-sd_bus_error_get_errno(&error));
        }
        return STMBOOT_EXIT_OTHER;
}

int exit_code_of_errno(int error) {
        switch (error) {
        case -EACCES:
        case -EPERM:
                return STMBOOT_EXIT_DENIED;
        case -ENOENT: /* no socket, nobody behind it, or gone again */
        case -ECONNREFUSED:
        case -ECONNRESET:
        case -ENOTCONN:
        case -EPIPE:
        case -EHOSTDOWN: /* no such machine */
                return STMBOOT_EXIT_NO_SERVICE;
        default:
                return STMBOOT_EXIT_OTHER;
        }
}

void exit_code_print(FILE *file) {
        static const char *const meanings[] = {
                [STMBOOT_EXIT_DONE] = "done",
                [STMBOOT_EXIT_OTHER] = "another error",
                [STMBOOT_EXIT_USAGE] = "wrong usage, or not confirmed",
                [STMBOOT_EXIT_DENIED] = "permission denied",
                [STMBOOT_EXIT_NO_SERVICE] = "no service, or no such target or job",
                [STMBOOT_EXIT_BUSY] = "target, port or line in use",
                [STMBOOT_EXIT_IMAGE] = "image unreadable, or does not fit",
                [STMBOOT_EXIT_NO_ENTRY] = "no entry into the ROM bootloader",
                [STMBOOT_EXIT_WRONG_CHIP] = "wrong or unknown chip",
                [STMBOOT_EXIT_PROTECTED] = "chip is protected",
                [STMBOOT_EXIT_DIFFERS] = "differs or changed (where asked)",
                [STMBOOT_EXIT_VERIFY_FAILED] = "verification failed",
                [STMBOOT_EXIT_LINK_LOST] = "serial port lost",
                [STMBOOT_EXIT_CANCELLED] = "cancelled",
        };

        for (size_t i = 0; i < ARRAY_SIZE(meanings); i += 2)
                (void)fprintf(file, "  %2zu  %-36s %2zu  %s\n", i, meanings[i], i + 1,
                              meanings[i + 1]);
}
