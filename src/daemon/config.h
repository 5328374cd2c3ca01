/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/cleanup.h"

/* stmbootd.conf, and where all files are. */

#define CONFIG_DIRS_MAX 3

struct config_paths {
        const char *dirs[CONFIG_DIRS_MAX]; /* of stmbootd.conf and targets.d, the strongest first */
        size_t n_dirs;
        char *state_dir;   /* records; survives a reboot */
        char *runtime_dir; /* markers; need not */
};

/*
 * `config_dir` and `state_dir` (which then holds the markers as well) replace what the system has:
 * /etc, /run, /usr/lib; what systemd says in $STATE_DIRECTORY and $RUNTIME_DIRECTORY, or
 * /var/lib/stmboot and /run/stmboot. Borrows `config_dir`. Returns 0 or -ENOMEM.
 */
int config_paths_init(struct config_paths *paths, const char *config_dir, const char *state_dir);
void config_paths_done(struct config_paths *paths);

struct config {
        char **firmware_directories; /* NULL-terminated, absolute */
        int log_level;
        bool has_log_level;
};

/*
 * Reads the strongest stmbootd.conf; all defaults where there is none. Returns 0, or negative errno
 * with a reason for the caller to free (NULL: memory).
 */
int config_load(const struct config_paths *paths, struct config **ret, char **ret_reason);
/* The same from memory; `file` is for messages. */
int config_parse(const char *file, const char *data, size_t size, struct config **ret,
                 char **ret_reason);
struct config *config_free(struct config *config);
DEFINE_CLEANUP(struct config, config_free);

/* One target's file. */
struct config_file {
        char *name; /* of the target; of a misnamed file what it is called, without .conf */
        char *path;
        char *misnamed; /* NULL, or why its name is not that of the file; see misnamed.h */
};

/*
 * The strongest file of each target, sorted by name; those masked by a link to /dev/null are left
 * out. The array is the caller's.
 */
int config_list_targets(const struct config_paths *paths, struct config_file **ret, size_t *ret_n);
struct config_file *config_files_free(struct config_file *files, size_t n);
