/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util/macro.h"

/* Text for people: what they are told, and the numbers in it. */

/*
 * Makes a string from outside safe for a terminal, in place: control characters (C0, DEL, and C1 in
 * UTF-8) become '?'. `lines`: newlines and tabs are kept. Returns `text`.
 */
char *text_sanitise(char *text, bool lines);

/* "stmbootctl: ..." on stderr, sanitised, with a newline. */
void complain(const char *format, ...) _printf_(1, 2);

/* What was complained of last, without the prefix, or NULL. */
const char *complaint_last(void);

/* A sanitised line on `file`: "NAME: text". */
void text_print_line(FILE *file, const char *name, const char *format, ...) _printf_(3, 4);

/*
 * Prints a line of words, broken before column 80; it goes on at `column`, where it begins, too.
 * The newline is printed.
 */
void text_wrap(FILE *file, size_t column, const char *text);

/* As vasprintf(), but NULL where memory is short. The caller frees. */
char *text_format(const char *format, ...) _printf_(1, 2);

#define TEXT_NUMBER_MAX 32

/* "512 B", "43.2 KiB", "1.5 MiB". */
void text_size(uint64_t bytes, char ret[static TEXT_NUMBER_MAX]);

/* "27.1/43.2 KiB": both in the unit of the second. */
void text_size_of(uint64_t done, uint64_t total, char ret[static TEXT_NUMBER_MAX * 2]);

/* "0:05", "12:34", "1:02:03". */
void text_clock(uint64_t usec, char ret[static TEXT_NUMBER_MAX]);

/* "0.8 s", "12 s", "2 min 5 s". */
void text_duration(uint64_t usec, char ret[static TEXT_NUMBER_MAX]);

/*
 * Hexadecimal digits, in pairs, with nothing or one of ":", " " or "_" between the pairs. Returns 0
 * and bytes that the caller frees, -EINVAL (not of that form, or empty), or -ENOMEM.
 */
int text_parse_hex(const char *text, uint8_t **ret, size_t *ret_size);

/*
 * Reads "0-3,5" into the bytes 0 1 2 3 5, in the order written. Returns 0, -EINVAL, -ERANGE (beyond
 * 255, more than 256 of them, or a range that runs backwards) or -ENOMEM. The caller frees.
 */
int text_parse_sectors(const char *text, uint8_t **ret, size_t *ret_size);
