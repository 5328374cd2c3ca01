/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a reset or a power cut in the middle of a write or an erase leaves in the virtual flash. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/bytes.h"
#include "util/macro.h"

#define FLASH 0x08000000U

enum cut {
        CUT_POWER,
        CUT_RESET,
};

static void cut_off(struct host *host, enum cut cut) {
        if (cut == CUT_POWER)
                virtual_power_off(host->chip, host->now);
        else
                host_lines(host, true, true);
}

/* A write of 64 bytes, stopped `usec` after its last byte. */
static struct host *write_and_cut(const char *chip, uint64_t seed, enum cut cut, uint64_t usec) {
        struct virtual_config config = {
                .chip = chip_by_name(chip),
                .seed = seed,
                .no_wire_time = true,
        };
        struct host *host = host_new(&config);
        uint8_t packet[66] = { 63 };

        memset(packet + 1, 0x50, 64);
        packet[65] = 63;
        host_enter(host);
        host_talk(host, "31 CE", "79");
        host_talk(host, "08 00 00 00 08", "79");
        virtual_send(host->chip, host->now, packet, sizeof(packet));
        host_wait(host, usec);
        cut_off(host, cut);
        return host;
}

static void test_a_cut_leaves_one_torn_unit(void **state) {
        static const char *const chips[] = { "0x410", "0x413", "0x466", "0x482", "0x450" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                const struct chip *chip = chip_by_name(chips[i]);
                uint32_t unit = chip->program_unit;
                uint64_t whole = chip_program_usec(chip, 64, CHIP_TYPICAL, false);
                unsigned torn = 0;

                for (uint64_t usec = 1; usec < whole; usec += 3) {
                        enum cut cut = usec % 2 ? CUT_POWER : CUT_RESET;
                        struct host *host = write_and_cut(chips[i], usec, cut, usec);
                        uint32_t done = 0;
                        uint8_t data[64];

                        assert_true(virtual_peek(host->chip, FLASH, data, sizeof(data)));
                        while (done < 64 && data[done] == 0x50)
                                done++;
                        done -= done % unit;
                        for (uint32_t k = done; k < 64; k++)
                                if (data[k] != 0xFF) {
                                        /* within one unit, and without ECC between old and new */
                                        assert_true(k < done + unit);
                                        assert_int_equal(data[k] & 0x50, 0x50);
                                        torn++;
                                }
                        assert_in_range(done, usec * 64 / whole - usec * 64 / whole % unit,
                                        usec * 64 / whole + unit);
                        host_free(host);
                }
                assert_true(torn > 0);
        }
}

/* The unit with the vectors torn: nothing starts, on any kind of flash. */
static void test_torn_vectors_never_start(void **state) {
        static const char *const chips[] = { "0x410", "0x413", "0x466", "0x417", "0x450" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                const struct chip *chip = chip_by_name(chips[i]);
                uint64_t whole = chip_program_usec(chip, 32, CHIP_TYPICAL, false);
                uint32_t size = ALIGN_UP(32U, chip->program_unit);
                /* so many bytes have to be there before it may start */
                uint32_t vectors = ALIGN_UP(8U, chip->program_unit);

                for (uint64_t usec = 0; usec < whole; usec += MAX(whole / 200, (uint64_t)1)) {
                        struct virtual_config config = {
                                .chip = chip,
                                .seed = usec,
                                .no_wire_time = true,
                        };
                        struct host *host = host_new(&config);
                        uint8_t packet[34] = { 31 }, code[] = { 0xFE, 0xE7 }, sum = 0;

                        put_le32(packet + 1, 0x20000800);
                        put_le32(packet + 5, FLASH + 0x101);
                        for (size_t k = 0; k < 33; k++)
                                sum ^= packet[k];
                        packet[33] = sum;
                        assert_true(virtual_poke(host->chip, FLASH + 0x100, code, sizeof(code)));
                        host_enter(host);
                        host_talk(host, "31 CE", "79");
                        host_talk(host, "08 00 00 00 08", "79");
                        virtual_send(host->chip, host->now, packet, sizeof(packet));
                        host_wait(host, usec);
                        virtual_power_off(host->chip, host->now);

                        if (usec * size / whole + chip->program_unit <= vectors)
                                assert_int_not_equal(host_power_cycle(host, false),
                                                     VIRTUAL_RUNNING);
                        host_free(host);
                }
        }
}

