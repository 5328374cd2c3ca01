/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the virtual ROM answers, byte by byte: AN3155's own examples, then the oddities of rows. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "model-host.h"
#include "util/macro.h"

#define STEPS_MAX 10

/* A conversation with a chip that is synchronised: what is sent, and all that comes of it. */
struct talk {
        const char *name;
        const char *chip; /* as for chip_by_name() */
        struct {
                const char *send, *expected;
        } steps[STEPS_MAX];
};

/* An F1 lists 0x43, an F4 0x44; most rows answer as the F4 does. */
static const struct talk talks[] = {
        /* ---- identification ---- */
        { "Get of a loader with 0x43",
          "0x410",
          { { "00 FF", "79 0B 22 00 01 02 11 21 31 43 63 73 82 92 79" } } },
        { "Get of a loader with 0x44",
          "0x413",
          { { "00 FF", "79 0B 31 00 01 02 11 21 31 44 63 73 82 92 79" } } },
        { "Get of a loader with Special and without RDP, as AN3155 3.1 prints it",
          "0x474",
          { { "00 FF", "79 0A 40 00 01 02 11 21 31 44 63 73 50 79" } } },
        { "Get of a BlueNRG loader",
          "0x03F",
          { { "00 FF", "79 09 40 00 01 02 11 21 31 43 82 92 79" } } },
        { "Get with a wrong count",
          "0x450",
          { { "00 FF", "79 0D 31 00 01 02 11 21 31 44 63 73 82 92 79" } } },
        { "Get Version", "0x410", { { "01 FE", "79 22 00 00 79" } } },
        { "Get ID", "0x413", { { "02 FD", "79 01 04 13 79" } } },
        { "Get ID of three bytes", "0x03F", { { "02 FD", "79 02 01 01 3F 79" } } },

        /* ---- the command loop ---- */
        { "not a command",
          "0x413",
          { { "00 00", "1F" },
            { "FF 00", "1F" },
            { "03 FC", "1F" },
            { "45 BA", "1F" },
            { "02 FD", "79 01 04 13 79" } } },
        { "a second 7F is the first byte of a pair",
          "0x413",
          { { "7F", "" }, { "7F", "1F" }, { "02 FD", "79 01 04 13 79" } } },
        { "one byte too many: misaligned for ever",
          "0x413",
          { { "7F", "" }, { "00 FF", "1F" }, { "00 FF", "1F" }, { "02 FD", "1F" } } },
        { "half a packet waits for ever, the next bytes fill it",
          "0x413",
          { { "11 EE", "79" },
            { "08 00", "" },
            { "00", "" },
            { "00 08", "79" },
            { "03", "" },
            { "FC", "79 FF FF FF FF" } } },

        /* ---- Read ---- */
        { "Read",
          "0x413",
          { { "11 EE", "79" }, { "08 00 00 00 08", "79" }, { "03 FC", "79 FF FF FF FF" } } },
        { "Read with a wrong address checksum",
          "0x410",
          { { "11 EE", "79" }, { "08 00 00 00 09", "1F" }, { "02 FD", "79 01 04 10 79" } } },
        { "Read of no memory",
          "0x410",
          { { "11 EE", "79" }, { "60 00 00 00 60", "1F" }, { "02 FD", "79 01 04 10 79" } } },
        { "Read of RAM that the ROM keeps",
          "0x410",
          { { "11 EE", "79" },
            { "20 00 00 00 20", "1F" },
            { "11 EE", "79" },
            { "20 00 02 00 22", "79" },
            { "00 FF", "79 00" } } },
        { "Read of RAM that the ROM does not give",
          "0x445",
          { { "11 EE", "79" }, { "20 00 08 00 28", "1F" } } },
        { "Read with a wrong length complement",
          "0x413",
          { { "11 EE", "79" }, { "08 00 00 00 08", "79" }, { "03 03", "1F" } } },
        { "Read beyond the end",
          "0x410",
          { { "11 EE", "79" },
            { "08 01 FF FC 0A", "79" },
            { "03 FC", "79 FF FF FF FF" },
            { "11 EE", "79" },
            { "08 01 FF FC 0A", "79" },
            { "04 FB", "1F" } } },
        { "old loaders are silent about a bad address, and go on",
          "0x411",
          { { "11 EE", "79" },
            { "60 00 00 00 60", "" },
            { "02 FD", "79 01 04 11 79" },
            { "31 CE", "79" },
            { "60 00 00 00 60", "" },
            { "02 FD", "79 01 04 11 79" },
            { "11 EE", "79" },
            { "08 00 00 00 09", "1F" } } },
        { "erased is 00 on L0 and L1",
          "0x417",
          { { "11 EE", "79" }, { "08 00 00 00 08", "79" }, { "01 FE", "79 00 00" } } },

        /* ---- Write ---- */
        { "Write",
          "0x413",
          { { "31 CE", "79" },
            { "08 00 01 00 09", "79" },
            { "03 DE AD BE EF 21", "79" },
            { "11 EE", "79" },
            { "08 00 01 00 09", "79" },
            { "03 FC", "79 DE AD BE EF" } } },
        { "Write with a wrong checksum writes nothing",
          "0x413",
          { { "31 CE", "79" },
            { "08 00 01 00 09", "79" },
            { "03 DE AD BE EF 20", "1F" },
            { "11 EE", "79" },
            { "08 00 01 00 09", "79" },
            { "03 FC", "79 FF FF FF FF" } } },
        { "Write of RAM",
          "0x413",
          { { "31 CE", "79" },
            { "20 00 30 00 10", "79" },
            { "03 01 02 03 04 07", "79" },
            { "11 EE", "79" },
            { "20 00 30 00 10", "79" },
            { "03 FC", "79 01 02 03 04" } } },
        { "Write of a byte to RAM writes stale bytes behind it",
          "0x413",
          { { "31 CE", "79" },
            { "20 00 30 00 10", "79" },
            { "00 AA AA", "79" },
            { "11 EE", "79" },
            { "20 00 30 00 10", "79" },
            { "01 FE", "79 AA AA" } } },
        { "Write of system memory",
          "0x413",
          { { "31 CE", "79" }, { "1F FF 00 00 E0", "" }, { "02 FD", "79 01 04 13 79" } } },
        { "Write that is misaligned",
          "0x435",
          { { "31 CE", "79" }, { "08 00 00 04 0C", "1F" }, { "02 FD", "79 01 04 35 79" } } },
        { "Write of no multiple of four bytes to flash",
          "0x410",
          { { "31 CE", "79" },
            { "08 00 00 00 08", "79" },
            { "01 12 34 27", "1F" },
            { "11 EE", "79" },
            { "08 00 00 00 08", "79" },
            { "01 FE", "79 FF FF" } } },
        { "the voltage range",
          "0x413",
          { { "31 CE", "79" }, { "FF FF 00 00 00", "79" }, { "03 03 FF FF FF FF", "79" } } },
        { "a voltage range that there is not",
          "0x413",
          { { "31 CE", "79" }, { "FF FF 00 00 00", "79" }, { "03 05 FF FF FF F9", "1F" } } },
        { "a voltage range in company",
          "0x413",
          { { "31 CE", "79" }, { "FF FF 00 00 00", "79" }, { "03 03 00 FF FF 00", "1F" } } },
        { "no voltage range on an F1", "0x410", { { "31 CE", "79" }, { "FF FF 00 00 00", "1F" } } },

        /* ---- Go ---- */
        { "Go to no memory",
          "0x410",
          { { "21 DE", "79" }, { "60 00 00 00 60", "1F" }, { "02 FD", "79 01 04 10 79" } } },
        { "Go without its first ACK", "0x450", { { "21 DE", "" }, { "08 00 00 00 08", "79" } } },

        /* ---- Erase ---- */
        { "Erase pages 0 to 2", "0x410", { { "43 BC", "79" }, { "02 00 01 02 01", "79" } } },
        { "Erase with a wrong checksum",
          "0x410",
          { { "43 BC", "79" }, { "02 00 01 02 02", "1F" }, { "02 FD", "79 01 04 10 79" } } },
        { "Erase of everything", "0x410", { { "43 BC", "79" }, { "FF 00", "79" } } },
        { "Erase of FF and something: an ACK, no erase",
          "0x410",
          { { "31 CE", "79" },
            { "08 00 00 00 08", "79" },
            { "03 DE AD BE EF 21", "79" },
            { "43 BC", "79" },
            { "FF 01", "79" },
            { "11 EE", "79" },
            { "08 00 00 00 08", "79" },
            { "03 FC", "79 DE AD BE EF" } } },
        { "no Extended Erase where Get does not list it", "0x410", { { "44 BB", "1F" } } },
        { "Erase where Get does not list it is parsed as Extended Erase",
          "0x413",
          { { "43 BC", "79" }, { "00 00", "" }, { "00 00 00", "79" } } },
        { "Extended Erase of pages 0 to 2",
          "0x440",
          { { "44 BB", "79" }, { "00 02 00 00 00 01 00 02 01", "79" } } },
        { "Extended Erase with a wrong checksum",
          "0x440",
          { { "44 BB", "79" }, { "00 00 00 01 00", "1F" }, { "02 FD", "79 01 04 40 79" } } },
        { "Extended Erase of a page that does not exist",
          "0x440",
          { { "44 BB", "79" }, { "00 00 01 00 01", "79" } } },
        { "Extended Erase: reserved values",
          "0x440",
          { { "44 BB", "79" }, { "FF FC 03", "1F" }, { "44 BB", "79" }, { "FF F0 0F", "1F" } } },
        { "Extended Erase of everything, with a wrong checksum",
          "0x440",
          { { "44 BB", "79" }, { "FF FF 01", "1F" } } },
        { "no mass erase on L0",
          "0x417",
          { { "44 BB", "79" }, { "FF FF 00", "1F" }, { "02 FD", "79 01 04 17 79" } } },
        { "bank erases",
          "0x415",
          { { "44 BB", "79" }, { "FF FE 01", "79" }, { "44 BB", "79" }, { "FF FD 02", "79" } } },
        { "no bank erase where it is broken",
          "0x461",
          { { "44 BB", "79" }, { "FF FE 01", "1F" }, { "44 BB", "79" }, { "FF FD 02", "1F" } } },
        { "no bank erase with one bank",
          "0x440",
          { { "44 BB", "79" }, { "FF FE 01", "1F" }, { "44 BB", "79" }, { "FF FD 02", "1F" } } },

        /* ---- protection (what it does: test-model-protect) ---- */
        { "Write Protect with a wrong checksum",
          "0x410",
          { { "63 9C", "79" }, { "01 00 01 01", "1F" } } },
        { "Write Protect", "0x410", { { "63 9C", "79" }, { "05 00 01 02 03 04 05 04", "79" } } },
        { "no Readout commands on H5", "0x474", { { "82 7D", "1F" }, { "92 6D", "1F" } } },

        /* ---- Special ---- */
        { "no Special where Get does not list it",
          "0x413",
          { { "50 AF", "1F" }, { "51 AE", "1F" }, { "A1 5E", "1F" } } },
        { "Special",
          "0x482",
          { { "50 AF", "79" }, { "00 82 82", "79" }, { "00 01 05 04", "79 00 00 00 01 00 79" } } },
        { "Special with an unknown operation",
          "0x482",
          { { "50 AF", "79" }, { "12 34 26", "1F" }, { "02 FD", "79 01 04 82 79" } } },
        { "Special with a wrong checksum",
          "0x482",
          { { "50 AF", "79" },
            { "00 82 83", "1F" },
            { "50 AF", "79" },
            { "00 82 82", "79" },
            { "00 01 05 05", "1F" } } },
        { "Special with too much data: what follows are commands",
          "0x482",
          { { "50 AF", "79" },
            { "00 82 82", "79" },
            { "00 81", "1F" },
            { "02 FD", "79 01 04 82 79" } } },
};

