/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "image-test.h"

#define BYTES(text) text, sizeof(text) - 1

/* The first vectors of a program at the start of flash. */
#define VECTORS "\x00\x50\x00\x20\x01\x01\x00\x08\x03\x01\x00\x08\x03\x01\x00\x08"

static void takes_the_rest_as_raw_binary(void **state) {
        static const struct {
                const char *name;
                const char *data;
                size_t size;
        } tests[] = {
                { "vectors", BYTES(VECTORS) },
                { "one byte", BYTES("\x00") },
                { "erased flash", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff") },
                { "':' in front of binary data", BYTES(":\x01\x02\xff" VECTORS) },
                { "'S' in front of binary data", BYTES("S\x01\x02\xff" VECTORS) },
                { "one odd byte in seven", BYTES(":\xb0"
                                                 "0000\n") },
                { "binary with a hash at its end", BYTES(VECTORS "\ncommit:0123456789abcdef") },
                { "two bytes of the ELF magic", BYTES("\x7f"
                                                      "Ex\0" VECTORS) },
                { "binary with text at its end", BYTES(VECTORS "version 1.0\n") },
                { "binary with a short record at its end", BYTES(VECTORS "\n:00\n") },
        };
        const struct image_options options = { .default_address = 0x08000000 };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                _cleanup_(image_freep) struct image *image = NULL;
                struct image_error error;

                if (open_exact(tests[i].data, tests[i].size, &options, &image, &error) != 0)
                        fail_msg("%s: %s", tests[i].name, error.reason);
                assert_int_equal(image->format, IMAGE_BIN);
                assert_int_equal(image->n_segments, 1);
                assert_int_equal(image->segments[0].address, 0x08000000);
                assert_int_equal(image->segments[0].size, tests[i].size);
                assert_memory_equal(image->segments[0].data, tests[i].data, tests[i].size);
                assert_false(image->has_entry);
        }
}

static void never_takes_a_lookalike_as_raw_binary(void **state) {
        static const struct {
                const char *name;
                const char *data;
                size_t size;
                enum image_status status;
                size_t line;
                const char *reason;
        } tests[] = {
                { "nothing", "x", 0, IMAGE_EMPTY, 0, "the file is empty" },
                { "only a colon", BYTES(":"), IMAGE_TRUNCATED, 1, "the file ends within a record" },
                { "HEX with a damaged first digit",
                  BYTES(":\xb0"
                        "0000001FF\n"),
                  IMAGE_SYNTAX, 1, "column 2: byte 0xb0 is not a hexadecimal digit" },
                { "one odd byte in eight",
                  BYTES(":\xb0"
                        "00000\n"),
                  IMAGE_SYNTAX, 1, "column 2: byte 0xb0 is not a hexadecimal digit" },
                { "HEX with a damaged colon", BYTES("z00000001FF\n"), IMAGE_SYNTAX, 1,
                  "text, but neither Intel HEX nor S-records" },
                { "HEX with a damaged colon, no text",
                  BYTES("\xba"
                        "00000001FF\n"),
                  IMAGE_SYNTAX, 1, "text, but neither Intel HEX nor S-records" },
                { "HEX behind a byte order mark",
                  BYTES("\xef\xbb\xbf"
                        ":0100000055AA\n:00000001FF\n"),
                  IMAGE_SYNTAX, 1, "text, but neither Intel HEX nor S-records" },
                { "a line that starts with S", BYTES("Some notes\n"), IMAGE_SYNTAX, 1,
                  "column 2: 'o' is not a record type" },
                { "a web page", BYTES("<html>404 Not Found</html>\n"), IMAGE_SYNTAX, 1,
                  "text, but neither Intel HEX nor S-records" },
                { "only blank lines", BYTES("\n\n"), IMAGE_SYNTAX, 1,
                  "text, but neither Intel HEX nor S-records" },
                { "HEX with a lost beginning",
                  BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n:00000001FF\r\n"), IMAGE_SYNTAX, 0,
                  "it starts like a binary and ends like Intel HEX" },
                { "S-records with a lost beginning",
                  BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\nS9030000FC"), IMAGE_SYNTAX, 0,
                  "it starts like a binary and ends like S-records" },
                { "a damaged ELF magic",
                  BYTES("\x7f"
                        "EL\0" VECTORS),
                  IMAGE_SYNTAX, 0, "no ELF magic at its start" },
                { "only an ELF magic",
                  BYTES("\x7f"
                        "ELF"),
                  IMAGE_TRUNCATED, 0, "the file ends within the ELF header" },
                { "ZIP", BYTES("PK\x03\x04" VECTORS), IMAGE_UNSUPPORTED, 0,
                  "the file is a ZIP archive" },
                { "gzip", BYTES("\x1f\x8b\x08\x00" VECTORS), IMAGE_UNSUPPORTED, 0,
                  "the file is gzip-compressed" },
                { "bzip2", BYTES("BZh9" VECTORS), IMAGE_UNSUPPORTED, 0,
                  "the file is bzip2-compressed" },
                { "xz",
                  BYTES("\xfd"
                        "7zXZ\0" VECTORS),
                  IMAGE_UNSUPPORTED, 0, "the file is xz-compressed" },
                { "zstd", BYTES("\x28\xb5\x2f\xfd" VECTORS), IMAGE_UNSUPPORTED, 0,
                  "the file is zstd-compressed" },
                { "DfuSe", BYTES("DfuSe\x01" VECTORS), IMAGE_UNSUPPORTED, 0,
                  "the file is a DfuSe file" },
                { "UF2", BYTES("UF2\n" VECTORS), IMAGE_UNSUPPORTED, 0, "the file is a UF2 file" },
                { "UTF-16",
                  BYTES("\xff\xfe:\0"
                        "0\0"
                        "1\0"),
                  IMAGE_UNSUPPORTED, 0, "the file is UTF-16 text" },
        };
        const struct image_options options = { .format = IMAGE_AUTO };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                struct image *image = NULL;
                struct image_error error = { .status = IMAGE_OK };

                int r = open_exact(tests[i].data, tests[i].size, &options, &image, &error);
                if (r != (int)tests[i].status || error.status != tests[i].status ||
                    error.line != tests[i].line || strcmp(error.reason, tests[i].reason) != 0)
                        fail_msg("%s: status %d, line %zu: %s", tests[i].name, r, error.line,
                                 error.reason);
                assert_null(image);
        }
}

