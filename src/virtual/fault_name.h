/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "virtual/virtual.h"

/* How people write a fault's type: "flip-to-host". NULL behind the last. */
const char *virtual_fault_name(enum virtual_fault_type type);

/* The type of that name, of which `size` characters count; VIRTUAL_FAULT_NONE: no such type. */
enum virtual_fault_type virtual_fault_from_name(const char *name, size_t size);
