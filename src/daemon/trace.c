/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "boot/an3155.h"
#include "boot/command.h"
#include "daemon/trace.h"
#include "util/macro.h"

#define RING_SIZE (64U << 10)

struct header {
        uint64_t time;
        uint32_t size; /* of the data behind it */
        uint32_t type;
};

struct trace {
        uint8_t *ring;
        size_t first, used; /* bytes: where the oldest event begins, how many there are */
        size_t n_events;
        size_t n_job; /* of these, the last job's; its beginning may be gone */
        bool torn;    /* older ones had to give way */
};

struct trace *trace_new(void) {
        return calloc(1, sizeof(struct trace));
}

struct trace *trace_free(struct trace *trace) {
        if (trace)
                free(trace->ring);
        free(trace);
        return NULL;
}

static void ring_write(struct trace *trace, size_t position, const void *data, size_t size) {
        position %= RING_SIZE;
        size_t head = MIN(size, RING_SIZE - position);

        memcpy(trace->ring + position, data, head);
        memcpy(trace->ring, (const uint8_t *)data + head, size - head);
}

static void ring_read(const struct trace *trace, size_t position, void *data, size_t size) {
        position %= RING_SIZE;
        size_t head = MIN(size, RING_SIZE - position);

        memcpy(data, trace->ring + position, head);
        memcpy((uint8_t *)data + head, trace->ring, size - head);
}

static void drop_oldest(struct trace *trace) {
        struct header header;

        ring_read(trace, trace->first, &header, sizeof(header));
        trace->first = (trace->first + sizeof(header) + header.size) % RING_SIZE;
        trace->used -= sizeof(header) + header.size;
        trace->n_events--;
        trace->n_job = MIN(trace->n_job, trace->n_events);
        trace->torn = true;
}

void trace_add(struct trace *trace, uint64_t time, enum trace_type type, const void *data,
               size_t size) {
        struct header header = { .time = time, .size = (uint32_t)size, .type = (uint32_t)type };

        if (size > RING_SIZE - sizeof(header))
                return;
        if (!trace->ring)
                trace->ring = malloc(RING_SIZE);
        if (!trace->ring)
                return;
        while (trace->used + sizeof(header) + size > RING_SIZE)
                drop_oldest(trace);
        ring_write(trace, trace->first + trace->used, &header, sizeof(header));
        ring_write(trace, trace->first + trace->used + sizeof(header), data, size);
        trace->used += sizeof(header) + size;
        trace->n_events++;
        trace->n_job++;
}

void trace_begin_job(struct trace *trace, uint64_t time, const char *name) {
        trace->n_job = 0;
        trace_add(trace, time, TRACE_NOTE, name, strlen(name));
}

/* Lays the ring out in a row, since an event may wrap around its end. */
static int collect(const struct trace *trace, uint8_t **ret_bytes,
                   struct trace_event **ret_events) {
        _cleanup_free_ uint8_t *bytes = malloc(trace->used + 1);
        _cleanup_free_ struct trace_event *events =
                calloc(trace->n_events + 1, sizeof(struct trace_event));
        size_t position = 0;

        if (!bytes || !events)
                return -1;
        if (trace->used > 0)
                ring_read(trace, trace->first, bytes, trace->used);
        for (size_t i = 0; i < trace->n_events; i++) {
                struct header header;

                memcpy(&header, bytes + position, sizeof(header));
                events[i] = (struct trace_event){
                        .time = header.time,
                        .type = (enum trace_type)header.type,
                        .data = bytes + position + sizeof(header),
                        .size = header.size,
                };
                position += sizeof(header) + header.size;
        }
        *ret_bytes = TAKE_PTR(bytes);
        *ret_events = TAKE_PTR(events);
        return 0;
}

/* What certainly is no middle of an exchange: in all but a few cases a command, as some lengths of
 * READ look like one. */
static bool begins_something(const struct trace_event *event) {
        const uint8_t *data = event->data;

        if (event->type == TRACE_RECEIVED)
                return false;
        if (event->type != TRACE_SENT)
                return true;
        return (event->size == 1 && data[0] == AN3155_SYNC) ||
               (event->size == 2 && (data[0] ^ data[1]) == 0xFF && an3155_command_name(data[0]));
}

/* Of the newest `n` events, what the last `n_last` tell. */
static char *to_text(const struct trace *trace, size_t n, size_t n_last, bool raw) {
        _cleanup_free_ uint8_t *bytes = NULL;
        _cleanup_free_ struct trace_event *all = NULL;
        char *text = NULL;
        size_t size;

        if (collect(trace, &bytes, &all) < 0)
                return NULL;
        FILE *out = open_memstream(&text, &size);
        if (!out)
                return NULL;
        const struct trace_event *events = all + trace->n_events - n;
        for (; !raw && trace->torn && n > 0 && !begins_something(events); n--)
                events++;
        if (raw)
                trace_decode(events, n, true, out);
        else
                trace_decode_end(events, n, n - MIN(n, n_last), out);
        if (fclose(out) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

char *trace_to_text(const struct trace *trace, bool raw) {
        return to_text(trace, trace->n_events, SIZE_MAX, raw);
}

char *trace_tail_to_text(const struct trace *trace, size_t n_last) {
        return to_text(trace, trace->n_job, n_last, false);
}
