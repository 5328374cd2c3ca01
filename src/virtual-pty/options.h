/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "virtual/virtual.h"

/* The command line of stmboot-virtual. */

#define FAULTS_MAX 32

struct options {
        const char *link;         /* symbolic link to the pty, or NULL */
        const char *control;      /* FIFO to make, or NULL */
        const char *image;        /* raw file to start with, or NULL */
        const char *dump;         /* where the flash goes in the end, or NULL */
        const char *client_clock; /* where the client tells when it wrote, or NULL */
        struct virtual_config config;
        unsigned baud; /* of the wire, whatever the client sets; 0: as the client sets */
        bool boot0;
        bool parity_given, parity;
        struct virtual_fault faults[FAULTS_MAX];
        size_t n_faults;
};

/* Returns 0; 1: all is said (--help, --version, --list); -EINVAL: said on standard error. */
int options_parse(int argc, char **argv, struct options *ret);
