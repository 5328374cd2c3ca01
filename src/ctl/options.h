/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/verb.h"

/* The command line as parsed. Strings belong to argv. */

enum json_mode {
        JSON_OFF,
        JSON_SHORT,
        JSON_PRETTY,
};

struct option_number {
        bool set;
        uint64_t value;
};

struct options {
        bool help, version;

        const char *host, *machine; /* NULL: the local bus */
        enum json_mode json;
        bool quiet;
        bool yes;

        /* jobs */
        bool no_wait;
        const char *stop_unit;
        bool exit_code; /* tell by the exit code that something was changed */
        struct option_number baud;
        const char *layout;
        bool permanent;

        /* images */
        const char *format;
        struct option_number address;
        bool on_gateway; /* IMAGE is a path there */
        const char *target;

        /* flash */
        const char *erase; /* touched, all, none */
        bool if_different;
        const char *check; /* fast, full; only with if_different */
        bool preserve, option_segments, fast_program, enable_boot_pin, one_piece, unbootable;
        const char *option_bytes;
        const char *protect_write;
        bool protect_readout;
        const char *after; /* run, stay, go */
        struct option_number go_address;

        bool check_only;             /* sync */
        const char *compare;         /* sync: record, fast, full */
        bool mass;                   /* erase */
        struct option_number length; /* erase: of the range, from the arguments */
        const char *bank;            /* erase: "1", "2" */
        const char *write;           /* option-bytes */
        const char *output;          /* read, option-bytes */
        bool raw;                    /* trace */
};

/*
 * Parses argv. Options and arguments may stand in any order. Returns STMBOOT_EXIT_DONE, the verb
 * (NULL: none was given) and its arguments, or STMBOOT_EXIT_USAGE after it said on stderr what is
 * wrong; of *ret then only `json` counts, so that this can be told as it was asked for.
 */
int options_parse(int argc, char **argv, struct options *ret, const struct verb **ret_verb,
                  char ***ret_args, size_t *ret_n_args);

/* The options of a verb (NULL: those that all have), for --help; the title only if there are any.
 */
void options_print(FILE *file, const char *title, const struct verb *verb);
