/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/reader.h"
#include "image/record.h"
#include "util/bytes.h"

/* Intel, Hexadecimal Object File Format Specification, revision A, 1988. */

enum ihex_type {
        IHEX_DATA = 0,
        IHEX_END = 1,
        IHEX_SEGMENT_BASE = 2,
        IHEX_SEGMENT_START = 3,
        IHEX_LINEAR_BASE = 4,
        IHEX_LINEAR_START = 5,
};

/* Count, two bytes of offset and type in front of the data, checksum behind it. */
enum { COUNT = 0, OFFSET = 1, TYPE = 3, DATA = 4, OVERHEAD = 5 };

static const struct record_form form = { .mark = ':', .uncounted = OVERHEAD, .sum = 0 };

enum ihex_mode { NO_BASE, SEGMENTED, LINEAR };

struct ihex {
        struct builder *builder;
        struct image *image;
        struct image_error *error;
        uint8_t *free; /* of the builder's scratch memory */
        enum ihex_mode mode;
        uint32_t base;
};

/* `size` bytes at `from` belong to `offset` on. */
static int add(struct ihex *ihex, const struct record *record, uint32_t offset, const uint8_t *from,
               uint32_t size) {
        return builder_add(ihex->builder, record->line, (uint64_t)ihex->base + offset, from, size,
                           ihex->error);
}

static int read_data(struct ihex *ihex, const struct record *record) {
        uint32_t offset = get_be16(record->bytes + OFFSET);
        uint32_t count = record->bytes[COUNT];
        const uint8_t *data = ihex->free;

        memcpy(ihex->free, record->bytes + DATA, count);
        ihex->free += count;
        if (offset + count <= 0x10000 || ihex->mode == LINEAR)
                return add(ihex, record, offset, data, count);
        if (ihex->mode == NO_BASE)
                return image_refuse(ihex->error, IMAGE_RANGE, record->line, offset,
                                    "%u bytes at 0x%04x leave the 16-bit address space", count,
                                    offset);

        /* Within a segment the address wraps at 64 KiB. */
        uint32_t head = 0x10000 - offset;
        int r = add(ihex, record, offset, data, head);
        if (r != 0)
                return r;
        return add(ihex, record, 0, data + head, count - head);
}

static int set_entry(struct ihex *ihex, const struct record *record, uint32_t entry) {
        if (ihex->image->has_entry && ihex->image->entry != entry)
                return image_refuse(ihex->error, IMAGE_SYNTAX, record->line, entry,
                                    "a second entry point 0x%08x, the first is 0x%08x", entry,
                                    ihex->image->entry);
        ihex->image->has_entry = true;
        ihex->image->entry = entry;
        return 0;
}

/* All but data records have a fixed size, and 0 for an offset. */
static int check_form(const struct record *record, struct image_error *error) {
        static const uint8_t counts[] = {
                [IHEX_END] = 0,         [IHEX_SEGMENT_BASE] = 2, [IHEX_SEGMENT_START] = 4,
                [IHEX_LINEAR_BASE] = 2, [IHEX_LINEAR_START] = 4,
        };
        uint8_t type = record->bytes[TYPE];

        if (type >= sizeof(counts))
                return image_refuse(error, IMAGE_UNSUPPORTED, record->line, 0,
                                    "record type %02X is not one of 00 to 05", type);
        if (type == IHEX_DATA)
                return 0;
        if (record->bytes[COUNT] != counts[type])
                return image_refuse(error, IMAGE_SYNTAX, record->line, 0,
                                    "a record of type %02X with %u bytes instead of %u", type,
                                    record->bytes[COUNT], counts[type]);
        if (get_be16(record->bytes + OFFSET) != 0)
                return image_refuse(error, IMAGE_SYNTAX, record->line, 0,
                                    "a record of type %02X with offset 0x%04x instead of 0", type,
                                    get_be16(record->bytes + OFFSET));
        return 0;
}

static int take(struct ihex *ihex, const struct record *record) {
        const uint8_t *data = record->bytes + DATA;

        int r = check_form(record, ihex->error);
        if (r != 0)
                return r;
        switch (record->bytes[TYPE]) {
        case IHEX_DATA:
                return read_data(ihex, record);
        case IHEX_SEGMENT_BASE:
                ihex->mode = SEGMENTED;
                ihex->base = (uint32_t)get_be16(data) << 4;
                return 0;
        case IHEX_LINEAR_BASE:
                ihex->mode = LINEAR;
                ihex->base = (uint32_t)get_be16(data) << 16;
                return 0;
        case IHEX_SEGMENT_START: /* CS:IP */
                return set_entry(ihex, record,
                                 ((uint32_t)get_be16(data) << 4) + get_be16(data + 2));
        case IHEX_LINEAR_START:
                return set_entry(ihex, record, get_be32(data));
        default:
                return 0;
        }
}

int ihex_read(const uint8_t *data, size_t size, struct builder *builder, struct image *image,
              struct image_error *error) {
        struct record_reader reader = { .form = &form, .next = data, .end = data + size };
        struct ihex ihex = { .builder = builder, .image = image, .error = error };
        struct record record;

        /* Two digits a byte: what is decoded cannot be more. */
        builder->scratch = ihex.free = malloc(size / 2 + 1);
        if (!builder->scratch)
                return -ENOMEM;
        do {
                int r = record_next(&reader, &record, error);
                if (r != 0)
                        return r;
                r = take(&ihex, &record);
                if (r != 0)
                        return r;
        } while (record.bytes[TYPE] != IHEX_END);

        return record_finish(&reader, error);
}
