/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/plan_blocks.h"
#include "util/macro.h"

/* A bit a granule of the block being built. */
static_assert(PLAN_BLOCK_MAX / PLAN_GRANULE_MIN <= 64, "granules of a block fit a word");

struct builder {
        const struct plan_cover *cover;
        const struct plan_layout *layout;
        struct plan *plan;
        size_t piece; /* cursor: the first piece that ends behind the block being built */
};

static int append(struct plan_list *list, uint32_t address, uint32_t size, const uint8_t *data) {
        /* Doubles at each power of two. */
        if ((list->n_blocks & (list->n_blocks - 1)) == 0) {
                size_t room = MAX(list->n_blocks * 2, (size_t)1);
                struct plan_block *blocks = reallocarray(list->blocks, room, sizeof(*list->blocks));

                if (!blocks)
                        return -ENOMEM;
                list->blocks = blocks;
        }
        list->blocks[list->n_blocks++] = (struct plan_block){ address, size, data };
        list->bytes += size;
        return 0;
}

/* Pieces that touch each other within a block are read as one. */
static int append_read(struct plan_list *list, uint32_t address, uint32_t size, const uint8_t *data,
                       bool first) {
        struct plan_block *last =
                first || !list->n_blocks ? NULL : &list->blocks[list->n_blocks - 1];

        if (!last || last->address + last->size != address)
                return append(list, address, size, data);
        last->size += size;
        list->bytes += size;
        return 0;
}

/* The head's unit is read apart from what is around it. */
static int append_head_reads(struct plan *plan, uint32_t unit, uint32_t address, uint32_t size,
                             const uint8_t *data) {
        const uint64_t bounds[] = { address, plan->head_address,
                                    (uint64_t)plan->head_address + unit, (uint64_t)address + size };
        struct plan_list *const lists[] = { &plan->head_reads, &plan->unit_reads,
                                            &plan->head_reads };

        for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
                uint64_t from = MAX(bounds[i], bounds[0]), end = MIN(bounds[i + 1], bounds[3]);
                int r = from < end ? append_read(lists[i], (uint32_t)from, (uint32_t)(end - from),
                                                 data + (from - address), false)
                                   : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static uint64_t granule_mask(uint32_t granule, uint32_t offset, uint32_t end) {
        uint32_t first = offset / granule, n = (end - 1) / granule - first + 1;

        return (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << first;
}

static bool is_erased(const uint8_t *data, size_t size, uint8_t erased) {
        for (size_t i = 0; i < size; i++)
                if (data[i] != erased)
                        return false;
        return true;
}

/* The granules of `mask` that hold anything but the erased value. */
static uint64_t not_erased(const struct plan_layout *layout, const uint8_t *data, uint64_t mask) {
        for (uint32_t i = 0; i < layout->block_max / layout->granule; i++)
                if (is_erased(data + i * layout->granule, layout->granule, layout->erased))
                        mask &= ~(UINT64_C(1) << i);
        return mask;
}

/* One write for each run of granules in `mask`. */
static int append_writes(struct plan_list *list, uint32_t base, const uint8_t *data,
                         const struct plan_layout *layout, uint64_t mask) {
        uint32_t granule = layout->granule, n = layout->block_max / granule;

        for (uint32_t first = 0, end; first < n; first = end + 1) {
                for (end = first; end < n && (mask >> end & 1);)
                        end++;
                if (end == first)
                        continue;
                int r = append(list, base + first * granule, (end - first) * granule,
                               data + first * granule);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The block at `base`, in room of its own that holds the erased value. */
static int build_block(struct builder *b, uint32_t base, uint8_t *data) {
        const struct plan_layout *layout = b->layout;
        struct plan *plan = b->plan;
        bool first = true;
        bool head = plan->has_head && ALIGN_DOWN(plan->head_address, layout->block_max) == base;
        struct plan_list *writes = head ? &plan->head : &plan->body;
        uint64_t end = (uint64_t)base + layout->block_max, mask = 0;
        int r;

        for (; b->piece < b->cover->n_pieces; b->piece++) {
                const struct plan_piece *piece = &b->cover->pieces[b->piece];

                if (piece->address >= end)
                        break;
                uint32_t from = MAX(piece->address, base);
                uint32_t n = (uint32_t)(MIN(plan_piece_end(piece), end) - from);
                uint32_t offset = from - base;

                memcpy(data + offset, piece->data + (from - piece->address), n);
                mask |= granule_mask(layout->granule, offset, offset + n);
                r = head ? append_head_reads(plan, layout->unit, from, n, data + offset)
                         : append_read(&plan->body_reads, from, n, data + offset, first);
                first = false;
                if (r < 0)
                        return r;
                if (plan_piece_end(piece) > end)
                        break;
        }
        if (layout->skip_erased)
                mask = not_erased(layout, data, mask);
        if (!head)
                return append_writes(writes, base, data, layout, mask);

        uint32_t offset = plan->head_address - base;
        uint64_t unit = granule_mask(layout->granule, offset, offset + layout->unit);
        r = append_writes(writes, base, data, layout, mask & ~unit);
        if (r < 0 || !(mask & unit))
                return r;
        return append(writes, plan->head_address, layout->unit, data + offset);
}

/* Builds each block that a piece touches, in order; without an arena they are only counted. */
static int build_all(struct builder *b, uint8_t *arena, size_t *ret_n) {
        uint32_t block_max = b->layout->block_max;
        uint64_t next = 0; /* the first address behind the last block */
        size_t n = 0;

        for (size_t i = 0; i < b->cover->n_pieces; i++) {
                const struct plan_piece *piece = &b->cover->pieces[i];
                uint64_t base = MAX((uint64_t)ALIGN_DOWN(piece->address, block_max), next);

                for (; base < plan_piece_end(piece); base += block_max) {
                        if (arena) {
                                int r = build_block(b, (uint32_t)base, arena + n * block_max);
                                if (r < 0)
                                        return r;
                        }
                        n++;
                        next = base + block_max;
                }
        }
        *ret_n = n;
        return 0;
}

int plan_blocks_build(const struct plan_cover *cover, const struct plan_layout *layout,
                      struct plan *plan) {
        struct builder b = { .cover = cover, .layout = layout, .plan = plan };
        size_t n;

        (void)build_all(&b, NULL, &n);
        plan->arena = malloc(n * layout->block_max);
        if (!plan->arena)
                return -ENOMEM;
        memset(plan->arena, layout->erased, n * layout->block_max);
        return build_all(&b, plan->arena, &n);
}
