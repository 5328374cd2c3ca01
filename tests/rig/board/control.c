/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/cleanup.h"

int control_listen(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        if (!path)
                return -EINVAL;
        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        (void)stpcpy(address.sun_path, path);
        (void)unlink(path);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
                return -errno;
        return TAKE_FD(fd);
}

FILE *control_accept(int fd, char *ret_line, size_t size) {
        _cleanup_close_ int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        size_t used = 0;

        if (client < 0)
                return NULL;
        while (used < size && read(client, ret_line + used, 1) == 1 && ret_line[used] != '\n')
                used++;
        if (used == size || ret_line[used] != '\n')
                return NULL;
        ret_line[used] = '\0';

        FILE *stream = fdopen(client, "w");
        if (stream)
                client = -1;
        return stream;
}
