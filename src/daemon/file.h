/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Whole files in memory, in both directions. All return 0 or negative errno. */

/*
 * Reads all of `fd`. -EBADF: not a regular file (nothing is read from it); -EFBIG: more than `max`
 * bytes. The result is the caller's, with a NUL behind it.
 */
int file_read_fd(int fd, size_t max, uint8_t **ret_data, size_t *ret_size);

/* The same by name; links are followed, and nothing that can block is opened. */
int file_read(const char *path, size_t max, uint8_t **ret_data, size_t *ret_size);

/* What an error of these says. */
const char *file_strerror(int error);

/*
 * Replaces `name` in directory `dir`: written beside it, synced, renamed, the directory synced.
 * Blocks as long as the disk does. After a failure the old file stands.
 */
int file_write_atomic(int dir, const char *name, const void *data, size_t size);

/* An fd with these bytes that nobody can change, or negative errno. */
int file_sealed(const char *name, const void *data, size_t size);
