/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan-fixture.h"
#include "util/macro.h"

static void assert_blocks(const struct plan_list *list, const uint32_t (*expected)[2], size_t n) {
        assert_int_equal(list->n_blocks, n);
        for (size_t i = 0; i < n; i++) {
                assert_int_equal(list->blocks[i].address, expected[i][0]);
                assert_int_equal(list->blocks[i].size, expected[i][1]);
        }
}

static uint64_t all_reads(const struct plan *plan) {
        return plan->body_reads.bytes + plan->head_reads.bytes + plan->unit_reads.bytes;
}

#define ASSERT_BLOCKS(list, ...)                                                                   \
        assert_blocks(&(list), (const uint32_t[][2]){ __VA_ARGS__ },                               \
                      ARRAY_SIZE(((const uint32_t[][2]){ __VA_ARGS__ })))

/* ---- blocks and their order ---- */

static void dense_image_is_written_in_full_blocks_and_its_first_words_last(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        add(f, FLASH, 1026, -1);
        struct plan *plan = build(f, &config);

        ASSERT_BLOCKS(plan->body, { FLASH + 256, 256 }, { FLASH + 512, 256 }, { FLASH + 768, 256 },
                      { FLASH + 1024, 4 });
        ASSERT_BLOCKS(plan->body_reads, { FLASH + 256, 256 }, { FLASH + 512, 256 },
                      { FLASH + 768, 256 }, { FLASH + 1024, 2 });
        ASSERT_BLOCKS(plan->head, { FLASH + 8, 248 }, { FLASH, 8 });
        ASSERT_BLOCKS(plan->head_reads, { FLASH + 8, 248 });
        ASSERT_BLOCKS(plan->unit_reads, { FLASH, 8 });
        assert_int_equal(plan->n_pages, 2);
        assert_true(plan->has_head);
        assert_int_equal(plan->head_address, FLASH);
        assert_int_equal(plan->safety, PLAN_SAFE);

        plan_free(plan);
        fixture_free(f);
}

static void erased_granules_split_a_block_but_are_compared(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        add(f, FLASH + 0x400, 0x100, 1);
        memset(f->segments[0].data + 0x21, 0xFF, 0x20);
        struct plan *plan = build(f, &config);

        ASSERT_BLOCKS(plan->body, { FLASH + 0x400, 0x24 }, { FLASH + 0x440, 0xC0 });
        ASSERT_BLOCKS(plan->body_reads, { FLASH + 0x400, 0x100 });
        assert_false(plan->has_head);
        assert_int_equal(plan->n_pages, 1);
        assert_int_equal(plan->pages[0].number, 1);

        plan_free(plan);
        fixture_free(f);
}

static void nothing_is_left_out_where_nothing_is_erased(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        config.erase = PLAN_ERASE_NONE;
        add(f, FLASH, 0x200, 0xFF);
        struct plan *plan = build(f, &config);

        ASSERT_BLOCKS(plan->body, { FLASH + 0x100, 0x100 });
        ASSERT_BLOCKS(plan->head, { FLASH + 8, 0xF8 }, { FLASH, 8 });
        assert_int_equal(plan->n_pages, 0);
        assert_int_equal(plan->safety, PLAN_NOT_ERASED);

        plan_free(plan);
        fixture_free(f);
}

static void an_erased_image_needs_no_write(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        add(f, FLASH, 0x400, 0xFF);
        struct plan *plan = build(f, &config);

        assert_int_equal(plan->body.n_blocks, 0);
        assert_int_equal(plan->head.n_blocks, 0);
        assert_int_equal(all_reads(plan), 0x400);
        assert_int_equal(plan->n_pages, 1);

        plan_free(plan);
        fixture_free(f);
}

