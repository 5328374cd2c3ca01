/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct manager;

/* From target files and nodes of the device tree to targets: added, changed, removed. */

/*
 * Reads all of them. What a target in work is to become is kept on it until reload_finish().
 * Returns 0 or negative errno.
 */
int reload_targets(struct manager *manager);

/* Some targets may be in work no longer: they take what was kept for them. */
void reload_finish(struct manager *manager);
