/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Time on the wires of the virtual STM32, and what happens to bytes that nobody waits for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/macro.h"

/* Microseconds that `bytes` take, rounded up. */
static uint64_t wire_usec(uint64_t bytes, unsigned bits, unsigned baud) {
        return (bytes * bits * USEC_PER_SEC + baud - 1) / baud;
}

static void test_bytes_take_their_time(void **state) {
        static const struct {
                const char *chip;
                unsigned baud, bits;
        } rows[] = {
                { "0x413", 115200, 11 },
                { "0x413", 921600, 11 },
                { "0x413", 1200, 11 },
                { "0x03F", 115200, 10 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct host *host = host_of(rows[i].chip, 0);
                unsigned bits = rows[i].bits, baud = rows[i].baud;
                uint64_t usec;

                host_format(host, baud, bits == 11);
                host_enter(host);
                usec = host_talk(host, "01 FE", i == 3 ? "79 40 00 00 79" : "79 31 00 00 79");
                assert_in_range(usec, wire_usec(7, bits, baud), wire_usec(7, bits, baud) + 1);
                host_free(host);
        }
}

/* 268 bytes of 11 bits, and the time of programming: the limit of AN3155. */
static void test_write_of_a_block(void **state) {
        const struct chip *chip = chip_by_id(0x413);
        struct host *host = host_of("0x413", 0);
        uint8_t data[256] = {};
        uint64_t start, limit = wire_usec(268, 11, 115200) +
                                chip_program_usec(chip, 256, CHIP_TYPICAL, false);

        (void)state;
        host_enter(host);
        start = host->now;
        host_write(host, 0x08000000, data, sizeof(data));
        assert_in_range(host->now - start, limit, limit + 6);
        host_free(host);
}

static void test_without_wire_time(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x413), .no_wire_time = true };
        struct host *host = host_new(&config);
        uint8_t data[256];
        uint64_t start;

        (void)state;
        host_enter(host);
        start = host->now;
        host_read(host, 0x08000000, data, sizeof(data));
        assert_int_equal(host->now, start);
        host_free(host);
}

static void test_next_time_is_when_the_byte_is_there(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[8];
        uint64_t start, bytes[] = { 3, 4, 5, 6, 7 };

        (void)state;
        host_enter(host);
        start = host->now;
        host_send(host, "02 FD");
        assert_int_equal(virtual_tx_empty_time(host->chip), start + wire_usec(2, 11, 115200));
        for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
                uint64_t due = start + wire_usec(bytes[i], 11, 115200);

                while (virtual_next_time(host->chip) < due) {
                        assert_true(virtual_next_time(host->chip) > host->now);
                        host->now = virtual_next_time(host->chip);
                        assert_int_equal(virtual_receive(host->chip, host->now, data, 8), 0);
                }
                assert_in_range(virtual_next_time(host->chip), due, due + 1);
                host->now = virtual_next_time(host->chip);
                assert_int_equal(virtual_receive(host->chip, host->now, data, 8), 1);
        }
        assert_true(virtual_next_time(host->chip) == USEC_INFINITY);
        host_free(host);
}

/* A host with a FIFO is woken a few times a block. */
static void test_burst_time(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[300];
        size_t n = 0;
        unsigned turns = 0;

        (void)state;
        host_enter(host);
        host_talk(host, "11 EE", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_send(host, "FF 00");
        while (n < 257) {
                uint64_t next = virtual_burst_time(host->chip);

                assert_true(next != USEC_INFINITY && next > host->now);
                host->now = next;
                n += virtual_receive(host->chip, host->now, data + n, sizeof(data) - n);
                turns++;
        }
        assert_int_equal(n, 257);
        assert_in_range(turns, 4, 8);
        host_free(host);
}

/* A host that looks late finds everything. */
static void test_nothing_is_lost_while_the_host_sleeps(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[300];

        (void)state;
        host_enter(host);
        host_talk(host, "11 EE", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_send(host, "FF 00");
        host->now += 10 * USEC_PER_SEC;
        assert_int_equal(virtual_receive(host->chip, host->now, data, sizeof(data)), 257);
        assert_int_equal(data[0], 0x79);
        host_free(host);
}

/* ---- a CPU that does not listen ---- */

/* While flash is at work one byte is kept, those behind it are lost. */
static void test_overrun_while_the_flash_is_at_work(void **state) {
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_enter(host);
        host_talk(host, "44 BB", "79");
        host_send(host, "00 00 00 00 00"); /* 400 ms */
        host_wait(host, 10 * USEC_PER_MSEC);
        host_talk(host, "02 FD 02 FD", "79");
        assert_int_equal(virtual_counters(host->chip)->sent_while_busy, 4);
        /* 02 was kept: its complement alone makes the command */
        host_talk(host, "FD", "79 01 04 13 79");
        host_free(host);
}

/* While it answers, too. */
static void test_overrun_while_it_answers(void **state) {
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_enter(host);
        host_talk(host, "00 FF 02 FD 02 FD", "79 0B 31 00 01 02 11 21 31 44 63 73 82 92 79");
        host_talk(host, "FD", "79 01 04 13 79");
        assert_true(virtual_counters(host->chip)->sent_while_busy > 0);
        host_free(host);
}

static void test_polite_host_overruns_nothing(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[256] = {};

        (void)state;
        host_enter(host);
        host_erase(host, (const uint16_t[]){ 0, 1 }, 2);
        host_write(host, 0x08000000, data, sizeof(data));
        host_read(host, 0x08000000, data, sizeof(data));
        assert_int_equal(virtual_counters(host->chip)->sent_while_busy, 0);
        assert_int_equal(virtual_counters(host->chip)->frame_errors, 0);
        assert_int_equal(virtual_counters(host->chip)->nacks, 0);
        host_free(host);
}

/* ---- broken off ---- */

static void test_reset_cuts_an_answer(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[300];
        size_t n;

        (void)state;
        host_enter(host);
        host_talk(host, "11 EE", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_send(host, "FF 00");
        host_wait(host, wire_usec(2 + 1 + 100, 11, 115200) + 40);
        host_lines(host, true, true);
        n = host_listen(host, USEC_PER_SEC, data, sizeof(data));
        assert_in_range(n, 101, 102);
        host_free(host);
}

static void test_reset_forgets_the_session(void **state) {
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_enter(host);
        host_talk(host, "31 CE", "79");
        host_talk(host, "08 00", "");
        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
        host_talk(host, "7F", "79");
        host_talk(host, "02 FD", "79 01 04 13 79");
        host_free(host);
}

static void test_nothing_comes_from_a_chip_in_reset_or_without_power(void **state) {
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_lines(host, true, true);
        host_talk(host, "7F", "");
        host_lines(host, false, true);
        host_wait(host, USEC_PER_SEC);
        virtual_power_off(host->chip, host->now);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_OFF);
        host_talk(host, "7F", "");
        host_lines(host, true, true);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_OFF);
        virtual_power_on(host->chip, host->now);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_IN_RESET);
        host_lines(host, false, true);
        host_wait(host, USEC_PER_SEC);
        host_talk(host, "7F", "79");
        host_free(host);
}

