/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ctl/client.h"
#include "ctl/verb.h"

/* Addresses, lengths and sectors, as given on the command line. */

struct range {
        uint64_t address;
        uint64_t length; /* bytes, > 0 */
};

/*
 * Both from the last two of that verb's arguments, of which there are at least two. Returns an exit
 * code; what is wrong has been said.
 */
int range_parse(struct client *client, enum verb_id verb, char **args, size_t n_args,
                struct range *ret);

/* The address of a vector table to start, alone. */
int range_parse_vectors(const char *text, uint64_t *ret);

/* "0-3,5"; the caller frees. */
int range_parse_sectors(const char *text, uint8_t **ret, size_t *ret_size);
