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

/* Each instance of devpts counts its own ports from 0 on; elsewhere a device number is one device,
 * whatever node it was opened by. 136 to 143: admin-guide/devices.txt of the kernel. */
static bool is_same_device(const struct stat *a, const struct stat *b) {
        bool is_pty = major(a->st_rdev) >= 136 && major(a->st_rdev) <= 143;

        return S_ISCHR(a->st_mode) && a->st_rdev == b->st_rdev &&
               (!is_pty || a->st_dev == b->st_dev);
}

static bool has_open(pid_t pid, const struct stat *node) {
        _cleanup_closedir_ DIR *dir = NULL;
        char path[64];

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
        dir = opendir(path);
        if (!dir)
                return false;
        for (struct dirent *entry; (entry = readdir(dir));) {
                struct stat st;

                if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
                    is_same_device(&st, node))
                        return true;
        }
        return false;
}

/* As new_encode_dev() of the kernel does it for proc(5). */
static unsigned long encode_device(dev_t device) {
        return (minor(device) & 0xffUL) | (unsigned long)major(device) << 8 |
               (minor(device) & ~0xffUL) << 12;
}

/* A process in a container may have another device of that name and number. */
static bool is_seen_as(pid_t pid, const char *port, const struct stat *node) {
        _cleanup_free_ char *path = NULL;
        struct stat st;

        if (asprintf(&path, "/proc/%d/root%s", pid, port) < 0) {
                path = NULL;
                return false;
        }
        if (stat(path, &st) < 0) /* of other users' processes it cannot be seen */
                return errno == EACCES;
        return is_same_device(&st, node);
}

/* A login has the port as its terminal: that can be seen of any user's process. */
static bool has_as_terminal(pid_t pid, const char *port, const struct stat *node) {
        _cleanup_fclose_ FILE *file = NULL;
        char path[64], text[256];
        int terminal;

        (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        file = fopen(path, "re");
        if (!file || !fgets(text, sizeof(text), file))
                return false;
        const char *name_end = strrchr(text, ')');
        return name_end && sscanf(name_end + 1, " %*c %*d %*d %*d %d", &terminal) == 1 &&
               (unsigned)terminal == encode_device(node->st_rdev) && is_seen_as(pid, port, node);
}

/* Descriptors are seen by root and by the holder's own user only. */
static pid_t find_opener(const char *port, const struct stat *node) {
        _cleanup_closedir_ DIR *dir = opendir("/proc");

        for (struct dirent *entry; dir && (entry = readdir(dir));) {
                pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

                if (pid > 0 && pid != getpid() &&
                    (has_open(pid, node) || has_as_terminal(pid, port, node)))
                        return pid;
        }
        return 0;
}

/* Seen by everybody, but only who locks. The format stands in proc(5). */
static pid_t find_locker(const struct stat *node) {
        _cleanup_fclose_ FILE *file = fopen("/proc/locks", "re");
        char line[256];

        while (file && fgets(line, sizeof(line), file)) {
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
        struct stat node;

        int r = port_resolve(&hw_roots, name, &path);
        if (r < 0)
                return r;
        if (stat(path, &node) < 0)
                return -ENODEV;

        pid_t pid = find_locker(&node);
        if (!pid)
                pid = port_lock_file(&hw_roots, path);
        if (!pid)
                pid = find_opener(path, &node);
        if (!pid)
                return -ENOENT;
        *ret_pid = pid;
        read_command(pid, ret_command, size);
        return 0;
}
