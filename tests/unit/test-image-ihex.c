/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "image-test.h"

static const struct acceptance acceptances[] = {
        { "without a base", ":0400000001020304??\n:00000001??\n", "00000000:01020304" },
        { "CRLF", ":0400000001020304??\r\n:00000001??\r\n", "00000000:01020304" },
        { "lower case", ":02000000abcd??\n:00000001ff\n", "00000000:abcd" },
        { "no line end at the end", ":0100000055??\n:00000001??", "00000000:55" },
        { "blank lines at the end", ":0100000055??\n:00000001??\n\r\n \t\n\n", "00000000:55" },
        { "an empty data record", ":00123400??\n:0100000055??\n:00000001??\n", "00000000:55" },
        { "up to the end of 16 bits", ":02FFFE000102??\n:00000001??\n", "0000fffe:0102" },
        { "linear base", ":020000040800??\n:0210000001FF??\n:00000001??\n", "08001000:01ff" },
        { "linear base, across 64 KiB", ":020000040800??\n:04FFFE0001020304??\n:00000001??\n",
          "0800fffe:01020304" },
        { "linear base, last bytes of all", ":02000004FFFF??\n:02FFFE000102??\n:00000001??\n",
          "fffffffe:0102" },
        { "segment base", ":020000021234??\n:0200100001FF??\n:00000001??\n", "00012350:01ff" },
        { "segment base, wraps at 64 KiB", ":020000021000??\n:04FFFE0001020304??\n:00000001??\n",
          "00010000:0304 0001fffe:0102" },
        { "bases in turn",
          ":020000021000??\n:0100000001??\n:020000040800??\n:0100000002??\n:020000020001??\n"
          ":0100000003??\n:00000001??\n",
          "00000010:03 00010000:01 08000000:02" },
        { "segment start", ":0100000001??\n:0400000312345678??\n:00000001??\n",
          "00000000:01 entry 000179b8" },
        { "linear start", ":0100000001??\n:0400000508000101??\n:00000001??\n",
          "00000000:01 entry 08000101" },
        { "the same start twice",
          ":0100000001??\n:0400000508000101??\n:0400000508000101??\n:00000001??\n",
          "00000000:01 entry 08000101" },
        { "descending", ":0100020003??\n:0100010002??\n:0100000001??\n:00000001??\n",
          "00000000:010203" },
        { "gaps stay gaps", ":0100020003??\n:0100000001??\n:00000001??\n",
          "00000000:01 00000002:03" },
        { "the same bytes twice", ":0400000001020304??\n:0400020003040506??\n:00000001??\n",
          "00000000:010203040506" },
        { "one record within another", ":0400000001020304??\n:0100010002??\n:00000001??\n",
          "00000000:01020304" },
};

