/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image/builder.h"
#include "image/reader.h"
#include "util/macro.h"

/* Four times what a full 4 MiB flash has in records of 16 bytes. Bounds memory and time for a
 * hostile file. */
#define CHUNKS_MAX (1U << 20)

static uint64_t chunk_end(const struct builder_chunk *chunk) {
        return (uint64_t)chunk->address + chunk->size;
}

static int grow(struct builder *builder) {
        size_t n = MAX(builder->n_allocated * 2, (size_t)64);

        struct builder_chunk *chunks = reallocarray(builder->chunks, n, sizeof(*chunks));
        if (!chunks)
                return -ENOMEM;
        builder->chunks = chunks;
        builder->n_allocated = n;
        return 0;
}

int builder_add(struct builder *builder, size_t line, uint64_t address, const uint8_t *data,
                uint32_t size, struct image_error *error) {
        if (size == 0)
                return 0;
        if (address + size > UINT64_C(1) << 32)
                return image_refuse(error, IMAGE_RANGE, line, (uint32_t)address,
                                    "%u bytes at 0x%08llx leave the 32-bit address space", size,
                                    (unsigned long long)address);
        if (builder->n_chunks == CHUNKS_MAX)
                return image_refuse(error, IMAGE_RANGE, line, (uint32_t)address,
                                    "more than %u data records", CHUNKS_MAX);
        if (builder->n_chunks == builder->n_allocated) {
                int r = grow(builder);
                if (r < 0)
                        return r;
        }
        builder->chunks[builder->n_chunks++] = (struct builder_chunk){
                .address = (uint32_t)address,
                .size = size,
                .line = line,
                .data = data,
        };
        return 0;
}

static int compare_chunks(const void *a, const void *b) {
        const struct builder_chunk *x = a, *y = b;

        if (x->address != y->address)
                return x->address < y->address ? -1 : 1;
        return (x->line > y->line) - (x->line < y->line);
}

/* Most files are in order, and a sort would double their memory. */
static void sort(struct builder *builder) {
        for (size_t i = 1; i < builder->n_chunks; i++)
                if (builder->chunks[i].address < builder->chunks[i - 1].address) {
                        qsort(builder->chunks, builder->n_chunks, sizeof(*builder->chunks),
                              compare_chunks);
                        return;
                }
}

/* First chunk from `i` on that does not touch the ones before it; *ret_end is where those end. */
static size_t run_end(const struct builder *builder, size_t i, uint64_t *ret_end) {
        uint64_t end = chunk_end(&builder->chunks[i]);

        for (i++; i < builder->n_chunks && builder->chunks[i].address <= end; i++)
                end = MAX(end, chunk_end(&builder->chunks[i]));
        *ret_end = end;
        return i;
}

/* chunks[second] says something else about `address` than a chunk before it. */
static int refuse_overlap(const struct builder *builder, size_t second, uint32_t address,
                          uint8_t before, struct image_error *error) {
        const struct builder_chunk *a = &builder->chunks[second - 1];
        const struct builder_chunk *b = &builder->chunks[second];
        uint8_t after = b->data[address - b->address];

        while (address >= chunk_end(a))
                a--;
        if (b->line == 0)
                return image_refuse(error, IMAGE_OVERLAP, 0, address,
                                    "0x%08x is both 0x%02x and 0x%02x", address, before, after);
        return image_refuse(error, IMAGE_OVERLAP, MAX(a->line, b->line), address,
                            "0x%08x is 0x%02x in line %zu and 0x%02x in line %zu", address, before,
                            a->line, after, b->line);
}

/* Fills a segment from the chunks [first, last). */
static int fill(const struct builder *builder, size_t first, size_t last,
                struct image_segment *segment, struct image_error *error) {
        uint32_t filled = 0;

        for (size_t i = first; i < last; i++) {
                const struct builder_chunk *chunk = &builder->chunks[i];
                uint32_t offset = chunk->address - segment->address;
                uint32_t known = MIN(filled - offset, chunk->size);
                uint8_t *to = segment->data + offset;

                if (memcmp(to, chunk->data, known) != 0) {
                        uint32_t k = 0;

                        while (to[k] == chunk->data[k])
                                k++;
                        return refuse_overlap(builder, i, chunk->address + k, to[k], error);
                }
                memcpy(to + known, chunk->data + known, chunk->size - known);
                filled = MAX(filled, offset + chunk->size);
        }
        return 0;
}

static size_t count_segments(const struct builder *builder) {
        size_t n = 0;
        uint64_t end;

        for (size_t i = 0; i < builder->n_chunks; i = run_end(builder, i, &end))
                n++;
        return n;
}

int builder_finish(struct builder *builder, struct image *image, struct image_error *error) {
        if (builder->n_chunks == 0)
                return image_refuse(error, IMAGE_EMPTY, 0, 0, "no data in it");

        sort(builder);
        size_t n = count_segments(builder);
        if (n > IMAGE_SEGMENTS_MAX)
                return image_refuse(error, IMAGE_RANGE, 0, 0, "%zu separate segments, more than %u",
                                    n, IMAGE_SEGMENTS_MAX);
        image->segments = calloc(n, sizeof(*image->segments));
        if (!image->segments)
                return -ENOMEM;

        for (size_t first = 0, last; first < builder->n_chunks; first = last) {
                struct image_segment *segment = &image->segments[image->n_segments];
                uint64_t end;

                last = run_end(builder, first, &end);
                segment->address = builder->chunks[first].address;
                segment->size = (uint32_t)(end - segment->address);
                segment->data = malloc(segment->size);
                if (!segment->data)
                        return -ENOMEM;
                image->n_segments++;

                int r = fill(builder, first, last, segment, error);
                if (r != 0)
                        return r;
        }
        return 0;
}

void builder_clear(struct builder *builder) {
        free(builder->chunks);
        free(builder->scratch);
        *builder = (struct builder){ 0 };
}
