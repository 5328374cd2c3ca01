/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/reader.h"
#include "image/record.h"

/* Motorola, M68000 Family Programmer's Reference Manual, appendix C: S-record output format. */

static const struct record_form form = {
        .mark = 'S',
        .typed = true,
        .uncounted = 1,
        .sum = 0xff,
};

struct srec {
        struct builder *builder;
        struct image *image;
        struct image_error *error;
        uint8_t *free;   /* of the builder's scratch memory */
        uint32_t n_data; /* data records so far */
};

/* Bytes of the address field; S5 and S6 count records there. */
static const uint8_t address_sizes[10] = { 2, 2, 3, 4, 0, 2, 3, 4, 3, 2 };

static bool is_end(const struct record *record) {
        return record->type >= '7';
}

static bool is_data(const struct record *record) {
        return record->type >= '1' && record->type <= '3';
}

static int read_data(struct srec *srec, const struct record *record, size_t address_size,
                     uint32_t address) {
        uint32_t count = (uint32_t)(record->size - address_size - 2);
        uint64_t limit = UINT64_C(1) << 8 * address_size;
        const uint8_t *data = srec->free;

        srec->n_data++;
        if (address + (uint64_t)count > limit)
                return image_refuse(srec->error, IMAGE_RANGE, record->line, address,
                                    "%u bytes at 0x%0*x leave the %zu-bit address space", count,
                                    (int)(2 * address_size), address, 8 * address_size);
        memcpy(srec->free, record->bytes + 1 + address_size, count);
        srec->free += count;
        return builder_add(srec->builder, record->line, address, data, count, srec->error);
}

static int check_count(struct srec *srec, const struct record *record, uint32_t count) {
        if (count == srec->n_data)
                return 0;
        return image_refuse(srec->error, srec->n_data < count ? IMAGE_TRUNCATED : IMAGE_SYNTAX,
                            record->line, 0, "S%c counts %u data records, the file has %u",
                            record->type, count, srec->n_data);
}

static int take(struct srec *srec, const struct record *record) {
        size_t address_size = address_sizes[record->type - '0'];
        size_t minimum = address_size + 2; /* with the count and the checksum */
        uint32_t address = 0;

        if (address_size == 0)
                return image_refuse(srec->error, IMAGE_UNSUPPORTED, record->line, 0,
                                    "record type S%c is reserved", record->type);
        if (record->size < minimum)
                return image_refuse(srec->error, IMAGE_SYNTAX, record->line, 0,
                                    "an S%c record without its address", record->type);
        if (record->size > minimum && record->type >= '5')
                return image_refuse(srec->error, IMAGE_SYNTAX, record->line, 0,
                                    "an S%c record with data", record->type);

        for (size_t i = 0; i < address_size; i++)
                address = address << 8 | record->bytes[1 + i];
        if (is_data(record))
                return read_data(srec, record, address_size, address);
        if (record->type == '5' || record->type == '6')
                return check_count(srec, record, address);
        /* Tools write 0 where there is no entry point. */
        if (is_end(record) && address != 0) {
                srec->image->has_entry = true;
                srec->image->entry = address;
        }
        return 0;
}

int srec_read(const uint8_t *data, size_t size, struct builder *builder, struct image *image,
              struct image_error *error) {
        struct record_reader reader = { .form = &form, .next = data, .end = data + size };
        struct srec srec = { .builder = builder, .image = image, .error = error };
        struct record record;

        /* Two digits a byte: what is decoded cannot be more. */
        builder->scratch = srec.free = malloc(size / 2 + 1);
        if (!builder->scratch)
                return -ENOMEM;
        do {
                int r = record_next(&reader, &record, error);
                if (r != 0)
                        return r;
                r = take(&srec, &record);
                if (r != 0)
                        return r;
        } while (!is_end(&record));

        return record_finish(&reader, error);
}
