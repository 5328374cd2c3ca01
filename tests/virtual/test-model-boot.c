/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a reset of the virtual STM32 starts: pins, option bytes, empty check, vector table. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "chip/options.h"
#include "model-host.h"
#include "util/bytes.h"
#include "util/macro.h"

/* ---- what a reset starts ---- */

struct boot {
        const char *name;
        const char *chip;
        bool boot0, boot1;
        bool application; /* in flash before power comes; else it is blank */
        struct {
                uint32_t offset; /* into the option bytes, all areas one behind the other */
                uint32_t set, clear;
        } options[2]; /* bits of the byte there; complements follow */
        enum virtual_state expected;
};

static const struct boot boots[] = {
        { "1: pins alone", "0x410", true, false, false, {}, VIRTUAL_ROM },
        { "1: BOOT1 selects SRAM", "0x410", true, true, false, {}, VIRTUAL_HUNG },
        { "1: flash", "0x413", false, false, true, {}, VIRTUAL_RUNNING },
        { "1: flash, BOOT1 is no matter", "0x413", false, true, true, {}, VIRTUAL_RUNNING },
        { "1: blank flash", "0x413", false, false, false, {}, VIRTUAL_HUNG },
        { "2: pin and nBOOT1", "0x440", true, false, true, {}, VIRTUAL_ROM },
        { "2: the BOOT1 pin is no matter", "0x440", true, true, true, {}, VIRTUAL_ROM },
        { "2: nBOOT1 clear selects SRAM",
          "0x440",
          true,
          false,
          true,
          { { 2, 0, 0x10 } },
          VIRTUAL_HUNG },
        { "3: BFB2 set", "0x430", true, false, true, {}, VIRTUAL_ROM },
        { "3: BFB2 clear, an application",
          "0x430",
          true,
          false,
          true,
          { { 2, 0, 0x08 } },
          VIRTUAL_RUNNING },
        { "3: BFB2 clear, no application",
          "0x430",
          false,
          false,
          false,
          { { 2, 0, 0x08 } },
          VIRTUAL_ROM },
        { "4: pins", "0x437", true, false, true, {}, VIRTUAL_ROM },
        { "4: BFB2 clear, pins", "0x437", true, false, true, { { 4, 0, 0x80 } }, VIRTUAL_ROM },
        { "4: BFB2 clear, no application",
          "0x437",
          false,
          false,
          false,
          { { 4, 0, 0x80 } },
          VIRTUAL_ROM },
        { "5: pins", "0x419", true, false, true, {}, VIRTUAL_ROM },
        { "5: BFB2, no application",
          "0x419",
          false,
          false,
          false,
          { { 0, 0x10, 0 } },
          VIRTUAL_ROM },
        { "5: BFB2, an application",
          "0x419",
          false,
          false,
          true,
          { { 0, 0x10, 0 } },
          VIRTUAL_RUNNING },
        { "6: pin", "0x442", true, false, true, {}, VIRTUAL_ROM },
        { "6: blank, whatever the pin", "0x442", false, false, false, {}, VIRTUAL_ROM },
        { "6: BOOT_SEL clear: the pin is ignored",
          "0x442",
          true,
          false,
          true,
          { { 2, 0, 0x80 } },
          VIRTUAL_RUNNING },
        { "6: BOOT_SEL and nBOOT0 clear",
          "0x442",
          false,
          false,
          true,
          { { 2, 0, 0x88 } },
          VIRTUAL_ROM },
        { "7: pin", "0x415", true, false, true, {}, VIRTUAL_ROM },
        { "7: BFB2, no application",
          "0x415",
          false,
          false,
          false,
          { { 2, 0x10, 0 } },
          VIRTUAL_ROM },
        { "8: BOOT_ADD1 is the ROM", "0x449", true, false, true, {}, VIRTUAL_ROM },
        { "8: BOOT_ADD0 is flash", "0x449", false, false, true, {}, VIRTUAL_RUNNING },
        { "8: BOOT_ADD1 is flash too",
          "0x449",
          true,
          false,
          true,
          { { 24, 0x80, 0x40 } },
          VIRTUAL_RUNNING },
        { "8: BOOT_ADD0 is the ROM too",
          "0x449",
          false,
          false,
          true,
          { { 16, 0x40, 0x80 } },
          VIRTUAL_ROM },
        { "9: pin", "0x451", true, false, true, {}, VIRTUAL_ROM },
        { "9: dual boot, an application: whatever the pin",
          "0x451",
          true,
          false,
          true,
          { { 9, 0, 0x30 } },
          VIRTUAL_RUNNING },
        { "9: dual boot, no application",
          "0x451",
          false,
          false,
          false,
          { { 9, 0, 0x30 } },
          VIRTUAL_ROM },
        { "10: pin", "0x450", true, false, true, {}, VIRTUAL_ROM },
        { "10: flash", "0x450", false, false, true, {}, VIRTUAL_RUNNING },
        { "11: the pin is ignored as delivered", "0x466", true, false, true, {}, VIRTUAL_RUNNING },
        { "11: blank", "0x466", false, false, false, {}, VIRTUAL_ROM },
        { "11: nBOOT_SEL clear: pin", "0x466", true, false, true, { { 3, 0, 0x01 } }, VIRTUAL_ROM },
        { "11: nBOOT_SEL clear: flash",
          "0x466",
          false,
          false,
          true,
          { { 3, 0, 0x01 } },
          VIRTUAL_RUNNING },
        { "11: nBOOT0 clear", "0x466", false, false, true, { { 3, 0, 0x04 } }, VIRTUAL_ROM },
        { "11: BOOT_LOCK",
          "0x466",
          true,
          false,
          true,
          { { 3, 0, 0x01 }, { 0x72, 0x01, 0 } },
          VIRTUAL_RUNNING },
        { "12: pin", "0x482", true, false, true, {}, VIRTUAL_ROM },
        { "12: flash", "0x482", false, false, true, {}, VIRTUAL_RUNNING },
        { "13: pin", "0x497", true, false, true, {}, VIRTUAL_ROM },
        { "13: blank", "0x497", false, false, false, {}, VIRTUAL_ROM },
        { "14: pin", "0x469", true, false, true, {}, VIRTUAL_ROM },
        { "14: BFB2, no application",
          "0x469",
          false,
          false,
          false,
          { { 2, 0x10, 0 } },
          VIRTUAL_ROM },
        { "15: pin", "0x468", true, false, true, {}, VIRTUAL_ROM },
        { "15: nSWBOOT0 and nBOOT0 clear",
          "0x468",
          false,
          false,
          true,
          { { 3, 0, 0x0C } },
          VIRTUAL_ROM },
        { "15: BOOT_LOCK", "0x468", true, false, true, { { 0x2A, 0x01, 0 } }, VIRTUAL_RUNNING },
        { "15: no empty check", "0x468", false, false, false, {}, VIRTUAL_HUNG },
        { "16: pin", "0x435", true, false, true, {}, VIRTUAL_ROM },
        { "16: blank", "0x435", false, false, false, {}, VIRTUAL_ROM },
        { "17: pin", "0x474", true, false, true, {}, VIRTUAL_ROM },
        { "18: PA10", "0x03F", true, false, true, {}, VIRTUAL_ROM },
        { "19: pin", "0x44E", true, false, true, {}, VIRTUAL_ROM },
        { "19: blank", "0x44E", false, false, false, {}, VIRTUAL_ROM },
        { "readout protection level 2 keeps out",
          "0x413",
          true,
          false,
          true,
          { { 1, 0xCC, 0x33 } },
          VIRTUAL_RUNNING },
        { "but not F74", "0x449", true, false, true, { { 1, 0xCC, 0x33 } }, VIRTUAL_ROM },
};

