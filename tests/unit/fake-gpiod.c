/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fake-gpiod.h"
#include "util/cleanup.h"

const struct fake_chip *fake_chips;
size_t n_fake_chips;
char fake_log[4096];
int fake_objects;

void fake_log_printf(const char *format, ...) {
        size_t length = strlen(fake_log);
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(fake_log + length, sizeof(fake_log) - length, format, arguments);
        va_end(arguments);
}

const struct fake_chip *fake_chip_open(const char *path) {
        _cleanup_free_ char *canonical = realpath(path, NULL);

        for (size_t i = 0; canonical && i < n_fake_chips; i++) {
                if (strcmp(fake_chips[i].name, strrchr(canonical, '/') + 1) != 0)
                        continue;
                errno = fake_chips[i].open_error;
                return errno ? NULL : &fake_chips[i];
        }
        errno = ENOENT;
        return NULL;
}

long fake_line_offset(const struct fake_chip *chip, const char *name) {
        if (chip->named_line && strcmp(chip->named_line, name) == 0)
                return (long)chip->named_offset;
        errno = ENOENT;
        return -1;
}

int fake_line_request(const struct fake_request *request) {
        if (request->offset == request->chip->busy_offset) {
                errno = EBUSY;
                return -1;
        }
        fake_log_printf("%s %u: request%s%s%s, initially %d, for %s\n", request->chip->name,
                        request->offset, request->active_low ? " active-low" : "",
                        request->open_drain ? " open-drain" : "", request->bias, request->initial,
                        request->consumer);
        return 0;
}

int fake_line_set(const struct fake_chip *chip, unsigned offset, int value) {
        if (offset == chip->vanishing_offset) {
                errno = ENODEV;
                return -1;
        }
        fake_log_printf("%s %u: %d\n", chip->name, offset, value);
        return 0;
}

void fake_line_release(const struct fake_chip *chip, unsigned offset) {
        fake_log_printf("%s %u: release\n", chip->name, offset);
}
