/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan-fixture.h"
#include "util/bytes.h"
#include "util/macro.h"

const struct chip test_chip = {
        .flash_start = FLASH,
        .flash_size = 64 * 1024,
        .layout = "64x1K",
        .erased = 0xFF,
        .program_unit = 2,
        .write_align = 4,
        .ram = { { 0x20000000, 0x5000 } },
        .options = { { 0x1FFF0000, 0x20 } },
        .alias = { { 0x00200000, 64 * 1024 }, { 0x0C000000, 64 * 1024 } },
};

const struct chip test_chip_ecc = {
        .flash_start = FLASH,
        .flash_size = 64 * 1024,
        .layout = "64x1K",
        .erased = 0xFF,
        .program_unit = 32,
        .write_align = 8,
};

/* ---- images ---- */

void add(struct fixture *f, uint32_t address, uint32_t size, int fill) {
        uint8_t *data = malloc(size);

        assert_non_null(data);
        for (uint32_t i = 0; i < size; i++)
                data[i] = fill >= 0 ? (uint8_t)fill : (uint8_t)(1 + (address + i) % 250);
        assert_true(f->image.n_segments < SEGMENTS_MAX);
        f->segments[f->image.n_segments++] = (struct image_segment){ address, size, data };
        f->image.segments = f->segments;
}

void put_word(struct fixture *f, size_t segment, uint32_t offset, uint32_t value) {
        put_le32(f->segments[segment].data + offset, value);
}

struct fixture *fixture_new(void) {
        struct fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        return f;
}

void fixture_free(struct fixture *f) {
        for (size_t i = 0; i < f->image.n_segments; i++)
                free(f->segments[i].data);
        free(f);
}

struct plan_config config_for(const struct flash_map *map) {
        return (struct plan_config){
                .chip = &test_chip,
                .map = map,
                .block_max = PLAN_BLOCK_MAX,
                .write_align = 4,
                .erased = 0xFF,
                .boot_address_certain = true,
        };
}

void map_of(const char *layout, struct flash_map *ret) {
        assert_int_equal(flash_map_parse(layout, FLASH, 0, ret), 0);
}

/* ---- a flash to carry the plan out on ---- */

enum {
        OLD = 0x5A,   /* what the flash holds before */
        NOTHING = 0,  /* of `wanted`: no byte is wanted here */
        COMPARED = 1, /* a byte that the plan must compare */
        READ = 2,     /* and did */
};

struct flash {
        uint32_t size;
        uint8_t *bytes, *wanted;
        uint8_t *written; /* how often */
};

static void flash_init(struct flash *flash, uint32_t size) {
        flash->size = size;
        flash->bytes = malloc(size);
        flash->wanted = calloc(size, 1);
        flash->written = calloc(size, 1);
        assert_true(flash->bytes && flash->wanted && flash->written);
        memset(flash->bytes, OLD, size);
}

static void flash_done(struct flash *flash) {
        free(flash->bytes);
        free(flash->wanted);
        free(flash->written);
}

static void flash_write(struct flash *flash, const struct plan_block *block,
                        const struct plan_config *config, uint32_t granule) {
        uint32_t offset = block->address - FLASH;

        assert_in_range(block->size, 1, config->block_max);
        assert_int_equal(block->address % granule, 0);
        assert_int_equal(block->size % granule, 0);
        assert_int_equal(block->address / config->block_max,
                         (block->address + block->size - 1) / config->block_max);
        assert_true(offset + block->size <= flash->size);
        for (uint32_t i = 0; i < block->size; i++) {
                assert_int_equal(flash->written[offset + i]++, 0);
                assert_int_equal(flash->bytes[offset + i],
                                 config->erase == PLAN_ERASE_NONE ? OLD : config->erased);
                flash->bytes[offset + i] = block->data[i];
        }
}

static void flash_compare(struct flash *flash, const struct plan_list *reads,
                          const struct plan_config *config) {
        for (size_t i = 0; i < reads->n_blocks; i++) {
                const struct plan_block *block = &reads->blocks[i];

                assert_in_range(block->size, 1, config->block_max);
                for (uint32_t k = 0; k < block->size; k++) {
                        uint32_t offset = block->address - FLASH + k;

                        assert_int_equal(flash->wanted[offset], COMPARED);
                        flash->wanted[offset] = READ;
                        assert_int_equal(flash->bytes[offset], block->data[k]);
                }
        }
}

static uint64_t list_bytes(const struct plan_list *list) {
        uint64_t bytes = 0;

        for (size_t i = 0; i < list->n_blocks; i++)
                bytes += list->blocks[i].size;
        return bytes;
}

