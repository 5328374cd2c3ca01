/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each fault of the virtual STM32 strikes where it was told to, once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/macro.h"

#define FLASH 0x08000000U

static struct host *host_with(enum virtual_fault_type type, uint64_t at, uint32_t detail) {
        struct host *host = host_of("0x413", 0);
        struct virtual_fault fault = { .type = type, .at = at, .detail = detail };

        host_enter(host);
        assert_int_equal(virtual_add_fault(host->chip, &fault), 0);
        return host;
}

/* A conversation after the fault was added; the last step shows that it is over. */
struct fault_talk {
        const char *name;
        enum virtual_fault_type type;
        uint64_t at;
        uint32_t detail;
        struct {
                const char *send, *expected;
        } steps[6];
};

static const struct fault_talk talks[] = {
        { "a byte to the chip is lost",
          VIRTUAL_FAULT_LOSE_TO_CHIP,
          2,
          0,
          { { "02 FD", "79 01 04 13 79" },
            { "02 FD", "" },
            { "02", "1F" },
            { "02 FD", "79 01 04 13 79" } } },
        { "a bit to the chip is flipped",
          VIRTUAL_FAULT_FLIP_TO_CHIP,
          1,
          0,
          { { "02 FD", "1F" }, { "02 FD", "79 01 04 13 79" } } },
        { "a byte to the host is lost",
          VIRTUAL_FAULT_LOSE_TO_HOST,
          2,
          0,
          { { "02 FD", "79 01 13 79" }, { "02 FD", "79 01 04 13 79" } } },
        { "a bit to the host is flipped",
          VIRTUAL_FAULT_FLIP_TO_HOST,
          2,
          7,
          { { "02 FD", "79 01 84 13 79" }, { "02 FD", "79 01 04 13 79" } } },
        { "a byte to the host comes from nowhere",
          VIRTUAL_FAULT_INSERT_TO_HOST,
          0,
          0xA5,
          { { "02 FD", "A5 79 01 04 13 79" }, { "02 FD", "79 01 04 13 79" } } },
        { "a command is refused",
          VIRTUAL_FAULT_NACK,
          1,
          0,
          { { "02 FD", "79 01 04 13 79" }, { "02 FD", "1F" }, { "02 FD", "79 01 04 13 79" } } },
        { "an address is refused",
          VIRTUAL_FAULT_NACK,
          0,
          1,
          { { "11 EE", "79" }, { "08 00 00 00 08", "1F" }, { "02 FD", "79 01 04 13 79" } } },
        { "a write is refused at its end",
          VIRTUAL_FAULT_NACK,
          0,
          2,
          { { "31 CE", "79" },
            { "08 00 00 00 08", "79" },
            { "03 00 00 00 00 03", "1F" },
            { "02 FD", "79 01 04 13 79" } } },
        { "a command is refused twice",
          VIRTUAL_FAULT_DOUBLE_NACK,
          0,
          0,
          { { "02 FD", "1F 1F" }, { "02 FD", "79 01 04 13 79" } } },
        { "a command is acknowledged twice",
          VIRTUAL_FAULT_EXTRA_ACK,
          0,
          0,
          { { "02 FD", "79 79 01 04 13 79" }, { "02 FD", "79 01 04 13 79" } } },
        { "an address is acknowledged twice",
          VIRTUAL_FAULT_EXTRA_ACK,
          0,
          1,
          { { "11 EE", "79" }, { "08 00 00 00 08", "79 79" }, { "00 FF", "79 FF" } } },
        { "the ROM stalls until a reset",
          VIRTUAL_FAULT_STALL,
          0,
          0,
          { { "02 FD", "" }, { "02 FD", "" }, { "7F", "" } } },
        { "the chip resets itself",
          VIRTUAL_FAULT_RESET,
          0,
          0,
          { { "02 FD", "" }, { "7F", "79" }, { "02 FD", "79 01 04 13 79" } } },
        { "the chip dies",
          VIRTUAL_FAULT_DEAD,
          1,
          0,
          { { "02 FD", "79 01 04 13 79" }, { "02 FD", "" }, { "7F", "" } } },
        { "power fails at once",
          VIRTUAL_FAULT_POWER,
          0,
          0,
          { { "02 FD", "" }, { "7F", "79" }, { "02 FD", "79 01 04 13 79" } } },
};

static void test_faults(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
                struct host *host = host_with(talks[i].type, talks[i].at, talks[i].detail);

                print_message("  %s\n", talks[i].name);
                for (size_t k = 0; talks[i].steps[k].send; k++) {
                        host_talk(host, talks[i].steps[k].send, talks[i].steps[k].expected);
                        host_wait(host, talks[i].steps[k].expected[0] ? 0 : USEC_PER_SEC);
                }
                host_free(host);
        }
}

