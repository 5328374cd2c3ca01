/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/image.h"
#include "util/cleanup.h"
#include "util/macro.h"

/* What the tests of src/image share. */

DEFINE_CLEANUP(struct image, image_free);

/* A file that is refused. */
struct refusal {
        const char *name;
        const char *text;
        enum image_status status;
        size_t line;
        uint32_t address;
        const char *reason; /* all of it */
};

/* A file that is taken, and what dump() makes of it. */
struct acceptance {
        const char *name;
        const char *text;
        const char *image;
};

/* Replaces each "??" at the end of a record by the checksum: bytes and checksum sum up to `sum`.
 * Digits start `skip` characters into the line. The caller owns the result. */
static inline char *seal(const char *text, size_t skip, uint8_t sum) {
        char *sealed = strdup(text);

        assert_non_null(sealed);
        for (char *mark; (mark = strstr(sealed, "??"));) {
                char *p = mark;
                uint8_t total = 0;
                char digits[3];

                while (p > sealed && p[-1] != '\n')
                        p--;
                for (p += skip; p < mark; p += 2) {
                        unsigned byte = 0;

                        (void)sscanf(p, "%2x", &byte); /* some are wrong on purpose */
                        total = (uint8_t)(total + byte);
                }
                snprintf(digits, sizeof(digits), "%02X", (uint8_t)(sum - total));
                memcpy(mark, digits, 2);
        }
        return sealed;
}

/* "08000000:01020304 0800f000:ff entry 08000001". The caller owns the result. */
static inline char *dump(const struct image *image) {
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        assert_non_null(file);
        for (size_t i = 0; i < image->n_segments; i++) {
                const struct image_segment *segment = &image->segments[i];

                fprintf(file, "%s%08x:", i > 0 ? " " : "", segment->address);
                for (uint32_t k = 0; k < segment->size; k++)
                        fprintf(file, "%02x", segment->data[k]);
        }
        if (image->has_entry)
                fprintf(file, " entry %08x", image->entry);
        assert_int_equal(fclose(file), 0);
        return text;
}

/* Opens a copy without a byte to spare, so that a sanitizer sees each one read beyond it. */
static inline int open_exact(const void *data, size_t size, const struct image_options *options,
                             struct image **ret, struct image_error *ret_error) {
        _cleanup_free_ uint8_t *copy = malloc(size);

        assert_non_null(copy);
        memcpy(copy, data, size);
        return image_open(copy, size, options, ret, ret_error);
}

static inline void check_refusal(const struct refusal *test, const char *text,
                                 enum image_format format) {
        const struct image_options options = { .format = format };
        _cleanup_(image_freep) struct image *image = NULL;
        struct image_error error = { .status = IMAGE_OK };

        int r = open_exact(text, strlen(text), &options, &image, &error);
        if (r != (int)test->status || error.status != test->status || error.line != test->line ||
            error.address != test->address || strcmp(error.reason, test->reason) != 0)
                fail_msg("%s: status %d, line %zu, address 0x%08x: %s", test->name, r, error.line,
                         error.address, error.reason);
        assert_null(image);
}

static inline void check_acceptance(const struct acceptance *test, const char *text,
                                    enum image_format format) {
        const struct image_options options = { .format = format };
        _cleanup_(image_freep) struct image *image = NULL;
        _cleanup_free_ char *found = NULL;
        struct image_error error;

        if (open_exact(text, strlen(text), &options, &image, &error) != 0)
                fail_msg("%s: line %zu: %s", test->name, error.line, error.reason);
        found = dump(image);
        if (strcmp(found, test->image) != 0)
                fail_msg("%s: %s", test->name, found);
}
