/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hw/devicetree_walk.h"
#include "util/bytes.h"
#include "util/cleanup.h"

/* A Raspberry Pi's tree has a depth of 8 and some 10,000 nodes and properties. */
#define DEPTH_MAX   16
#define ENTRIES_MAX 100000

struct walk {
        devicetree_visitor visitor;
        void *userdata;
        char path[DEVICETREE_PATH_MAX];
        unsigned n_entries;
};

/* Devicetree Specification 2.2.1. Keeps odd directories out of messages, too. */
static bool is_node_name(const char *name) {
        return name[0] != '.' &&
               name[strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 ",._+-@#")] == '\0';
}

static int walk_node(struct walk *walk, int node, size_t length, unsigned depth);

/* A child that cannot be opened, being no directory or gone, is passed over. */
static int walk_child(struct walk *walk, int parent, const char *name, size_t length,
                      unsigned depth) {
        _cleanup_close_ int node =
                openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

        if (node < 0)
                return 0;
        int n = snprintf(walk->path + length, sizeof(walk->path) - length, "/%s", name);
        if (n < 0 || (size_t)n >= sizeof(walk->path) - length || depth == DEPTH_MAX)
                return -E2BIG;
        int r = walk->visitor(node, walk->path, walk->userdata);
        if (r >= 0)
                r = walk_node(walk, node, length + (size_t)n, depth + 1);
        walk->path[length] = '\0';
        return r;
}

static int walk_node(struct walk *walk, int node, size_t length, unsigned depth) {
        int copy = fcntl(node, F_DUPFD_CLOEXEC, 0);
        _cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);

        if (!dir) {
                int r = -errno;
                if (copy >= 0)
                        (void)close(copy);
                return r;
        }
        for (struct dirent *entry; (entry = readdir(dir));) {
                if (++walk->n_entries > ENTRIES_MAX)
                        return -E2BIG;
                if ((entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) ||
                    !is_node_name(entry->d_name))
                        continue;
                int r = walk_child(walk, node, entry->d_name, length, depth);
                if (r < 0)
                        return r;
        }
        return 0;
}

int devicetree_walk(const char *root, devicetree_visitor visitor, void *userdata) {
        struct walk walk = { .visitor = visitor, .userdata = userdata };
        _cleanup_close_ int node = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return node < 0 ? -errno : walk_node(&walk, node, 0, 0);
}

ssize_t devicetree_property(int node, const char *name, void *ret, size_t size) {
        _cleanup_close_ int fd =
                openat(node, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        uint8_t more;
        size_t n = 0;

        if (fd < 0)
                return errno == ENOENT ? -ENOENT : -EINVAL;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return -EINVAL;
        for (ssize_t r; n < size; n += (size_t)r) {
                r = read(fd, (uint8_t *)ret + n, size - n);
                if (r < 0)
                        return -EINVAL;
                if (r == 0)
                        return (ssize_t)n;
        }
        return read(fd, &more, 1) == 0 ? (ssize_t)n : -E2BIG;
}

int devicetree_string(int node, const char *name, char *ret, size_t size) {
        char text[256];

        ssize_t n = devicetree_property(node, name, text, sizeof(text));
        if (n == -ENOENT)
                return -ENOENT;
        if (n < 2 || (size_t)n > size || strnlen(text, (size_t)n) != (size_t)n - 1)
                return -EINVAL;
        for (ssize_t i = 0; i < n - 1; i++)
                if (!isgraph((unsigned char)text[i]))
                        return -EINVAL;
        memcpy(ret, text, (size_t)n);
        return 0;
}

int devicetree_cell(int node, const char *name, uint32_t *ret) {
        uint8_t cell[4];

        ssize_t n = devicetree_property(node, name, cell, sizeof(cell));
        if (n != sizeof(cell))
                return n == -ENOENT ? -ENOENT : -EINVAL;
        *ret = get_be32(cell);
        return 0;
}
