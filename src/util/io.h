/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* Writes all `size` bytes, however many calls that takes. */
int io_write_all(int fd, const void *data, size_t size);
