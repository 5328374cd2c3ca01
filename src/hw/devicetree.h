/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "hw/lines.h"

/*
 * Targets that the device tree describes: nodes compatible with "stmboot,target", as the project's
 * overlays add them.
 *
 *   compatible = "stmboot,target";
 *   label = "motor";                name of the target; else the node's own name
 *   uart = <&uart5>;
 *   reset-gpios = <&gpio 6 (GPIO_ACTIVE_LOW | GPIO_OPEN_DRAIN)>;
 *   boot0-gpios = <&gpio 17 GPIO_ACTIVE_HIGH>;      boot1-gpios likewise
 *   chip = "STM32G431";
 *
 * All but compatible and uart may be left out. The flags are those of dt-bindings/gpio/gpio.h:
 * a reset line that is active low is driven as open drain with or without the flag that says so.
 */

/* What /proc/device-tree leads to. A service with ProcSubset=pid sees this one only. */
#define DEVICETREE_BASE "/sys/firmware/devicetree/base"

struct devicetree_target {
        char name[64];
        char node[256]; /* path in the tree, for messages */
        char port[260]; /* "of:/soc/serial@7e201a00", for port_open_serial() */
        char chip[64];  /* "": any */
        struct lines_config lines;

        /* 0, or why it cannot be used, and the property that this is about. -ENOENT: missing;
         * -EINVAL: malformed; -ENXIO: refers to nothing; -EOPNOTSUPP: a GPIO controller whose
         * specifiers are not offset and flags; -EEXIST: a second target of that name. */
        int error;
        const char *property;
};

/*
 * Reads the tree at `root`, a directory in /proc/device-tree's format, and returns its targets in
 * the order of their paths, for the caller to free(). Without a tree there are none. Disabled nodes
 * are left out. Returns 0; -E2BIG: this is no device tree; -ENOMEM; other negative errno.
 */
int devicetree_read(const char *root, struct devicetree_target **ret_targets,
                    size_t *ret_n_targets);
