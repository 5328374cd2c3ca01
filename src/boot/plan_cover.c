/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/plan_cover.h"
#include "util/cleanup.h"
#include "util/macro.h"

static int compare_pieces(const void *a, const void *b) {
        const struct plan_piece *x = a, *y = b;

        return (x->address > y->address) - (x->address < y->address);
}

static uint64_t page_end(const struct flash_page *page) {
        return (uint64_t)page->address + page->size;
}

static bool in_options(const struct chip *chip, uint64_t start, uint64_t end) {
        if (!chip)
                return false;
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++) {
                const struct chip_range *range = &chip->options[i];

                if (range->size && start >= range->start &&
                    end <= (uint64_t)range->start + range->size)
                        return true;
        }
        return false;
}

static int refuse(enum plan_status status, uint64_t address, uint64_t end,
                  const struct flash_map *map, struct plan_error *ret_error) {
        *ret_error = (struct plan_error){
                .status = status,
                .address = (uint32_t)address,
                .end = (uint32_t)MIN(end, (uint64_t)UINT32_MAX),
                .flash_start = map->runs[0].address,
                .flash_end = (uint32_t)flash_map_end(map),
                .flash_size = flash_map_size(map),
        };
        return (int)status;
}

static int check_piece(const struct plan_piece *piece, const struct flash_map *map,
                       struct plan_error *ret_error) {
        uint64_t end = plan_piece_end(piece);

        for (uint64_t at = piece->address; at < end;) {
                struct flash_page page;

                if (!flash_map_find(map, (uint32_t)at, &page))
                        return refuse(at == piece->address ? PLAN_OUTSIDE_FLASH : PLAN_TOO_LARGE,
                                      at, end, map, ret_error);
                at = page_end(&page);
        }
        return 0;
}

/* Each segment may be sound and yet meet another one that was named by an alias. */
static int check_overlap(const struct plan_cover *cover, const struct flash_map *map,
                         struct plan_error *ret_error) {
        for (size_t i = 1; i < cover->n_pieces; i++)
                if (plan_piece_end(&cover->pieces[i - 1]) > cover->pieces[i].address)
                        return refuse(PLAN_OVERLAP, cover->pieces[i].address,
                                      plan_piece_end(&cover->pieces[i]), map, ret_error);
        return 0;
}

int plan_cover_image(const struct image *image, const struct plan_config *config, bool skip_options,
                     struct plan_cover *ret, struct plan_error *ret_error) {
        _cleanup_free_ struct plan_piece *pieces = calloc(image->n_segments + 1, sizeof(*pieces));
        struct plan_cover cover = { .pieces = pieces };
        int r;

        if (!pieces)
                return -ENOMEM;

        for (size_t i = 0; i < image->n_segments; i++) {
                const struct image_segment *segment = &image->segments[i];
                struct plan_piece piece = { segment->address, segment->size, segment->data };

                if (in_options(config->chip, piece.address, plan_piece_end(&piece))) {
                        if (skip_options)
                                continue;
                        return refuse(PLAN_OPTION_BYTES, piece.address, plan_piece_end(&piece),
                                      config->map, ret_error);
                }
                if (config->chip)
                        piece.address = chip_resolve_alias(config->chip, piece.address);
                r = check_piece(&piece, config->map, ret_error);
                if (r != 0)
                        return r;
                pieces[cover.n_pieces++] = piece;
        }
        if (cover.n_pieces == 0)
                return refuse(PLAN_EMPTY, 0, 0, config->map, ret_error);

        qsort(pieces, cover.n_pieces, sizeof(*pieces), compare_pieces);
        r = check_overlap(&cover, config->map, ret_error);
        if (r != 0)
                return r;

        *ret = cover;
        TAKE_PTR(pieces);
        return 0;
}

