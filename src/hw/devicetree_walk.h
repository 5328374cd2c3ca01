/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A device tree as a directory: nodes are directories, properties are files. Nobody vouches for it.
 */

#define DEVICETREE_PATH_MAX 256

/* `node`: the directory; `path`: "/soc/serial@7e201a00". Negative errno ends the walk. */
typedef int (*devicetree_visitor)(int node, const char *path, void *userdata);

/*
 * Visits each node below `root`, in no particular order, and follows no links. Returns 0; -E2BIG:
 * deeper, longer or larger than device trees are; what the visitor returned; -errno.
 */
int devicetree_walk(const char *root, devicetree_visitor visitor, void *userdata);

/* Returns the property's size, -ENOENT, -E2BIG: more than `size`, or -EINVAL: no plain file. */
ssize_t devicetree_property(int node, const char *name, void *ret, size_t size);

/* One string of printable characters. Returns 0, -ENOENT, or -EINVAL. */
int devicetree_string(int node, const char *name, char *ret, size_t size);

/* One cell. Returns 0, -ENOENT, or -EINVAL. */
int devicetree_cell(int node, const char *name, uint32_t *ret);
