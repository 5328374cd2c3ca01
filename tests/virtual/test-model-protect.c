/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Readout and write protection and option bytes of the virtual STM32. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/bytes.h"
#include "util/macro.h"

#define FLASH 0x08000000U

/* A command without data whose second ACK may end in a reset: synchronised again afterwards. */
static void protect_command(struct host *host, const char *pair) {
        host_talk(host, pair, "79 79");
        host_enter(host);
}

/* ---- readout protection ---- */

static void test_readout_protection_refuses(void **state) {
        static const struct {
                const char *chip, *refusal, *id;
        } rows[] = {
                { "0x410", "1F", "79 01 04 10 79" },
                { "0x413", "1F 1F", "79 01 04 13 79" }, /* twice, to Read, Write and Go */
                { "0x435", "1F", "79 01 04 35 79" },
                { "0x450", "1F", "79 01 04 50 79" }, /* shows no option bytes */
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct host *host = host_of(rows[i].chip, 0);
                bool old = i == 0;

                print_message("  %s\n", rows[i].chip);
                host_enter(host);
                protect_command(host, "82 7D");
                host_talk(host, "11 EE", rows[i].refusal);
                host_talk(host, "31 CE", rows[i].refusal);
                host_talk(host, "21 DE", rows[i].refusal);
                host_talk(host, old ? "43 BC" : "44 BB", "1F");
                host_talk(host, "63 9C", "1F");
                host_talk(host, "73 8C", "1F");
                host_talk(host, "82 7D", "1F");
                host_talk(host, "02 FD", rows[i].id);
                host_talk(host, "01 FE", old ? "79 22 00 00 79" : "79 31 00 00 79");
                host_free(host);
        }
}

static void test_readout_protection_leaves_special(void **state) {
        struct host *host = host_of("0x482", 0);

        (void)state;
        host_enter(host);
        protect_command(host, "82 7D");
        host_talk(host, "50 AF", "79");
        host_talk(host, "00 82 82", "79");
        host_free(host);
}

static void test_readout_unprotect_erases_everything(void **state) {
        static const char *const chips[] = { "0x410", "0x413", "0x417", "0x435", "0x450" };
        uint8_t data[128], found[128];

        (void)state;
        memset(data, 0x5A, sizeof(data));
        for (size_t i = 0; i < ARRAY_SIZE(chips); i++) {
                const struct chip *chip = chip_by_name(chips[i]);
                struct host *host = host_of(chips[i], 0);
                uint32_t ram = chip->ram[0].start;

                print_message("  %s\n", chips[i]);
                host_enter(host);
                host_write(host, FLASH + 0x400, data, sizeof(data));
                host_write(host, ram, data, sizeof(data));
                protect_command(host, "82 7D");
                protect_command(host, "92 6D");
                host_read(host, FLASH + 0x400, found, sizeof(found));
                for (size_t k = 0; k < sizeof(found); k++)
                        assert_int_equal(found[k], chip->erased);
                assert_true(virtual_peek(host->chip, ram, found, sizeof(found)));
                for (size_t k = 0; k < sizeof(found); k++)
                        assert_int_equal(found[k], 0);
                assert_int_equal(virtual_counters(host->chip)->mass_erases, 1);
                host_free(host);
        }
}

/* Loaders up to 3.0 acknowledge when it is done, later ones before. */
static void test_when_readout_unprotect_acknowledges(void **state) {
        struct host *host = host_of("0x410", 0);
        uint64_t usec;

        (void)state;
        host_enter(host);
        usec = host_talk(host, "92 6D", "79 79");
        assert_true(usec > chip_mass_erase_usec(chip_by_id(0x410), 0, CHIP_TYPICAL, false));
        host_free(host);

        host = host_of("0x413", 0);
        host_enter(host);
        usec = host_talk(host, "92 6D", "79 79");
        assert_true(usec < USEC_PER_MSEC);
        host_free(host);
}

/* AN3155's footnote: F0, F2, F4, F7 and some L4 reset themselves. Where option bytes are loaded by
 * OBL_LAUNCH, that does (community.st.com/815774). The others go on. */
