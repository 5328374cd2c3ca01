/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stmboot/dbus.h>
#include <string.h>

#include "daemon/misnamed.h"
#include "util/macro.h"
#include "util/utf8.h"

#define NUMBER_MAX 12 /* "_2" and on */

static bool is_plain(char c, int (*class)(int)) {
        return (unsigned char)c < 0x80 && class((unsigned char)c);
}

/* Leaves room in `ret` for a number. */
static void nearest_name(const char *name, char ret[static STMBOOT_TARGET_NAME_MAX + 1]) {
        size_t n = MIN(strlen(name), (size_t)STMBOOT_TARGET_NAME_MAX - NUMBER_MAX);
        char *p = ret;

        if (!is_plain(name[0], isalpha)) {
                p = stpcpy(p, "target_");
                n = MIN(n, (size_t)STMBOOT_TARGET_NAME_MAX - NUMBER_MAX - strlen("target_"));
        }
        for (size_t i = 0; i < n; i++)
                *p++ = is_plain(name[i], isalnum) ? name[i] : '_';
        *p = '\0';
}

int misnamed_rename(struct config_file *file,
                    bool (*is_taken)(const void *userdata, const char *name),
                    const void *userdata) {
        char name[STMBOOT_TARGET_NAME_MAX + 1];

        nearest_name(file->name, name);
        size_t length = strlen(name);
        for (unsigned number = 2; is_taken(userdata, name); number++)
                (void)snprintf(name + length, sizeof(name) - length, "_%u", number);

        char *copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        if (asprintf(&file->misnamed,
                     "%s: \"%s\" cannot be the name of a target (a letter, then letters, digits "
                     "and underscores, at most %d in all): give the file another one",
                     file->path, file->name, STMBOOT_TARGET_NAME_MAX) < 0) {
                file->misnamed = NULL;
                free(copy);
                return -ENOMEM;
        }
        utf8_sanitise(file->misnamed);
        free(file->name);
        file->name = copy;
        return 0;
}
