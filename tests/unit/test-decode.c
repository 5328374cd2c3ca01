/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/decode.h"
#include "util/bytes.h"
#include "util/macro.h"

/* ---- a script of events ---- */

/*
 * A script is lines of text: "> 31 CE" sent, "< 79" received, "L 0 1" a line, "F 115200 E" or "N" a
 * format, "W 1500" a wait in microseconds, "# text" a note; each may begin with "@MICROSECONDS".
 * "x258" repeats the byte before it.
 */
#define EVENTS_MAX 64
#define BYTES_MAX  4096

struct script {
        struct trace_event events[EVENTS_MAX];
        size_t n_events;
        uint8_t bytes[BYTES_MAX];
        size_t used;
};

static size_t parse_bytes(const char *text, uint8_t *bytes) {
        size_t n = 0;
        char *end;

        for (;;) {
                text += strspn(text, " ");
                if (!*text)
                        return n;
                if (*text == 'x') {
                        for (unsigned long i = strtoul(text + 1, &end, 10); i > 1; i--, n++)
                                bytes[n] = bytes[n - 1];
                } else {
                        bytes[n++] = (uint8_t)strtoul(text, &end, 16);
                }
                assert_ptr_not_equal(text, end);
                text = end;
        }
}

static void parse_line(struct script *script, const char *line) {
        static const struct {
                char letter;
                enum trace_type type;
        } types[] = {
                { '>', TRACE_SENT },   { '<', TRACE_RECEIVED }, { 'L', TRACE_LINES },
                { 'F', TRACE_FORMAT }, { 'W', TRACE_WAIT },     { '#', TRACE_NOTE },
        };
        struct trace_event *event = &script->events[script->n_events];
        uint8_t *bytes = script->bytes + script->used;
        char *end;

        event->time = script->n_events > 0 ? script->events[script->n_events - 1].time : 1000000;
        if (*line == '@') {
                event->time = 1000000 + strtoull(line + 1, &end, 10);
                line = end + 1;
        }
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                if (types[i].letter == *line)
                        event->type = types[i].type;
        line += 2;
        event->data = bytes;
        switch (event->type) {
        case TRACE_FORMAT:
                put_le32(bytes, (uint32_t)strtoul(line, &end, 10));
                bytes[4] = end[1] == 'E';
                event->size = 5;
                break;
        case TRACE_WAIT:
                put_le32(bytes, (uint32_t)strtoul(line, &end, 10));
                event->size = 4;
                break;
        case TRACE_NOTE:
                event->size = strlen(line);
                memcpy(bytes, line, event->size);
                break;
        default:
                event->size = parse_bytes(line, bytes);
        }
        script->used += event->size;
        script->n_events++;
        assert_true(script->used < BYTES_MAX && script->n_events < EVENTS_MAX);
}

static char *decode(const struct trace_event *events, size_t n_events, bool raw) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        trace_decode(events, n_events, raw, out);
        assert_int_equal(fclose(out), 0);
        return text;
}

/* The same, told from event `first` on. */
static char *decode_end(const struct trace_event *events, size_t n_events, size_t first) {
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        trace_decode_end(events, n_events, first, out);
        assert_int_equal(fclose(out), 0);
        return text;
}

static struct script *script_new(const char *text) {
        struct script *script = calloc(1, sizeof(*script));
        char *copy = strdup(text), *rest = copy, *line;

        assert_true(script && copy);
        while ((line = strsep(&rest, "\n")))
                if (*line)
                        parse_line(script, line);
        free(copy);
        return script;
}

static char *decode_script(const char *text, bool raw) {
        struct script *script = script_new(text);
        char *result = decode(script->events, script->n_events, raw);

        free(script);
        return result;
}

struct conversation {
        const char *script, *told;
};

/* Times are held against what is told only where a line says so. */
static void assert_told(const struct conversation *c, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char *told = decode_script(c[i].script, false);
                char *bare = malloc(strlen(told) + 1), *to = bare;

                assert_non_null(bare);
                for (const char *p = told; *p; p++) {
                        p += strlen("   0.000000  ");
                        while (*p && (*to++ = *p) != '\n')
                                p++;
                        if (!*p)
                                break;
                }
                *to = '\0';
                assert_string_equal(bare, c[i].told);
                free(bare);
                free(told);
        }
}

/* ---- exchanges ---- */