static void all_pages_are_erased_on_request_the_head_page_first(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("4x16K,1x64K,7x128K", &map);
        struct plan_config config = config_for(&map);
        config.erase = PLAN_ERASE_ALL;
        config.has_boot_address = true;
        config.boot_address = FLASH + 0x8000;
        add(f, FLASH + 0x4000, 0x5000, -1);
        struct plan *plan = build(f, &config);

        assert_int_equal(plan->n_pages, 12);
        static const uint16_t order[] = { 2, 0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
        for (size_t i = 0; i < ARRAY_SIZE(order); i++)
                assert_int_equal(plan->pages[i].number, order[i]);
        assert_int_equal(plan->safety, PLAN_SAFE);

        plan_free(plan);
        fixture_free(f);
}

static void segments_that_meet_in_a_granule_are_one_write(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        add(f, FLASH + 0x801, 1, 0x11);
        add(f, FLASH + 0x802, 3, 0x22);
        add(f, FLASH + 0x807, 1, 0x33);
        add(f, FLASH + 0x810, 1, 0x44);
        struct plan *plan = build(f, &config);

        ASSERT_BLOCKS(plan->body, { FLASH + 0x800, 8 }, { FLASH + 0x810, 4 });
        ASSERT_BLOCKS(plan->body_reads, { FLASH + 0x801, 4 }, { FLASH + 0x807, 1 },
                      { FLASH + 0x810, 1 });
        assert_memory_equal(plan->body.blocks[0].data,
                            "\xFF\x11\x22\x22"
                            "\x22\xFF\xFF\x33",
                            8);

        plan_free(plan);
        fixture_free(f);
}

static void a_program_unit_is_written_whole_and_once(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        config.chip = &test_chip_ecc;
        config.write_align = 8;
        add(f, FLASH, 8, -1);
        add(f, FLASH + 0x40, 3, -1);
        struct plan *plan = build(f, &config);

        ASSERT_BLOCKS(plan->head, { FLASH + 0x40, 32 }, { FLASH, 32 });

        plan_free(plan);
        fixture_free(f);
}

static void small_blocks_and_another_erased_value(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        config.block_max = 128;
        config.erased = 0;
        add(f, FLASH, 0x100, 7);
        memset(f->segments[0].data + 0x80, 0, 0x20);
        add(f, FLASH + 0x1FE, 1, 7);
        struct plan *plan = build(f, &config);

        ASSERT_BLOCKS(plan->head, { FLASH + 8, 120 }, { FLASH, 8 });
        ASSERT_BLOCKS(plan->body, { FLASH + 0xA0, 0x60 }, { FLASH + 0x1FC, 4 });
        assert_memory_equal(plan->body.blocks[1].data, "\0\0\7\0", 4);
        ASSERT_BLOCKS(plan->body_reads, { FLASH + 0x80, 0x80 }, { FLASH + 0x1FE, 1 });

        plan_free(plan);
        fixture_free(f);
}

/* ---- the head ---- */

/* An image that begins with these words. */
static void add_table(struct fixture *f, uint32_t address, uint32_t stack_pointer,
                      uint32_t reset_vector) {
        add(f, address, 0x800, -1);
        put_word(f, 0, 0, stack_pointer);
        put_word(f, 0, 4, reset_vector);
}

static void where_the_head_is(void **state) {
        static const struct {
                uint32_t address; /* of the image */
                uint32_t stack_pointer, reset_vector;
                bool has_boot_address, certain;
                uint32_t boot_address;
                uint32_t head; /* 0: none */
                enum plan_safety safety;
        } cases[] = {
                /* Whatever it holds, what lies where the chip boots is the head. */
                { FLASH, 0, 0, false, true, 0, FLASH, PLAN_SAFE },
                { FLASH, 0x20005000, FLASH + 0x201, false, false, 0, FLASH, PLAN_BOOT_UNCERTAIN },
                { FLASH, 0, 0, true, true, FLASH + 0x100, FLASH + 0x100, PLAN_SAFE },
                { FLASH, 0, 0, true, true, 0x00200000, FLASH, PLAN_SAFE },
                /* Behind some bootloader. */
                { FLASH + 0x4000, 0x20005000, FLASH + 0x4201, false, true, 0, FLASH + 0x4000,
                  PLAN_BEHIND },
                { FLASH + 0x4000, 0x2407FFF0, FLASH + 0x4009, false, true, 0, FLASH + 0x4000,
                  PLAN_BEHIND },
                { FLASH + 0x4000, 0x20005000, FLASH + 0x47FF, false, true, 0, FLASH + 0x4000,
                  PLAN_BEHIND },
                { FLASH + 0x4000, 0x10010000, 0x00204009, false, true, 0, FLASH + 0x4000,
                  PLAN_BEHIND },
                /* No vector table: an odd stack, none, an even vector, a vector elsewhere. */
                { FLASH + 0x4000, 0x20005001, FLASH + 0x4201, false, true, 0, 0,
                  PLAN_WITHOUT_HEAD },
                { FLASH + 0x4000, 0x08005000, FLASH + 0x4201, false, true, 0, 0,
                  PLAN_WITHOUT_HEAD },
                { FLASH + 0x4000, 0x20005000, FLASH + 0x4200, false, true, 0, 0,
                  PLAN_WITHOUT_HEAD },
                { FLASH + 0x4000, 0x20005000, FLASH + 0x0201, false, true, 0, 0,
                  PLAN_WITHOUT_HEAD },
                { FLASH + 0x4000, 0xFFFFFFFF, 0xFFFFFFFF, false, true, 0, 0, PLAN_WITHOUT_HEAD },
                /* A vector table does not start there. */
                { FLASH + 0x4040, 0x20005000, FLASH + 0x4201, false, true, 0, 0,
                  PLAN_WITHOUT_HEAD },
                { FLASH, 0, 0, true, true, FLASH + 0x104, 0, PLAN_WITHOUT_HEAD },
                /* The boot address is not in the image. */
                { FLASH, 0x20005000, FLASH + 0x201, true, true, FLASH + 0x8000, FLASH,
                  PLAN_BEHIND },
                { FLASH, 0, 0, true, true, FLASH + 0x8000, 0, PLAN_WITHOUT_HEAD },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct fixture *f = fixture_new();
                struct flash_map map;

                map_of("64x1K", &map);
                struct plan_config config = config_for(&map);
                config.has_boot_address = cases[i].has_boot_address;
                config.boot_address = cases[i].boot_address;
                config.boot_address_certain = cases[i].certain;
                add_table(f, cases[i].address, cases[i].stack_pointer, cases[i].reset_vector);
                struct plan *plan = build(f, &config);

                assert_int_equal(plan->has_head, cases[i].head != 0);
                assert_int_equal(plan->head_address, cases[i].head);
                assert_int_equal(plan->safety, cases[i].safety);
                plan_free(plan);
                fixture_free(f);
        }
}

static void an_image_that_cannot_start_is_noticed(void **state) {
        static const struct {
                uint32_t address, stack_pointer, reset_vector;
                bool cannot_start;
        } cases[] = {
                { FLASH, 0x20005000, FLASH + 0x201, false },
                { FLASH, 0x20005000, FLASH + 0x8001, false }, /* handled by what is there already */
                { FLASH, 0x200204E9, 0x12345678, true },      /* somebody else's image */
                { FLASH, 0x20005000, FLASH + 0x200, true },
                { FLASH, 0xFFFFFFFF, 0xFFFFFFFF, true },
                { FLASH + 0x4000, 0, 0, false }, /* what boots is not in this image */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct fixture *f = fixture_new();
                struct flash_map map;

                map_of("64x1K", &map);
                struct plan_config config = config_for(&map);
                add_table(f, cases[i].address, cases[i].stack_pointer, cases[i].reset_vector);
                struct plan *plan = build(f, &config);

                assert_int_equal(plan->cannot_start, cases[i].cannot_start);
                plan_free(plan);
                fixture_free(f);
        }
}

static void an_image_without_all_of_the_head_is_not_power_fail_safe(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        add(f, FLASH, 4, -1);
        add(f, FLASH + 0x200, 0x200, -1);
        struct plan *plan = build(f, &config);

        assert_false(plan->has_head);
        assert_int_equal(plan->safety, PLAN_WITHOUT_HEAD);

        plan_free(plan);
        fixture_free(f);
}

/* ---- what is preserved ---- */

static void the_rest_of_touched_pages_is_written_back(void **state) {
        struct fixture *f = fixture_new(), *old = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        config.preserved = &old->image;
        add(old, FLASH, 0x400, 0x77);
        add(old, FLASH + 0x400, 0x400, 0x66); /* of a page that the image leaves alone */
        add(f, FLASH + 0x102, 0x10, 0x11);
        struct plan *plan = build(f, &config);

        /* The vector table is the old one, and comes last all the same. */
        assert_true(plan->has_head);
        assert_int_equal(plan->safety, PLAN_SAFE);
        ASSERT_BLOCKS(plan->head, { FLASH + 8, 0xF8 }, { FLASH, 8 });
        ASSERT_BLOCKS(plan->body, { FLASH + 0x100, 256 }, { FLASH + 0x200, 256 },
                      { FLASH + 0x300, 256 });
        assert_int_equal(plan->n_pages, 1);

        plan_free(plan);
        fixture_free(f);
        fixture_free(old);
}

/* ---- many ---- */

static uint32_t random_next(uint32_t *seed) {
        *seed = *seed * 1664525 + 1013904223;
        return *seed >> 8;
}

static void add_random(struct fixture *f, uint32_t *seed, uint32_t most) {
        uint32_t at = FLASH;

        for (;;) {
                at += random_next(seed) % (random_next(seed) % 8 ? 40 : 4000);
                uint32_t size = 1 + random_next(seed) % (random_next(seed) % 8 ? 60 : 3000);
                if (at + size > FLASH + most)
                        break;
                add(f, at, size, random_next(seed) % 3 ? -1 : 0xFF);
                at += size;
        }
        if (f->image.n_segments == 0)
                add(f, FLASH, 1, 0);
}

static void every_plan_brings_the_image_and_nothing_else(void **state) {
        static const char *const layouts[] = { "64x1K", "4x16K", "32x2K" };
        static const uint32_t granules[] = { 4, 8, 16, 32 };
        uint32_t seed = 20240229;

        (void)state;
        for (unsigned i = 0; i < 300; i++) {
                struct fixture *f = fixture_new(), *old = fixture_new();
                struct flash_map map;

                map_of(layouts[i % ARRAY_SIZE(layouts)], &map);
                struct plan_config config = config_for(&map);
                config.write_align = granules[random_next(&seed) % ARRAY_SIZE(granules)];
                config.block_max = random_next(&seed) % 2 ? 256 : 128;
                config.erased = random_next(&seed) % 2 ? 0xFF : 0;
                config.erase = (enum plan_erase)(random_next(&seed) % 3);
                add_random(f, &seed, 0x10000);
                if (random_next(&seed) % 2) {
                        add_random(old, &seed, 0x10000);
                        config.preserved = &old->image;
                }
                plan_free(build(f, &config));
                fixture_free(f);
                fixture_free(old);
        }
}

static void large_images_and_many_segments(void **state) {
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("512x4K", &map);
        struct plan_config config = config_for(&map);
        for (uint32_t i = 0; i < 10000; i++)
                add(f, FLASH + i * 208, 1 + i % 200, -1);
        add(f, FLASH + 10000 * 208, 0x1000, -1);
        struct plan *plan = NULL;
        struct plan_error error;
        assert_int_equal(plan_build(&f->image, &config, false, &plan, &error), 0);
        assert_int_equal(all_reads(plan), 10000U / 200 * (200 * 201 / 2) + 0x1000);
        plan_free(plan);
        fixture_free(f);

        f = fixture_new();
        add(f, FLASH, 2 << 20, -1);
        assert_int_equal(plan_build(&f->image, &config, false, &plan, &error), 0);
        assert_int_equal(plan->body.n_blocks, (2 << 20) / 256 - 1);
        assert_int_equal(plan->body.bytes + plan->head.bytes, 2 << 20);
        plan_free(plan);
        fixture_free(f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(dense_image_is_written_in_full_blocks_and_its_first_words_last),
                cmocka_unit_test(erased_granules_split_a_block_but_are_compared),
                cmocka_unit_test(nothing_is_left_out_where_nothing_is_erased),
                cmocka_unit_test(an_erased_image_needs_no_write),
                cmocka_unit_test(all_pages_are_erased_on_request_the_head_page_first),
                cmocka_unit_test(segments_that_meet_in_a_granule_are_one_write),
                cmocka_unit_test(a_program_unit_is_written_whole_and_once),
                cmocka_unit_test(small_blocks_and_another_erased_value),
                cmocka_unit_test(where_the_head_is),
                cmocka_unit_test(an_image_that_cannot_start_is_noticed),
                cmocka_unit_test(an_image_without_all_of_the_head_is_not_power_fail_safe),
                cmocka_unit_test(the_rest_of_touched_pages_is_written_back),
                cmocka_unit_test(every_plan_brings_the_image_and_nothing_else),
                cmocka_unit_test(large_images_and_many_segments),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
