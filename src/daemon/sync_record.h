/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "image/image.h"

/*
 * What is known of a target's flash beyond this run of the daemon: STATE/NAME.state. "unfinished"
 * is written before the first erase, "done" after everything was read back.
 */

enum record_status {
        RECORD_NONE,       /* there is no record */
        RECORD_BROKEN,     /* there is one, and it cannot be read */
        RECORD_UNFINISHED, /* a job that changes flash has not come to its end */
        RECORD_DONE,       /* this image was verified in full on this chip */
};

/* Which bytes stand where. */
struct record_image {
        uint8_t sha256[32];
        uint32_t start, end; /* of the first and of the last segment, end exclusive (0: 4 GiB) */
        uint32_t segments;
};

struct record {
        enum record_status status;
        bool has_unique_id;
        uint8_t unique_id[12];
        struct record_image image;
};

void record_image_of(const struct image *image, struct record_image *ret);
bool record_image_equal(const struct record_image *a, const struct record_image *b);
bool record_equal(const struct record *a, const struct record *b);

/* Reads STATE/NAME.state. Always fills *ret; a reason why it is RECORD_BROKEN goes to the log. */
void record_load(const char *state_dir, const char *target, struct record *ret);

/* From the bytes of a file: false if they are no record. */
bool record_parse(const char *data, size_t size, struct record *ret);

/*
 * Starts a child that writes `record` (RECORD_NONE: removes it). Its exit status goes through
 * state_file_written(). Returns its pid, or negative errno.
 */
pid_t record_write_start(const char *state_dir, const char *target, const struct record *record);