int plan_cover_pages(const struct plan_cover *cover, const struct flash_map *map,
                     struct flash_page **ret_pages, size_t *ret_n_pages) {
        size_t n_pages = 0;
        struct flash_page *pages = calloc(flash_map_pages(map) + 1, sizeof(*pages));

        if (!pages)
                return -ENOMEM;
        for (size_t i = 0; i < cover->n_pieces; i++) {
                const struct plan_piece *piece = &cover->pieces[i];
                uint64_t at = piece->address, end = plan_piece_end(piece);

                if (n_pages > 0)
                        at = MAX(at, page_end(&pages[n_pages - 1]));
                while (at < end && flash_map_find(map, (uint32_t)at, &pages[n_pages]))
                        at = page_end(&pages[n_pages++]);
        }

        *ret_pages = pages;
        *ret_n_pages = n_pages;
        return 0;
}

struct preserve {
        const struct plan_cover *cover;
        const struct flash_page *pages;
        size_t n_pages;
        size_t piece, page; /* cursors: the first ones that end behind the place looked at */
        struct plan_piece *added;
        size_t n_added;
};

/* Adds what is free of one segment. Segments come in ascending order, so the cursors only advance.
 */
static void preserve_segment(struct preserve *p, const struct image_segment *segment) {
        uint64_t at = segment->address, end = at + segment->size;

        while (at < end) {
                while (p->page < p->n_pages && page_end(&p->pages[p->page]) <= at)
                        p->page++;
                while (p->piece < p->cover->n_pieces &&
                       plan_piece_end(&p->cover->pieces[p->piece]) <= at)
                        p->piece++;
                if (p->page == p->n_pages)
                        return;

                uint64_t limit = MIN(end, page_end(&p->pages[p->page]));
                if (at < p->pages[p->page].address) {
                        at = p->pages[p->page].address;
                        continue;
                }
                if (p->piece < p->cover->n_pieces) {
                        const struct plan_piece *piece = &p->cover->pieces[p->piece];

                        if (piece->address <= at) {
                                at = plan_piece_end(piece);
                                continue;
                        }
                        limit = MIN(limit, (uint64_t)piece->address);
                }
                p->added[p->n_added++] = (struct plan_piece){
                        .address = (uint32_t)at,
                        .size = (uint32_t)(limit - at),
                        .data = segment->data + (at - segment->address),
                };
                at = limit;
        }
}

int plan_cover_preserve(struct plan_cover *cover, const struct image *preserved,
                        const struct flash_page *pages, size_t n_pages) {
        /* Each piece that is added ends where a segment, a page or an older piece does. */
        size_t most = cover->n_pieces * 2 + preserved->n_segments + n_pages;
        struct plan_piece *pieces = calloc(most + 1, sizeof(*pieces));
        struct preserve p = { .cover = cover, .pages = pages, .n_pages = n_pages };

        if (!pieces)
                return -ENOMEM;
        memcpy(pieces, cover->pieces, cover->n_pieces * sizeof(*pieces));
        p.added = pieces + cover->n_pieces;
        for (size_t i = 0; i < preserved->n_segments; i++)
                preserve_segment(&p, &preserved->segments[i]);
        qsort(pieces, cover->n_pieces + p.n_added, sizeof(*pieces), compare_pieces);

        free(cover->pieces);
        cover->pieces = pieces;
        cover->n_pieces += p.n_added;
        return 0;
}

bool plan_cover_read(const struct plan_cover *cover, uint32_t address, void *ret_data,
                     size_t size) {
        uint8_t *to = ret_data;
        uint64_t at = address, end = at + size;

        for (size_t i = 0; i < cover->n_pieces && at < end; i++) {
                const struct plan_piece *piece = &cover->pieces[i];

                if (plan_piece_end(piece) <= at)
                        continue;
                if (piece->address > at)
                        return false;
                size_t n = (size_t)(MIN(end, plan_piece_end(piece)) - at);
                memcpy(to, piece->data + (at - piece->address), n);
                to += n;
                at += n;
        }
        return at == end;
}
