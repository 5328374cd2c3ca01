/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/file.h"
#include "util/cleanup.h"
#include "util/io.h"
#include "util/macro.h"

int file_read_fd(int fd, size_t max, uint8_t **ret_data, size_t *ret_size) {
        _cleanup_free_ uint8_t *data = NULL;
        struct stat st;
        size_t size = 0;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EBADF;
        if ((uint64_t)st.st_size > max)
                return -EFBIG;

        size_t capacity = (size_t)st.st_size;
        data = malloc(capacity + 1);
        if (!data)
                return -ENOMEM;
        while (size < capacity) { /* what is appended meanwhile is left out */
                ssize_t n = pread(fd, data + size, capacity - size, (off_t)size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t)n;
        }
        data[size] = '\0';

        *ret_data = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

int file_read(const char *path, size_t max, uint8_t **ret_data, size_t *ret_size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        if (fd < 0)
                return -errno;
        return file_read_fd(fd, max, ret_data, ret_size);
}

const char *file_strerror(int error) {
        switch (error) {
        case -EBADF:
                return "not a regular file";
        case -EFBIG:
                return "too large";
        default:
                return strerror(-error);
        }
}

static int write_new(int dir, const char *name, const void *data, size_t size) {
        _cleanup_close_ int fd =
                openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

        if (fd < 0)
                return -errno;
        int r = io_write_all(fd, data, size);
        if (r < 0)
                return r;
        return fsync(fd) < 0 ? -errno : 0;
}

int file_write_atomic(int dir, const char *name, const void *data, size_t size) {
        char temporary[NAME_MAX + 1];

        int n = snprintf(temporary, sizeof(temporary), ".%s.new", name);
        if (n < 0 || (size_t)n >= sizeof(temporary))
                return -ENAMETOOLONG;

        int r = write_new(dir, temporary, data, size);
        if (r == 0 && renameat(dir, temporary, dir, name) < 0)
                r = -errno;
        if (r < 0) {
                (void)unlinkat(dir, temporary, 0);
                return r;
        }
        return fsync(dir) < 0 ? -errno : 0;
}

int file_sealed(const char *name, const void *data, size_t size) {
        _cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                return -errno;
        int r = io_write_all(fd, data, size);
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0 ||
            fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                return -errno;
        return TAKE_FD(fd);
}
