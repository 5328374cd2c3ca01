/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/output_file.h"
#include "ctl/text.h"
#include "stmboot/dbus.h"
#include "util/io.h"

struct output_file {
        char *path;      /* NULL: standard output */
        char *temporary; /* NULL: written to as it is */
        int fd;
};

struct output_file *output_file_free(struct output_file *file) {
        if (!file)
                return NULL;
        closep(&file->fd);
        if (file->temporary)
                (void)unlink(file->temporary);
        free(file->temporary);
        free(file->path);
        free(file);
        return NULL;
}

static int report(const char *path, int error) {
        complain("Cannot write %s: %s.", path ?: "the output", strerror(error));
        return STMBOOT_EXIT_OTHER;
}

static int open_temporary(struct output_file *file) {
        file->temporary = text_format("%s.XXXXXX", file->path);
        if (!file->temporary)
                return report(file->path, ENOMEM);
        file->fd = mkostemp(file->temporary, O_CLOEXEC);
        if (file->fd < 0) {
                int error = errno;

                free(file->temporary);
                file->temporary = NULL;
                return report(file->path, error);
        }
        mode_t mask = umask(0);
        (void)umask(mask);
        (void)fchmod(file->fd, 0666 & ~mask);
        return STMBOOT_EXIT_DONE;
}

int output_file_open(const struct options *options, struct output_file **ret) {
        _cleanup_(output_file_freep) struct output_file *file = calloc(1, sizeof *file);
        const char *path = options->output;
        bool standard = !path || strcmp(path, "-") == 0;
        struct stat st;

        if (!file)
                return report(path, ENOMEM);
        file->fd = -1;
        if (standard && options->json != JSON_OFF) {
                complain("--json needs --output=FILE here: standard output is for one of them.");
                return STMBOOT_EXIT_USAGE;
        }
        if (standard && isatty(STDOUT_FILENO)) {
                complain("Bytes do not go to a terminal; use --output=FILE, or a pipe.");
                return STMBOOT_EXIT_USAGE;
        }
        if (!standard) {
                /* A link is followed, not replaced. */
                file->path = realpath(path, NULL) ?: strdup(path);
                if (!file->path)
                        return report(path, ENOMEM);
        }

        int code = STMBOOT_EXIT_DONE;
        if (standard)
                file->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        else if (stat(file->path, &st) == 0 && !S_ISREG(st.st_mode))
                file->fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        else
                code = open_temporary(file);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (file->fd < 0)
                return report(path, errno);
        *ret = TAKE_PTR(file);
        return STMBOOT_EXIT_DONE;
}

int output_file_commit(struct output_file *file, const void *data, size_t size) {
        int r = io_write_all(file->fd, data, size);

        if (r < 0)
                return report(file->path, -r);
        if (file->temporary && fsync(file->fd) < 0)
                return report(file->path, errno);

        r = close(TAKE_FD(file->fd));
        if (r < 0 && errno != EINTR)
                return report(file->path, errno);
        if (!file->temporary)
                return STMBOOT_EXIT_DONE;
        if (rename(file->temporary, file->path) < 0)
                return report(file->path, errno);
        free(file->temporary);
        file->temporary = NULL;
        return STMBOOT_EXIT_DONE;
}
