/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * Files in the state directory. Each is written whole, synced and renamed, by a child process: a
 * disk may take its time.
 */

#define STATE_FILE_SIZE_MAX 4096

/* How the child reports. */
enum state_file_written {
        STATE_FILE_WRITTEN,
        STATE_FILE_REMOVED, /* could not be written; the old one is gone, so nothing wrong stands
                             * there */
        STATE_FILE_STUCK,   /* could not be written, and an old one stands there */
};

/*
 * Starts a child that makes DIR/`name` hold `text`; `size` 0: removes it. Its exit status goes
 * through state_file_written(). Returns its pid, or negative errno.
 */
pid_t state_file_write_start(const char *dir, const char *name, const char *text, size_t size);
enum state_file_written state_file_written(int exit_status, int *ret_errno);
