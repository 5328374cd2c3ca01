/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "ctl/options.h"

/*
 * Appends the options (a{sv}) that a method takes: those that were given on the command line.
 * Returns an exit code; what is wrong (option bytes that cannot be read) has been said.
 */
int call_options_append(sd_bus_message *call, const struct options *options);

/* The same, and by which name messages are to call the image, `file` on the command line. */
int call_options_append_image(sd_bus_message *call, const struct options *options,
                              const char *file);