static void test_answers(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(talks); i++) {
                struct host *host = host_of(talks[i].chip, 0);

                print_message("  %s (%s)\n", talks[i].name, talks[i].chip);
                host_enter(host);
                for (size_t k = 0; k < STEPS_MAX && talks[i].steps[k].send; k++)
                        host_talk(host, talks[i].steps[k].send, talks[i].steps[k].expected);
                host_free(host);
        }
}

/* ---- commands that no listed device has: the model shows them when asked to ---- */

static struct host *host_with_all_commands(void) {
        struct virtual_config config = {
                .chip = chip_by_id(0x413),
                .seed = 1,
                .all_commands = true,
        };
        struct host *host = host_new(&config);

        host_enter(host);
        return host;
}

static void test_get_lists_all_commands_when_asked(void **state) {
        struct host *host = host_with_all_commands();

        (void)state;
        host_talk(host, "00 FF", "79 0E 31 00 01 02 11 21 31 44 63 73 82 92 50 51 A1 79");
        host_free(host);
}

/* AN3155 3.13, and the CRC unit's values for known words */
static void test_get_checksum(void **state) {
        static const struct {
                const char *words, *size, *answer;
        } sums[] = {
                { "03 00 01 02 03 03", "00 00 00 01 01", "79 76 DB F7 C7 9D" },
                { "03 DE AD BE EF 21", "00 00 00 01 01", "79 ED E0 62 E3 8C" },
                { "03 FF FF FF FF 03", "00 00 00 01 01", "79 00 00 00 00 00" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
                struct host *host = host_with_all_commands();

                host_talk(host, "31 CE", "79");
                host_talk(host, "20 00 30 00 10", "79");
                host_talk(host, sums[i].words, "79");
                host_talk(host, "A1 5E", "79");
                host_talk(host, "20 00 30 00 10", "79");
                host_talk(host, sums[i].size, "79");
                host_talk(host, "04 C1 1D B7 6F", "79");
                {
                        char expected[64] = "79 "; /* of the initial value; then the CRC's own */

                        strcat(expected, sums[i].answer);
                        host_talk(host, "FF FF FF FF 00", expected);
                }
                host_talk(host, "02 FD", "79 01 04 13 79");
                host_free(host);
        }
}

static void test_get_checksum_refuses(void **state) {
        struct host *host = host_with_all_commands();

        (void)state;
        host_talk(host, "A1 5E", "79");
        host_talk(host, "60 00 00 00 60", "1F");
        host_talk(host, "A1 5E", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_talk(host, "00 00 00 00 00", "1F"); /* no words */
        host_talk(host, "A1 5E", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_talk(host, "00 04 00 01 05", "1F"); /* a word beyond the end */
        host_talk(host, "A1 5E", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_talk(host, "00 00 00 01 01", "79");
        host_talk(host, "04 C1 1D B7 6E", "1F");
        host_free(host);
}

static void test_extended_special(void **state) {
        struct host *host = host_with_all_commands();

        (void)state;
        host_talk(host, "51 AE", "79");
        host_talk(host, "00 82 82", "79");
        host_talk(host, "00 00 00", "79");
        host_talk(host, "00 02 01 02 01", "79 00 01 00 79");
        /* 0x0002 resets */
        host_talk(host, "50 AF", "79");
        host_talk(host, "00 02 02", "79");
        host_talk(host, "00 00 00", "79 00 00 00 01 00 79");
        host_wait(host, USEC_PER_SEC);
        host_talk(host, "7F", "79");
        host_free(host);
}

/* ---- identity ---- */

static void test_size_and_unique_id(void **state) {
        static const struct {
                const char *chip;
                uint32_t size;
                const char *read, *expected;
        } rows[] = {
                { "0x410", 64 * 1024, "1F FF F7 E0 F7", "79 40 00" },
                { "0x440", 64 * 1024, "1F FF F7 CC DB", "79 40 00" },
                { "0x435", 128 * 1024, "1F FF 75 E0 75", "79 80 00" },
                { "0x436", 384 * 1024, "1F F8 00 CC 2B", "79 00 00" }, /* a code */
                { "0x436", 256 * 1024, "1F F8 00 CC 2B", "79 01 00" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct host *host = host_of(rows[i].chip, rows[i].size);

                host_enter(host);
                host_talk(host, "11 EE", "79");
                host_talk(host, rows[i].read, "79");
                host_talk(host, "01 FE", rows[i].expected);
                host_free(host);
        }
}

/* stm32loader issues 25 and 61: the block around them, or nothing */
static void test_size_and_unique_id_in_bulk_only(void **state) {
        struct host *host = host_of("0x433", 0);
        uint8_t block[256];

        (void)state;
        host_enter(host);
        host_talk(host, "11 EE", "79");
        host_talk(host, "1F FF 7A 22 B8", "1F");
        host_talk(host, "11 EE", "79");
        host_talk(host, "1F FF 7A 00 9A", "79");
        host_talk(host, "7F 80", "1F");
        host_read(host, 0x1FFF7A00, block, sizeof(block));
        assert_int_equal(block[0x22] | block[0x23] << 8, 512);
        host_free(host);

        host = host_of("0x417", 32 * 1024);
        host_enter(host);
        host_talk(host, "11 EE", "79");
        host_talk(host, "1F F8 00 7C 9B", "1F");
        host_read(host, 0x1FF80000, block, 128);
        assert_int_equal(block[0x7C] | block[0x7D] << 8, 32);
        host_free(host);
}

static void test_seed_makes_the_unique_id(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x410), .seed = 7 };
        uint8_t ids[3][12];

        (void)state;
        for (unsigned i = 0; i < 3; i++) {
                struct host *host;

                config.seed = i == 2 ? 8 : 7;
                host = host_new(&config);
                assert_true(virtual_peek(host->chip, config.chip->unique_id, ids[i], 12));
                host_free(host);
        }
        assert_memory_equal(ids[0], ids[1], 12);
        assert_memory_not_equal(ids[0], ids[2], 12);
}

/* The row's limit counts when asked for; AN3155 allows 256 bytes to all. */
static void test_short_blocks(void **state) {
        struct virtual_config config = { .chip = chip_by_id(0x417), .short_blocks = true };
        struct host *host = host_new(&config);
        uint8_t block[256];

        (void)state;
        host_enter(host);
        host_read(host, 0x08000000, block, 128);
        host_talk(host, "11 EE", "79");
        host_talk(host, "08 00 00 00 08", "79");
        host_talk(host, "80 7F", "1F");
        host_free(host);

        host = host_of("0x417", 0);
        host_enter(host);
        host_read(host, 0x08000000, block, 256);
        host_free(host);
}

/* ---- page lists ---- */

/* Open Bootloader's buffer: of 600 pages the first 18 are forgotten. */
static void test_long_list_loses_its_beginning(void **state) {
        struct host *host = host_of("0x427", 0); /* 1024 pages of 256 bytes */
        uint8_t packet[2 + 1200 + 1] = { 600 >> 8, (600 - 1) & 0xFF }, first = 0x55, reply[2];

        (void)state;
        packet[0] = (600 - 1) >> 8;
        for (unsigned i = 0; i < 600; i++) {
                packet[2 + 2 * i] = (uint8_t)(i >> 8);
                packet[3 + 2 * i] = (uint8_t)i;
                assert_true(virtual_poke(host->chip, 0x08000000 + 256 * i, &first, 1));
        }
        for (size_t i = 0; i < sizeof(packet) - 1; i++)
                packet[sizeof(packet) - 1] ^= packet[i];

        host_enter(host);
        host_talk(host, "44 BB", "79");
        virtual_send(host->chip, host->now, packet, sizeof(packet));
        assert_int_equal(host_listen(host, 60 * USEC_PER_SEC, reply, sizeof(reply)), 1);
        assert_int_equal(reply[0], 0x79);
        for (unsigned i = 0; i < 600; i++) {
                assert_true(virtual_peek(host->chip, 0x08000000 + 256 * i, &first, 1));
                assert_int_equal(first, i < 18 ? 0x55 : 0x00);
        }
        host_free(host);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers),
                cmocka_unit_test(test_get_lists_all_commands_when_asked),
                cmocka_unit_test(test_get_checksum),
                cmocka_unit_test(test_get_checksum_refuses),
                cmocka_unit_test(test_extended_special),
                cmocka_unit_test(test_size_and_unique_id),
                cmocka_unit_test(test_size_and_unique_id_in_bulk_only),
                cmocka_unit_test(test_seed_makes_the_unique_id),
                cmocka_unit_test(test_short_blocks),
                cmocka_unit_test(test_long_list_loses_its_beginning),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
