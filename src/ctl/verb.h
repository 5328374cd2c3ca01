/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* What stmbootctl can be told to do. */

struct client;
struct options;

enum verb_id {
        VERB_LIST,
        VERB_INFO,
        VERB_PROBE,
        VERB_FLASH,
        VERB_VERIFY,
        VERB_READ,
        VERB_ERASE,
        VERB_RUN,
        VERB_RESET,
        VERB_BOOT,
        VERB_PROTECT,
        VERB_UNPROTECT,
        VERB_OPTION_BYTES,
        VERB_IMAGE,
        VERB_SYNC,
        VERB_TRACE,
        VERB_JOBS,
        VERB_CANCEL,
        VERB_MONITOR,
        VERB_MAX_,
};

struct verb {
        const char *name;
        const char *args; /* as in "[TARGET] IMAGE" */
        size_t min_args, max_args;
        const char *summary; /* for the overview */
        const char *help; /* for VERB --help: a line a paragraph, or an example that is indented */
        /* Does it, says what went wrong, and returns an exit code (enum stmboot_exit). */
        int (*run)(struct client *client, const struct options *options, char **args,
                   size_t n_args);
};

extern const struct verb verb_table[VERB_MAX_];

/* NULL: no verb of that name. */
const struct verb *verb_find(const char *name);

/* The nearest of `names` to a mistyped word, or NULL: none is near. */
const char *verb_nearest(const char *word, const char *const *names, size_t n_names);
const char *verb_suggest(const char *word);

int cmd_list(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_info(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_probe(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_flash(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_verify(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_read(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_erase(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_run(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_reset(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_boot(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_protect(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_unprotect(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_option_bytes(struct client *client, const struct options *options, char **args,
                     size_t n_args);
int cmd_image(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_sync(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_trace(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_jobs(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_cancel(struct client *client, const struct options *options, char **args, size_t n_args);
int cmd_monitor(struct client *client, const struct options *options, char **args, size_t n_args);
