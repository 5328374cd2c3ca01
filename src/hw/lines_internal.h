/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hw/device.h"
#include "hw/lines.h"

/* What stands behind lines.h: wired lines or a virtual STM32's. Embedded as the first member. */

struct lines_ops {
        int (*set)(struct lines *lines, enum line line, bool value);
        struct lines *(*close)(struct lines *lines); /* makes safe, frees; returns NULL */
};

struct lines {
        const struct lines_ops *ops;
};

/* lines_open() on a system elsewhere. */
int lines_open_at(const struct hw_roots *roots, const struct lines_config *config,
                  struct port *port, const char *consumer, struct lines **ret,
                  enum line *ret_which);
