/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "image-test.h"

/* test-image-formats FILE...: one firmware in every format, some of it made by other tools. */

#define ADDRESS 0x08000000

static char **files;

static uint8_t *load_file(const char *path, size_t *ret_size) {
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        uint8_t *data;
        long size;

        if (!file)
                fail_msg("%s: cannot be opened", path);
        assert_int_equal(fseek(file, 0, SEEK_END), 0);
        size = ftell(file);
        assert_true(size > 0);
        rewind(file);
        data = malloc((size_t)size);
        assert_non_null(data);
        assert_int_equal(fread(data, 1, (size_t)size, file), size);
        *ret_size = (size_t)size;
        return data;
}

static struct image *load_image(const char *path) {
        const struct image_options options = { .default_address = ADDRESS };
        struct image *image;
        struct image_error error;
        _cleanup_free_ uint8_t *data = NULL;
        size_t size;

        data = load_file(path, &size);
        if (open_exact(data, size, &options, &image, &error) != 0)
                fail_msg("%s: line %zu: %s", path, error.line, error.reason);
        return image;
}

static void every_format_gives_the_same_image(void **state) {
        _cleanup_(image_freep) struct image *first = load_image(files[0]);
        struct image_digest expected;
        bool seen[IMAGE_ELF + 1] = { 0 };

        (void)state;
        image_digest(first, &expected);
        for (char **file = files; *file; file++) {
                _cleanup_(image_freep) struct image *image = load_image(*file);
                struct image_digest digest;

                image_digest(image, &digest);
                if (image->n_segments != 1 || image->segments[0].address != ADDRESS ||
                    digest.crc32 != expected.crc32 ||
                    memcmp(digest.sha256, expected.sha256, sizeof(digest.sha256)) != 0)
                        fail_msg("%s differs from %s", *file, files[0]);
                if (image->has_entry)
                        assert_int_equal(image->entry, ADDRESS + 0x101);
                seen[image->format] = true;
        }
        for (int format = IMAGE_BIN; format <= IMAGE_ELF; format++)
                assert_true(seen[format]);
}

static void the_vectors_are_found(void **state) {
        (void)state;
        for (char **file = files; *file; file++) {
                _cleanup_(image_freep) struct image *image = load_image(*file);
                uint32_t vectors[2];

                assert_true(image_read(image, ADDRESS, vectors, sizeof(vectors)));
                assert_int_equal(le32toh(vectors[0]), 0x20001000);
                assert_int_equal(le32toh(vectors[1]), ADDRESS + 0x101);
        }
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_format_gives_the_same_image),
                cmocka_unit_test(the_vectors_are_found),
        };

        if (argc < 2) {
                fprintf(stderr, "Usage: %s FILE...\n", argv[0]);
                return 2;
        }
        files = argv + 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