/* How many bytes a value has before its complement; 0: none. */
static size_t complement_width(const struct chip *chip) {
        static const struct {
                const char *family;
                size_t width;
        } families[] = {
                { "F0", 1 }, { "F1", 1 }, { "F3", 1 }, { "L0", 2 }, { "L1", 2 }, { "L4", 4 },
                { "G0", 4 }, { "G4", 4 }, { "C0", 4 }, { "WB", 4 }, { "WL", 4 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(families); i++)
                if (strcmp(families[i].family, chip->family) == 0)
                        return families[i].width;
        return 0;
}

static uint32_t option_address(const struct chip *chip, uint32_t offset) {
        for (size_t i = 0; i < CHIP_RANGES_MAX; i++) {
                if (offset < chip->options[i].size)
                        return chip->options[i].start + offset;
                offset -= chip->options[i].size;
        }
        fail_msg("no such option byte");
        return 0;
}

static void poke_options(struct host *host, const struct chip *chip, uint32_t offset, uint32_t set,
                         uint32_t clear) {
        size_t width = complement_width(chip);
        uint32_t address = option_address(chip, offset);
        uint8_t byte;

        assert_true(virtual_peek(host->chip, address, &byte, 1));
        byte = (uint8_t)((byte & ~clear) | set);
        assert_true(virtual_poke(host->chip, address, &byte, 1));
        byte = (uint8_t)~byte;
        if (width > 0)
                assert_true(virtual_poke(host->chip, address + (uint32_t)width, &byte, 1));
}

static void test_boot_patterns(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(boots); i++) {
                const struct boot *boot = &boots[i];
                const struct chip *chip = chip_by_name(boot->chip);
                struct host *host = host_of(boot->chip, 0);

                print_message("  %s (%s)\n", boot->name, boot->chip);
                for (size_t k = 0; k < 2; k++)
                        if (boot->options[k].set | boot->options[k].clear)
                                poke_options(host, chip, boot->options[k].offset,
                                             boot->options[k].set, boot->options[k].clear);
                if (boot->application)
                        host_poke_application(host, chip->flash_start);
                host->boot1 = boot->boot1;
                assert_int_equal(host_power_cycle(host, boot->boot0), boot->expected);
                host_free(host);
        }
}

