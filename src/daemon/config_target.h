/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/entry.h"
#include "chip/flash_map.h"
#include "hw/lines.h"
#include "image/image.h"
#include "util/cleanup.h"
#include "virtual/virtual.h"

/* One target's file, read and checked: stmboot.conf(5). */

/* How Sync decides whether the chip holds the image already. */
enum sync_check {
        SYNC_CHECK_RECORD, /* the record says so; the chip is not touched */
        SYNC_CHECK_FAST,   /* and head, tail and some blocks are equal */
        SYNC_CHECK_FULL,   /* all of it is equal */
};

#define TARGET_FAULTS_MAX 16

/* The key of each line in that file. */
extern const char *const line_keys[LINE_MAX_];

/* Of a Port= that is no port. */
#define VIRTUAL_PREFIX "virtual:"

struct target_config {
        char *description;
        char *chip_name; /* NULL: any */
        bool has_layout;
        struct flash_map layout; /* of a chip that the device table does not know */
        bool fast_program;

        char *port; /* as port_open_serial() takes it; of a virtual target "virtual:..." */
        unsigned baud;

        struct lines_config lines;
        struct entry_config entry; /* which lines are wired, and when to do what */

        char *image_file; /* NULL: none */
        enum image_format image_format;
        bool has_image_address;
        uint32_t image_address;
        enum sync_check check;
        bool trust_record_if_protected;

        bool is_virtual;
        struct virtual_config board;
        struct virtual_fault faults[TARGET_FAULTS_MAX];
        size_t n_faults;
};

/*
 * Reads a file's bytes; `file` is for messages. Returns 0; -EINVAL with "FILE:LINE: reason" for the
 * caller to free; or -ENOMEM.
 */
int target_config_parse(const char *file, const char *data, size_t size, struct target_config **ret,
                        char **ret_reason);

/* The same from a path; other errors of the system have a reason as well. */
int target_config_load(const char *path, struct target_config **ret, char **ret_reason);

/* Without description, image or any setting: all defaults. NULL: memory. */
struct target_config *target_config_new(void);
struct target_config *target_config_free(struct target_config *config);
DEFINE_CLEANUP(struct target_config, target_config_free);

/* Tells `entry` which of `lines` there are. */
void target_config_set_wired(struct target_config *config);

/* Do both describe the same virtual board, so that it may live on? */
bool target_config_same_board(const struct target_config *a, const struct target_config *b);

/* Reads "4x16K,1x64K" or, where flash does not start at 0x08000000, "0x10040000:128x2K". */
int layout_parse(const char *text, struct flash_map *ret);

/* Within what AN3155 and Linux can do. */
bool target_baud_is_valid(unsigned baud);

bool sync_check_from_string(const char *text, enum sync_check *ret);