static void test_which_rows_reset_themselves(void **state) {
        static const struct {
                const char *chip, *answer;
        } rows[] = {
                { "0x410", "" },   { "0x440", "79" }, { "0x413", "79" }, { "0x449", "79" },
                { "0x435", "79" }, { "0x415", "79" }, { "0x432", "" },   { "0x427", "79" },
                { "0x466", "79" }, { "0x460", "79" }, { "0x495", "79" }, { "0x450", "" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct host *host = host_of(rows[i].chip, 0);
                unsigned resets;

                print_message("  %s\n", rows[i].chip);
                host_enter(host);
                resets = virtual_counters(host->chip)->resets;
                host_talk(host, "73 8C", "79 79");
                host_wait(host, 3 * USEC_PER_SEC);
                assert_int_equal(virtual_counters(host->chip)->resets - resets,
                                 rows[i].answer[0] ? 1 : 0);
                host_talk(host, "7F", rows[i].answer);
                host_free(host);
        }
}

/* The pin is looked at again in such a reset. */
static void test_own_reset_heeds_the_boot_pin(void **state) {
        struct host *host = host_of("0x413", 0);

        (void)state;
        host_poke_application(host, FLASH);
        host_enter(host);
        host_lines(host, false, false);
        host_send(host, "73 8C");
        host_wait(host, 3 * USEC_PER_SEC);
        assert_int_equal(virtual_state(host->chip, host->now), VIRTUAL_RUNNING);
        host_free(host);
}

/* ---- write protection ---- */

struct wrp {
        const char *chip;
        const char *list;             /* of 0x63 */
        uint32_t protected, writable; /* addresses, each in a page of its own */
};

static const struct wrp wrps[] = {
        { "0x410", "00 01 01", 0x08001000, 0x08002000 }, /* 4 KiB each */
        { "0x410", "00 1F 1F", 0x0801FC00, 0x0801E000 }, /* the last bit: all the rest */
        { "0x440", "01 00 02 03", 0x08002000, 0x08001000 },
        { "0x413", "01 01 04 04", 0x08010000, 0x08008000 }, /* sectors */
        { "0x419", "00 0C 0C", 0x08100000, 0x08000000 },    /* bank 2 */
        { "0x449", "00 02 02", 0x08010000, 0x08008000 },
        { "0x417", "00 01 01", 0x08001000, 0x08002000 },
        { "0x427", "00 11 11", 0x08011000, 0x08001000 },
        { "0x466", "01 02 03 00", 0x08001800, 0x08002000 }, /* first and last page */
        { "0x468", "01 02 03 00", 0x08001800, 0x08002000 },
        { "0x435", "01 02 03 00", 0x08001800, 0x08002000 }, /* not in the bytes it shows */
        { "0x450", "00 01 01", 0x08020000, 0x08000000 },
};

static uint16_t page_number(const struct chip *chip, uint32_t address) {
        struct flash_map map;
        struct flash_page page;

        assert_int_equal(chip_flash_map(chip, 0, false, &map), 0);
        assert_true(flash_map_find(&map, address, &page));
        return page.number;
}

static void erase_two(struct host *host, const struct chip *chip, uint32_t a, uint32_t b) {
        uint16_t pages[2] = { page_number(chip, a), page_number(chip, b) };

        if (strcmp(chip->family, "F1") == 0) {
                char text[32];

                host_talk(host, "43 BC", "79");
                sprintf(text, "01 %02X %02X %02X", pages[0], pages[1], 1 ^ pages[0] ^ pages[1]);
                host_talk(host, text, "79");
        } else
                host_erase(host, pages, 2);
}

static void test_write_protection_is_silent(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(wrps); i++) {
                const struct chip *chip = chip_by_name(wrps[i].chip);
                struct host *host = host_of(wrps[i].chip, 0);
                uint8_t data[128], found[128], zeros[4] = {}, blank[128];

                print_message("  %s: %s\n", wrps[i].chip, wrps[i].list);
                memset(data, 0x5A, sizeof(data));
                memset(blank, chip->erased, sizeof(blank));
                host_enter(host);
                host_talk(host, "63 9C", "79");
                host_talk(host, wrps[i].list, "79");
                host_enter(host);

                /* a write is acknowledged, and does nothing */
                host_write(host, wrps[i].protected, data, sizeof(data));
                host_write(host, wrps[i].writable, data, sizeof(data));
                host_read(host, wrps[i].protected, found, sizeof(found));
                assert_memory_equal(found, blank, sizeof(blank));
                host_read(host, wrps[i].writable, found, sizeof(found));
                assert_memory_equal(found, data, sizeof(data));

                /* so is an erase; a mass erase is refused */
                assert_true(virtual_poke(host->chip, wrps[i].protected, zeros, 4));
                erase_two(host, chip, wrps[i].protected, wrps[i].writable);
                host_read(host, wrps[i].protected, found, 4);
                assert_memory_equal(found, zeros, 4);
                host_read(host, wrps[i].writable, found, sizeof(found));
                assert_memory_equal(found, blank, sizeof(blank));
                if (strcmp(chip->family, "F1") == 0) {
                        host_talk(host, "43 BC", "79");
                        host_talk(host, "FF 00", "1F");
                } else {
                        host_talk(host, "44 BB", "79");
                        host_talk(host, "FF FF 00", "1F");
                }

                /* and lifted again, it is gone */
                protect_command(host, "73 8C");
                erase_two(host, chip, wrps[i].protected, wrps[i].writable);
                host_write(host, wrps[i].protected, data, sizeof(data));
                host_read(host, wrps[i].protected, found, sizeof(found));
                assert_memory_equal(found, data, sizeof(data));
                host_free(host);
        }
}

