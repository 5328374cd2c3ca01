/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The names that people give a chip: STM32F405, stm32f405rg, 0x413. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chip/chip.h"
#include "util/macro.h"

static void name_finds_its_row(void **state) {
        (void)state;

        static const struct {
                const char *name;
                uint16_t id; /* 0: none */
        } cases[] = {
                { "STM32F405", 0x413 },
                { "stm32f405rg", 0x413 },
                { "F405", 0x413 },
                { "f405rgt6", 0x413 },
                { "0x413", 0x413 },
                { "0X413", 0x413 },
                { "STM32F405xx", 0x413 },
                { "STM32F103C4", 0x412 },
                { "STM32F103C8", 0x410 },
                { "STM32F103C8T6", 0x410 },
                { "STM32F103xB", 0x410 },
                { "stm32f103XB", 0x410 },
                { "STM32F103RE", 0x414 },
                { "STM32F103ZG", 0x430 },
                { "STM32F100RB", 0x420 },
                { "STM32F100RE", 0x428 },
                { "STM32F107VC", 0x418 },
                { "STM32F030F4", 0x444 },
                { "STM32F030C8", 0x440 },
                { "STM32F030RC", 0x442 },
                { "STM32F070F6", 0x445 },
                { "STM32F070RB", 0x448 },
                { "STM32F301K8", 0x439 },
                { "STM32F302R8", 0x439 },
                { "STM32F302CC", 0x422 },
                { "STM32F302RE", 0x446 },
                { "STM32F303K8", 0x438 },
                { "STM32F303VC", 0x422 },
                { "STM32F303RE", 0x446 },
                { "STM32F334R8", 0x438 },
                { "STM32F401CC", 0x423 },
                { "STM32F401RE", 0x433 },
                { "STM32F411CE", 0x431 },
                { "STM32F429ZI", 0x419 },
                { "STM32F746NG", 0x449 },
                { "STM32F767ZI", 0x451 },
                { "STM32G030F6", 0x466 },
                { "STM32G071RB", 0x460 },
                { "STM32G0B1RE", 0x467 },
                { "STM32G431KB", 0x468 },
                { "STM32H743ZI", 0x450 },
                { "STM32H7A3ZI", 0x480 },
                { "STM32L010F4", 0x457 },
                { "STM32L010C6", 0x425 },
                { "STM32L010R8", 0x417 },
                { "STM32L010RB", 0x447 },
                { "STM32L151C8", 0x416 },
                { "STM32L152RE", 0x437 },
                { "STM32L151QD", 0x436 },
                { "STM32L100RC", 0x427 },
                { "STM32L432KC", 0x435 },
                { "STM32L476RG", 0x415 },
                { "STM32L4R5ZI", 0x470 },
                { "STM32WLE5JC", 0x497 },
                { "STM32WB55RG", 0x495 },
                { "STM32C011F6", 0x443 },
                { "STM32U585AI", 0x482 },
                { "STM32H563ZI", 0x484 },
                { "", 0 },
                { "STM32", 0 },
                { "STM32F", 0 },
                { "STM32F9", 0 },
                { "STM32F406", 0 },
                { "STM32F103C", 0x412 },
                { "GD32F103C8", 0 },
                { "0x", 0 },
                { "0x41", 0 },
                { "0x413 ", 0 },
                { "413", 0 },
                { "0x10413", 0 },
                { "STM32L4R9ZIJ6PTR", 0x470 },
                { "STM32G431 ", 0 },
                { "STM32G431  and more words", 0 },
                { "STM32G431KB,STM32G474", 0 },
                { "STM32G431\nBaud=1", 0 },
                { "STM32G431\xE4", 0 },
                { " STM32G431", 0 },
                { "STM32G431KBandthelike", 0 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct chip *chip = chip_by_name(cases[i].name);

                if ((chip ? chip->id : 0) != cases[i].id)
                        print_error("%s: %#x\n", cases[i].name, chip ? chip->id : 0U);
                assert_int_equal(chip ? chip->id : 0, cases[i].id);
                if (chip)
                        assert_true(chip_name_fits(cases[i].name, chip));
        }
}

static size_t count_fits(const char *name) {
        size_t fits = 0;

        for (size_t i = 0; i < chip_table_size; i++)
                fits += chip_name_fits(name, &chip_table[i]);
        return fits;
}

static void short_name_fits_many(void **state) {
        (void)state;

        assert_int_equal(count_fits("STM32F4"), 10);
        assert_int_equal(count_fits("F4"), 10);
        assert_int_equal(count_fits("STM32F103"), 4);
        assert_int_equal(count_fits("STM32F103C8"), 1);
        assert_int_equal(count_fits("STM32xx"), chip_table_size);
}

/* L1 categories 1 and 2 differ in a letter that nobody writes */
static void twins_fit_both_rows(void **state) {
        (void)state;

        assert_true(chip_name_fits("STM32L151C8", chip_by_id(0x416)));
        assert_true(chip_name_fits("STM32L151C8", chip_by_id(0x429)));
        assert_true(chip_name_fits("STM32L151C8-A", chip_by_id(0x429)));
        assert_true(chip_name_fits("STM32L151C8T6A", chip_by_id(0x429)));
        assert_true(chip_name_fits("STM32WB35", chip_by_id(0x495)));
        assert_true(chip_name_fits("STM32WB35", chip_by_id(0x496)));
        assert_true(chip_name_fits("STM32L152QC", chip_by_id(0x436)));
        assert_true(chip_name_fits("STM32L151VD", chip_by_id(0x437)));
        assert_true(chip_name_fits("STM32L151VD", chip_by_id(0x436)));
}

static void every_part_finds_its_own_row(void **state) {
        (void)state;

        char name[32];

        for (size_t i = 0; i < chip_table_size; i++)
                for (const char *const *part = chip_table[i].parts; *part; part++) {
                        assert_true(strlen(*part) < sizeof(name));
                        strcpy(name, *part);
                        assert_true(chip_name_fits(name, &chip_table[i]));
                        assert_true(chip_name_fits(name + strlen("STM32"), &chip_table[i]));
                        for (char *p = name; *p; p++) /* as a person would have it */
                                if (*p == 'x')
                                        *p = 'R';
                        assert_true(chip_name_fits(name, &chip_table[i]));
                }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(name_finds_its_row),
                cmocka_unit_test(short_name_fits_many),
                cmocka_unit_test(twins_fit_both_rows),
                cmocka_unit_test(every_part_finds_its_own_row),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