static bool page_touched(const struct flash_page *page, const struct image *image) {
        for (size_t i = 0; i < image->n_segments; i++) {
                uint32_t start = chip_resolve_alias(&test_chip, image->segments[i].address);

                if (start < page->address + page->size &&
                    page->address < start + image->segments[i].size)
                        return true;
        }
        return false;
}

static void want(struct flash *flash, uint8_t *expected, const struct image *image,
                 const struct plan_config *config, const struct image *pages_of) {
        for (size_t i = 0; i < image->n_segments; i++)
                for (uint32_t k = 0; k < image->segments[i].size; k++) {
                        uint32_t address =
                                chip_resolve_alias(&test_chip, image->segments[i].address) + k;
                        struct flash_page page;

                        assert_true(flash_map_find(config->map, address, &page));
                        if (!page_touched(&page, pages_of))
                                continue;
                        expected[address - FLASH] = image->segments[i].data[k];
                        flash->wanted[address - FLASH] = COMPARED;
                }
}

static void assert_plan_right(const struct plan *plan, const struct image *image,
                              const struct plan_config *config) {
        uint32_t granule = MAX(config->write_align, (uint32_t)config->chip->program_unit);
        struct flash flash;
        uint8_t *expected;

        flash_init(&flash, (uint32_t)flash_map_end(config->map) - config->map->runs[0].address);
        expected = malloc(flash.size);
        assert_non_null(expected);
        memset(expected, OLD, flash.size);

        for (size_t i = 0; i < flash_map_pages(config->map); i++) {
                struct flash_page page;

                assert_true(flash_map_page(config->map, i, &page));
                if (config->erase == PLAN_ERASE_ALL ||
                    (config->erase == PLAN_ERASE_TOUCHED && page_touched(&page, image)))
                        memset(expected + (page.address - FLASH), config->erased, page.size);
        }
        if (config->preserved)
                want(&flash, expected, config->preserved, config, image);
        want(&flash, expected, image, config, image);

        for (size_t i = 0; i < plan->n_pages; i++)
                memset(flash.bytes + (plan->pages[i].address - FLASH), config->erased,
                       plan->pages[i].size);
        if (plan->has_head && plan->n_pages > 0)
                assert_in_range(plan->head_address, plan->pages[0].address,
                                plan->pages[0].address + plan->pages[0].size - 1);

        for (size_t i = 0; i < plan->body.n_blocks; i++)
                flash_write(&flash, &plan->body.blocks[i], config, granule);
        for (size_t i = 0; i < plan->head.n_blocks; i++) {
                const struct plan_block *block = &plan->head.blocks[i];
                bool last = block->address <= plan->head_address &&
                            plan->head_address < block->address + block->size;

                if (last)
                        assert_int_equal(i, plan->head.n_blocks - 1);
                flash_write(&flash, block, config, granule);
        }
        if (plan->has_head) {
                uint32_t offset = plan->head_address - FLASH;

                for (size_t i = 0; i < plan->body.n_blocks; i++)
                        assert_int_not_equal(plan->body.blocks[i].address / config->block_max,
                                             plan->head_address / config->block_max);
                for (uint32_t i = 0; i < 8; i++)
                        assert_int_equal(flash.wanted[offset + i], COMPARED);
        } else {
                assert_int_equal(plan->head.n_blocks, 0);
                assert_int_equal(plan->head_reads.n_blocks + plan->unit_reads.n_blocks, 0);
                assert_int_not_equal(plan->safety, PLAN_SAFE);
        }

        flash_compare(&flash, &plan->body_reads, config);
        flash_compare(&flash, &plan->head_reads, config);
        flash_compare(&flash, &plan->unit_reads, config);
        for (uint32_t i = 0; i < flash.size; i++) {
                assert_int_not_equal(flash.wanted[i], COMPARED);
                if (config->erase != PLAN_ERASE_NONE)
                        assert_int_equal(flash.bytes[i], expected[i]);
        }

        const struct plan_list *lists[] = { &plan->body, &plan->body_reads, &plan->head,
                                            &plan->head_reads, &plan->unit_reads };
        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                assert_int_equal(lists[i]->bytes, list_bytes(lists[i]));
        free(expected);
        flash_done(&flash);
}

struct plan *build(const struct fixture *f, const struct plan_config *config) {
        struct plan *plan = NULL;
        struct plan_error error = { 0 };

        assert_int_equal(plan_build(&f->image, config, false, &plan, &error), 0);
        assert_plan_right(plan, &f->image, config);
        return plan;
}