/* A new list takes the place of the old one. */
static void test_write_protect_replaces(void **state) {
        struct host *host = host_of("0x413", 0);
        uint8_t data[4] = { 1, 2, 3, 4 }, found[4];

        (void)state;
        host_enter(host);
        host_talk(host, "63 9C", "79");
        host_talk(host, "00 01 01", "79");
        host_enter(host);
        host_talk(host, "63 9C", "79");
        host_talk(host, "00 02 02", "79");
        host_enter(host);
        host_write(host, 0x08004000, data, sizeof(data));
        host_read(host, 0x08004000, found, sizeof(found));
        assert_memory_equal(found, data, sizeof(data));
        host_free(host);
}

/* ---- option bytes ---- */

static void test_option_area_is_written_whole(void **state) {
        struct host *host = host_of("0x460", 0);
        uint8_t bytes[128], found[128], rest[120];

        (void)state;
        memset(rest, 0xFF, sizeof(rest));
        host_enter(host);
        host_read(host, 0x1FFF7800, bytes, sizeof(bytes));
        host_talk(host, "31 CE", "79");
        host_talk(host, "1F FF 78 04 9C", "1F"); /* not its start */

        /* a part of it erases the rest */
        host_write(host, 0x1FFF7800, bytes, 8);
        /* launched, they lock the boot address (BOOT_LOCK is among the ones): the ROM is gone */
        assert_true(virtual_peek(host->chip, 0x1FFF7800, found, sizeof(found)));
        assert_memory_equal(found, bytes, 8);
        assert_memory_equal(found + 8, rest, sizeof(rest));
        host_free(host);
}