static void test_reset_ends_a_stall_but_not_death(void **state) {
        struct host *host = host_with(VIRTUAL_FAULT_STALL, 0, 0);

        (void)state;
        host_talk(host, "02 FD", "");
        assert_int_equal(host_reset(host, true), VIRTUAL_ROM);
        host_talk(host, "7F", "79");
        host_free(host);

        host = host_with(VIRTUAL_FAULT_DEAD, 0, 0);
        host_talk(host, "02 FD", "");
        (void)host_reset(host, true);
        host_talk(host, "7F", "");
        host_free(host);
}

static void test_late_byte(void **state) {
        struct host *host = host_with(VIRTUAL_FAULT_LATE_TO_HOST, 1, 5000);
        uint64_t usec;

        (void)state;
        usec = host_talk(host, "02 FD", "79 01 04 13 79");
        assert_in_range(usec, 5000 + 668, 5000 + 670);
        usec = host_talk(host, "02 FD", "79 01 04 13 79");
        assert_in_range(usec, 668, 670);
        host_free(host);
}

static void test_writes_lost_and_torn(void **state) {
        uint8_t data[64], found[64], expected[64];

        (void)state;
        memset(data, 0x5A, sizeof(data));
        for (unsigned i = 0; i < 2; i++) {
                struct host *host = host_with(
                        i == 0 ? VIRTUAL_FAULT_WRITE_LOST : VIRTUAL_FAULT_WRITE_TORN, 1, 0);

                for (uint32_t k = 0; k < 3; k++) {
                        memset(expected, 0xFF, sizeof(expected));
                        memset(expected, 0x5A, k != 1 ? 64 : i == 0 ? 0 : 32);
                        host_write(host, FLASH + 64 * k, data, sizeof(data));
                        host_read(host, FLASH + 64 * k, found, sizeof(found));
                        assert_memory_equal(found, expected, sizeof(found));
                }
                host_free(host);
        }
}

static void test_weak_erase(void **state) {
        struct host *host = host_with(VIRTUAL_FAULT_ERASE_WEAK, 1, 0);

        (void)state;
        host_erase(host, (const uint16_t[]){ 0, 1, 2 }, 3);
        for (uint32_t page = 0; page < 3; page++) {
                unsigned bits = 0;

                for (uint32_t i = 0; i < 16384; i++) {
                        uint8_t byte;

                        assert_true(virtual_peek(host->chip, FLASH + page * 16384 + i, &byte, 1));
                        bits += (unsigned)__builtin_popcount(byte ^ 0xFFU);
                }
                assert_int_equal(bits, page == 1);
        }
        host_free(host);
}

/* Within a write, and back after 100 ms. */
static void test_power_fails_in_a_write(void **state) {
        struct host *host = host_with(VIRTUAL_FAULT_POWER, 0, 27000);
        uint8_t packet[258] = { 0xFF }, found[256];
        unsigned done = 0;

        (void)state;
        packet[257] = 0xFF;
        host->quiet = USEC_PER_MSEC;
        host_talk(host, "31 CE", "79");
        host_talk(host, "08 00 00 00 08", "79");
        virtual_send(host->chip, host->now, packet, sizeof(packet));
        assert_int_equal(host_listen(host, 40000, found, sizeof(found)), 0);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_OFF);
        host_wait(host, USEC_PER_SEC);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_ROM);
        assert_true(virtual_peek(host->chip, FLASH, found, sizeof(found)));
        while (done < 256 && found[done] == 0x00)
                done++;
        assert_in_range(done, 1, 255);
        host_free(host);
}

/* A fault counts from where it was added, and several wait side by side. */
static void test_faults_count_from_their_addition(void **state) {
        struct host *host = host_with(VIRTUAL_FAULT_NACK, 0, 0);
        struct virtual_fault fault = { .type = VIRTUAL_FAULT_NACK, .at = 2 };

        (void)state;
        assert_int_equal(virtual_add_fault(host->chip, &fault), 0);
        fault = (struct virtual_fault){ .type = VIRTUAL_FAULT_LOSE_TO_HOST, .at = 2 };
        assert_int_equal(virtual_add_fault(host->chip, &fault), 0);
        host_talk(host, "02 FD", "1F");
        host_talk(host, "02 FD", "79 04 13 79");
        host_talk(host, "02 FD", "1F");
        fault = (struct virtual_fault){ .type = VIRTUAL_FAULT_NACK, .at = 1 };
        assert_int_equal(virtual_add_fault(host->chip, &fault), 0);
        host_talk(host, "02 FD", "79 01 04 13 79");
        host_talk(host, "02 FD", "1F");
        host_talk(host, "02 FD", "79 01 04 13 79");
        host_free(host);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_faults),
                cmocka_unit_test(test_reset_ends_a_stall_but_not_death),
                cmocka_unit_test(test_late_byte),
                cmocka_unit_test(test_writes_lost_and_torn),
                cmocka_unit_test(test_weak_erase),
                cmocka_unit_test(test_power_fails_in_a_write),
                cmocka_unit_test(test_faults_count_from_their_addition),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
