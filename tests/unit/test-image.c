/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "image-test.h"

#include "image/builder.h"
#include "util/parse.h"

/* Some segments, with a gap of one byte and one up to the end of the address space. */
static struct image *sample(void) {
        static const uint8_t data[] = "abcdefgh";
        _cleanup_(builder_clear) struct builder builder = { 0 };
        struct image *image = calloc(1, sizeof(*image));
        struct image_error error;

        assert_non_null(image);
        assert_int_equal(builder_add(&builder, 0, 0xfffffffe, data + 6, 2, &error), 0);
        assert_int_equal(builder_add(&builder, 0, 0x1005, data + 4, 2, &error), 0);
        assert_int_equal(builder_add(&builder, 0, 0x1002, data + 2, 2, &error), 0);
        assert_int_equal(builder_add(&builder, 0, 0x1000, data, 2, &error), 0);
        assert_int_equal(builder_add(&builder, 0, 0x9000, data, 0, &error), 0);
        assert_int_equal(builder_finish(&builder, image, &error), 0);
        return image;
}

static void sorts_and_joins_what_touches(void **state) {
        _cleanup_(image_freep) struct image *image = sample();
        _cleanup_free_ char *text = dump(image);

        (void)state;
        assert_string_equal(text, "00001000:61626364 00001005:6566 fffffffe:6768");
        assert_int_equal(image_size(image), 8);
}

static void reads_only_what_is_there(void **state) {
        static const struct {
                uint32_t address;
                size_t size;
                const char *found; /* NULL: not all of it is in the image */
        } tests[] = {
                { 0x1000, 4, "abcd" },      { 0x1003, 1, "d" },      { 0x1005, 2, "ef" },
                { 0xfffffffe, 2, "gh" },    { 0xffffffff, 1, "h" },  { 0x0, 0, "" },
                { 0xfff, 1, NULL },         { 0xfff, 2, NULL },      { 0x1000, 5, NULL },
                { 0x1003, 2, NULL },        { 0x1004, 1, NULL },     { 0x1007, 1, NULL },
                { 0xfffffffd, 1, NULL },    { 0xffffffff, 2, NULL }, { 0x0, 1, NULL },
                { 0x1000, SIZE_MAX, NULL },
        };
        _cleanup_(image_freep) struct image *image = sample();

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                char found[8] = "-------";

                assert_int_equal(image_read(image, tests[i].address, found, tests[i].size),
                                 tests[i].found != NULL);
                if (tests[i].found)
                        assert_memory_equal(found, tests[i].found, tests[i].size);
                else
                        assert_string_equal(found, "-------");
        }
}