/* The two banks of BFB2: bank 2 first. */
static void test_dual_boot_prefers_bank_2(void **state) {
        struct host *host = host_of("0x419", 0);
        const struct chip *chip = chip_by_id(0x419);

        (void)state;
        poke_options(host, chip, 0, 0x10, 0);
        host_poke_application(host, 0x08000000);
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_RUNNING);
        assert_int_equal(virtual_running_from(host->chip), 0x08000000);
        host_poke_application(host, 0x08100000);
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_RUNNING);
        assert_int_equal(virtual_running_from(host->chip), 0x08100000);
        host_free(host);
}

static void test_wiring(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x410) };
        struct host *host;

        (void)state;
        config.boot0_open = true;
        host = host_new(&config);
        host_poke_application(host, 0x08000000);
        assert_int_equal(host_reset(host, true), VIRTUAL_RUNNING);
        host_free(host);

        config.boot0_open = false;
        config.boot1_high = true;
        host = host_new(&config);
        assert_int_equal(host_reset(host, true), VIRTUAL_HUNG);
        host_free(host);

        config.boot1_high = false;
        config.reset_open = true;
        host = host_new(&config);
        host_poke_application(host, 0x08000000);
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_RUNNING);
        assert_int_equal(host_reset(host, true), VIRTUAL_RUNNING);
        assert_int_equal(host_power_cycle(host, true), VIRTUAL_ROM);
        host_free(host);
}

/* ---- the empty-check flag ---- */

/* AN2606: a plain reset of a chip that was blank goes back to the ROM until its power is cycled. */
static void test_empty_flag_outlives_programming(void **state) {
        struct host *host = host_of("0x435", 0);

        (void)state;
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_ROM);
        host_talk(host, "7F", "79");
        host_write_application(host, 0x08000000);
        assert_int_equal(host_reset(host, false), VIRTUAL_ROM);
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_RUNNING);
        host_free(host);
}

/* and the other way: erased, it does not go to the ROM */
static void test_empty_flag_is_not_set_by_erasing(void **state) {
        struct host *host = host_of("0x435", 0);

        (void)state;
        host_poke_application(host, 0x08000000);
        assert_int_equal(host_power_cycle(host, true), VIRTUAL_ROM);
        host_talk(host, "7F", "79");
        host_erase_all(host);
        assert_int_equal(host_reset(host, false), VIRTUAL_HUNG);
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_ROM);
        host_free(host);
}

/* AN2606, C051 and others: the ROM itself clears it, and a reset of a blank chip hangs. */
static void test_empty_flag_cleared_by_the_rom(void **state) {
        struct host *host = host_of("0x44C", 0);

        (void)state;
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_ROM);
        assert_int_equal(host_reset(host, false), VIRTUAL_HUNG);
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_ROM);
        host_talk(host, "7F", "79");
        host_write_application(host, 0x08000000);
        assert_int_equal(host_reset(host, false), VIRTUAL_RUNNING);
        host_free(host);
}

/* nBOOT_SEL cleared through the ROM: from the reset on the pin works. */
static void test_boot_pin_enabled_through_the_rom(void **state) {
        struct host *host = host_of("0x466", 0);
        const struct chip *chip = chip_by_id(0x466);
        uint8_t bytes[0x80];

        (void)state;
        host_enter(host);
        host_write_application(host, 0x08000000);
        assert_int_equal(chip->options[0].size, sizeof(bytes));
        host_read(host, chip->options[0].start, bytes, sizeof(bytes));
        assert_int_equal(chip_options_enable_boot_pin(chip, bytes, sizeof(bytes)), 0);
        host_write(host, chip->options[0].start, bytes, sizeof(bytes));
        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
        assert_int_equal(host_reset(host, false), VIRTUAL_RUNNING);
        host_free(host);
}

/* ---- applications ---- */