static void test_flush(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[8];

        (void)state;
        host_enter(host);
        host_send(host, "02 FD 00 FF");
        host_wait(host, wire_usec(1, 11, 115200) - 20); /* the first byte is on its way */
        virtual_flush(host->chip, host->now);
        assert_true(virtual_tx_empty_time(host->chip) < host->now + 100);
        host_talk(host, "FD", "79 01 04 13 79");

        host_send(host, "02 FD");
        host_wait(host, USEC_PER_SEC);
        virtual_flush(host->chip, host->now);
        assert_int_equal(virtual_receive(host->chip, host->now, data, sizeof(data)), 0);
        host_free(host);
}

/* What waits to be sent goes out in the new format. */
static void test_format_changes_in_between(void **state) {
        struct host *host = host_of("0x413", 0);
        uint64_t start;

        (void)state;
        host_enter(host);
        start = host->now;
        host_send(host, "02 FD");
        host_format(host, 57600, true);
        assert_in_range(virtual_tx_empty_time(host->chip), start + wire_usec(2, 11, 57600) - 1,
                        start + wire_usec(2, 11, 57600) + 1);
        host_free(host);
}

/* A host that never reads, a flood to a chip that never answers: memory stays bounded. */
static void test_floods(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x413), .no_wire_time = true };
        struct host *host = host_new(&config);
        uint8_t pair[2] = { 0x00, 0xFF }, data[4096];
        size_t n = 0, more;

        (void)state;
        host_enter(host);
        for (unsigned i = 0; i < 10000; i++) {
                virtual_send(host->chip, host->now, pair, sizeof(pair));
                host->now++;
        }
        while ((more = virtual_receive(host->chip, host->now, data, sizeof(data))) > 0)
                n += more;
        assert_int_equal(n, 65536);

        memset(data, 0, sizeof(data));
        for (unsigned i = 0; i < 100; i++)
                virtual_send(host->chip, host->now, data, sizeof(data));
        host_free(host);
}

/* ---- the same seed, the same chip ---- */

static void test_deterministic(void **state) {
        uint8_t found[2][2048];

        (void)state;
        for (unsigned i = 0; i < 2; i++) {
                struct virtual_config config = { .chip = chip_by_id(0x466), .seed = 99 };
                struct host *host = host_new(&config);
                uint8_t data[256];

                memset(data, 0x3C, sizeof(data));
                host_enter(host);
                host_write(host, 0x08000000, data, sizeof(data));
                host_talk(host, "44 BB", "79");
                host_send(host, "00 00 00 00 00");
                host_wait(host, 10 * USEC_PER_MSEC);
                virtual_power_off(host->chip, host->now);
                assert_true(virtual_peek(host->chip, 0x08000000, found[i], sizeof(found[i])));
                host_free(host);
        }
        assert_memory_equal(found[0], found[1], sizeof(found[0]));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bytes_take_their_time),
                cmocka_unit_test(test_write_of_a_block),
                cmocka_unit_test(test_without_wire_time),
                cmocka_unit_test(test_next_time_is_when_the_byte_is_there),
                cmocka_unit_test(test_burst_time),
                cmocka_unit_test(test_nothing_is_lost_while_the_host_sleeps),
                cmocka_unit_test(test_overrun_while_the_flash_is_at_work),
                cmocka_unit_test(test_overrun_while_it_answers),
                cmocka_unit_test(test_polite_host_overruns_nothing),
                cmocka_unit_test(test_reset_cuts_an_answer),
                cmocka_unit_test(test_reset_forgets_the_session),
                cmocka_unit_test(test_nothing_comes_from_a_chip_in_reset_or_without_power),
                cmocka_unit_test(test_flush),
                cmocka_unit_test(test_format_changes_in_between),
                cmocka_unit_test(test_floods),
                cmocka_unit_test(test_deterministic),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