static void every_command_is_told_in_words(void **state) {
        static const struct conversation cases[] = {
                { "> 00 FF\n< 79 0B 31 00 01 02 11 21 31 44 63 73 82 92 79",
                  "GET: protocol 3.1, GET, GET VERSION, GET ID, READ, GO, WRITE, EXTENDED ERASE, "
                  "WRITE PROTECT, WRITE UNPROTECT, READOUT PROTECT, READOUT UNPROTECT, ACK after "
                  "0.0 ms\n" },
                { "> 00 FF\n< 79 02 40 00 77 79",
                  "GET: protocol 4.0, GET, 0x77, ACK after 0.0 ms\n" },
                { "> 00 FF\n@300 < 79\n@1700 < 00 33 79", "GET: protocol 3.3, ACK after 0.3 ms\n" },
                { "> 01 FE\n< 79 22 00 00 79", "GET VERSION: protocol 2.2, ACK after 0.0 ms\n" },
                { "> 02 FD\n< 79 01 04 13 79",
                  "GET ID: 0x413 (STM32F405/407/415/417), ACK after 0.0 ms\n" },
                { "> 02 FD\n< 79 01 09 99 79", "GET ID: 0x999 (in no table), ACK after 0.0 ms\n" },
                { "> 02 FD\n< 79 02 00 01 3F 79",
                  "GET ID: 0x03F (STM32WB06xx/WB07xx (BlueNRG-LP)), ACK after 0.0 ms\n" },
                { "> 11 EE\n< 79\n> 08 00 00 00 08\n< 79\n> FF 00\n< 79\n< 55 x256",
                  "READ 0x08000000 256 bytes, ACK after 0.0 ms\n" },
                { "> 11 EE\n< 79\n> 08 00 00 00 08\n< 79\n> 00 FF\n< 79 1F",
                  "READ 0x08000000 1 byte, ACK after 0.0 ms\n" },
                { "> 21 DE\n< 79\n> 08 00 40 00 48\n< 79", "GO 0x08004000, ACK after 0.0 ms\n" },
                { "> 31 CE\n< 79\n> 08 00 01 00 09\n< 79\n> 03 DE AD BE EF 21\n< 79",
                  "WRITE 0x08000100 4 bytes, ACK after 0.0 ms\n" },
                { "> 43 BC\n< 79\n> 02 00 01 02 01\n< 79",
                  "ERASE 3 pages 0-2, ACK after 0.0 ms\n" },
                { "> 43 BC\n< 79\n> FF 00\n< 79", "ERASE everything, ACK after 0.0 ms\n" },
                { "> 44 BB\n< 79\n> 00 02 00 00 00 01 00 02 01\n< 79",
                  "EXTENDED ERASE 3 pages 0-2, ACK after 0.0 ms\n" },
                { "> 44 BB\n< 79\n> 00 03 01 00 01 02 01 03 00 05 06\n< 79",
                  "EXTENDED ERASE 4 pages 256,258-259,5, ACK after 0.0 ms\n" },
                { "> 44 BB\n< 79\n> FF FF 00\n< 79",
                  "EXTENDED ERASE everything, ACK after 0.0 ms\n" },
                { "> 44 BB\n< 79\n> FF FE 01\n< 79", "EXTENDED ERASE bank 1, ACK after 0.0 ms\n" },
                { "> 44 BB\n< 79\n> FF FD 02\n< 79", "EXTENDED ERASE bank 2, ACK after 0.0 ms\n" },
                { "> 44 BB\n< 79\n> FF F2 0D\n< 1F",
                  "EXTENDED ERASE reserved code 0xFFF2, NACK to the pages after 0.0 ms\n" },
                { "> 63 9C\n< 79\n> 05 00 01 02 03 04 05 04\n< 79",
                  "WRITE PROTECT 6 sectors 0-5, ACK after 0.0 ms\n" },
                { "> 73 8C\n< 79 79", "WRITE UNPROTECT, ACK after 0.0 ms\n" },
                { "> 82 7D\n< 79\n< 79", "READOUT PROTECT, ACK after 0.0 ms\n" },
                { "> 92 6D\n< 79\n@900000 < 79", "READOUT UNPROTECT, ACK after 900.0 ms\n" },
                { "> A1 5E\n< 79\n> 08 00 00 00 08\n< 79\n> 00 00 01 00 01\n< 79\n"
                  "> 04 C1 1D B7 6F\n< 79\n> FF FF FF FF 00\n< 79 79 B7 EC 66 F4 C9",
                  "GET CHECKSUM 0x08000000 1024 bytes, polynomial 0x04C11DB7, initial 0xFFFFFFFF: "
                  "0xB7EC66F4, ACK after 0.0 ms\n" },
                { "> A1 5E\n< 79\n> 08 00 00 00 08\n< 79\n> 00 00 01 00 01\n< 79\n"
                  "> 04 C1 1D B7 6F\n< 79\n> FF FF FF FF 00\n< 79 B7 EC 66 F4 C9",
                  "GET CHECKSUM 0x08000000 1024 bytes, polynomial 0x04C11DB7, initial 0xFFFFFFFF: "
                  "0xB7EC66F4, ACK after 0.0 ms\n" },
                { "> 50 AF\n< 79\n> 00 82 82\n< 79\n> 00 01 AA AB\n< 79 00 00 00 01 00 79",
                  "SPECIAL 0x0082 1 byte, answered: 00 00 00 01 00, ACK after 0.0 ms\n" },
                { "> 51 AE\n< 79\n> 00 83 83\n< 79\n> 00 01 AA AB\n< 79\n> 00 02 01 02 01\n"
                  "< 79 00 01 00 79",
                  "EXTENDED SPECIAL 0x0083 3 bytes, answered: 00 01 00, ACK after 0.0 ms\n" },
                { "> FF 00\n< 1F", "unknown command 0xFF, NACK to the command after 0.0 ms\n" },
        };

        (void)state;
        assert_told(cases, ARRAY_SIZE(cases));
}