static const struct refusal refusals[] = {
        { "a blank line first", "\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "a blank line between records" },
        { "a blank line between", ":0100000055??\n\r\n:00000001??\n", IMAGE_SYNTAX, 2, 0,
          "a blank line between records" },
        { "no colon", ":0100000055??\nhello\n:00000001??\n", IMAGE_SYNTAX, 2, 0,
          "column 1: 'h' is not ':'" },
        { "blank in front", ":0100000055??\n :00000001FF\n", IMAGE_SYNTAX, 2, 0,
          "column 1: ' ' is not ':'" },
        { "no digit", ":01000000G5??\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "column 10: 'G' is not a hexadecimal digit" },
        { "a byte beyond ASCII", ":010000005\xc5??\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "column 11: byte 0xc5 is not a hexadecimal digit" },
        { "only a colon", ":\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "the line is shorter than its byte count says" },
        { "a line too short", ":020000005500\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "the line is shorter than its byte count says" },
        { "half a byte short", ":010000005\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "the line is shorter than its byte count says" },
        { "a line too long", ":010000005500AA\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "the line is longer than its byte count says" },
        { "half a byte long", ":01000000550\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "the line is shorter than its byte count says" },
        { "blank behind", ":0100000055??\n:00000001FF \n", IMAGE_SYNTAX, 2, 0,
          "the line is longer than its byte count says" },
        { "two carriage returns", ":0100000055AA\r\r\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "the line is longer than its byte count says" },
        { "wrong checksum", ":0100000055AA\n:0100000055AB\n:00000001FF\n", IMAGE_CHECKSUM, 2, 0,
          "the checksum is 0xAB, the record's bytes give 0xAA" },
        { "wrong checksum of the end", ":0100000055AA\n:00000001FE\n", IMAGE_CHECKSUM, 2, 0,
          "the checksum is 0xFE, the record's bytes give 0xFF" },
        { "unknown record type", ":0100000655??\n:00000001??\n", IMAGE_UNSUPPORTED, 1, 0,
          "record type 06 is not one of 00 to 05" },
        { "end with data", ":0100000155??\n", IMAGE_SYNTAX, 1, 0,
          "a record of type 01 with 1 bytes instead of 0" },
        { "end with an offset", ":00123401??\n", IMAGE_SYNTAX, 1, 0,
          "a record of type 01 with offset 0x1234 instead of 0" },
        { "a base of one byte", ":0100000408??\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "a record of type 04 with 1 bytes instead of 2" },
        { "a segment base of four bytes", ":0400000208000000??\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "a record of type 02 with 4 bytes instead of 2" },
        { "a start of two bytes", ":020000050800??\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "a record of type 05 with 2 bytes instead of 4" },
        { "a segment start of no bytes", ":00000003??\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "a record of type 03 with 0 bytes instead of 4" },
        { "a base with an offset", ":020001040800??\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "a record of type 04 with offset 0x0001 instead of 0" },
        { "two entry points", ":0400000508000101??\n:0400000508000103??\n:00000001??\n",
          IMAGE_SYNTAX, 2, 0x08000103, "a second entry point 0x08000103, the first is 0x08000101" },
        { "over 16 bits without a base", ":0100000001??\n:02FFFF000102??\n:00000001??\n",
          IMAGE_RANGE, 2, 0xffff, "2 bytes at 0xffff leave the 16-bit address space" },
        { "over 32 bits", ":02000004FFFF??\n:02FFFF000102??\n:00000001??\n", IMAGE_RANGE, 2,
          0xffffffff, "2 bytes at 0xffffffff leave the 32-bit address space" },
        { "ends within a record", ":0100000055??\n:1000000001020304", IMAGE_TRUNCATED, 2, 0,
          "the file ends within a record" },
        { "ends within the end record", ":0100000055??\n:00000001F", IMAGE_TRUNCATED, 2, 0,
          "the file ends within a record" },
        { "no end record", ":0100000055??\n:0100010055??\n", IMAGE_TRUNCATED, 2, 0,
          "the file ends here, without an end record" },
        { "no end record, blank lines", ":0100000055??\n\n\n", IMAGE_TRUNCATED, 1, 0,
          "the file ends here, without an end record" },
        { "data after the end", ":0100000055??\n:00000001??\n:0100010055??\n:00000001??\n",
          IMAGE_SYNTAX, 3, 0, "something follows the end record" },
        { "text after the end", ":0100000055??\n:00000001??\r\n\nbye", IMAGE_SYNTAX, 4, 0,
          "something follows the end record" },
        { "no data", ":00000001??\n", IMAGE_EMPTY, 0, 0, "no data in it" },
        { "only an entry point", ":0400000508000101??\n:00000001??\n", IMAGE_EMPTY, 0, 0,
          "no data in it" },
        { "different bytes for one address",
          ":020000040800??\n:0400000001020304??\n:0100100010??\n:0400030005060708??\n:00000001??\n",
          IMAGE_OVERLAP, 4, 0x08000003, "0x08000003 is 0x04 in line 2 and 0x05 in line 4" },
        { "different bytes, the later line is below",
          ":0400020001020304??\n:0400000009090102??\n:04000100090102FF??\n:00000001??\n",
          IMAGE_OVERLAP, 3, 0x00000004, "0x00000004 is 0xff in line 3 and 0x03 in line 1" },
        { "different bytes, the line between ends there",
          ":080000000102030405060708??\n:020002000304??\n:0100040099??\n:00000001??\n",
          IMAGE_OVERLAP, 3, 0x00000004, "0x00000004 is 0x05 in line 1 and 0x99 in line 3" },
        { "a blank within a record", ":0400000001 020304??\n:00000001??\n", IMAGE_SYNTAX, 1, 0,
          "column 12: ' ' is not a hexadecimal digit" },
};

static void takes_what_the_format_allows(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(acceptances); i++) {
                _cleanup_free_ char *text = seal(acceptances[i].text, 1, 0);

                check_acceptance(&acceptances[i], text, IMAGE_IHEX);
                check_acceptance(&acceptances[i], text, IMAGE_AUTO);
        }
}

static void refuses_with_line_and_reason(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                _cleanup_free_ char *text = seal(refusals[i].text, 1, 0);

                check_refusal(&refusals[i], text, IMAGE_IHEX);
                check_refusal(&refusals[i], text, IMAGE_AUTO);
        }
}

/* A file cut anywhere is refused, but for a missing last line end. */
static void refuses_every_cut(void **state) {
        const struct image_options options = { .format = IMAGE_AUTO };
        _cleanup_free_ char *text = NULL;

        (void)state;
        text = seal(":020000040800??\r\n:0400000001020304??\r\n:0400000508000101??\r\n"
                    ":00000001??\r\n",
                    1, 0);
        for (size_t size = 1; size < strlen(text) - 2; size++) {
                struct image *image = NULL;

                assert_int_equal(open_exact(text, size, &options, &image, NULL), IMAGE_TRUNCATED);
                assert_null(image);
        }
}

/* One flipped bit anywhere never goes unnoticed. */
static void refuses_every_flipped_bit(void **state) {
        const struct image_options options = { .format = IMAGE_AUTO };
        _cleanup_free_ char *text = NULL;
        size_t unchanged = 0;

        (void)state;
        text = seal(":020000040800??\n:0400000001AC0304??\n:0400000508000101??\n:00000001??\n", 1,
                    0);
        for (size_t bit = 0; bit < (strlen(text) - 1) * 8; bit++) {
                _cleanup_(image_freep) struct image *image = NULL;
                char *byte = &text[bit / 8];
                char before = *byte;

                *byte = (char)(*byte ^ 1 << bit % 8);
                int r = open_exact(text, strlen(text), &options, &image, NULL);
                if (r == 0) {
                        _cleanup_free_ char *found = dump(image);

                        /* 'A' and 'a' mean the same. */
                        assert_string_equal(found, "08000000:01ac0304 entry 08000101");
                        unchanged++;
                } else {
                        assert_true(r > 0);
                }
                *byte = before;
        }
        assert_in_range(unchanged, 1, 12);
}

static void add_record(FILE *file, uint8_t type, uint16_t offset, const uint8_t *data,
                       size_t size) {
        uint8_t sum = (uint8_t)(size + (offset >> 8) + offset + type);

        fprintf(file, ":%02zX%04X%02X", size, offset, type);
        for (size_t i = 0; i < size; i++) {
                fprintf(file, "%02X", data[i]);
                sum = (uint8_t)(sum + data[i]);
        }
        fprintf(file, "%02X\n", (uint8_t)-sum);
}

/* `data` from `address` on in records of `width` bytes, the last one first; the caller owns it. */
static char *write_ihex(uint32_t address, const uint8_t *data, size_t size, size_t width) {
        char *text = NULL;
        size_t length;
        FILE *file = open_memstream(&text, &length);

        assert_non_null(file);
        for (size_t n = (size + width - 1) / width; n-- > 0;) {
                uint32_t at = address + (uint32_t)(n * width);
                const uint8_t base[] = { (uint8_t)(at >> 24), (uint8_t)(at >> 16) };

                add_record(file, 4, 0, base, 2);
                add_record(file, 0, (uint16_t)at, data + n * width, MIN(width, size - n * width));
        }
        add_record(file, 1, 0, NULL, 0);
        assert_int_equal(fclose(file), 0);
        return text;
}

static void gives_back_what_was_written(void **state) {
        static const size_t widths[] = { 1, 7, 16, 32, 255 };
        static uint8_t data[70000], found[sizeof(data)];
        const struct image_options options = { .format = IMAGE_AUTO };
        uint32_t random = 1;

        (void)state;
        for (size_t i = 0; i < sizeof(data); i++) {
                random = random * 1664525 + 1013904223;
                data[i] = (uint8_t)(random >> 24);
        }
        for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
                _cleanup_(image_freep) struct image *image = NULL;
                _cleanup_free_ char *text = NULL;

                text = write_ihex(0x0800fff1, data, sizeof(data), widths[i]);
                assert_int_equal(image_open((uint8_t *)text, strlen(text), &options, &image, NULL),
                                 0);
                assert_int_equal(image->format, IMAGE_IHEX);
                assert_int_equal(image->n_segments, 1);
                assert_int_equal(image_size(image), sizeof(data));
                assert_true(image_read(image, 0x0800fff1, found, sizeof(found)));
                assert_memory_equal(found, data, sizeof(data));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_what_the_format_allows),
                cmocka_unit_test(refuses_with_line_and_reason),
                cmocka_unit_test(refuses_every_cut),
                cmocka_unit_test(refuses_every_flipped_bit),
                cmocka_unit_test(gives_back_what_was_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