static void test_option_bytes_count_from_the_reset_on(void **state) {
        struct host *host = host_of("0x432", 0);
        uint8_t bytes[16];

        (void)state;
        host_enter(host);
        host_read(host, 0x1FFFF800, bytes, sizeof(bytes));
        assert_int_equal(bytes[0], 0xAA);
        bytes[0] = 0xBB;
        bytes[1] = (uint8_t)~0xBB;
        host_write(host, 0x1FFFF800, bytes, sizeof(bytes));
        host_talk(host, "11 EE", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_talk(host, "00 FF", "79 FF");
        host_enter(host);
        host_talk(host, "11 EE", "1F");
        host_free(host);
}

/* RM0444 3.4.2, RM0490 4.4.2, RM0091 4: NRST does not load them. AN2606: G07x V11.2 forgets to
 * launch that, and WB55 V13.5 resets itself otherwise. */
static void test_option_bytes_wait_for_a_launch_or_for_power(void **state) {
        static const struct {
                const char *chip;
                uint32_t area;
                bool launches;
        } rows[] = {
                { "0x442", 0x1FFFF800, true },  { "0x417", 0x1FF80000, true },
                { "0x415", 0x1FFF7800, true },  { "0x466", 0x1FFF7800, true },
                { "0x495", 0x1FFF8000, false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct host *host = host_of(rows[i].chip, 0);
                uint8_t byte;

                /* by the ROM */
                print_message("  %s\n", rows[i].chip);
                host_enter(host);
                host_talk(host, "82 7D", "79 79");
                host_wait(host, USEC_PER_SEC);
                host_enter(host);
                host_talk(host, "11 EE", rows[i].launches ? "1F" : "79");
                (void)host_power_cycle(host, false);
                host_enter(host);
                host_talk(host, "11 EE", "1F");
                host_free(host);

                /* by the application, which launches nothing */
                host = host_of(rows[i].chip, 0);
                assert_true(virtual_peek(host->chip, rows[i].area, &byte, 1));
                byte ^= 0x40;
                assert_true(virtual_poke(host->chip, rows[i].area, &byte, 1));
                host_enter(host);
                host_talk(host, "11 EE", "79");
                (void)host_power_cycle(host, false);
                host_enter(host);
                host_talk(host, "11 EE", "1F");
                host_free(host);
        }
}

static void test_wrong_complement_protects(void **state) {
        static const struct {
                const char *chip;
                uint32_t address;
        } rows[] = {
                { "0x410", 0x1FFFF803 },
                { "0x417", 0x1FF80006 },
                { "0x435", 0x1FFF7804 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct host *host = host_of(rows[i].chip, 0);
                uint8_t byte;

                assert_true(virtual_peek(host->chip, rows[i].address, &byte, 1));
                byte ^= 0x40;
                assert_true(virtual_poke(host->chip, rows[i].address, &byte, 1));
                (void)host_power_cycle(host, false);
                host_enter(host);
                host_talk(host, "11 EE", "1F");
                host_free(host);
        }
}

static void test_reset_within_an_option_write(void **state) {
        unsigned protected = 0;

        (void)state;
        for (uint64_t seed = 0; seed < 10; seed++) {
                struct virtual_config config = {
                        .chip = chip_by_id(0x410),
                        .seed = seed,
                        .no_wire_time = true,
                };
                struct host *host = host_new(&config);
                uint8_t data[4];
                size_t n;

                host_enter(host);
                host_send(host, "73 8C");
                host_wait(host, 5 * USEC_PER_MSEC);
                host_enter(host);
                assert_int_equal(virtual_counters(host->chip)->option_torn, 1);
                host_send(host, "11 EE");
                n = host_listen(host, USEC_PER_SEC, data, sizeof(data));
                assert_int_equal(n, 1);
                protected += data[0] == 0x1F;
                host_free(host);
        }
        assert_int_equal(protected, 10);
}

/* F76: with nDBANK clear there are twice as many sectors, half as large. */
static void test_bank_option_changes_the_sectors(void **state) {
        struct host *host = host_of("0x451", 0);
        uint8_t byte, value = 0x5A;

        (void)state;
        assert_true(virtual_peek(host->chip, 0x1FFF0009, &byte, 1));
        byte &= (uint8_t)~0x20;
        assert_true(virtual_poke(host->chip, 0x1FFF0009, &byte, 1));
        host_enter(host);
        assert_true(virtual_poke(host->chip, 0x08004000, &value, 1)); /* sector 1 of 16 KiB */
        assert_true(virtual_poke(host->chip, 0x08000000, &value, 1));
        host_erase(host, (const uint16_t[]){ 0 }, 1);
        assert_true(virtual_peek(host->chip, 0x08000000, &byte, 1));
        assert_int_equal(byte, 0xFF);
        assert_true(virtual_peek(host->chip, 0x08004000, &byte, 1));
        assert_int_equal(byte, 0x5A);
        host_free(host);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_readout_protection_refuses),
                cmocka_unit_test(test_readout_protection_leaves_special),
                cmocka_unit_test(test_readout_unprotect_erases_everything),
                cmocka_unit_test(test_when_readout_unprotect_acknowledges),
                cmocka_unit_test(test_which_rows_reset_themselves),
                cmocka_unit_test(test_own_reset_heeds_the_boot_pin),
                cmocka_unit_test(test_write_protection_is_silent),
                cmocka_unit_test(test_write_protect_replaces),
                cmocka_unit_test(test_option_area_is_written_whole),
                cmocka_unit_test(test_option_bytes_count_from_the_reset_on),
                cmocka_unit_test(test_option_bytes_wait_for_a_launch_or_for_power),
                cmocka_unit_test(test_wrong_complement_protects),
                cmocka_unit_test(test_reset_within_an_option_write),
                cmocka_unit_test(test_bank_option_changes_the_sectors),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
