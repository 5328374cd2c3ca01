/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "image/reader.h"

/*
 * A vector table starts with the stack pointer, which lies in RAM and whose two low bits are zero
 * (Arm DDI 0337H, 3.8). So no bootable binary starts like a text format (':' and 'S' are no
 * multiples of four), like ELF, or like one of the containers below.
 */

/* How much of the start of a file tells whether it is text. */
#define SAMPLE 256

static const char *foreign(const uint8_t *data, size_t size) {
        static const struct {
                const char *magic;
                const char *name;
        } formats[] = {
                { "PK\3\4", "a ZIP archive" },
                { "\37\213", "gzip-compressed" },
                { "BZh", "bzip2-compressed" },
                { "\3757zXZ", "xz-compressed" },
                { "\50\265\57\375", "zstd-compressed" },
                { "DfuSe", "a DfuSe file" },
                { "UF2\n", "a UF2 file" },
                { "\377\376", "UTF-16 text" },
                { "\376\377", "UTF-16 text" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
                size_t length = strlen(formats[i].magic);

                if (size >= length && memcmp(data, formats[i].magic, length) == 0)
                        return formats[i].name;
        }
        return NULL;
}

/* A byte of the magic may be damaged. */
static bool resembles_elf(const uint8_t *data, size_t size) {
        static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F' };
        size_t equal = 0;

        for (size_t i = 0; i < sizeof(magic) && i < size; i++)
                equal += data[i] == magic[i];
        return equal >= 3;
}

/* Some bytes may be damaged: one in eight. In code and in random data it is every second. */
static bool resembles_text(const uint8_t *data, size_t size) {
        size_t sample = MIN(size, (size_t)SAMPLE), odd = 0;

        for (size_t i = 0; i < sample; i++)
                odd += !isprint(data[i]) && !isspace(data[i]);
        return odd * 8 <= sample;
}

/* The text format that the last line belongs to; NULL: none. A file that lost its first block gives
 * itself away so. */
static const char *last_line(const uint8_t *data, size_t size) {
        size_t end = size, start;

        while (end > 0 && isspace(data[end - 1]))
                end--;
        start = end;
        while (start > 0 && isxdigit(data[start - 1]))
                start--;
        if (start < 2 || data[start - 2] != '\n')
                return NULL;
        if (data[start - 1] == ':' && end - start >= 10)
                return "Intel HEX";
        if (data[start - 1] == 'S' && end - start >= 9)
                return "S-records";
        return NULL;
}

int image_detect(const uint8_t *data, size_t size, enum image_format *ret,
                 struct image_error *error) {
        size_t first = 0;

        if (resembles_elf(data, size)) {
                *ret = IMAGE_ELF;
                return 0;
        }

        const char *name = foreign(data, size);
        if (name)
                return image_refuse(error, IMAGE_UNSUPPORTED, 0, 0, "the file is %s", name);

        if (resembles_text(data, size)) {
                while (first < size && isspace(data[first]))
                        first++;
                if (first < size && (data[first] == ':' || data[first] == 'S')) {
                        *ret = data[first] == ':' ? IMAGE_IHEX : IMAGE_SREC;
                        return 0;
                }
                return image_refuse(error, IMAGE_SYNTAX, 1, 0,
                                    "text, but neither Intel HEX nor S-records");
        }

        name = last_line(data, size);
        if (name)
                return image_refuse(error, IMAGE_SYNTAX, 0, 0,
                                    "it starts like a binary and ends like %s", name);
        *ret = IMAGE_BIN;
        return 0;
}
