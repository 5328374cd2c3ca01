/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hw/port_name.h"
#include "util/cleanup.h"

static bool has_open(pid_t pid, dev_t device) {
        _cleanup_closedir_ DIR *dir = NULL;
        char path[64];

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
        dir = opendir(path);
        if (!dir)
                return false;
        for (struct dirent *entry; (entry = readdir(dir));) {
                struct stat st;

                if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
                    S_ISCHR(st.st_mode) && st.st_rdev == device)
                        return true;
        }
        return false;
}

/* Seen by root and by the holder's own user only. */
static pid_t find_opener(dev_t device) {
        _cleanup_closedir_ DIR *dir = opendir("/proc");

        for (struct dirent *entry; dir && (entry = readdir(dir));) {
                pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

                if (pid > 0 && pid != getpid() && has_open(pid, device))
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
                pid = find_opener(node.st_rdev);
        if (!pid)
                return -ENOENT;
        *ret_pid = pid;
        read_command(pid, ret_command, size);
        return 0;
}
