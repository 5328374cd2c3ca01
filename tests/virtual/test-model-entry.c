/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From reset to the first command: start-up, baud rate, parity, wires. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/macro.h"

/* ---- start-up ---- */

static void test_start_up_takes_its_time(void **state) {
        const struct chip *chip = chip_by_id(0x413);
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_lines(host, true, true);
        host_wait(host, 10 * USEC_PER_MSEC);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_IN_RESET);
        host_lines(host, false, true);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_STARTING);
        assert_int_equal(virtual_next_time(host->chip), host->now + chip->startup_usec);
        host_wait(host, chip->startup_usec - 1);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_STARTING);
        host_wait(host, 1);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_ROM);
        host_talk(host, "7F", "79");
        host_free(host);
}

static void test_first_byte_before_the_rom_is_ready_is_lost(void **state) {
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_lines(host, true, true);
        host_wait(host, 10 * USEC_PER_MSEC);
        host_lines(host, false, true);
        host_wait(host, USEC_PER_MSEC);
        host_talk(host, "7F", "");
        host_wait(host, USEC_PER_SEC);
        host_talk(host, "7F", "79");
        host_free(host);
}

/* Its start bit missed, the falling edge of its last bit is taken for one. */
static void test_first_byte_across_the_start_of_the_rom(void **state) {
        static const char *const chips[] = { "0x468", "0x438" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                struct host *host = host_of(chips[i], 0);
                uint8_t data[16];
                size_t n;

                host_lines(host, true, true);
                host_wait(host, 10 * USEC_PER_MSEC);
                host_lines(host, false, true);
                host_wait(host, chip_by_name(chips[i])->startup_usec - 20);
                host_send(host, "7F");
                host_wait(host, 100 * USEC_PER_MSEC);
                host_send(host, "7F");
                n = host_listen(host, USEC_PER_SEC, data, sizeof(data));
                assert_null(memchr(data, 0x79, n));
                assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
                host_talk(host, "7F", "79");
                host_free(host);
        }
}

static void test_slow_start_up(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x415), .timing = CHIP_WORST };
        struct host *host = host_new(&config);

        (void)state;
        host_lines(host, true, true);
        host_wait(host, 10 * USEC_PER_MSEC);
        host_lines(host, false, true);
        host_wait(host, config.chip->startup_slow_usec - 1);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_STARTING);
        host_wait(host, 1);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_ROM);
        host_free(host);
}

/* ---- the first byte ---- */

/* AN3155 2.1 */
static void test_a_rate_too_low_is_not_measured(void **state) {
        static const char *const chips[] = { "0x410", "0x482" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                struct host *host = host_of(chips[i], 0);

                host_reset(host, true);
                host_format(host, 1100, true);
                host_talk(host, "7F", "");
                host_talk(host, "00 FF", "");
                host_free(host);
        }
}

static void test_any_rate(void **state) {
        static const unsigned rates[] = { 1200, 9600, 38400, 57600, 115200, 123456, 921600 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
                struct host *host = host_of("0x413", 0);

                host_format(host, rates[i], true);
                host_enter(host);
                host_talk(host, "02 FD", "79 01 04 13 79");
                assert_int_equal(virtual_counters(host->chip)->frame_errors, 0);
                host_free(host);
        }
}

static void test_two_acks_to_the_first_byte(void **state) {
        struct host *host = host_of("0x464", 0);

        (void)state;
        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
        host_talk(host, "7F", "79 79");
        host_talk(host, "02 FD", "79 01 04 64 79");
        host_free(host);
}

static void test_wrong_first_byte_needs_a_reset(void **state) {
        static const char *const chips[] = { "0x413", "0x468" };
        static const char *const bytes[] = { "00", "55", "7E", "FF", "80", "7B", "31" };
        uint8_t data[16];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++)
                for (size_t k = 0; k < ARRAY_SIZE(bytes); k++) {
                        struct host *host = host_of(chips[i], 0);

                        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
                        host_send(host, bytes[k]);
                        host_wait(host, 10 * USEC_PER_MSEC);
                        (void)host_listen(host, USEC_PER_SEC, data, sizeof(data));
                        for (unsigned tries = 0; tries < 3; tries++) {
                                size_t n;

                                host_send(host, "7F");
                                n = host_listen(host, USEC_PER_SEC, data, sizeof(data));
                                assert_null(memchr(data, 0x79, n));
                                host_wait(host, USEC_PER_MSEC);
                        }
                        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
                        host_talk(host, "7F", "79");
                        host_free(host);
                }
}

