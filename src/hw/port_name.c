/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/port_name.h"
#include "util/cleanup.h"

int port_resolve(const struct hw_roots *roots, const char *name, char **ret_path) {
        _cleanup_free_ char *path = NULL, *canonical = NULL;
        int r = 0;

        if (device_is_spec(name))
                r = device_find(roots, "class/tty", name, &path);
        else if (name[0] == '\0' || name[strlen(name) - 1] == '/')
                return -EINVAL;
        else if (name[0] == '/')
                r = (path = strdup(name)) ? 0 : -ENOMEM;
        else if (asprintf(&path, "%s/%s", roots->dev, name) < 0)
                r = -ENOMEM;
        if (r < 0)
                return r;

        /* libserialport 0.1.1 takes no links. */
        canonical = realpath(path, NULL);
        if (!canonical)
                return errno == ENOENT || errno == ENOTDIR ? -ENODEV : -errno;
        *ret_path = TAKE_PTR(canonical);
        return 0;
}
