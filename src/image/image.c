/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "image/builder.h"
#include "image/image.h"
#include "image/reader.h"
#include "util/cleanup.h"
#include "util/macro.h"

DEFINE_CLEANUP(struct image, image_free);

static const char *const format_names[] = {
        [IMAGE_AUTO] = "auto", [IMAGE_BIN] = "bin", [IMAGE_IHEX] = "hex",
        [IMAGE_SREC] = "srec", [IMAGE_ELF] = "elf",
};

const char *image_format_to_string(enum image_format format) {
        return (size_t)format < ARRAY_SIZE(format_names) ? format_names[format] : NULL;
}

bool image_format_from_string(const char *text, enum image_format *ret) {
        for (size_t i = 0; i < ARRAY_SIZE(format_names); i++)
                if (strcmp(text, format_names[i]) == 0) {
                        *ret = (enum image_format)i;
                        return true;
                }
        return false;
}

int image_refuse(struct image_error *error, enum image_status status, size_t line, uint32_t address,
                 const char *format, ...) {
        va_list arguments;

        *error = (struct image_error){ .status = status, .line = line, .address = address };
        va_start(arguments, format);
        (void)vsnprintf(error->reason, sizeof(error->reason), format, arguments);
        va_end(arguments);
        return (int)status;
}

static int read_format(const uint8_t *data, size_t size, const struct image_options *options,
                       struct builder *builder, struct image *image, struct image_error *error) {
        switch (image->format) {
        case IMAGE_IHEX:
                return ihex_read(data, size, builder, image, error);
        case IMAGE_SREC:
                return srec_read(data, size, builder, image, error);
        case IMAGE_ELF:
                return elf_read(data, size, builder, image, error);
        default:
                return builder_add(builder, 0,
                                   options->has_address ? options->address
                                                        : options->default_address,
                                   data, (uint32_t)size, error);
        }
}

static int open_image(const uint8_t *data, size_t size, const struct image_options *options,
                      struct image **ret, struct image_error *error) {
        _cleanup_(builder_clear) struct builder builder = { 0 };
        _cleanup_(image_freep) struct image *image = NULL;
        enum image_format format = options->format;
        int r;

        if (size == 0)
                return image_refuse(error, IMAGE_EMPTY, 0, 0, "the file is empty");
        if (size > IMAGE_FILE_MAX)
                return image_refuse(error, IMAGE_RANGE, 0, 0, "the file has more than %u MiB",
                                    IMAGE_FILE_MAX >> 20);
        if (format == IMAGE_AUTO) {
                r = image_detect(data, size, &format, error);
                if (r != 0)
                        return r;
        }
        if (options->has_address && format != IMAGE_BIN)
                return image_refuse(error, IMAGE_UNSUPPORTED, 0, options->address,
                                    "an address is given, but a file of format %s has its own",
                                    image_format_to_string(format));

        image = calloc(1, sizeof(*image));
        if (!image)
                return -ENOMEM;
        image->format = format;
        r = read_format(data, size, options, &builder, image, error);
        if (r != 0)
                return r;
        r = builder_finish(&builder, image, error);
        if (r != 0)
                return r;
        *ret = TAKE_PTR(image);
        return 0;
}

int image_open(const uint8_t *data, size_t size, const struct image_options *options,
               struct image **ret, struct image_error *ret_error) {
        struct image_error error;

        int r = open_image(data, size, options, ret, &error);
        if (r > 0 && ret_error)
                *ret_error = error;
        return r;
}

struct image *image_free(struct image *image) {
        if (!image)
                return NULL;
        for (size_t i = 0; i < image->n_segments; i++)
                free(image->segments[i].data);
        free(image->segments);
        free(image);
        return NULL;
}

uint64_t image_size(const struct image *image) {
        uint64_t size = 0;

        for (size_t i = 0; i < image->n_segments; i++)
                size += image->segments[i].size;
        return size;
}

static int compare_address(const void *key, const void *element) {
        const uint32_t *address = key;
        const struct image_segment *segment = element;

        if (*address < segment->address)
                return -1;
        return *address - segment->address >= segment->size;
}

bool image_read(const struct image *image, uint32_t address, void *ret_data, size_t size) {
        if (size == 0)
                return true;

        /* Segments never touch, so what is read lies within one of them. */
        const struct image_segment *segment = bsearch(&address, image->segments, image->n_segments,
                                                      sizeof(*segment), compare_address);
        if (!segment || size > segment->size - (address - segment->address))
                return false;
        memcpy(ret_data, segment->data + (address - segment->address), size);
        return true;
}

void image_digest(const struct image *image, struct image_digest *ret) {
        uLong crc = crc32_z(0, NULL, 0);
        SHA2_CTX sha256;

        SHA256Init(&sha256);
        for (size_t i = 0; i < image->n_segments; i++) {
                const struct image_segment *segment = &image->segments[i];

                crc = crc32_z(crc, segment->data, segment->size);
                SHA256Update(&sha256, segment->data, segment->size);
        }
        ret->crc32 = (uint32_t)crc;
        SHA256Final(ret->sha256, &sha256);
}
