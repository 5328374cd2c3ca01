/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/device.h"
#include "util/cleanup.h"

const struct hw_roots hw_roots = { .dev = "/dev", .sys = "/sys", .locks = "/run/lock" };

#define USB_PREFIX "usb:"
#define OF_PREFIX  "of:"

struct usb_id {
        char vendor[5], product[5];
        const char *serial; /* NULL: any */
};

static bool starts_with(const char *text, const char *prefix) {
        return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool device_is_spec(const char *name) {
        return starts_with(name, USB_PREFIX) || starts_with(name, OF_PREFIX);
}

/* Four hexadecimal digits, in the lower case that sysfs uses. */
static int scan_usb_number(const char **text, char ret[static 5]) {
        for (size_t i = 0; i < 4; i++) {
                unsigned char c = (unsigned char)(*text)[i];

                if (!isxdigit(c))
                        return -EINVAL;
                ret[i] = (char)tolower(c);
        }
        ret[4] = '\0';
        *text += 4;
        return 0;
}

static int usb_id_parse(const char *spec, struct usb_id *ret) {
        const char *text = spec + strlen(USB_PREFIX);

        if (scan_usb_number(&text, ret->vendor) < 0 || *text++ != ':' ||
            scan_usb_number(&text, ret->product) < 0)
                return -EINVAL;
        if (*text == '\0')
                ret->serial = NULL;
        else if (*text == ':' && text[1])
                ret->serial = text + 1; /* may hold colons of its own */
        else
                return -EINVAL;
        return 0;
}

/* One line of `directory`/`name`, without its end. */
static int read_attribute(const char *directory, const char *name, char *ret, size_t size) {
        _cleanup_free_ char *path = NULL;
        _cleanup_close_ int fd = -1;

        if (asprintf(&path, "%s/%s", directory, name) < 0)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        ssize_t n = read(fd, ret, size - 1);
        if (n < 0)
                return -errno;
        ret[n] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        return 0;
}

static bool has_entry(const char *directory, const char *name) {
        _cleanup_free_ char *path = NULL;

        return asprintf(&path, "%s/%s", directory, name) >= 0 && access(path, F_OK) == 0;
}

/*
 * Shortens `device`, a canonical path, to the nearest directory at or above it that has `entry`.
 * Kernels differ in how many devices stand between a tty and its hardware.
 */
static bool walk_up(char *device, const char *entry) {
        for (char *slash; !has_entry(device, entry); *slash = '\0') {
                slash = strrchr(device, '/');
                if (!slash || slash == device)
                        return false;
        }
        return true;
}

static bool matches_usb(char *device, const struct usb_id *id) {
        char text[256];

        return walk_up(device, "idVendor") &&
               read_attribute(device, "idVendor", text, sizeof(text)) >= 0 &&
               strcmp(text, id->vendor) == 0 &&
               read_attribute(device, "idProduct", text, sizeof(text)) >= 0 &&
               strcmp(text, id->product) == 0 &&
               (!id->serial || (read_attribute(device, "serial", text, sizeof(text)) >= 0 &&
                                strcmp(text, id->serial) == 0));
}

static bool matches_node(char *device, const char *node) {
        static const char base[] = "/firmware/devicetree/base/";
        _cleanup_free_ char *link = NULL, *target = NULL;

        if (!walk_up(device, "of_node") || asprintf(&link, "%s/of_node", device) < 0)
                return false;
        target = realpath(link, NULL);
        if (!target)
                return false;
        const char *path = strstr(target, base);
        return path && strcmp(path + strlen(base) - 1, node) == 0;
}

int device_find(const struct hw_roots *roots, const char *class, const char *spec,
                char **ret_path) {
        _cleanup_free_ char *directory = NULL, *found = NULL;
        _cleanup_closedir_ DIR *dir = NULL;
        struct usb_id id;
        bool usb = starts_with(spec, USB_PREFIX);

        if (usb ? usb_id_parse(spec, &id) < 0 : !starts_with(spec, OF_PREFIX "/"))
                return -EINVAL;
        if (asprintf(&directory, "%s/%s", roots->sys, class) < 0)
                return -ENOMEM;
        dir = opendir(directory);
        if (!dir)
                return errno == ENOENT ? -ENODEV : -errno;

        for (struct dirent *entry; (entry = readdir(dir));) {
                _cleanup_free_ char *link = NULL, *device = NULL;

                if (entry->d_name[0] == '.')
                        continue;
                if (asprintf(&link, "%s/%s", directory, entry->d_name) < 0)
                        return -ENOMEM;
                device = realpath(link, NULL);
                if (!device || !(usb ? matches_usb(device, &id)
                                     : matches_node(device, spec + strlen(OF_PREFIX))))
                        continue;
                if (found)
                        return -ENOTUNIQ;
                if (asprintf(&found, "%s/%s", roots->dev, entry->d_name) < 0)
                        return -ENOMEM;
        }
        if (!found)
                return -ENODEV;
        *ret_path = TAKE_PTR(found);
        return 0;
}
