/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/file.h"
#include "daemon/log.h"
#include "daemon/settings.h"
#include "daemon/state_file.h"
#include "daemon/sync_record.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/parse.h"

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

enum key {
        KEY_VERSION,
        KEY_STATUS,
        KEY_UNIQUE_ID,
        KEY_SHA256,
        KEY_START,
        KEY_END,
        KEY_SEGMENTS,
        KEY_MAX_,
};

static const char *const key_names[] = {
        [KEY_VERSION] = "Version",   [KEY_STATUS] = "Status", [KEY_UNIQUE_ID] = "UniqueId",
        [KEY_SHA256] = "Sha256",     [KEY_START] = "Start",   [KEY_END] = "End",
        [KEY_SEGMENTS] = "Segments",
};

struct sync_record_parser {
        struct sync_record record;
        unsigned seen;
};

static bool parse_status(const char *value, enum sync_record_status *ret) {
        for (size_t i = 0; i < ARRAY_SIZE(status_names); i++)
                if (status_names[i] && strcmp(value, status_names[i]) == 0) {
                        *ret = (enum sync_record_status)i;
                        return true;
                }
        return false;
}

static bool parse_value(enum key key, const char *value, struct sync_record *ret) {
        switch (key) {
        case KEY_VERSION:
                return strcmp(value, VERSION) == 0;
        case KEY_STATUS:
                return parse_status(value, &ret->status);
        case KEY_UNIQUE_ID:
                ret->has_unique_id = value[0] != '\0';
                return !ret->has_unique_id ||
                       parse_hex(value, ret->unique_id, sizeof(ret->unique_id)) == 0;
        case KEY_SHA256:
                return parse_hex(value, ret->image.sha256, sizeof(ret->image.sha256)) == 0;
        case KEY_START:
                return parse_u32(value, &ret->image.start) == 0;
        case KEY_END:
                return parse_u32(value, &ret->image.end) == 0;
        case KEY_SEGMENTS:
                return parse_u32(value, &ret->image.segments) == 0;
        case KEY_MAX_:
                break;
        }
        return false;
}

static int on_assignment(const char *section, const char *key, const char *value, unsigned line,
                         void *userdata, char **ret_reason) {
        struct sync_record_parser *parser = userdata;

        (void)line;
        if (strcmp(section, "Record") != 0)
                return settings_reason(ret_reason, "unknown section");
        if (!key)
                return 0;
        for (size_t i = 0; i < KEY_MAX_; i++) {
                if (strcmp(key, key_names[i]) != 0)
                        continue;
                if (!parse_value((enum key)i, value, &parser->record))
                        break;
                parser->seen |= 1U << i;
                return 0;
        }
        return settings_reason(ret_reason, "no such key, or no value for it");
}

bool sync_record_parse(const char *data, size_t size, struct sync_record *ret) {
        _cleanup_free_ char *reason = NULL;
        struct sync_record_parser parser = { 0 };

        /* The last line is whole, too. */
        if (size == 0 || data[size - 1] != '\n' ||
            settings_read("", data, size, on_assignment, &parser, &reason) < 0 ||
            parser.seen != (1U << KEY_MAX_) - 1)
                return false;
        *ret = parser.record;
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
        _cleanup_free_ char *path = NULL;
        _cleanup_free_ uint8_t *data = NULL;
        size_t size;
        int r = -ENOMEM;

        *ret = (struct sync_record){ .status = SYNC_RECORD_NONE };
        if (asprintf(&path, "%s/%s.state", state_dir, target) < 0)
                path = NULL;
        if (path)
                r = file_read(path, STATE_FILE_SIZE_MAX, &data, &size);
        if (r == -ENOENT)
                return;
        if (r == 0 && sync_record_parse((const char *)data, size, ret))
                return;
        log_write(LOG_WARNING, target, NULL, "the record %s.state cannot be read%s%s", target,
                  r < 0 ? ": " : " (damaged)", r < 0 ? file_strerror(r) : "");
        ret->status = SYNC_RECORD_BROKEN;
}

/* ---- writing ---- */

pid_t sync_record_write_start(const char *state_dir, const char *target,
                              const struct sync_record *record) {
        char name[NAME_MAX + 1], text[STATE_FILE_SIZE_MAX];
        int size = 0;

        int n = snprintf(name, sizeof(name), "%s.state", target);
        if (n < 0 || (size_t)n >= sizeof(name))
                return -ENAMETOOLONG;
        if (record->status != SYNC_RECORD_NONE)
                size = sync_record_format(record, text, sizeof(text));
        return state_file_write_start(state_dir, name, text, (size_t)size);
}
