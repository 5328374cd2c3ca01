/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "stmboot/dbus.h"
#include "util/target_name.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

bool target_name_is_valid(const char *name) {
        size_t length = strlen(name);

        return length > 0 && length <= STMBOOT_TARGET_NAME_MAX && strchr(LETTERS, name[0]) &&
               strspn(name, LETTERS "0123456789_") == length;
}
