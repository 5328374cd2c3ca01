/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Files in the state directory: one section of assignments. Each is written whole, synced and
 * renamed, by a child process: a disk may take its time.
 */

#define STATE_FILE_SIZE_MAX 4096

struct state_file_key {
        const char *name;
        bool (*read)(void *userdata, const char *value); /* false: no such value */
};

/* Is this the whole of such a file, with each of `keys` in it and nothing else? */
bool state_file_parse(const char *data, size_t size, const char *section,
                      const struct state_file_key *keys, size_t n_keys, void *userdata);

/* Reads DIR/`target``suffix`. Returns 0 and bytes to free, or negative errno. */
int state_file_read(const char *dir, const char *target, const char *suffix, uint8_t **ret_data,
                    size_t *ret_size);

/* How the child reports. */
enum state_file_written {
        STATE_FILE_WRITTEN,
        STATE_FILE_REMOVED, /* could not be written; the old one is gone, so nothing wrong stands
                             * there */
        STATE_FILE_STUCK,   /* could not be written, and an old one stands there */
};

/*
 * Starts a child that makes DIR/`target``suffix` hold `text`; `size` 0: removes it. Its exit status
 * goes through state_file_written(). Returns its pid, or negative errno.
 */
pid_t state_file_write_start(const char *dir, const char *target, const char *suffix,
                             const char *text, size_t size);
enum state_file_written state_file_written(int exit_status, int *ret_errno);
