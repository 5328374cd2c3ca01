/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/gpio.h"
#include "util/cleanup.h"

static bool is_chip_name(const char *name) {
        return strncmp(name, "gpiochip", strlen("gpiochip")) == 0;
}

/* Links are no chips of their own: Raspberry Pi OS has gpiochip4 stand for gpiochip0. */
static int is_chip_entry(const struct dirent *entry) {
        return is_chip_name(entry->d_name) && entry->d_type != DT_LNK;
}

static int check_chip(const struct hw_roots *roots, const char *name, const char *label,
                      char **found) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s/%s", roots->dev, name) < 0)
                return -ENOMEM;
        int r = gpio_chip_has_label(path, label);
        if (r <= 0)
                return r;
        if (*found)
                return -ENOTUNIQ;
        *found = TAKE_PTR(path);
        return 0;
}

/* One by one, so that a chip that cannot be opened does not hide the others. */
static int find_by_label(const struct hw_roots *roots, const char *label, char **ret_path) {
        _cleanup_free_ char *found = NULL;
        struct dirent **entries;
        bool denied = false;
        int result = 0;

        int n = scandir(roots->dev, &entries, is_chip_entry, versionsort);
        if (n < 0)
                return -errno;
        for (int i = 0; i < n; i++) {
                int r = check_chip(roots, entries[i]->d_name, label, &found);
                if (r == -ENOTUNIQ || r == -ENOMEM)
                        result = r;
                else if (r == -EACCES || r == -EPERM)
                        denied = true;
                free(entries[i]);
        }
        free(entries);

        if (result < 0)
                return result;
        if (!found)
                return denied ? -EACCES : -ENOENT;
        *ret_path = TAKE_PTR(found);
        return 0;
}

int gpio_chip_find(const struct hw_roots *roots, const char *name, char **ret_path) {
        _cleanup_free_ char *path = NULL, *canonical = NULL;
        int r;

        if (device_is_spec(name)) {
                r = device_find(roots, "bus/gpio/devices", name, ret_path);
                return r == -ENODEV ? -ENOENT : r;
        }
        if (name[0] != '/' && !is_chip_name(name))
                return find_by_label(roots, name, ret_path);

        if (name[0] == '/')
                r = (path = strdup(name)) ? 0 : -ENOMEM;
        else
                r = asprintf(&path, "%s/%s", roots->dev, name) < 0 ? -ENOMEM : 0;
        if (r < 0)
                return r;
        canonical = realpath(path, NULL);
        if (!canonical)
                return errno == ENOTDIR ? -ENOENT : -errno;
        *ret_path = TAKE_PTR(canonical);
        return 0;
}