struct vectors {
        const char *name;
        uint32_t stack, reset;
        enum virtual_state expected;
};

static void test_vector_tables(void **state) {
        static const struct vectors tables[] = {
                { "sound", 0x20000800, 0x08000101, VIRTUAL_RUNNING },
                { "stack at the end of RAM", 0x20005000, 0x08000101, VIRTUAL_RUNNING },
                { "code behind the alias at 0", 0x20000800, 0x00000101, VIRTUAL_RUNNING },
                { "stack at the start of RAM", 0x20000000, 0x08000101, VIRTUAL_HUNG },
                { "stack in flash", 0x08000800, 0x08000101, VIRTUAL_HUNG },
                { "stack misaligned", 0x20000802, 0x08000101, VIRTUAL_HUNG },
                { "stack erased", 0xFFFFFFFF, 0x08000101, VIRTUAL_HUNG },
                { "reset vector even", 0x20000800, 0x08000100, VIRTUAL_HUNG },
                { "reset vector erased", 0x20000800, 0xFFFFFFFF, VIRTUAL_HUNG },
                { "reset vector beyond flash", 0x20000800, 0x08020001, VIRTUAL_HUNG },
                { "code erased", 0x20000800, 0x08000201, VIRTUAL_HUNG },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
                struct host *host = host_of("0x410", 0);
                uint8_t head[8], code[] = { 0xFE, 0xE7 };

                print_message("  %s\n", tables[i].name);
                put_le32(head, tables[i].stack);
                put_le32(head + 4, tables[i].reset);
                assert_true(virtual_poke(host->chip, 0x08000000, head, sizeof(head)));
                assert_true(virtual_poke(host->chip, 0x08000100, code, sizeof(code)));
                assert_int_equal(host_reset(host, false), tables[i].expected);
                host_free(host);
        }
}

/* What the host hears of the application that a reset starts. */
static void banner_of(struct host *host, char *ret, size_t size) {
        uint8_t data[100];
        size_t n;

        assert_int_equal(host_power_cycle(host, true), VIRTUAL_ROM);
        host_lines(host, true, false);
        host_wait(host, 10 * USEC_PER_MSEC);
        host_lines(host, false, false);
        n = host_listen(host, USEC_PER_SEC, data, sizeof(data) - 1);
        assert_true(n < size);
        memcpy(ret, data, n);
        ret[n] = '\0';
}

static void test_application_speaks(void **state) {
        struct host *host = host_of("0x413", 0);
        char even[100], none[100];

        (void)state;
        host_poke_application(host, 0x08000000);
        banner_of(host, even, sizeof(even));
        assert_string_equal(even + 12, " running from 0x08000000\r\n");
        assert_memory_equal(even, "APP ", 4);
        host_format(host, 115200, false);
        banner_of(host, none, sizeof(none));
        assert_string_equal(even, none);

        /* its sum changes with the flash */
        assert_true(virtual_poke(host->chip, 0x08010000, "x", 1));
        banner_of(host, none, sizeof(none));
        assert_string_not_equal(even, none);

        /* and at another rate it is garbage */
        host_format(host, 57600, true);
        banner_of(host, none, sizeof(none));
        assert_null(strstr(none, "running"));
        host_free(host);
}

static void test_go_starts_and_silences_the_rom(void **state) {
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_enter(host);
        host_write_application(host, 0x08004000);
        host_go(host, 0x08004000);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_RUNNING);
        assert_int_equal(virtual_running_from(host->chip), 0x08004000);
        host_talk(host, "7F", "");
        host_talk(host, "00 FF", "");

        host_enter(host);
        host_go(host, 0x08000000); /* blank */
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_HUNG);
        host_talk(host, "7F", "");
        host_free(host);
}

static void test_go_to_ram(void **state) {
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_enter(host);
        host_write_application(host, 0x20004000);
        host_go(host, 0x20004000);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_RUNNING);
        assert_int_equal(virtual_running_from(host->chip), 0x20004000);
        host_free(host);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_boot_patterns),
                cmocka_unit_test(test_dual_boot_prefers_bank_2),
                cmocka_unit_test(test_wiring),
                cmocka_unit_test(test_empty_flag_outlives_programming),
                cmocka_unit_test(test_empty_flag_is_not_set_by_erasing),
                cmocka_unit_test(test_empty_flag_cleared_by_the_rom),
                cmocka_unit_test(test_boot_pin_enabled_through_the_rom),
                cmocka_unit_test(test_vector_tables),
                cmocka_unit_test(test_application_speaks),
                cmocka_unit_test(test_go_starts_and_silences_the_rom),
                cmocka_unit_test(test_go_to_ram),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