static void events_may_be_cut_anywhere(void **state) {
        static const struct conversation cases[] = {
                { "> 31\n> CE\n< 79\n> 08 00\n> 01 00 09\n< 79\n> 03 DE\n> AD BE EF\n> 21\n< 79",
                  "WRITE 0x08000100 4 bytes, ACK after 0.0 ms\n" },
                { "> 02 FD\n< 79\n< 01 04\n< 13 79\n> 00 FF",
                  "GET ID: 0x413 (STM32F405/407/415/417), ACK after 0.0 ms\n"
                  "GET, unfinished\n" },
        };

        (void)state;
        assert_told(cases, ARRAY_SIZE(cases));
}

static void delays_count_from_the_last_byte_on_the_wire(void **state) {
        char *told = decode_script("F 115200 E\n"
                                   "@1000 > 31 CE\n@1400 < 79\n"
                                   "@2000 > 08 00 04 00 0C\n@2600 < 79\n"
                                   "@3000 > FF 11 x257\n@30800 < 79\n",
                                   false);

        (void)state;
        /* 258 bytes of 11 bits are 24.64 ms: from 3.0 to 27.64. */
        assert_string_equal(told,
                            "   0.000000  format 115200 8E1\n"
                            "   0.001000  WRITE 0x08000400 256 bytes (sent with a wrong checksum), "
                            "ACK after 3.1 ms\n");
        free(told);
}

static void what_goes_wrong_is_told_with_its_place(void **state) {
        static const struct conversation cases[] = {
                { "> 11 EE\n< 1F\n< 1F",
                  "READ, NACK to the command after 0.0 ms\nreceived 1F (NACK)\n" },
                { "> 31 CE\n< 79\n> 08 00 01 00 09\n< 1F",
                  "WRITE 0x08000100, NACK to the address after 0.0 ms\n" },
                { "> 31 CE\n< 79\n> 08 00 01 00 09\n< 79\n> 03 DE AD BE EF 20\n@500 < 1F",
                  "WRITE 0x08000100 4 bytes (sent with a wrong checksum), NACK to the data after 0.5 "
                  "ms\n" },
                { "> 31 CE\n< 79\n> 08 00 01 00 09\nW 1000000",
                  "WRITE 0x08000100, no answer to the address\nwaited 1000.0 ms\n" },
                { "> 31 CE\n< 79\n> 08 00 01 00 09\n< 41 42",
                  "WRITE 0x08000100, garbage instead of an answer to the address\n"
                  "received 41 42\n" },
                { "> 11 EE\n< 79\n> 08 00 00 00 08\n< 79\n> FF 00\n< 79 55 x255\nW 500000",
                  "READ 0x08000000 256 bytes, answer cut short to the length\nwaited 500.0 ms\n" },
                { "> 31 CE\n< 79\n> 08 00\n< 1F", "WRITE, unfinished\nreceived 1F (NACK)\n" },
                { "> 31 CE\n< 79\nL 0 1", "WRITE, unfinished\nNRST low\n" },
                { "> 44 BB\n< 79\n> 00 00 00 01 01\n> 02 FD\n< 79 01 04 13 79",
                  "EXTENDED ERASE 1 page 1, no answer to the pages\n"
                  "GET ID: 0x413 (STM32F405/407/415/417), ACK after 0.0 ms\n" },
        };

        (void)state;
        assert_told(cases, ARRAY_SIZE(cases));
}

