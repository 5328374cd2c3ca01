/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <syslog.h>

#include "util/macro.h"

/* The daemon's log: the journal with its fields when stderr leads there, else plain stderr. */

enum log_sink {
        LOG_SINK_AUTO,
        LOG_SINK_JOURNAL,
        LOG_SINK_CONSOLE,
        LOG_SINK_NULL,
};

void log_set_sink(enum log_sink sink);
enum log_sink log_sink(void);
const char *log_sink_to_string(enum log_sink sink);
bool log_sink_from_string(const char *text, enum log_sink *ret);

/* Messages above `level` (LOG_ERR ... LOG_DEBUG) are dropped. */
void log_set_level(int level);
int log_level(void);
const char *log_level_to_string(int level);
bool log_level_from_string(const char *text, int *ret);

/* `target` and `job` become STMBOOT_TARGET and STMBOOT_JOB; either may be NULL. */
void log_write(int level, const char *target, const char *job, const char *format, ...)
        _printf_(4, 5);

#define log_error(...)   log_write(LOG_ERR, NULL, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, NULL, NULL, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_DEBUG, NULL, NULL, __VA_ARGS__)