static void test_rate_is_locked(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[16];
        size_t n;

        (void)state;
        host_enter(host);
        host_format(host, 57600, true);
        host_send(host, "02 FD");
        n = host_listen(host, USEC_PER_SEC, data, sizeof(data));
        assert_null(memchr(data, 0x79, n));
        assert_true(virtual_counters(host->chip)->frame_errors > 0);
        host_free(host);
}

/* Alone on the line 0x7F and ACK look the same without parity; the first command does not. */
static void test_no_parity_synchronises_and_then_fails(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[16];
        size_t n;

        (void)state;
        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
        host_format(host, 115200, false);
        host_talk(host, "7F", "79");
        host_send(host, "00 FF");
        n = host_listen(host, USEC_PER_SEC, data, sizeof(data));
        assert_null(memchr(data, 0x79, n));
        assert_true(virtual_counters(host->chip)->frame_errors > 0);
        host_free(host);
}

static void test_loader_without_parity(void **state) {
        struct host *host = host_of("0x03F", 0);

        (void)state;
        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
        host_talk(host, "7F", "79");
        host_talk(host, "02 FD", "79 02 01 01 3F 79");
        assert_int_equal(virtual_counters(host->chip)->frame_errors, 0);
        host_free(host);
}

/* AN2606 table 6: at 115200 an F4 errs by up to 6 %, at a third of it by a third. */
static void test_jitter(void **state) {
        unsigned good[2] = {};
        uint8_t data[16];

        (void)state;
        for (unsigned i = 0; i < 2; i++)
                for (uint64_t seed = 0; seed < 100; seed++) {
                        struct virtual_config config = {
                                .chip = chip_by_id(0x413),
                                .seed = seed,
                                .autobaud_jitter = true,
                        };
                        struct host *host = host_new(&config);
                        size_t n;

                        host_format(host, i == 0 ? 115200 : 38400, true);
                        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
                        host_send(host, "7F");
                        n = host_listen(host, USEC_PER_SEC, data, sizeof(data));
                        host_wait(host, USEC_PER_MSEC);
                        host_send(host, "02 FD");
                        n += host_listen(host, USEC_PER_SEC, data + n, sizeof(data) - n);
                        good[i] += n == 6 && memcmp(data, "\x79\x79\x01\x04\x13\x79", 6) == 0;
                        host_free(host);
                }
        print_message("  115200: %u of 100, 38400: %u of 100\n", good[0], good[1]);
        assert_in_range(good[0], 20, 95);
        assert_int_equal(good[1], 100);
}

static void test_wires_crossed_or_shared(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x413), .uart_crossed = true };
        struct host *host = host_new(&config);

        (void)state;
        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
        host_talk(host, "7F", "");
        host_free(host);

        config.uart_crossed = false;
        config.echo = true;
        host = host_new(&config);
        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
        host_talk(host, "7F", "7F 79");
        host_talk(host, "02 FD", "02 FD 79 01 04 13 79");
        host_free(host);
}

/* ---- memory across resets ---- */

static void test_ram_survives_a_reset_only(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[4] = { 1, 2, 3, 4 }, found[4];

        (void)state;
        host_enter(host);
        host_write(host, 0x20004000, data, sizeof(data));
        host_reset(host, true);
        assert_true(virtual_peek(host->chip, 0x20004000, found, sizeof(found)));
        assert_memory_equal(found, data, sizeof(data));
        host_power_cycle(host, true);
        assert_true(virtual_peek(host->chip, 0x20004000, found, sizeof(found)));
        assert_memory_not_equal(found, data, sizeof(data));
        host_free(host);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_start_up_takes_its_time),
                cmocka_unit_test(test_first_byte_before_the_rom_is_ready_is_lost),
                cmocka_unit_test(test_first_byte_across_the_start_of_the_rom),
                cmocka_unit_test(test_slow_start_up),
                cmocka_unit_test(test_a_rate_too_low_is_not_measured),
                cmocka_unit_test(test_any_rate),
                cmocka_unit_test(test_two_acks_to_the_first_byte),
                cmocka_unit_test(test_wrong_first_byte_needs_a_reset),
                cmocka_unit_test(test_rate_is_locked),
                cmocka_unit_test(test_no_parity_synchronises_and_then_fails),
                cmocka_unit_test(test_loader_without_parity),
                cmocka_unit_test(test_jitter),
                cmocka_unit_test(test_wires_crossed_or_shared),
                cmocka_unit_test(test_ram_survives_a_reset_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
