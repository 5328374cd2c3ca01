/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every flashable row of the device table as a virtual STM32: into the ROM, identified, erased,
 * written, read back, started, with all its oddities. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/macro.h"

static bool lists(const struct chip *chip, struct host *host, uint8_t command) {
        uint8_t data[64];
        size_t n;

        (void)chip;
        host_send(host, "00 FF");
        n = host_listen(host, USEC_PER_SEC, data, sizeof(data));
        assert_true(n > 4 && data[0] == 0x79 && data[n - 1] == 0x79);
        return memchr(data + 3, command, n - 4) != NULL;
}

static void identify(const struct chip *chip, struct host *host) {
        char expected[32];

        if (chip->quirks & CHIP_QUIRK_8N1)
                sprintf(expected, "79 02 01 01 %02X 79", chip->id);
        else
                sprintf(expected, "79 01 %02X %02X 79", chip->id >> 8, chip->id & 0xFF);
        host_talk(host, "02 FD", expected);
}

static void erase_first_page(const struct chip *chip, struct host *host) {
        if (lists(chip, host, 0x43)) {
                host_talk(host, "43 BC", "79");
                host_talk(host, "00 00 00", "79");
        } else
                host_erase(host, (const uint16_t[]){ 0 }, 1);
}

static void go(const struct chip *chip, struct host *host) {
        if (chip->quirks & CHIP_QUIRK_GO_NO_ACK) {
                char address[16];
                uint8_t data[100];
                uint32_t start = chip->flash_start;

                host_talk(host, "21 DE", "");
                sprintf(address, "%02X %02X %02X %02X %02X", start >> 24, start >> 16 & 0xFF,
                        start >> 8 & 0xFF, start & 0xFF,
                        (start >> 24 ^ start >> 16 ^ start >> 8 ^ start) & 0xFF);
                host_send(host, address);
                assert_true(host_listen(host, USEC_PER_SEC, data, sizeof(data)) > 1);
        } else
                host_go(host, chip->flash_start);
}

static uint32_t last_block(const struct chip *chip) {
        struct flash_map map;

        assert_int_equal(chip_flash_map(chip, 0, false, &map), 0);
        return (uint32_t)flash_map_end(&map) - 256;
}

static void flash_row(const struct chip *chip, enum chip_timing timing) {
        struct virtual_config config = { .chip = chip, .seed = chip->id, .timing = timing };
        struct host *host = host_new(&config);
        uint8_t data[256], found[256], dirt[16];
        uint32_t start = chip->flash_start, end;

        memset(data, 0x3C, sizeof(data));
        memset(dirt, 0x42, sizeof(dirt));
        host_enter(host);
        assert_true(virtual_poke(host->chip, start, dirt, sizeof(dirt)));
        identify(chip, host);
        erase_first_page(chip, host);
        host_write(host, start + 256, data, sizeof(data));
        host_write_application(host, start);
        host_read(host, start + 256, found, sizeof(found));
        assert_memory_equal(found, data, sizeof(found));
        /* to its end, nothing is protected as delivered */
        end = last_block(chip);
        host_write(host, end, data, sizeof(data));
        assert_true(virtual_peek(host->chip, end, found, sizeof(found)));
        assert_memory_equal(found, data, sizeof(found));
        go(chip, host);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_RUNNING);
        assert_int_equal(virtual_running_from(host->chip), start);
        assert_int_equal(host_power_cycle(host, false), VIRTUAL_RUNNING);

        assert_int_equal(virtual_counters(host->chip)->overprogrammed, 0);
        assert_int_equal(virtual_counters(host->chip)->sent_while_busy, 0);
        assert_int_equal(virtual_counters(host->chip)->frame_errors, 0);
        assert_int_equal(virtual_counters(host->chip)->nacks, 0);
        host_free(host);
}

static void test_every_row(void **state) {
        unsigned rows = 0;

        (void)state;
        for (size_t i = 0; i < chip_table_size; i++) {
                const struct chip *chip = &chip_table[i];

                if (chip->unusable)
                        continue;
                print_message("  0x%03X %s\n", chip->id, chip->name);
                flash_row(chip, CHIP_TYPICAL);
                flash_row(chip, CHIP_WORST);
                rows++;
        }
        print_message("  %u rows\n", rows);
        assert_true(rows > 60);
}

/* ---- abuse ---- */

static uint64_t draw(uint64_t *random, uint64_t limit) {
        *random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
        return (*random >> 33) % limit;
}

