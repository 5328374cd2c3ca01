/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "ctl/options.h"
#include "util/cleanup.h"

/*
 * A file that is replaced only when all of its new contents are there. Errors are reported; exit
 * codes are returned.
 */

struct output_file;

/*
 * The file of --output, before the work, so that what cannot be written is known early. NULL or
 * "-": standard output, which must neither be a terminal nor be needed for --json. Something that
 * is no regular file is written to as it is.
 */
int output_file_open(const struct options *options, struct output_file **ret);

/* Writes everything and puts the file in its place. */
int output_file_commit(struct output_file *file, const void *data, size_t size);

/* Without a commit before: nothing is left behind. */
struct output_file *output_file_free(struct output_file *file);
DEFINE_CLEANUP(struct output_file, output_file_free);
