/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "hw/device.h"

/* What a port's name stands for, and who has it. */

/*
 * The device node behind a path, a link, a bare kernel name ("ttyAMA5"), or one of device.h's
 * forms, as a canonical path for the caller to free. -ENODEV: not there now; -ENOTUNIQ: an adapter
 * with several ports, or several adapters (name the port by its /dev/serial/by-id link);
 * -EINVAL: never a port's name.
 */
int port_resolve(const struct hw_roots *roots, const char *name, char **ret_path);

/*
 * Who has locked a port's node by a file LCK..NAME below /run/lock, as minicom(1), picocom(1) and
 * pppd(8) do (FHS 3.0, 5.9): its number, or 0: nobody, or nobody who still lives.
 */
pid_t port_lock_file(const struct hw_roots *roots, const char *node);

/*
 * Another process that has the port locked, open by the name of its node or as its terminal, as far
 * as /proc lets us see, and among not too many: its command name may be hidden and is then "".
 * -ENOENT: nobody visible; -ENODEV: no such port now.
 */
int port_holder(const char *name, pid_t *ret_pid, char *ret_command, size_t size);
