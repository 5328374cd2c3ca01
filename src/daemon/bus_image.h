/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <systemd/sd-bus.h>

#include "daemon/manager.h"

/* A firmware file as a method's argument: a path (s), a memfd (h), or its bytes (ay). */

struct bus_image {
        const char *name;    /* for messages; the message's own */
        const uint8_t *data; /* `owned`, or the message's own */
        size_t size;
        uint8_t *owned;
};

/* Reads the message's next argument. Returns 0 or negative errno. */
int bus_image_read(struct bus_image *image, struct manager *manager, sd_bus_message *message,
                   sd_bus_error *ret_error);
void bus_image_done(struct bus_image *image);
