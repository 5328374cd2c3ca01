/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "image-test.h"

static const struct acceptance acceptances[] = {
        { "16-bit addresses", "S10510000102??\nS9031000??\n", "00001000:0102 entry 00001000" },
        { "24-bit addresses", "S2061234560102??\nS804000000??\n", "00123456:0102" },
        { "32-bit addresses", "S307080000000102??\nS70508000101??\n",
          "08000000:0102 entry 08000101" },
        { "CRLF", "S10510000102??\r\nS9030000??\r\n", "00001000:0102" },
        { "lower case digits", "S1051000abcd??\nS9030000fc\n", "00001000:abcd" },
        { "a header", "S00600004844521B\nS10510000102??\nS9030000??\n", "00001000:0102" },
        { "no line end at the end", "S10410005A??\nS9030000??", "00001000:5a" },
        { "blank lines at the end", "S10410005A??\nS9030000??\n\r\n \n", "00001000:5a" },
        { "a count", "S104100001??\nS104100102??\nS5030002??\nS9030000??\n", "00001000:0102" },
        { "a long count", "S104100001??\nS604000001??\nS9030000??\n", "00001000:01" },
        { "a data record without data", "S1031000??\nS104200001??\nS5030002??\nS9030000??\n",
          "00002000:01" },
        { "widths mixed", "S104100001??\nS20500100102??\nS3060000100203??\nS9030000??\n",
          "00001000:010203" },
        { "up to the end of 16 bits", "S105FFFE0102??\nS9030000??\n", "0000fffe:0102" },
        { "up to the end of 32 bits", "S307FFFFFFFE0102??\nS70500000000??\n", "fffffffe:0102" },
        { "the same bytes twice", "S10510000102??\nS10510010203??\nS9030000??\n",
          "00001000:010203" },
};

static const struct refusal refusals[] = {
        { "no type", "S104100001??\nSX\n", IMAGE_SYNTAX, 2, 0,
          "column 2: 'X' is not a record type" },
        { "no S", "S104100001??\n104100001\n", IMAGE_SYNTAX, 2, 0, "column 1: '1' is not 'S'" },
        { "small s", "S104100001??\ns9030000FC\n", IMAGE_SYNTAX, 2, 0, "column 1: 's' is not 'S'" },
        { "only an S", "S\nS9030000??\n", IMAGE_SYNTAX, 1, 0,
          "the line is shorter than its byte count says" },
        { "no digit", "S10410000x00\nS9030000??\n", IMAGE_SYNTAX, 1, 0,
          "column 10: 'x' is not a hexadecimal digit" },
        { "a line too short", "S105100001??\nS9030000??\n", IMAGE_SYNTAX, 1, 0,
          "the line is shorter than its byte count says" },
        { "a line too long", "S104100001??00\nS9030000??\n", IMAGE_SYNTAX, 1, 0,
          "the line is longer than its byte count says" },
        { "wrong checksum", "S104100001EB\nS9030000??\n", IMAGE_CHECKSUM, 1, 0,
          "the checksum is 0xEB, the record's bytes give 0xEA" },
        { "no address", "S101??\nS9030000??\n", IMAGE_SYNTAX, 1, 0,
          "an S1 record without its address" },
        { "an address too short", "S304100001??\nS9030000??\n", IMAGE_SYNTAX, 1, 0,
          "an S3 record without its address" },
        { "no bytes at all", "S100FF\n", IMAGE_SYNTAX, 1, 0,
          "the line is longer than its byte count says" },
        { "the reserved type", "S4030000??\nS9030000??\n", IMAGE_UNSUPPORTED, 1, 0,
          "record type S4 is reserved" },
        { "a termination with data", "S104100001??\nS904000001??\n", IMAGE_SYNTAX, 2, 0,
          "an S9 record with data" },
        { "a count with data", "S104100001??\nS504000101??\nS9030000??\n", IMAGE_SYNTAX, 2, 0,
          "an S5 record with data" },
        { "records lost", "S104100001??\nS5030002??\nS9030000??\n", IMAGE_TRUNCATED, 2, 0,
          "S5 counts 2 data records, the file has 1" },
        { "records too many", "S104100001??\nS104100102??\nS604000001??\nS9030000??\n",
          IMAGE_SYNTAX, 3, 0, "S6 counts 1 data records, the file has 2" },
        { "over 16 bits", "S105FFFF0102??\nS9030000??\n", IMAGE_RANGE, 1, 0xffff,
          "2 bytes at 0xffff leave the 16-bit address space" },
        { "over 24 bits", "S206FFFFFF0102??\nS9030000??\n", IMAGE_RANGE, 1, 0xffffff,
          "2 bytes at 0xffffff leave the 24-bit address space" },
        { "over 32 bits", "S307FFFFFFFF0102??\nS9030000??\n", IMAGE_RANGE, 1, 0xffffffff,
          "2 bytes at 0xffffffff leave the 32-bit address space" },
        { "no termination", "S104100001??\nS5030001??\n", IMAGE_TRUNCATED, 2, 0,
          "the file ends here, without an end record" },
        { "ends within a record", "S104100001??\nS113", IMAGE_TRUNCATED, 2, 0,
          "the file ends within a record" },
        { "data after the termination", "S104100001??\nS9030000??\nS104100102??\n", IMAGE_SYNTAX, 3,
          0, "something follows the end record" },
        { "a blank line between", "S104100001??\n\nS9030000??\n", IMAGE_SYNTAX, 2, 0,
          "a blank line between records" },
        { "no data", "S0030000??\nS9030000??\n", IMAGE_EMPTY, 0, 0, "no data in it" },
        { "different bytes for one address", "S10510000102??\nS104100103??\nS9030000??\n",
          IMAGE_OVERLAP, 2, 0x1001, "0x00001001 is 0x02 in line 1 and 0x03 in line 2" },
};