/* A command step by step, at times without a step, at times with noise in between. */
static void send_something(struct host *host, uint64_t *random) {
        static const char *const scripts[][6] = {
                { "00 FF" },
                { "02 FD" },
                { "11 EE", "08 00 00 00 08", "FF 00" },
                { "11 EE", "1F FF 78 00 98", "0F F0" },
                { "31 CE", "08 00 00 00 08", "03 01 02 03 04 07" },
                { "31 CE", "08 00 01 00 09", "07 01 02 03 04 05 06 07 08 0F" },
                { "31 CE", "FF FF 00 00 00", "03 03 FF FF FF FF" },
                { "31 CE", "1F FF F8 00 18", "03 A5 5A FF 00 03" },
                { "31 CE", "1F FF 78 00 98", "07 AA F8 EF FF 55 07 10 00 07" },
                { "43 BC", "01 00 01 00" },
                { "43 BC", "FF 00" },
                { "44 BB", "00 01 00 00 00 01 00" },
                { "44 BB", "FF FF 00" },
                { "44 BB", "FF FD 02" },
                { "21 DE", "08 00 00 00 08" },
                { "50 AF", "00 82 82", "00 01 05 04" },
                { "51 AE", "00 82 82", "00 00 00", "00 02 01 02 01" },
                { "63 9C", "01 00 01 00" },
                { "73 8C" },
                { "82 7D" },
                { "92 6D" },
                { "92 6D" },
                { "A1 5E", "08 00 00 00 08", "00 00 00 04 04", "04 C1 1D B7 6F", "FF FF FF FF 00" },
        };
        const char *const *script = scripts[draw(random, ARRAY_SIZE(scripts))];
        uint8_t data[400];

        for (size_t i = 0; i < 6 && script[i]; i++) {
                if (draw(random, 32) == 0)
                        continue;
                if (draw(random, 32) == 0) {
                        for (size_t k = 0; k < sizeof(data); k++)
                                data[k] = (uint8_t)draw(random, 256);
                        virtual_send(host->chip, host->now, data,
                                     (size_t)draw(random, sizeof(data)));
                }
                host_send(host, script[i]);
                (void)host_listen(host, draw(random, 4) ? 100000000 : 1000, data, sizeof(data));
        }
}

static void do_something(struct host *host, uint64_t *random) {
        struct virtual_fault fault;

        switch (draw(random, 64)) {
        case 0:
                host_lines(host, draw(random, 2), draw(random, 2));
                break;
        case 1:
                virtual_power_off(host->chip, host->now);
                break;
        case 2:
                host_format(host, (unsigned)draw(random, 2000000), draw(random, 2));
                break;
        case 3:
                fault = (struct virtual_fault){
                        .type = (enum virtual_fault_type)draw(random, VIRTUAL_FAULT_POWER + 1),
                        .at = draw(random, 10),
                        .detail = (uint32_t)draw(random, 1000),
                };
                if (fault.type != VIRTUAL_FAULT_DEAD)
                        assert_int_equal(virtual_add_fault(host->chip, &fault), 0);
                break;
        case 4:
                virtual_flush(host->chip, host->now);
                break;
        case 5:
        case 6:
        case 7:
                host_format(host, 115200, !(draw(random, 8) == 0));
                (void)host_power_cycle(host, true);
                host_send(host, "7F");
                host_wait(host, USEC_PER_SEC);
                break;
        default:
                send_something(host, random);
                break;
        }
}

static void test_every_row_bears_abuse(void **state) {
        (void)state;
        for (size_t i = 0; i < chip_table_size; i++) {
                struct virtual_config config = {
                        .chip = &chip_table[i],
                        .seed = i,
                        .no_wire_time = i % 4 == 0,
                        .echo = i % 5 == 0,
                        .all_commands = i % 3 == 0,
                        .autobaud_jitter = i % 2,
                };
                uint64_t random = i;
                struct host *host;

                if (config.chip->unusable)
                        continue;
                host = host_new(&config);
                for (unsigned k = 0; k < 1000; k++)
                        do_something(host, &random);
                host_free(host);
        }
}

static void test_rows_without_flash_are_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < chip_table_size; i++) {
                struct virtual_config config = { .chip = &chip_table[i] };
                struct virtual_stm32 *chip = NULL;

                if (!config.chip->unusable)
                        continue;
                assert_int_equal(virtual_new(&config, &chip), -EINVAL);
                assert_null(chip);
        }
}

static void test_sizes_that_do_not_exist_are_refused(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x410), .flash_size = 12345 };
        struct virtual_stm32 *chip = NULL;

        (void)state;
        assert_int_equal(virtual_new(&config, &chip), -EINVAL);
        config.flash_size = 4 << 20;
        assert_int_equal(virtual_new(&config, &chip), -EINVAL);
        assert_null(chip);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_row),
                cmocka_unit_test(test_every_row_bears_abuse),
                cmocka_unit_test(test_rows_without_flash_are_refused),
                cmocka_unit_test(test_sizes_that_do_not_exist_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
