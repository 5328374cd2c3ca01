/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* [A-Za-z][A-Za-z0-9_]{0,62}: fit for an object path as it stands, and for a file name. */
bool target_name_is_valid(const char *name);