static void takes_what_the_format_allows(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(acceptances); i++) {
                _cleanup_free_ char *text = seal(acceptances[i].text, 2, 0xff);

                check_acceptance(&acceptances[i], text, IMAGE_SREC);
                check_acceptance(&acceptances[i], text, IMAGE_AUTO);
        }
}

static void refuses_with_line_and_reason(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
                _cleanup_free_ char *text = seal(refusals[i].text, 2, 0xff);

                check_refusal(&refusals[i], text, IMAGE_SREC);
                check_refusal(&refusals[i], text, IMAGE_AUTO);
        }
}

/* A file cut anywhere is refused, but for a missing last line end. */
static void refuses_every_cut(void **state) {
        const struct image_options options = { .format = IMAGE_AUTO };
        _cleanup_free_ char *text = NULL;

        (void)state;
        text = seal("S0030000??\nS309080000000102FFFE??\nS5030001??\nS70508000101??\n", 2, 0xff);
        for (size_t size = 1; size < strlen(text) - 1; size++) {
                struct image *image = NULL;

                assert_int_equal(open_exact(text, size, &options, &image, NULL), IMAGE_TRUNCATED);
                assert_null(image);
        }
}

/* `data` from `address` on in records of `type` and `width` bytes; the caller owns it. */
static char *write_srec(int type, uint32_t address, const uint8_t *data, size_t size,
                        size_t width) {
        char *text = NULL;
        size_t length;
        FILE *file = open_memstream(&text, &length);

        assert_non_null(file);
        for (size_t done = 0; done < size; done += width) {
                size_t n = MIN(width, size - done);

                fprintf(file, "S%d%02zX%0*zX", type, n + (size_t)type + 2, 2 * type + 2,
                        address + done);
                for (size_t i = 0; i < n; i++)
                        fprintf(file, "%02X", data[done + i]);
                fprintf(file, "??\n");
        }
        fprintf(file, "S9030000??\n");
        assert_int_equal(fclose(file), 0);

        char *sealed = seal(text, 2, 0xff);
        free(text);
        return sealed;
}

static void gives_back_what_was_written(void **state) {
        static const struct {
                int type;
                uint32_t address;
                size_t width;
        } forms[] = {
                { 1, 0xc000, 1 },      { 1, 0xc000, 252 },     { 2, 0xfff0, 16 },
                { 3, 0x0800fff1, 32 }, { 3, 0x0800fff1, 250 },
        };
        const struct image_options options = { .format = IMAGE_AUTO };
        uint8_t data[1500], found[sizeof(data)];
        uint32_t random = 1;

        (void)state;
        for (size_t i = 0; i < sizeof(data); i++) {
                random = random * 1664525 + 1013904223;
                data[i] = (uint8_t)(random >> 24);
        }
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                _cleanup_(image_freep) struct image *image = NULL;
                _cleanup_free_ char *text = NULL;

                text = write_srec(forms[i].type, forms[i].address, data, sizeof(data),
                                  forms[i].width);
                assert_int_equal(image_open((uint8_t *)text, strlen(text), &options, &image, NULL),
                                 0);
                assert_int_equal(image->format, IMAGE_SREC);
                assert_int_equal(image->n_segments, 1);
                assert_true(image_read(image, forms[i].address, found, sizeof(found)));
                assert_memory_equal(found, data, sizeof(data));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_what_the_format_allows),
                cmocka_unit_test(refuses_with_line_and_reason),
                cmocka_unit_test(refuses_every_cut),
                cmocka_unit_test(gives_back_what_was_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
