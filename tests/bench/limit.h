/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chip/chip.h"

/*
 * What flashing cannot be faster than: the pages erased and the blocks programmed in the times that
 * the virtual STM32 takes for it, and for each block of 256 bytes 265 + 3 bytes on the wire to
 * write it and 9 + 259 to read it back (AN3155 3.4, 3.5), at 8E1, one direction at a time. Entry,
 * identification and every pause are not in it.
 */
uint64_t limit_usec(const struct chip *chip, size_t size, unsigned baud, bool verify);
