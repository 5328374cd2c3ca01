/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Commands byte by byte (AN3155 section 3), and what exchanges make of every kind of answer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot/an3155.h"
#include "util/macro.h"

/* ---- what is sent ---- */

static void describe_get(struct exchange *e) {
        an3155_get(e);
}

static void describe_get_id(struct exchange *e) {
        an3155_get_id(e);
}

static void describe_read_256(struct exchange *e) {
        an3155_read(e, 0x08000000, 256);
}

static void describe_read_4(struct exchange *e) {
        an3155_read(e, 0x1FFF7590, 4);
}

static void describe_write_4(struct exchange *e) {
        an3155_write(e, 0x08000100, (const uint8_t[]){ 0xDE, 0xAD, 0xBE, 0xEF }, 4, 1);
}

static void describe_voltage_range(struct exchange *e) {
        an3155_write(e, 0xFFFF0000, (const uint8_t[]){ 3, 0xFF, 0xFF, 0xFF }, 4, 1);
}

static void describe_go(struct exchange *e) {
        an3155_go(e, 0x20000000);
}

static void describe_erase_0_to_2(struct exchange *e) {
        an3155_erase(e, AN3155_ERASE, (const uint16_t[]){ 0, 1, 2 }, 3, 1);
}

static void describe_erase_global(struct exchange *e) {
        an3155_erase_all(e, AN3155_ERASE, 1);
}

static void describe_extended_0_to_2(struct exchange *e) {
        an3155_erase(e, AN3155_EXTENDED_ERASE, (const uint16_t[]){ 0, 1, 2 }, 3, 1);
}

static void describe_extended_256(struct exchange *e) {
        an3155_erase(e, AN3155_EXTENDED_ERASE, (const uint16_t[]){ 256 }, 1, 1);
}

static void describe_mass(struct exchange *e) {
        an3155_erase_all(e, AN3155_EXTENDED_ERASE, 1);
}

static void describe_bank1(struct exchange *e) {
        an3155_erase_bank(e, 1, 1);
}

static void describe_bank2(struct exchange *e) {
        an3155_erase_bank(e, 2, 1);
}

static void describe_write_protect(struct exchange *e) {
        an3155_write_protect(e, (const uint8_t[]){ 0, 1, 2, 3, 4, 5 }, 6, 1);
}

static void describe_unprotect(struct exchange *e) {
        an3155_protection(e, AN3155_READOUT_UNPROTECT, 1);
}

static const struct {
        const char *name;
        void (*describe)(struct exchange *);
        const char *bytes; /* stages separated by '|' in hexadecimal; "-": nothing is sent */
} commands[] = {
        { "Get", describe_get, "00FF" },
        { "Get ID", describe_get_id, "02FD" },
        { "Read 256", describe_read_256, "11EE|0800000008|FF00" },
        { "Read 4", describe_read_4, "11EE|1FFF759005|03FC" },
        { "Write 4", describe_write_4, "31CE|0800010009|03DEADBEEF21" },
        { "voltage range", describe_voltage_range, "31CE|FFFF000000|0303FFFFFFFF" },
        { "Go", describe_go, "21DE|2000000020" },
        { "Erase 0-2", describe_erase_0_to_2, "43BC|0200010201" },
        { "Erase global", describe_erase_global, "43BC|FF00" },
        { "Extended Erase 0-2", describe_extended_0_to_2, "44BB|000200000001000201" },
        { "Extended Erase 256", describe_extended_256, "44BB|0000010001" },
        { "mass erase", describe_mass, "44BB|FFFF00" },
        { "bank 1", describe_bank1, "44BB|FFFE01" },
        { "bank 2", describe_bank2, "44BB|FFFD02" },
        { "Write Protect 0-5", describe_write_protect, "639C|0500010203040504" },
        { "Readout Unprotect", describe_unprotect, "926D|-" },
};

