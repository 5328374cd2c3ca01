/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/help.h"
#include "ctl/options.h"
#include "ctl/output.h"
#include "ctl/text.h"
#include "ctl/verb.h"

static int run(int argc, char **argv) {
        _cleanup_(client_freep) struct client *client = NULL;
        const struct verb *verb;
        struct options options = { 0 };
        char **args;
        size_t n_args;

        int code = options_parse(argc, argv, &options, &verb, &args, &n_args);
        if (code != STMBOOT_EXIT_DONE) {
                output_failure(&options, code);
                return code;
        }
        if (options.version) {
                (void)puts("stmbootctl " STMBOOT_VERSION);
                return STMBOOT_EXIT_DONE;
        }
        if (options.help) {
                help_print(verb);
                return STMBOOT_EXIT_DONE;
        }
        if (!verb) {
                complain("What shall be done? See 'stmbootctl --help'.");
                output_failure(&options, STMBOOT_EXIT_USAGE);
                return STMBOOT_EXIT_USAGE;
        }
        code = client_open(&options, &client);
        if (code == STMBOOT_EXIT_DONE)
                code = verb->run(client, &options, args, n_args);
        if (code != STMBOOT_EXIT_DONE)
                output_failure(&options, code);
        return code;
}

int main(int argc, char **argv) {
        (void)signal(SIGPIPE, SIG_IGN); /* a job goes on where nobody reads of it */

        int code = run(argc, argv);
        int finished = output_finish();

        return code != STMBOOT_EXIT_DONE ? code : finished;
}