static void a_named_format_is_not_guessed(void **state) {
        static const char text[] = ":0100000055AA\n:00000001FF\n";
        const struct image_options as_bin = { .format = IMAGE_BIN, .default_address = 0x1000 };
        const struct image_options as_srec = { .format = IMAGE_SREC };
        _cleanup_(image_freep) struct image *image = NULL;
        struct image *none = NULL;
        struct image_error error;

        (void)state;
        assert_int_equal(open_exact(text, sizeof(text), &as_bin, &image, &error), 0);
        assert_int_equal(image->format, IMAGE_BIN);
        assert_int_equal(image_size(image), sizeof(text));

        assert_int_equal(open_exact(text, sizeof(text), &as_srec, &none, &error), IMAGE_SYNTAX);
        assert_int_equal(error.line, 1);
        assert_string_equal(error.reason, "column 1: ':' is not 'S'");
}

static void an_address_is_for_raw_binary_only(void **state) {
        static const char text[] = ":0100000055AA\n:00000001FF\n";
        const struct image_options options = {
                .has_address = true,
                .address = 0x08004000,
                .default_address = 0x08000000,
        };
        _cleanup_(image_freep) struct image *image = NULL;
        struct image *none = NULL;
        struct image_error error;

        (void)state;
        assert_int_equal(open_exact(BYTES(VECTORS), &options, &image, &error), 0);
        assert_int_equal(image->segments[0].address, 0x08004000);

        assert_int_equal(open_exact(text, sizeof(text) - 1, &options, &none, &error),
                         IMAGE_UNSUPPORTED);
        assert_int_equal(error.address, 0x08004000);
        assert_string_equal(error.reason,
                            "an address is given, but a file of format hex has its own");
}

static void raw_binary_stays_in_the_address_space(void **state) {
        const struct image_options last = { .has_address = true, .address = 0xfffffff0 };
        const struct image_options beyond = { .has_address = true, .address = 0xfffffff1 };
        _cleanup_(image_freep) struct image *image = NULL;
        struct image *none = NULL;
        struct image_error error;

        (void)state;
        assert_int_equal(open_exact(BYTES(VECTORS), &last, &image, &error), 0);
        assert_int_equal(open_exact(BYTES(VECTORS), &beyond, &none, &error), IMAGE_RANGE);
        assert_int_equal(error.address, 0xfffffff1);
        assert_string_equal(error.reason, "16 bytes at 0xfffffff1 leave the 32-bit address space");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(takes_the_rest_as_raw_binary),
                cmocka_unit_test(never_takes_a_lookalike_as_raw_binary),
                cmocka_unit_test(a_named_format_is_not_guessed),
                cmocka_unit_test(an_address_is_for_raw_binary_only),
                cmocka_unit_test(raw_binary_stays_in_the_address_space),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