static void print_stages(const struct exchange *e, char *text, size_t size) {
        text[0] = '\0';
        for (unsigned i = 0; i < e->n_stages; i++) {
                const struct exchange_stage *stage = &e->stages[i];
                size_t n = strlen(text);

                if (i > 0)
                        n += (size_t)snprintf(text + n, size - n, "|");
                if (stage->size == 0)
                        n += (size_t)snprintf(text + n, size - n, "-");
                for (unsigned j = 0; j < stage->size; j++)
                        n += (size_t)snprintf(text + n, size - n, "%02X", e->tx[stage->offset + j]);
        }
}

static void commands_are_sent_as_the_document_says(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
                struct exchange e;
                char text[128];

                commands[i].describe(&e);
                print_stages(&e, text, sizeof(text));
                assert_string_equal(text, commands[i].bytes);
        }
}

static void a_full_write_has_265_bytes(void **state) {
        struct exchange e;
        uint8_t data[256];

        (void)state;
        for (unsigned i = 0; i < 256; i++)
                data[i] = (uint8_t)i;
        an3155_write(&e, 0x08000000, data, 256, 1);
        assert_int_equal(e.n_tx, 2 + 5 + 1 + 256 + 1);
        assert_int_equal(e.tx[2 + 5], 0xFF);      /* N = count - 1 */
        assert_int_equal(e.tx[e.n_tx - 1], 0xFF); /* 00^..^FF = 0, with N: FF */
}

/* ---- what comes back ---- */

struct answer {
        const char *name;
        void (*describe)(struct exchange *);
        const uint8_t bytes[24];
        size_t size;
        enum exchange_status status;
        unsigned stage; /* where it ended */
        size_t data;    /* bytes kept */
        size_t taken;   /* 0: all */
};

static const struct answer answers[] = {
        { "Get, 12 commands",
          describe_get,
          { 0x79, 0x0B, 0x31, 0, 1, 2, 0x11, 0x21, 0x31, 0x44, 0x63, 0x73, 0x82, 0x92, 0x79 },
          15,
          EXCHANGE_DONE,
          1,
          12,
          0 },
        { "Get ID of F405",
          describe_get_id,
          { 0x79, 1, 4, 0x13, 0x79 },
          5,
          EXCHANGE_DONE,
          1,
          2,
          0 },
        { "Get ID of WB0, four bytes",
          describe_get_id,
          { 0x79, 3, 1, 2, 0x3F, 0x1F, 0x79 },
          7,
          EXCHANGE_DONE,
          1,
          4,
          0 },
        { "trailing NACK",
          describe_get_id,
          { 0x79, 1, 4, 0x13, 0x1F },
          5,
          EXCHANGE_NACKED,
          0,
          2,
          0 },
        { "trailing garbage",
          describe_get_id,
          { 0x79, 1, 4, 0x13, 0x00 },
          5,
          EXCHANGE_GARBAGE,
          0,
          2,
          0 },
        { "refused", describe_go, { 0x1F }, 1, EXCHANGE_NACKED, 0, 0, 0 },
        { "two NACKs: the second is left",
          describe_go,
          { 0x1F, 0x1F },
          2,
          EXCHANGE_NACKED,
          0,
          0,
          1 },
        { "address refused", describe_go, { 0x79, 0x1F }, 2, EXCHANGE_NACKED, 1, 0, 0 },
        { "gone", describe_go, { 0x79, 0x79 }, 2, EXCHANGE_DONE, 2, 0, 0 },
        { "one byte too many is left",
          describe_go,
          { 0x79, 0x79, 0x79 },
          3,
          EXCHANGE_DONE,
          2,
          0,
          2 },
        { "garbage", describe_go, { 0x76 }, 1, EXCHANGE_GARBAGE, 0, 0, 0 },
        { "read", describe_read_4, { 0x79, 0x79, 0x79, 1, 2, 3, 4 }, 7, EXCHANGE_DONE, 3, 4, 0 },
        { "data may look like NACK",
          describe_read_4,
          { 0x79, 0x79, 0x79, 0x1F, 0x79, 0, 0xFF },
          7,
          EXCHANGE_DONE,
          3,
          4,
          0 },
        { "second ACK", describe_unprotect, { 0x79, 0x79 }, 2, EXCHANGE_DONE, 2, 0, 0 },
        { "half of an answer", describe_get_id, { 0x79, 1, 4 }, 3, EXCHANGE_BUSY, 0, 1, 0 },
};

