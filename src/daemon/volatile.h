/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Is what a directory holds lost with a reboot? Where that cannot be known, it is not. */
bool volatile_directory(const char *path);

/*
 * The same of an overlay file system with the number `device`, by a table in the format of
 * /proc/self/mountinfo (proc(5)): its upper directory counts. One that is out of sight was set up
 * in an initial file system, as read-only root file systems do, and holds what memory holds.
 */
bool volatile_overlay(FILE *mountinfo, dev_t device);