/* FIPS 180-4's example, and the check value of CRC-32 as in ISO 3309. */
static void digests_the_bytes_in_address_order(void **state) {
        static const struct {
                const char *pieces[3]; /* one byte apart, the last one first */
                uint32_t crc32;
                const char *sha256;
        } tests[] = {
                { { "abc" },
                  0x352441c2,
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
                { { "a", "bc" },
                  0x352441c2,
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
                { { "1234", "5", "6789" },
                  0xcbf43926,
                  "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                _cleanup_(image_freep) struct image *image = calloc(1, sizeof(*image));
                _cleanup_(builder_clear) struct builder builder = { 0 };
                struct image_digest digest;
                struct image_error error;
                uint32_t address = 0x1000;
                char sha256[65];

                for (size_t k = 0; k < ARRAY_SIZE(tests[i].pieces) && tests[i].pieces[k]; k++) {
                        const char *piece = tests[i].pieces[k];
                        uint32_t size = (uint32_t)strlen(piece);

                        assert_int_equal(builder_add(&builder, 0, address, (const uint8_t *)piece,
                                                     size, &error),
                                         0);
                        address += size + 1;
                }
                assert_int_equal(builder_finish(&builder, image, &error), 0);
                image_digest(image, &digest);
                format_hex(digest.sha256, sizeof(digest.sha256), sha256);
                assert_int_equal(digest.crc32, tests[i].crc32);
                assert_string_equal(sha256, tests[i].sha256);
        }
}

static void finds_overlap_that_differs(void **state) {
        static const uint8_t data[] = { 1, 2, 3, 4, 5, 6 };
        static const struct {
                uint32_t address, size; /* over bytes 1-6 at 0x1000 */
                uint8_t data[3];
                uint32_t where; /* first byte that differs; 0: none */
        } tests[] = {
                { 0x1000, 3, { 1, 2, 3 }, 0 },      { 0x1003, 3, { 4, 5, 6 }, 0 },
                { 0x1004, 3, { 5, 6, 7 }, 0 },      { 0xfff, 3, { 0, 1, 2 }, 0 },
                { 0x1000, 3, { 9, 2, 3 }, 0x1000 }, { 0x1003, 3, { 4, 5, 9 }, 0x1005 },
                { 0x1004, 3, { 5, 9, 9 }, 0x1005 }, { 0xfff, 3, { 0, 1, 9 }, 0x1001 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
                _cleanup_(image_freep) struct image *image = calloc(1, sizeof(*image));
                _cleanup_(builder_clear) struct builder builder = { 0 };
                struct image_error error = { .address = 0 };

                assert_int_equal(builder_add(&builder, 0, 0x1000, data, sizeof(data), &error), 0);
                assert_int_equal(builder_add(&builder, 0, tests[i].address, tests[i].data,
                                             tests[i].size, &error),
                                 0);
                assert_int_equal(builder_finish(&builder, image, &error),
                                 tests[i].where ? IMAGE_OVERLAP : IMAGE_OK);
                assert_int_equal(error.address, tests[i].where);
        }
}

/* `n` single bytes, each apart from the next, the last one first. */
static void add_crumbs(struct builder *builder, uint32_t n) {
        static const uint8_t byte = 0x5a;
        struct image_error error;

        for (uint32_t i = n; i-- > 0;)
                assert_int_equal(builder_add(builder, 1, i * 2, &byte, 1, &error), 0);
}

static void bears_many_segments_but_not_any_number(void **state) {
        _cleanup_(image_freep) struct image *image = calloc(1, sizeof(*image));
        _cleanup_(image_freep) struct image *refused = calloc(1, sizeof(*refused));
        _cleanup_(builder_clear) struct builder enough = { 0 }, too_many = { 0 };
        struct image_error error;
        uint8_t byte;

        (void)state;
        add_crumbs(&enough, IMAGE_SEGMENTS_MAX);
        assert_int_equal(builder_finish(&enough, image, &error), 0);
        assert_int_equal(image->n_segments, IMAGE_SEGMENTS_MAX);
        assert_true(image_read(image, IMAGE_SEGMENTS_MAX, &byte, 1));
        assert_false(image_read(image, IMAGE_SEGMENTS_MAX + 1, &byte, 1));

        add_crumbs(&too_many, IMAGE_SEGMENTS_MAX + 1);
        assert_int_equal(builder_finish(&too_many, refused, &error), IMAGE_RANGE);
        assert_string_equal(error.reason, "65537 separate segments, more than 65536");
}

static void bounds_the_records_of_a_file(void **state) {
        _cleanup_(builder_clear) struct builder builder = { 0 };
        struct image_error error;
        uint8_t byte = 0;

        (void)state;
        add_crumbs(&builder, 1 << 20);
        assert_int_equal(builder_add(&builder, 77, 0, &byte, 1, &error), IMAGE_RANGE);
        assert_int_equal(error.line, 77);
        assert_string_equal(error.reason, "more than 1048576 data records");
}

static void refuses_a_file_beyond_the_limit(void **state) {
        const struct image_options options = { .format = IMAGE_BIN };
        struct image *image = NULL;
        struct image_error error;
        uint8_t byte = 0;

        (void)state;
        /* Refused by its size, before a byte is looked at. */
        assert_int_equal(image_open(&byte, IMAGE_FILE_MAX + 1, &options, &image, &error),
                         IMAGE_RANGE);
        assert_string_equal(error.reason, "the file has more than 64 MiB");
        assert_null(image);
}

static void names_formats(void **state) {
        static const char *const names[] = { "auto", "bin", "hex", "srec", "elf" };
        enum image_format format = IMAGE_ELF;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                assert_true(image_format_from_string(names[i], &format));
                assert_int_equal(format, i);
                assert_string_equal(image_format_to_string(format), names[i]);
        }
        assert_false(image_format_from_string("HEX", &format));
        assert_false(image_format_from_string("", &format));
        assert_int_equal(format, IMAGE_ELF);
}

static void destroys_nothing_and_half_an_image(void **state) {
        struct image *half = calloc(1, sizeof(*half));

        (void)state;
        assert_null(image_free(NULL));
        assert_null(image_free(half));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(sorts_and_joins_what_touches),
                cmocka_unit_test(reads_only_what_is_there),
                cmocka_unit_test(digests_the_bytes_in_address_order),
                cmocka_unit_test(finds_overlap_that_differs),
                cmocka_unit_test(bears_many_segments_but_not_any_number),
                cmocka_unit_test(bounds_the_records_of_a_file),
                cmocka_unit_test(refuses_a_file_beyond_the_limit),
                cmocka_unit_test(names_formats),
                cmocka_unit_test(destroys_nothing_and_half_an_image),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
