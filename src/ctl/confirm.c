/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/confirm.h"
#include "ctl/options.h"
#include "ctl/text.h"
#include "stmboot/dbus.h"

int confirm(const struct options *options, const char *what) {
        char answer[16] = "";

        if (options->yes)
                return STMBOOT_EXIT_DONE;
        if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
                complain("%s\nThere is no terminal to ask on, so nothing was done; --yes does it "
                         "without asking.",
                         what);
                return STMBOOT_EXIT_USAGE;
        }
        (void)fprintf(stderr, "%s Type 'yes' to go on: ", what);
        (void)fflush(stderr);
        if (fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0)
                return STMBOOT_EXIT_DONE;
        complain("Not confirmed, nothing was done.");
        return STMBOOT_EXIT_USAGE;
}
