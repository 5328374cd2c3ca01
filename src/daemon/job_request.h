/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "boot/session.h"
#include "daemon/config_target.h"
#include "image/image.h"
#include "util/cleanup.h"

/* What a client asks for, checked, with all that the session will borrow. */

enum job_type {
        JOB_FLASH,
        JOB_VERIFY,
        JOB_SYNC,
        JOB_READ,
        JOB_ERASE,
        JOB_PROBE,
        JOB_RUN,
        JOB_RESET,
        JOB_ENTER_BOOTLOADER,
        JOB_PROTECT_WRITE,
        JOB_UNPROTECT_WRITE,
        JOB_PROTECT_READOUT,
        JOB_UNPROTECT_READOUT,
        JOB_READ_OPTION_BYTES,
        JOB_WRITE_OPTION_BYTES,
        JOB_INSPECT, /* no job: the options of InspectImage */
};

#define JOB_READ_MAX    (8U << 20) /* bytes */
#define JOB_SECTORS_MAX 256
#define JOB_OPTIONS_MAX 1024 /* option bytes */

struct job_request {
        enum job_type type;
        struct session_request session;
        struct image_options image_options;
        char *image_name; /* for messages; NULL: as it came */
        struct image *image;
        enum sync_check sync_check;
        unsigned baud;
        bool has_layout;
        struct flash_map layout;
        uint8_t *option_bytes, *sectors;
};

/* "flash", "enter-bootloader"; as the Type property has it. */
const char *job_type_to_string(enum job_type type);

/* May it change what is in flash, so that the record of it no longer holds? */
bool job_type_changes_flash(enum job_type type);

/* What the target's file says about a job of this type on `chip` (NULL: not known). NULL: memory.
 */
struct job_request *job_request_new(enum job_type type, const struct target_config *config,
                                    const struct chip *chip);
struct job_request *job_request_free(struct job_request *request);
DEFINE_CLEANUP(struct job_request, job_request_free);

/* Bytes of its image, or of what it reads, that are in memory as long as it runs. */
uint64_t job_request_bytes(const struct job_request *request);

/*
 * Reads an a{sv} over it. An unknown key, one that does not go with this type, a wrong variant type
 * or value is InvalidArgs naming the key. Returns 0 or negative errno.
 */
int job_request_read_options(struct job_request *request, sd_bus_message *message,
                             sd_bus_error *ret_error);

/*
 * These take an ay each. An empty or too long one is InvalidArgs. Return 0 or negative errno.
 */
int job_request_read_sectors(struct job_request *request, sd_bus_message *message,
                             sd_bus_error *ret_error);
int job_request_read_option_bytes(struct job_request *request, sd_bus_message *message,
                                  sd_bus_error *ret_error);
