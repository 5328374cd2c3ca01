/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fuzz-image.h"

/*
 * Most changes to a record make its count or its checksum wrong, and hide what lies behind these
 * checks. So each input is tried twice: as it is, and with both put right in every line.
 */

static inline uint8_t digit_value(uint8_t c) {
        return (uint8_t)(c <= '9' ? c - '0' : (c & 0x5f) - 'A' + 10) & 15;
}

static inline void put_byte(uint8_t *text, size_t value) {
        static const char digits[] = "0123456789ABCDEF";

        text[0] = (uint8_t)digits[value >> 4 & 15];
        text[1] = (uint8_t)digits[value & 15];
}

/* Digits start `skip` bytes into the line; `uncounted` and `sum` as in a record_form. */
static inline void seal_line(uint8_t *line, size_t size, size_t skip, size_t uncounted,
                             uint8_t sum) {
        size_t bytes = size < skip ? 0 : (size - skip) / 2;
        uint8_t total = 0;

        if (bytes < uncounted + 1 || bytes > uncounted + 255)
                return;
        put_byte(line + skip, bytes - uncounted);
        for (size_t i = 0; i < bytes - 1; i++)
                total = (uint8_t)(total + (digit_value(line[skip + 2 * i]) << 4) +
                                  digit_value(line[skip + 2 * i + 1]));
        put_byte(line + skip + 2 * (bytes - 1), (uint8_t)(sum - total));
}

static inline void check_records(const uint8_t *data, size_t size, enum image_format format,
                                 size_t skip, size_t uncounted, uint8_t sum) {
        _cleanup_free_ uint8_t *sealed = malloc(size + 1);

        check_format(data, size, format);
        if (!sealed || size == 0)
                return;
        memcpy(sealed, data, size);
        for (size_t start = 0, end; start < size; start = end + 1) {
                const uint8_t *newline = memchr(sealed + start, '\n', size - start);

                end = newline ? (size_t)(newline - sealed) : size;
                seal_line(sealed + start, end - start, skip, uncounted, sum);
        }
        check_format(sealed, size, format);
}
