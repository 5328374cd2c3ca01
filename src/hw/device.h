/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Devices found by what they are instead of by their number:
 *
 *   usb:VID:PID[:SERIAL]   on this USB device (hexadecimal, as lsusb prints them)
 *   of:/soc/serial@7e201a00   this node of the device tree
 */

/* Where the system is: "/dev", "/sys" and "/run/lock", or a copy for tests. */
struct hw_roots {
        const char *dev;
        const char *sys;
        const char *locks;
};

extern const struct hw_roots hw_roots;

/* Does `name` have one of the two forms (by its prefix)? */
bool device_is_spec(const char *name);

/*
 * Searches the entries of `sys`/`class` ("class/tty", "bus/gpio/devices") for the one that `spec`
 * means. Returns 0 and its path below `dev`, for the caller to free; -ENODEV: not there now;
 * -ENOTUNIQ: several match; -EINVAL: no such form.
 */
int device_find(const struct hw_roots *roots, const char *class, const char *spec, char **ret_path);