static void test_a_cut_within_an_erase(void **state) {
        static const char *const chips[] = { "0x413", "0x466", "0x417" };
        unsigned whole_old, whole_new, mixed;
        uint8_t old[128], found[128];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                const struct chip *chip = chip_by_name(chips[i]);
                uint64_t time = chip_page_erase_usec(chip,
                                                     i == 0   ? 16384
                                                     : i == 1 ? 2048
                                                              : 128,
                                                     CHIP_TYPICAL, false);
                uint8_t blank[128];

                whole_old = whole_new = mixed = 0;
                memset(blank, chip->erased, sizeof(blank));
                for (uint64_t usec = 0; usec <= time; usec += time / 50) {
                        struct virtual_config config = {
                                .chip = chip,
                                .seed = usec,
                                .no_wire_time = true,
                        };
                        struct host *host = host_new(&config);
                        enum virtual_state started;

                        host_poke_application(host, FLASH);
                        assert_true(virtual_peek(host->chip, FLASH, old, sizeof(old)));
                        if (host_power_cycle(host, true) != VIRTUAL_ROM) {
                                /* G0 with an application: let the pin work first */
                                uint8_t bytes[8];

                                assert_true(virtual_peek(host->chip, 0x1FFF7800, bytes, 8));
                                bytes[3] &= 0xFE;
                                bytes[7] |= 0x01;
                                assert_true(virtual_poke(host->chip, 0x1FFF7800, bytes, 8));
                                assert_int_equal(host_power_cycle(host, true), VIRTUAL_ROM);
                        }
                        host_talk(host, "7F", "79");
                        host_talk(host, "44 BB", "79");
                        host_send(host, "00 00 00 00 00");
                        host_wait(host, usec);
                        virtual_power_off(host->chip, host->now);
                        assert_true(virtual_peek(host->chip, FLASH, found, sizeof(found)));
                        started = host_power_cycle(host, false);
                        if (memcmp(found, old, sizeof(old)) == 0) {
                                whole_old++;
                                assert_int_equal(started, VIRTUAL_RUNNING);
                        } else {
                                if (memcmp(found, blank, sizeof(blank)) == 0)
                                        whole_new++;
                                else
                                        mixed++;
                                assert_int_not_equal(started, VIRTUAL_RUNNING);
                        }
                        host_free(host);
                }
                print_message("  %s: %u untouched, %u mixed, %u erased\n", chips[i], whole_old,
                              mixed, whole_new);
                assert_in_range(whole_old, 5, 9);
                assert_in_range(whole_new, 5, 9);
        }
}

/* Of a list the pages before the cut are erased, those behind it are not touched. */
static void test_a_cut_within_a_list(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x466), .no_wire_time = true };
        struct host *host = host_new(&config);
        uint64_t page = chip_page_erase_usec(config.chip, 2048, CHIP_TYPICAL, false);
        uint8_t byte = 0x5A;

        (void)state;
        host_enter(host);
        for (uint32_t i = 0; i < 4; i++)
                assert_true(virtual_poke(host->chip, FLASH + i * 2048, &byte, 1));
        host_talk(host, "44 BB", "79");
        host_send(host, "00 03 00 00 00 01 00 02 00 03 03");
        host_wait(host, 2 * page + 1);
        virtual_power_off(host->chip, host->now);
        assert_true(host_is_filled(host, FLASH, 2048, 0xFF));
        assert_true(host_is_filled(host, FLASH + 2048, 2048, 0xFF));
        assert_true(host_is_filled(host, FLASH + 4096, 1, 0x5A));
        assert_true(host_is_filled(host, FLASH + 6144, 1, 0x5A));
        host_free(host);
}

static void test_torn_flash_is_sound_after_an_erase(void **state) {
        struct host *host = write_and_cut("0x435", 3, CUT_POWER, 100);
        uint8_t data[64], found[64];

        (void)state;
        memset(data, 0x50, sizeof(data));
        assert_int_equal(host_power_cycle(host, true), VIRTUAL_ROM);
        host_talk(host, "7F", "79");
        host_write(host, FLASH, data, sizeof(data)); /* over it: refused, in part */
        assert_true(virtual_peek(host->chip, FLASH, found, sizeof(found)));
        assert_memory_not_equal(found, data, sizeof(data));
        host_erase(host, (const uint16_t[]){ 0 }, 1);
        host_write(host, FLASH, data, sizeof(data));
        host_read(host, FLASH, found, sizeof(found));
        assert_memory_equal(found, data, sizeof(data));
        host_free(host);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_cut_leaves_one_torn_unit),
                cmocka_unit_test(test_torn_vectors_never_start),
                cmocka_unit_test(test_a_cut_within_an_erase),
                cmocka_unit_test(test_a_cut_within_a_list),
                cmocka_unit_test(test_torn_flash_is_sound_after_an_erase),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
