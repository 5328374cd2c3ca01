/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/magic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "daemon/volatile.h"
#include "util/cleanup.h"

#define UPPER "upperdir="

struct mount {
        dev_t device;
        char *point, *type, *options; /* within the line */
};

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE OPTIONS */
static bool parse_mount(char *line, struct mount *ret) {
        unsigned major_number, minor_number;
        char *state = NULL, *word = strtok_r(line, " \n", &state);

        for (unsigned field = 0; word; field++, word = strtok_r(NULL, " \n", &state)) {
                if (field == 2) {
                        if (sscanf(word, "%u:%u", &major_number, &minor_number) != 2)
                                return false;
                        ret->device = makedev(major_number, minor_number);
                } else if (field == 4)
                        ret->point = word;
                else if (field > 5 && strcmp(word, "-") == 0)
                        break;
        }
        ret->type = strtok_r(NULL, " \n", &state);
        ret->options =
                ret->type && strtok_r(NULL, " \n", &state) ? strtok_r(NULL, " \n", &state) : NULL;
        return ret->options;
}

/* Does `path` lie at or below the mount point? Both are escaped in the same way. */
static bool is_below(const char *path, const char *point) {
        size_t n = strlen(point);

        return strcmp(point, "/") == 0 ||
               (strncmp(path, point, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

/* A copy of the overlay's upper directory; NULL: there is none, and nothing can be written. */
static char *find_upper(FILE *mountinfo, dev_t device) {
        _cleanup_free_ char *line = NULL;
        size_t size = 0;

        rewind(mountinfo);
        while (getline(&line, &size, mountinfo) > 0) {
                struct mount mount;

                if (!parse_mount(line, &mount) || mount.device != device)
                        continue;
                char *state = NULL, *option = strtok_r(mount.options, ",", &state);
                for (; option; option = strtok_r(NULL, ",", &state))
                        if (strncmp(option, UPPER, strlen(UPPER)) == 0)
                                return strdup(option + strlen(UPPER));
        }
        return NULL;
}

bool volatile_overlay(FILE *mountinfo, dev_t device) {
        _cleanup_free_ char *upper = find_upper(mountinfo, device), *line = NULL;
        size_t size = 0, longest = 0;
        bool result = false;

        if (!upper)
                return false;
        rewind(mountinfo);
        while (getline(&line, &size, mountinfo) > 0) {
                struct mount mount;

                if (!parse_mount(line, &mount) || !is_below(upper, mount.point) ||
                    strlen(mount.point) < longest)
                        continue;
                longest = strlen(mount.point); /* of two on one point the later one counts */
                result = mount.device == device || strcmp(mount.type, "tmpfs") == 0 ||
                         strcmp(mount.type, "ramfs") == 0;
        }
        return result;
}

bool volatile_directory(const char *path) {
        _cleanup_fclose_ FILE *mountinfo = NULL;
        struct statfs fs;
        struct stat st;

        if (statfs(path, &fs) < 0)
                return false;
        switch ((uint32_t)fs.f_type) { /* its type is another on 32 bits */
        case TMPFS_MAGIC:
        case RAMFS_MAGIC:
                return true;
        case OVERLAYFS_SUPER_MAGIC:
                mountinfo = fopen("/proc/self/mountinfo", "re");
                return mountinfo && stat(path, &st) == 0 && volatile_overlay(mountinfo, st.st_dev);
        default:
                return false;
        }
}
