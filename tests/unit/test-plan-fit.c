/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What no plan can be made of, and why. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plan-fixture.h"
#include "util/macro.h"

static void what_does_not_fit_is_refused(void **state) {
        static const struct {
                uint32_t address[2], size[2];
                bool skip_options;
                int status;
                uint32_t bad, end;
        } cases[] = {
                { { FLASH - 16 }, { 16 }, false, PLAN_OUTSIDE_FLASH, FLASH - 16, FLASH },
                { { FLASH - 16 }, { 32 }, false, PLAN_OUTSIDE_FLASH, FLASH - 16, FLASH + 16 },
                { { FLASH, 0x20000000 },
                  { 16, 1 },
                  false,
                  PLAN_OUTSIDE_FLASH,
                  0x20000000,
                  0x20000001 },
                { { FLASH + 0xFFF0 }, { 16 }, false, 0, 0, 0 },
                { { FLASH + 0xFFF0 },
                  { 17 },
                  false,
                  PLAN_TOO_LARGE,
                  FLASH + 0x10000,
                  FLASH + 0x10001 },
                { { 0x0020FFF0 }, { 32 }, false, PLAN_TOO_LARGE, FLASH + 0x10000, FLASH + 0x10010 },
                { { FLASH, 0x1FFF0000 },
                  { 16, 32 },
                  false,
                  PLAN_OPTION_BYTES,
                  0x1FFF0000,
                  0x1FFF0020 },
                { { FLASH, 0x1FFF0000 }, { 16, 32 }, true, 0, 0, 0 },
                { { FLASH, 0x1FFF0000 },
                  { 16, 33 },
                  true,
                  PLAN_OUTSIDE_FLASH,
                  0x1FFF0000,
                  0x1FFF0021 },
                { { 0x1FFF0000 }, { 32 }, true, PLAN_EMPTY, 0, 0 },
                { { 0x00200000, FLASH }, { 16, 16 }, false, PLAN_OVERLAP, FLASH, FLASH + 16 },
                { { 0x00200000, FLASH + 16 }, { 16, 16 }, false, 0, 0, 0 },
                { { FLASH + 0x400, 0x0C000000 }, { 16, 16 }, false, 0, 0, 0 },
                { { 0xFFFFFFF0 }, { 16 }, false, PLAN_OUTSIDE_FLASH, 0xFFFFFFF0, 0xFFFFFFFF },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct fixture *f = fixture_new();
                struct flash_map map;
                struct plan *plan = NULL;
                struct plan_error error = { 0 };

                map_of("64x1K", &map);
                struct plan_config config = config_for(&map);
                for (size_t k = 0; k < 2; k++)
                        if (cases[i].size[k])
                                add(f, cases[i].address[k], cases[i].size[k], -1);
                assert_int_equal(
                        plan_build(&f->image, &config, cases[i].skip_options, &plan, &error),
                        cases[i].status);
                assert_int_equal(error.status, cases[i].status);
                assert_int_equal(plan != NULL, cases[i].status == 0);
                if (cases[i].status) {
                        assert_int_equal(error.address, cases[i].bad);
                        assert_int_equal(error.end, cases[i].end);
                        assert_int_equal(error.flash_start, FLASH);
                        assert_int_equal(error.flash_end, FLASH + 0x10000);
                }
                plan_free(plan);
                fixture_free(f);
        }
}

static void an_impossible_granule_is_an_error(void **state) {
        static const uint32_t cases[][2] = { { 256, 2 }, { 256, 12 }, { 256, 256 },
                                             { 64, 4 },  { 512, 4 },  { 0, 4 } };
        struct fixture *f = fixture_new();
        struct flash_map map;

        (void)state;
        map_of("64x1K", &map);
        struct plan_config config = config_for(&map);
        add(f, FLASH, 16, -1);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct plan *plan = NULL;
                struct plan_error error;

                config.block_max = cases[i][0];
                config.write_align = cases[i][1];
                assert_int_equal(plan_build(&f->image, &config, false, &plan, &error), -EINVAL);
                assert_null(plan);
        }
        fixture_free(f);
}

/* ---- without a chip at hand ---- */

static void checking_an_image_names_the_pages_it_touches(void **state) {
        struct fixture *f = fixture_new();
        struct plan *plan = NULL;
        struct plan_error error;

        (void)state;
        add(f, FLASH + 0x3FF, 2, -1);
        add(f, FLASH + 0x2000, 1, -1);
        add(f, 0x1FFF0000, 16, -1);
        assert_int_equal(plan_check_image(&f->image, &test_chip, 0, &plan, &error), 0);
        assert_int_equal(plan->n_pages, 3);
        assert_int_equal(plan->pages[0].number, 0);
        assert_int_equal(plan->pages[1].number, 1);
        assert_int_equal(plan->pages[2].number, 8);
        plan = plan_free(plan);

        add(f, FLASH + 0x10000, 1, -1);
        assert_int_equal(plan_check_image(&f->image, &test_chip, 0, &plan, &error),
                         PLAN_OUTSIDE_FLASH);
        assert_int_equal(error.flash_end, FLASH + 0x10000);

        struct chip unusable = test_chip;
        unusable.unusable = "it has no flash";
        assert_int_equal(plan_check_image(&f->image, &unusable, 0, &plan, &error), -EOPNOTSUPP);
        fixture_free(f);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_does_not_fit_is_refused),
                cmocka_unit_test(an_impossible_granule_is_an_error),
                cmocka_unit_test(checking_an_image_names_the_pages_it_touches),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
