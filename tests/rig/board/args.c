/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *args_get(char *const *argv, const char *key) {
        size_t length = strlen(key);

        for (char *const *word = argv + 1; *word; word++)
                if (strncmp(*word, key, length) == 0 && (*word)[length] == '=')
                        return *word + length + 1;
        return NULL;
}

static int is_known(const char *word, const char *const *keys) {
        for (; *keys; keys++)
                if (strcspn(word, "=") == strlen(*keys) && strchr(word, '=') &&
                    strncmp(word, *keys, strlen(*keys)) == 0)
                        return 1;
        return 0;
}

void args_check(char *const *argv, const char *const *keys) {
        for (char *const *word = argv + 1; *word; word++)
                if (!is_known(*word, keys)) {
                        fprintf(stderr, "%s: unknown: %s\n", argv[0], *word);
                        exit(2);
                }
}
