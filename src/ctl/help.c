/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "ctl/exit_code.h"
#include "ctl/help.h"
#include "ctl/options.h"
#include "ctl/text.h"
#include "ctl/verb.h"
#include "util/cleanup.h"

static void print_overview(void) {
        (void)fputs("Usage: stmbootctl [OPTIONS...] VERB [ARGUMENTS...]\n"
                    "\n"
                    "Flashes the microcontrollers that are wired to this machine.\n"
                    "\n"
                    "  stmbootctl list                        what is there\n"
                    "  stmbootctl flash motor firmware.hex    program, verify, run\n"
                    "  stmbootctl flash --help                all about a verb\n"
                    "\n"
                    "Verbs (TARGET may be left out if there is only one):\n",
                    stdout);
        for (size_t i = 0; i < VERB_MAX_; i++) {
                const struct verb *verb = &verb_table[i];

                (void)printf("  %s %-*s %s\n", verb->name, 37 - (int)strlen(verb->name), verb->args,
                             verb->summary);
        }
        options_print(stdout, "\nOptions of all verbs:\n", NULL);
        (void)fputs("\nExit codes:\n", stdout);
        exit_code_print(stdout);
        (void)fputs("\nSee stmbootctl(1) for the rest.\n", stdout);
}

/* What is indented is set already. */
static void print_paragraphs(const char *text) {
        while (*text) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, n);

                if (line && *line != ' ')
                        text_wrap(stdout, 0, line);
                else if (line)
                        (void)puts(line);
                text += n + (text[n] == '\n');
        }
}

void help_print(const struct verb *verb) {
        if (!verb) {
                print_overview();
                return;
        }
        (void)printf("Usage: stmbootctl [OPTIONS...] %s%s%s\n\n", verb->name,
                     *verb->args ? " " : "", verb->args);
        print_paragraphs(verb->help);
        options_print(stdout, "\nOptions:\n", verb);
        (void)fputs("\nOptions of all verbs and exit codes: stmbootctl --help\n", stdout);
}
