/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/image.h"

/*
 * What Intel HEX and S-records share: one record a line, LF or CRLF, of a mark and pairs of
 * hexadecimal digits; the first byte counts the bytes, the last makes their sum come out. Blank
 * lines only at the end of the file.
 */

#define RECORD_BYTES_MAX 260 /* count 255, and the five other bytes of Intel HEX */

struct record_form {
        char mark;
        bool typed;        /* a digit, the type, stands behind the mark */
        uint8_t uncounted; /* bytes beyond those that the first byte counts; it is one of them */
        uint8_t sum;       /* low byte of the sum over all bytes */
};

struct record_reader {
        const struct record_form *form;
        const uint8_t *next, *end; /* text not read yet */
        size_t line;               /* 1-based number of the line read last */
};

struct record {
        size_t line;
        char type;                       /* '0' to '9', if the form is typed */
        size_t size;                     /* of `bytes`; at least form->uncounted */
        uint8_t bytes[RECORD_BYTES_MAX]; /* count and sum included */
};

/*
 * Reads the next record. Returns 0; IMAGE_SYNTAX; IMAGE_CHECKSUM; or IMAGE_TRUNCATED at the end of
 * the file and where it ends within the record.
 */
int record_next(struct record_reader *reader, struct record *ret, struct image_error *error);

/* Behind the end record: returns 0 where only blank lines are left, else IMAGE_SYNTAX. */
int record_finish(const struct record_reader *reader, struct image_error *error);
