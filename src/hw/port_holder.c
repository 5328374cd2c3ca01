/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hw/port_name.h"
#include "util/cleanup.h"

/*
 * Looking happens on the caller's time, on however busy a machine: so many processes, descriptors
 * and lines of /proc at the most. And nothing of theirs is opened or followed: behind it may be a
 * file system whose server is gone.
 */
#define LOOKS_MAX 10000

struct search {
        const char *port; /* path of the node */
        struct stat node;
        unsigned looks;
};

static bool may_look(struct search *search) {
        return search->looks++ < LOOKS_MAX;
}

/* 136 to 143: admin-guide/devices.txt of the kernel. */
static bool is_pty(const struct stat *node) {
        return major(node->st_rdev) >= 136 && major(node->st_rdev) <= 143;
}

/*
 * Each instance of devpts counts its own ports from 0 on: a process in a container may have another
 * of that name and number. Elsewhere a device number is one device. mountinfo stands in proc(5).
 */
static bool means_our_node(struct search *search, pid_t pid) {
        _cleanup_fclose_ FILE *file = NULL;
        _cleanup_free_ char *line = NULL;
        unsigned device_major, device_minor;
        size_t size = 0;
        char path[64];

        if (!is_pty(&search->node))
                return true;
        (void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
        file = fopen(path, "re");
        while (file && may_look(search) && getline(&line, &size, file) > 0)
                if (sscanf(line, "%*d %*d %u:%u", &device_major, &device_minor) == 2 &&
                    makedev(device_major, device_minor) == search->node.st_dev)
                        return true;
        return false;
}

static bool has_open(struct search *search, pid_t pid) {
        _cleanup_closedir_ DIR *dir = NULL;
        size_t size = strlen(search->port);
        char path[64], file[256];

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
        dir = opendir(path);
        if (!dir)
                return false;
        for (struct dirent *entry; may_look(search) && (entry = readdir(dir));) {
                ssize_t n = readlinkat(dirfd(dir), entry->d_name, file, sizeof(file));

                if (n >= 0 && (size_t)n == size && memcmp(file, search->port, size) == 0)
                        return means_our_node(search, pid);
        }
        return false;
}

/* As new_encode_dev() of the kernel does it for proc(5). */
static unsigned long encode_device(dev_t device) {
        return (minor(device) & 0xffUL) | (unsigned long)major(device) << 8 |
               (minor(device) & ~0xffUL) << 12;
}

/* A login has the port as its terminal: that can be seen of any user's process. */
static bool has_as_terminal(struct search *search, pid_t pid) {
        _cleanup_fclose_ FILE *file = NULL;
        char path[64], text[256];
        int terminal;

        (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        file = fopen(path, "re");
        if (!file || !fgets(text, sizeof(text), file))
                return false;
        const char *name_end = strrchr(text, ')');
        return name_end && sscanf(name_end + 1, " %*c %*d %*d %*d %d", &terminal) == 1 &&
               (unsigned)terminal == encode_device(search->node.st_rdev) &&
               means_our_node(search, pid);
}

/* Descriptors are seen by root and by the holder's own user only. */
static pid_t find_opener(struct search *search) {
        _cleanup_closedir_ DIR *dir = opendir("/proc");

        for (struct dirent *entry; dir && may_look(search) && (entry = readdir(dir));) {
                pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

                if (pid > 0 && pid != getpid() &&
                    (has_open(search, pid) || has_as_terminal(search, pid)))
                        return pid;
        }
        return 0;
}

/* Seen by everybody, but only who locks. The format stands in proc(5). */
static pid_t find_locker(struct search *search) {
        _cleanup_fclose_ FILE *file = fopen("/proc/locks", "re");
        const struct stat *node = &search->node;
        char line[256];

        while (file && may_look(search) && fgets(line, sizeof(line), file)) {
                unsigned device_major, device_minor;
                unsigned long inode;
                int pid;

                if (sscanf(line, "%*s %*s %*s %*s %d %x:%x:%lu", &pid, &device_major, &device_minor,
                           &inode) == 4 &&
                    pid > 0 && pid != getpid() && inode == node->st_ino &&
                    makedev(device_major, device_minor) == node->st_dev)
                        return pid;
        }
        return 0;
}

static bool is_alive(pid_t pid) {
        char path[64];

        (void)snprintf(path, sizeof(path), "/proc/%d", pid);
        return access(path, F_OK) == 0;
}

pid_t port_lock_file(const struct hw_roots *roots, const char *node) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;
        const char *slash = strrchr(node, '/');
        char text[16];

        if (asprintf(&path, "%s/LCK..%s", roots->locks, slash ? slash + 1 : node) < 0) {
                path = NULL;
                return 0;
        }
        /* Anybody may put anything there. */
        fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
        if (n <= 0)
                return 0;
        text[n] = '\0';
        long pid = strtol(text, NULL, 10);
        return pid > 0 && pid <= INT_MAX && pid != getpid() && is_alive((pid_t)pid) ? (pid_t)pid
                                                                                    : 0;
}

static void read_command(pid_t pid, char *ret, size_t size) {
        _cleanup_fclose_ FILE *file = NULL;
        char path[64];

        (void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
        file = fopen(path, "re");
        ret[0] = '\0';
        if (!file || !fgets(ret, (int)size, file))
                return;
        ret[strcspn(ret, "\n")] = '\0';
        for (char *p = ret; *p; p++)
                if (!isprint((unsigned char)*p))
                        *p = '?'; /* any user names a process as it likes */
}

int port_holder(const char *name, pid_t *ret_pid, char *ret_command, size_t size) {
        _cleanup_free_ char *path = NULL;
        struct search search = { 0 };

        int r = port_resolve(&hw_roots, name, &path);
        if (r < 0)
                return r;
        search.port = path;
        if (stat(path, &search.node) < 0)
                return -ENODEV;

        pid_t pid = find_locker(&search);
        if (!pid)
                pid = port_lock_file(&hw_roots, path);
        if (!pid)
                pid = find_opener(&search);
        if (!pid)
                return -ENOENT;
        *ret_pid = pid;
        read_command(pid, ret_command, size);
        return 0;
}
