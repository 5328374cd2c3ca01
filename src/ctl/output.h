/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "ctl/options.h"
#include "util/cleanup.h"

/* Results on standard output. */

/*
 * Prints one JSON value and a newline, as --json asks. NULL: there was no memory for it. Returns an
 * exit code.
 */
int output_json(const struct options *options, struct json_object *object);

/* Columns of text, each as wide as its longest cell; the last one is not padded. */
struct table;

struct table *table_new(size_t n_columns, const char *const *titles);
struct table *table_free(struct table *table);
DEFINE_CLEANUP(struct table, table_free);

/* Adds the next cell, row by row; the text is copied. NULL or "" is shown as "-". */
int table_add(struct table *table, const char *text);

void table_print(const struct table *table);

/*
 * "          Chip: STM32F405"; nothing where `text` is "". Without a label it goes on with the
 * field above.
 */
void output_field(const char *label, const char *text);

/* The same for a text of several lines, one below the other. */
void output_lines(const char *label, const char *text);

/* Adds to an object what just failed: the exit code and what was complained of. */
void output_add_failure(struct json_object *object, int code);

/* For --json, what failed before it had any result. */
void output_failure(const struct options *options, int code);

/*
 * Everything has really reached standard output; else says so, unless its reader has gone. Returns
 * an exit code.
 */
int output_finish(void);
