/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/file.h"
#include "daemon/state_file.h"
#include "util/cleanup.h"

/* Exit status of the child: errno, and this bit if the old file still stands. */
#define STATUS_STUCK 0x80

/*
 * What the child has open stays locked and requested as long as it lives: ports and lines must not
 * be among it.
 */
static void close_others(int fd) {
        if (fd > STDERR_FILENO + 1)
                (void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
        (void)close_range((unsigned)fd + 1, ~0U, 0);
}

/* Runs in the child: system calls only, nothing of the parent's is touched. */
static int write_in_child(int dir, const char *name, const char *text, size_t size) {
        int r = 0;

        if (size > 0) {
                r = file_write_atomic(dir, name, text, size);
                if (r == 0)
                        return 0;
        }
        /* A read-only file system says so even where there is nothing to remove. */
        if (unlinkat(dir, name, 0) < 0) {
                int error = errno;

                if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
                        return (r < 0 ? -r : error) | STATUS_STUCK;
                return -r;
        }
        return fsync(dir) < 0 ? errno : -r;
}

pid_t state_file_write_start(const char *path, const char *name, const char *text, size_t size) {
        _cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (dir < 0)
                return -errno;
        pid_t pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                close_others(dir);
                _exit(write_in_child(dir, name, text, size));
        }
        return pid;
}

enum state_file_written state_file_written(int exit_status, int *ret_errno) {
        *ret_errno = exit_status & ~STATUS_STUCK;
        if (exit_status & STATUS_STUCK)
                return STATE_FILE_STUCK;
        return exit_status ? STATE_FILE_REMOVED : STATE_FILE_WRITTEN;
}
