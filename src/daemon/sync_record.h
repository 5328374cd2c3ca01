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

enum sync_record_status {
        SYNC_RECORD_NONE,       /* there is no record */
        SYNC_RECORD_BROKEN,     /* there is one, and it cannot be read */
        SYNC_RECORD_UNFINISHED, /* a job that changes flash has not come to its end */
        SYNC_RECORD_DONE,       /* this image was verified in full on this chip */
};

/* Which bytes stand where. */
struct sync_record_image {
        uint8_t sha256[32];
        uint32_t start, end; /* of the first and of the last segment, end exclusive (0: 4 GiB) */
        uint32_t segments;
};

struct sync_record {
        enum sync_record_status status;
        bool has_unique_id;
        uint8_t unique_id[12];
        struct sync_record_image image;
};

void sync_record_image_of(const struct image *image, struct sync_record_image *ret);
bool sync_record_image_equal(const struct sync_record_image *a, const struct sync_record_image *b);
bool sync_record_equal(const struct sync_record *a, const struct sync_record *b);

/* Reads STATE/NAME.state. Always fills *ret; a reason why it is broken goes to the log. */
void sync_record_load(const char *state_dir, const char *target, struct sync_record *ret);

/* From the bytes of a file: false if they are no record. */
bool sync_record_parse(const char *data, size_t size, struct sync_record *ret);

/*
 * Starts a child that writes `record` (SYNC_RECORD_NONE: removes it). Its exit status goes through
 * state_file_written(). Returns its pid, or negative errno.
 */
pid_t sync_record_write_start(const char *state_dir, const char *target,
                              const struct sync_record *record);
