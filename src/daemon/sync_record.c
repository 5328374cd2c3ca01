/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/state_file.h"
#include "daemon/sync_record.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/parse.h"

#define SUFFIX  ".state"
#define VERSION "1"

static const char *const status_names[] = {
        [SYNC_RECORD_UNFINISHED] = "unfinished",
        [SYNC_RECORD_DONE] = "done",
};

void sync_record_image_of(const struct image *image, struct sync_record_image *ret) {
        const struct image_segment *last = &image->segments[image->n_segments - 1];
        struct image_digest digest;

        image_digest(image, &digest);
        *ret = (struct sync_record_image){
                .start = image->segments[0].address,
                .end = last->address + last->size,
                .segments = (uint32_t)image->n_segments,
        };
        memcpy(ret->sha256, digest.sha256, sizeof(ret->sha256));
}

bool sync_record_image_equal(const struct sync_record_image *a, const struct sync_record_image *b) {
        return memcmp(a->sha256, b->sha256, sizeof(a->sha256)) == 0 && a->start == b->start &&
               a->end == b->end && a->segments == b->segments;
}

bool sync_record_equal(const struct sync_record *a, const struct sync_record *b) {
        return a->status == b->status && a->has_unique_id == b->has_unique_id &&
               memcmp(a->unique_id, b->unique_id, sizeof(a->unique_id)) == 0 &&
               sync_record_image_equal(&a->image, &b->image);
}

/* ---- the file ---- */

static bool read_version(void *userdata, const char *value) {
        (void)userdata;
        return strcmp(value, VERSION) == 0;
}

static bool read_status(void *userdata, const char *value) {
        struct sync_record *record = userdata;

        for (size_t i = 0; i < ARRAY_SIZE(status_names); i++)
                if (status_names[i] && strcmp(value, status_names[i]) == 0) {
                        record->status = (enum sync_record_status)i;
                        return true;
                }
        return false;
}

static bool read_unique_id(void *userdata, const char *value) {
        struct sync_record *record = userdata;

        record->has_unique_id = value[0] != '\0';
        return !record->has_unique_id ||
               parse_hex(value, record->unique_id, sizeof(record->unique_id)) == 0;
}

static bool read_sha256(void *userdata, const char *value) {
        struct sync_record *record = userdata;

        return parse_hex(value, record->image.sha256, sizeof(record->image.sha256)) == 0;
}

static bool read_start(void *userdata, const char *value) {
        return parse_u32(value, &((struct sync_record *)userdata)->image.start) == 0;
}

static bool read_end(void *userdata, const char *value) {
        return parse_u32(value, &((struct sync_record *)userdata)->image.end) == 0;
}

static bool read_segments(void *userdata, const char *value) {
        return parse_u32(value, &((struct sync_record *)userdata)->image.segments) == 0;
}

static const struct state_file_key keys[] = {
        { "Version", read_version },   { "Status", read_status }, { "UniqueId", read_unique_id },
        { "Sha256", read_sha256 },     { "Start", read_start },   { "End", read_end },
        { "Segments", read_segments },
};

bool sync_record_parse(const char *data, size_t size, struct sync_record *ret) {
        struct sync_record record = { 0 };

        if (!state_file_parse(data, size, "Record", keys, ARRAY_SIZE(keys), &record))
                return false;
        *ret = record;
        return true;
}

static int sync_record_format(const struct sync_record *record, char *text, size_t size) {
        char unique_id[2 * sizeof(record->unique_id) + 1] = "";
        char sha256[2 * sizeof(record->image.sha256) + 1];

        if (record->has_unique_id)
                format_hex(record->unique_id, sizeof(record->unique_id), unique_id);
        format_hex(record->image.sha256, sizeof(record->image.sha256), sha256);
        return snprintf(text, size,
                        "[Record]\n"
                        "Version=" VERSION "\n"
                        "Status=%s\n"
                        "UniqueId=%s\n"
                        "Sha256=%s\n"
                        "Start=0x%08x\n"
                        "End=0x%08x\n"
                        "Segments=%u\n",
                        status_names[record->status], unique_id, sha256, record->image.start,
                        record->image.end, record->image.segments);
}

void sync_record_load(const char *state_dir, const char *target, struct sync_record *ret) {
        _cleanup_free_ uint8_t *data = NULL;
        size_t size;

        *ret = (struct sync_record){ .status = SYNC_RECORD_NONE };
        int r = state_file_read(state_dir, target, SUFFIX, &data, &size);
        if (r == -ENOENT)
                return;
        if (r == 0 && sync_record_parse((const char *)data, size, ret))
                return;
        log_write(LOG_WARNING, target, NULL, "the record %s" SUFFIX " cannot be read%s%s", target,
                  r < 0 ? ": " : " (damaged)", r < 0 ? file_strerror(r) : "");
        ret->status = SYNC_RECORD_BROKEN;
}

/* ---- writing ---- */

pid_t sync_record_write_start(const char *state_dir, const char *target,
                              const struct sync_record *record) {
        char text[STATE_FILE_SIZE_MAX];
        int size = 0;

        if (record->status != SYNC_RECORD_NONE)
                size = sync_record_format(record, text, sizeof(text));
        return state_file_write_start(state_dir, target, SUFFIX, text, (size_t)size);
}
