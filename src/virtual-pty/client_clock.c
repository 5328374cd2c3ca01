/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "virtual-pty/client_clock.h"

int client_clock_open(const char *path, struct client_clock *ret) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct stat st;
        void *mapping;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (st.st_size < (off_t)sizeof(*ret->written))
                return -EINVAL; /* to read behind its end would be SIGBUS */
        mapping = mmap(NULL, sizeof(*ret->written), PROT_READ, MAP_SHARED, fd, 0);
        if (mapping == MAP_FAILED)
                return -errno;
        *ret = (struct client_clock){ .written = mapping };
        return 0;
}

void client_clock_close(struct client_clock *clock) {
        if (clock->written)
                (void)munmap((void *)clock->written, sizeof(*clock->written));
        *clock = (struct client_clock){};
}

uint64_t client_clock_time(struct client_clock *clock, uint64_t now) {
        uint64_t written = clock->written ? __atomic_load_n(clock->written, __ATOMIC_ACQUIRE) : 0;

        if (written == clock->last)
                return now;
        clock->last = written;
        return MIN(now, written);
}
