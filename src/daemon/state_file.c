/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/file.h"
#include "daemon/settings.h"
#include "daemon/state_file.h"
#include "util/cleanup.h"

/* ---- reading ---- */

struct parser {
        const char *section;
        const struct state_file_key *keys;
        size_t n_keys;
        void *userdata;
        unsigned seen;
};

static int on_assignment(const char *section, const char *key, const char *value, unsigned line,
                         void *userdata, char **ret_reason) {
        struct parser *parser = userdata;

        (void)line;
        if (strcmp(section, parser->section) != 0)
                return settings_reason(ret_reason, "unknown section");
        if (!key)
                return 0;
        for (size_t i = 0; i < parser->n_keys; i++) {
                if (strcmp(key, parser->keys[i].name) != 0)
                        continue;
                if (!parser->keys[i].read(parser->userdata, value))
                        break;
                parser->seen |= 1U << i;
                return 0;
        }
        return settings_reason(ret_reason, "no such key, or no value for it");
}

bool state_file_parse(const char *data, size_t size, const char *section,
                      const struct state_file_key *keys, size_t n_keys, void *userdata) {
        _cleanup_free_ char *reason = NULL;
        struct parser parser = {
                .section = section,
                .keys = keys,
                .n_keys = n_keys,
                .userdata = userdata,
        };

        /* The last line is whole, too. */
        return size > 0 && data[size - 1] == '\n' &&
               settings_read("", data, size, on_assignment, &parser, &reason) == 0 &&
               parser.seen == (1U << n_keys) - 1;
}

int state_file_read(const char *dir, const char *target, const char *suffix, uint8_t **ret_data,
                    size_t *ret_size) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/%s%s", dir, target, suffix) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        return file_read(path, STATE_FILE_SIZE_MAX, ret_data, ret_size);
}

/* ---- writing ---- */

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

pid_t state_file_write_start(const char *path, const char *target, const char *suffix,
                             const char *text, size_t size) {
        _cleanup_close_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char name[NAME_MAX + 1];

        if (dir < 0)
                return -errno;
        int n = snprintf(name, sizeof(name), "%s%s", target, suffix);
        if (n < 0 || (size_t)n >= sizeof(name))
                return -ENAMETOOLONG;
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
