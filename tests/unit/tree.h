/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* A directory for a test, to stand for /dev, /sys or a device tree. Failures end the test. */

/* Makes an empty one; for tree_remove() to take away with all that is in it. Returns NULL. */
char *tree_new(void);
char *tree_remove(char *root);

/* Paths are relative to `root`; directories in between are made. */
void tree_directory(const char *root, const char *path);
void tree_file(const char *root, const char *path, const void *data, size_t size);
void tree_text(const char *root, const char *path, const char *text);
void tree_link(const char *root, const char *path, const char *target);

/* `root`/`path` for free(). */
char *tree_path(const char *root, const char *path);