static void synchronising_is_told(void **state) {
        static const struct conversation cases[] = {
                { "> 7F\n< 79", "SYNC 0x7F, ACK after 0.0 ms\n" },
                { "> 7F\n< 00 79", "SYNC 0x7F, ACK after 0.0 ms\n" },
                { "> 7F\n< 79 79", "SYNC 0x7F, ACK after 0.0 ms\nreceived 79 (ACK)\n" },
                { "> 7F\n< 1F", "SYNC 0x7F, NACK after 0.0 ms (was in sync already)\n" },
                { "> 7F\nW 100000\n> 7F\n< 79",
                  "SYNC 0x7F, no answer\nwaited 100.0 ms\nSYNC 0x7F, ACK after 0.0 ms\n" },
                { "> 7F\n< 7F", "SYNC 0x7F, garbage instead of an answer\nreceived 7F\n" },
                { "> 7F", "SYNC 0x7F, unfinished\n" },
        };

        (void)state;
        assert_told(cases, ARRAY_SIZE(cases));
}

static void bytes_that_fit_nothing_are_shown(void **state) {
        static const struct conversation cases[] = {
                /* The torn end of a write comes first. */
                { "> 11 00 FF 02 FD\n< 79\n> 02 FD\n< 79 01 04 13 79",
                  "sent 11 00 FF 02 FD\nreceived 79 (ACK)\n"
                  "GET ID: 0x413 (STM32F405/407/415/417), ACK after 0.0 ms\n" },
                { "> 02\nW 30000\n> 02\n< 1F",
                  "sent 02\nwaited 30.0 ms\nsent 02\nreceived 1F (NACK)\n" },
                { "< 48 65 6C\n< 6C 6F 0D 0A\nL 1 0", "received \"Hello..\"\nBOOT0 low\n" },
                { "< 00 x100",
                  "received 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
                  "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
                  "00 00 00 00 00 and 52 more\n" },
                { "> 31\n> 31 CE\n< 1F", "sent 31\nWRITE, NACK to the command after 0.0 ms\n" },
                { "> 02 FD 00 FF\n< 79",
                  "GET ID, no answer to the command\nsent 00 FF\nreceived 79 (ACK)\n" },
        };

        (void)state;
        assert_told(cases, ARRAY_SIZE(cases));
}

static void steps_and_notes_are_told(void **state) {
        char *told = decode_script("L 0 1\n@10 L 1 1\n@20 L 2 0\n@10020 W 10000\n@10030 L 0 0\n"
                                   "@20000 F 57600 N\n@1500000 # entry, attempt 2",
                                   false);

        (void)state;
        assert_string_equal(told, "   0.000000  NRST low\n"
                                  "   0.000010  BOOT0 high\n"
                                  "   0.000020  BOOT1 low\n"
                                  "   0.010020  waited 10.0 ms\n"
                                  "   0.010030  NRST released\n"
                                  "   0.020000  format 57600 8N1\n"
                                  "   1.500000  note \"entry, attempt 2\"\n");
        free(told);
}

static void raw_is_one_line_an_event(void **state) {
        char *told = decode_script("L 0 1\n@5 > 7F\n@200 < 79\n@300 > 00 FF\n@700 < 79 01\n"
                                   "@800 W 1500",
                                   true);

        (void)state;
        assert_string_equal(told, "   0.000000  NRST low\n"
                                  "   0.000005  -> 7F\n"
                                  "   0.000200  <- 79\n"
                                  "   0.000300  -> 00 FF\n"
                                  "   0.000700  <- 79 01\n"
                                  "   0.000800  waited 1.5 ms\n");
        free(told);
}

/* ---- anything ---- */

static void long_lists_are_cut_short(void **state) {
        static uint8_t list[3 + 2 * 512];
        struct trace_event events[] = {
                { 0, TRACE_SENT, (const uint8_t *)"\x44\xBB", 2 },
                { 0, TRACE_RECEIVED, (const uint8_t *)"\x79", 1 },
                { 0, TRACE_SENT, list, sizeof(list) },
                { 0, TRACE_RECEIVED, (const uint8_t *)"\x79", 1 },
        };

        (void)state;
        put_be16(list, 511);
        for (uint16_t i = 0; i < 512; i++)
                put_be16(list + 2 + i * 2, (uint16_t)(i * 2));
        for (size_t i = 0; i < sizeof(list) - 1; i++)
                list[sizeof(list) - 1] ^= list[i];
        char *told = decode(events, ARRAY_SIZE(events), false);
        assert_non_null(strstr(told, "EXTENDED ERASE 512 pages 0,2,4,6,8,"));
        assert_non_null(strstr(told, ",..., ACK after"));
        assert_true(strlen(told) < 160);
        free(told);
}

