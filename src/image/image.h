/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A firmware file as memory: sorted segments that neither overlap nor touch. Gaps stay gaps.
 *
 * IMAGE_AUTO decides by the first bytes, never by a name. A file that looks like text (of its first
 * 256 bytes at most one in eight is not printable) is Intel HEX if it starts with ':', S-records if
 * with 'S', else refused; one that has three bytes of the ELF magic is ELF. From there on a defect
 * is an error: such a file is never taken as raw binary. Known archives and containers, and a file
 * of which only the end is Intel HEX or S-records, are refused. The rest is raw binary, even with
 * ':' or 'S' in front. To flash text as it is, name the format IMAGE_BIN.
 */

#define IMAGE_FILE_MAX     (64U << 20) /* bytes; a larger file is refused */
#define IMAGE_SEGMENTS_MAX 65536U      /* more are refused */

enum image_format {
        IMAGE_AUTO, /* recognised by content */
        IMAGE_BIN,
        IMAGE_IHEX,
        IMAGE_SREC,
        IMAGE_ELF,
};

struct image_segment {
        uint32_t address;
        uint32_t size; /* > 0; address + size does not exceed 2^32 */
        uint8_t *data;
};

struct image {
        enum image_format format; /* never IMAGE_AUTO */
        struct image_segment *segments;
        size_t n_segments;    /* > 0 */
        bool has_entry;       /* the file names an entry point */
        uint32_t entry;       /* as in the file: bit 0 may say Thumb */
        uint8_t build_id[64]; /* GNU build-id note, if build_id_size > 0 */
        size_t build_id_size;
};

/* Why a file is refused. Positive; 0 is success. */
enum image_status {
        IMAGE_OK = 0,
        IMAGE_EMPTY,       /* no data in it */
        IMAGE_SYNTAX,      /* not of the form, or merely looks like it */
        IMAGE_CHECKSUM,    /* a line's checksum is wrong */
        IMAGE_TRUNCATED,   /* ends before its end record, or data is missing */
        IMAGE_OVERLAP,     /* two places give different bytes for one address */
        IMAGE_RANGE,       /* leaves the 32-bit address space, or too large */
        IMAGE_UNSUPPORTED, /* a record or ELF class that cannot be flashed */
};

struct image_options {
        enum image_format format;
        bool has_address; /* raw binary only; for other formats refused */
        uint32_t address;
        uint32_t default_address; /* raw binary without `address`: start of flash */
};

struct image_error {
        enum image_status status;
        size_t line;      /* 1-based; 0: not a text format, or not in one line */
        uint32_t address; /* where it makes sense */
        char reason[160]; /* for people; names what was found, not what to do */
};

/*
 * Reads a whole file in memory. `data` may be freed afterwards. Takes time and memory in proportion
 * to `size`, whatever the file says. Returns 0 and an image that the caller owns; a positive enum
 * image_status with *ret_error filled (if not NULL); or -ENOMEM.
 */
int image_open(const uint8_t *data, size_t size, const struct image_options *options,
               struct image **ret, struct image_error *ret_error);

struct image *image_free(struct image *image);

/* Bytes in all segments. */
uint64_t image_size(const struct image *image);

/* Copies `size` bytes from `address` on; false, and nothing copied, if one of them is not in the
 * image. */
bool image_read(const struct image *image, uint32_t address, void *ret_data, size_t size);

const char *image_format_to_string(enum image_format format);
bool image_format_from_string(const char *text, enum image_format *ret);

/* What people compare images by: over the segments' bytes, in address order, gaps left out. */
struct image_digest {
        uint32_t crc32;
        uint8_t sha256[32];
};
void image_digest(const struct image *image, struct image_digest *ret);
