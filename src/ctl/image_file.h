/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "ctl/client.h"
#include "ctl/verb.h"

/*
 * Files that the caller names, opened with the caller's own rights and given to the service as
 * bytes. Errors are reported; exit codes are returned.
 */

/*
 * Makes the call to one of three methods that take the same image in different ways, and appends
 * it: `method` a path on the gateway (--on-gateway), `method`Fd a sealed memfd, `method`Data the
 * bytes themselves (over ssh). `file` "-" is standard input.
 */
int image_file_new_call(struct client *client, const char *path, const char *interface,
                        const char *method, const char *file, sd_bus_message **ret);

/*
 * The target of [TARGET] IMAGE, as client_find_target() does. A target that stands where the image
 * should is told.
 */
int image_file_find_target(struct client *client, enum verb_id verb, char **args, size_t n_args,
                           char **ret_path);

/* Option bytes from hexadecimal digits on the command line or else from a file. */
int image_file_bytes(const char *hex_or_file, uint8_t **ret, size_t *ret_size);
