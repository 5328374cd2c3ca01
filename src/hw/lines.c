/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "hw/lines_internal.h"

int lines_set(struct lines *lines, enum line line, bool value) {
        return lines->ops->set(lines, line, value);
}

struct lines *lines_close(struct lines *lines) {
        return lines ? lines->ops->close(lines) : NULL;
}
