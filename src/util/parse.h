/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Strict readers for what people write in files, options and on command lines. The whole string
 * must match; blanks are not skipped. On failure the result is left as it was.
 * All return 0, -EINVAL (not of that form) or -ERANGE (does not fit).
 */

/* Decimal, or hexadecimal with "0x". */
int parse_u32(const char *text, uint32_t *ret);
int parse_u64(const char *text, uint64_t *ret);

/* As parse_u32, with an optional binary suffix K, M (also KiB, MiB): "128K". */
int parse_size(const char *text, uint64_t *ret);

/* Time with the unit us, ms or s: "10ms", "0.5s". Without a unit: seconds, as in systemd. */
int parse_usec(const char *text, uint64_t *ret_usec);

/* yes/no, true/false, on/off, 1/0. */
int parse_bool(const char *text, bool *ret);

/* The value of one hexadecimal digit, in upper or lower case; -1: it is none. */
int parse_hex_digit(char c);

/* Exactly `size` bytes as format_hex() writes them. Returns 0 or -EINVAL. */
int parse_hex(const char *text, uint8_t *ret, size_t size);

/* `size` bytes as lower-case hexadecimal digits; `text` has room for 2 * size + 1. */
void format_hex(const uint8_t *data, size_t size, char *text);
