/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"
#include "util/cleanup.h"

char *tree_new(void) {
        const char *tmp = getenv("TMPDIR");
        _cleanup_free_ char *template = NULL;
        char *root;

        assert_true(asprintf(&template, "%s/stmboot-XXXXXX", tmp ? tmp : P_tmpdir) >= 0);
        assert_non_null(mkdtemp(template));
        root = realpath(template, NULL);
        assert_non_null(root);
        return root;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st, (void)type, (void)ftw;
        return remove(path);
}

char *tree_remove(char *root) {
        if (root)
                assert_int_equal(nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
        free(root);
        return NULL;
}

char *tree_path(const char *root, const char *path) {
        char *full;

        assert_true(asprintf(&full, "%s/%s", root, path) >= 0);
        return full;
}

/* Makes the directories that `full` lies in. */
static void make_parents(char *full) {
        for (char *slash = full; (slash = strchr(slash + 1, '/'));) {
                *slash = '\0';
                (void)mkdir(full, 0755);
                *slash = '/';
        }
}

void tree_directory(const char *root, const char *path) {
        _cleanup_free_ char *full = tree_path(root, path);

        make_parents(full);
        (void)mkdir(full, 0755);
        assert_int_equal(access(full, X_OK), 0);
}

void tree_file(const char *root, const char *path, const void *data, size_t size) {
        _cleanup_free_ char *full = tree_path(root, path);
        _cleanup_fclose_ FILE *file = NULL;

        make_parents(full);
        file = fopen(full, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(data, 1, size, file), size);
}

void tree_text(const char *root, const char *path, const char *text) {
        tree_file(root, path, text, strlen(text));
}

void tree_link(const char *root, const char *path, const char *target) {
        _cleanup_free_ char *full = tree_path(root, path);

        make_parents(full);
        assert_int_equal(symlink(target, full), 0);
}
