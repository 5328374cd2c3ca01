/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/decode.h"
#include "util/cleanup.h"

/*
 * What was said between a target and its host, byte by byte, in a ring that forgets the oldest.
 * Its room is taken at the first event.
 */

struct trace;

struct trace *trace_new(void); /* NULL: memory */
struct trace *trace_free(struct trace *trace);
DEFINE_CLEANUP(struct trace, trace_free);

/* `time`: microseconds, monotonic. An event that cannot be kept (memory, size) is lost. */
void trace_add(struct trace *trace, uint64_t time, enum trace_type type, const void *data,
               size_t size);

/* A note that a job begins. */
void trace_begin_job(struct trace *trace, uint64_t time, const char *name);

/*
 * The whole ring as text for the caller to free (`raw`: one line an event), or only what the last
 * `n_last` events tell, with the beginning of what they are the end of, and nothing of the job
 * before. NULL: memory.
 */
char *trace_to_text(const struct trace *trace, bool raw);
char *trace_tail_to_text(const struct trace *trace, size_t n_last);