static uint32_t random_next(uint32_t *seed) {
        *seed = *seed * 1664525 + 1013904223;
        return *seed >> 8;
}

/* Whatever came is told in lines of printable text, each with its time. */
static void garbage_is_told_without_harm(void **state) {
        static const uint8_t likely[] = { 0x79, 0x1F, 0x7F, 0x00, 0xFF, 0x31, 0xCE, 0x44, 0xBB,
                                          0xA1, 0x5E, 0x50, 0xAF, 0x51, 0xAE, 0x02, 0xFD };
        uint32_t seed = 1;

        (void)state;
        for (unsigned round = 0; round < 2000; round++) {
                uint8_t bytes[40][12];
                struct trace_event events[40];
                size_t n = random_next(&seed) % ARRAY_SIZE(events);

                for (size_t i = 0; i < n; i++) {
                        events[i] = (struct trace_event){
                                .time = random_next(&seed),
                                .type = (enum trace_type)(random_next(&seed) % 8 < 6
                                                                  ? random_next(&seed) % 2
                                                                  : random_next(&seed) % 7),
                                .data = bytes[i],
                                .size = random_next(&seed) % sizeof(bytes[i]),
                        };
                        for (size_t k = 0; k < events[i].size; k++)
                                bytes[i][k] = random_next(&seed) % 2
                                                      ? likely[random_next(&seed) % sizeof(likely)]
                                                      : (uint8_t)random_next(&seed);
                }
                for (int raw = 0; raw < 2; raw++) {
                        char *told = decode(events, n, raw);

                        for (const char *p = told; *p; p++)
                                assert_true(*p == '\n' || (*p >= ' ' && *p < 0x7F));
                        if (*told)
                                assert_int_equal(told[strlen(told) - 1], '\n');
                        free(told);
                }
        }
}

static void assert_ends_with(const char *text, const char *end) {
        size_t length = strlen(text), n = strlen(end);

        assert_true(n <= length);
        assert_string_equal(text + length - n, end);
}

static void the_end_is_told_as_the_whole_tells_it(void **state) {
        struct script *script = script_new(
                "# read\nF 115200 E\n@10 L 0 1\n@20 W 10000\n@10020 > 7F\n@10300 < 79\n"
                "@10400 > 11 EE\n@10600 < 79\n@10700 > 08 00 00 00 08\n@11200 < 79\n"
                "@11300 > 07 F8\n@11500 < 79 01 02\n@11800 < 03 04 05 06 07 08\n"
                "@12000 < 41 42\n@12100 > 31 CE\n@12200 < 79\n@12300 > 08 00\n@12400 W 1000\n");
        char *whole = decode(script->events, script->n_events, false);

        (void)state;
        for (size_t first = 0; first <= script->n_events; first++) {
                char *end = decode_end(script->events, script->n_events, first);

                assert_ends_with(whole, end);
                assert_null(strstr(end, "unknown"));
                if (first >= 6 && first < 13) /* within it */
                        assert_ptr_equal(strstr(end, "READ 0x08000000 8 bytes, ACK"),
                                         end + strlen("   0.000000  "));
                free(end);
        }
        free(whole);
        free(script);
}

static void nothing_is_told_of_nothing(void **state) {
        char *told = decode(NULL, 0, false);

        (void)state;
        assert_string_equal(told, "");
        free(told);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_command_is_told_in_words),
                cmocka_unit_test(events_may_be_cut_anywhere),
                cmocka_unit_test(delays_count_from_the_last_byte_on_the_wire),
                cmocka_unit_test(what_goes_wrong_is_told_with_its_place),
                cmocka_unit_test(synchronising_is_told),
                cmocka_unit_test(bytes_that_fit_nothing_are_shown),
                cmocka_unit_test(steps_and_notes_are_told),
                cmocka_unit_test(raw_is_one_line_an_event),
                cmocka_unit_test(long_lists_are_cut_short),
                cmocka_unit_test(garbage_is_told_without_harm),
                cmocka_unit_test(the_end_is_told_as_the_whole_tells_it),
                cmocka_unit_test(nothing_is_told_of_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