/* Feeds all bytes, stage after stage, as if each stage had been sent in time. */
static size_t feed(struct exchange *e, const uint8_t *bytes, size_t size) {
        size_t taken = 0;

        while (taken < size && e->status == EXCHANGE_BUSY)
                taken += exchange_receive(e, bytes + taken, size - taken);
        return taken;
}

static void answers_are_understood(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                const struct answer *answer = &answers[i];
                struct exchange e;

                answer->describe(&e);
                size_t taken = feed(&e, answer->bytes, answer->size);
                if (e.status != answer->status || e.stage != answer->stage ||
                    e.n_data != answer->data ||
                    taken != (answer->taken ? answer->taken : answer->size))
                        fail_msg("%s: status %d stage %u data %u taken %zu", answer->name,
                                 (int)e.status, e.stage, e.n_data, taken);
        }
}

static void answers_may_come_byte_by_byte(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                const struct answer *answer = &answers[i];
                struct exchange e;

                answer->describe(&e);
                for (size_t j = 0; j < answer->size && e.status == EXCHANGE_BUSY; j++)
                        assert_int_equal(exchange_receive(&e, answer->bytes + j, 1), 1);
                assert_int_equal(e.status, answer->status);
                assert_int_equal(e.stage, answer->stage);
        }
}

static void silence_ends_an_exchange_unless_the_rom_is_known_to_forget(void **state) {
        struct exchange e;

        (void)state;
        an3155_get_id(&e);
        exchange_timeout(&e);
        assert_int_equal(e.status, EXCHANGE_SILENT);

        /* H74x V9.0 forgets the first ACK of Go */
        an3155_go(&e, 0x08000000);
        e.stages[0].ack_optional = true;
        exchange_timeout(&e);
        assert_int_equal(e.status, EXCHANGE_BUSY);
        assert_int_equal(e.stage, 1);
        (void)exchange_receive(&e, (const uint8_t[]){ 0x79 }, 1);
        assert_int_equal(e.status, EXCHANGE_DONE);

        /* ... and counts 13 commands in Get where it sends 11 */
        const uint8_t get[] = { 0x79, 13,   0x31, 0,    1,    2,    0x11,
                                0x21, 0x31, 0x44, 0x63, 0x73, 0x92, 0x79 };
        an3155_get(&e);
        (void)feed(&e, get, sizeof(get));
        assert_int_equal(e.status, EXCHANGE_BUSY);
        exchange_timeout(&e);
        assert_int_equal(e.status, EXCHANGE_DONE);
        assert_int_equal(e.n_data, 11);
        assert_int_equal(e.data[10], 0x92);

        /* a list that breaks off anywhere else is no list */
        an3155_get(&e);
        (void)feed(&e, get, sizeof(get) - 2);
        exchange_timeout(&e);
        assert_int_equal(e.status, EXCHANGE_SILENT);
}

static void product_ids_of_all_lengths(void **state) {
        static const struct {
                uint8_t bytes[4];
                uint16_t size, id;
        } ids[] = {
                { { 0x10 }, 1, 0x410 },
                { { 0x04, 0x13 }, 2, 0x413 },
                { { 0x01, 0x20, 0x3F }, 3, 0x03F },
                { { 0x01, 0x20, 0x3F, 0x1F }, 4, 0x03F },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
                struct exchange e = { .n_data = ids[i].size };

                memcpy(e.data, ids[i].bytes, ids[i].size);
                assert_int_equal(an3155_chip_id(&e), ids[i].id);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(commands_are_sent_as_the_document_says),
                cmocka_unit_test(a_full_write_has_265_bytes),
                cmocka_unit_test(answers_are_understood),
                cmocka_unit_test(answers_may_come_byte_by_byte),
                cmocka_unit_test(silence_ends_an_exchange_unless_the_rom_is_known_to_forget),
                cmocka_unit_test(product_ids_of_all_lengths),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
