/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A trace of anything: one event a line, its kind as the first character, then its bytes in
 * hexadecimal. What is told of it is printable lines, and not out of proportion to it.
 */

#include <string.h>

#include "boot/decode.h"
#include "fuzz.h"
#include "util/macro.h"

#define EVENTS_MAX 4096

static int digit(uint8_t c) {
        static const char digits[] = "0123456789ABCDEF";
        const char *at = c ? strchr(digits, c) : NULL;

        return at ? (int)(at - digits) : -1;
}

static enum trace_type type_of(uint8_t c) {
        static const char kinds[] = "><LFW#";
        const char *at = c ? strchr(kinds, c) : NULL;

        return (enum trace_type)(at ? (size_t)(at - kinds) : c % 8U);
}

/* Reads the line's bytes; `ret` has room for half of it. */
static size_t read_bytes(const uint8_t *line, size_t size, uint8_t *ret) {
        size_t n = 0;

        for (size_t i = 0; i + 1 < size; i++) {
                int high = digit(line[i]), low = digit(line[i + 1]);

                if (high < 0 || low < 0)
                        continue;
                ret[n++] = (uint8_t)(high << 4 | low);
                i++;
        }
        return n;
}

/* The end of a conversation is told as the whole tells it. */
static void check_end(const struct trace_event *events, size_t n_events, const char *whole,
                      size_t size) {
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);

        if (!out)
                return;
        trace_decode_end(events, n_events, n_events / 2, out);
        PROMISED(fclose(out) == 0);
        PROMISED(length <= size && memcmp(whole + size - length, text, length) == 0);
        free(text);
}

static void check(const struct trace_event *events, size_t n_events, size_t size, bool raw) {
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);

        if (!out)
                return;
        trace_decode(events, n_events, raw, out);
        PROMISED(fclose(out) == 0);
        for (size_t i = 0; i < length; i++)
                PROMISED(text[i] == '\n' || (text[i] >= ' ' && text[i] < 0x7F));
        PROMISED(length == 0 || text[length - 1] == '\n');
        PROMISED(length <= 256 * (size + 1));
        if (!raw)
                check_end(events, n_events, text, length);
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static struct trace_event events[EVENTS_MAX];
        uint8_t *bytes = malloc(size / 2 + 1);
        size_t n_events = 0, used = 0;

        if (!bytes)
                return 0;
        for (size_t at = 0; at < size && n_events < EVENTS_MAX;) {
                const uint8_t *end = memchr(data + at, '\n', size - at);
                size_t length = end ? (size_t)(end - (data + at)) : size - at;

                if (length > 0) {
                        size_t n = read_bytes(data + at + 1, length - 1, bytes + used);

                        events[n_events] = (struct trace_event){
                                .time = n_events * 317U,
                                .type = type_of(data[at]),
                                .data = bytes + used,
                                .size = n,
                        };
                        n_events++;
                        used += n;
                }
                at += length + 1;
        }
        check(events, n_events, size, false);
        check(events, n_events, size, true);
        free(bytes);
        return 0;
}
