/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/settings.h"
#include "util/cleanup.h"
#include "util/utf8.h"

struct reader {
        const char *next, *end;
        unsigned line;
        settings_handler handler;
        void *userdata;
        int result;
        char *reason; /* of the first error that we saw; inih may have seen an earlier one */
};

int settings_reason(char **ret, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        int r = vasprintf(ret, format, ap);
        va_end(ap);
        if (r < 0) {
                *ret = NULL;
                return -ENOMEM;
        }
        utf8_sanitise(*ret); /* it goes to the bus, whatever the file held */
        return -EINVAL;
}

static int check_section(struct reader *reader, const char *line) {
        const char *end = strchr(line, ']');

        if (!end) /* inih says so */
                return 0;

        _cleanup_free_ char *section = strndup(line + 1, (size_t)(end - line - 1));
        if (!section)
                return -ENOMEM;
        return reader->handler(section, NULL, NULL, reader->line, reader->userdata,
                               &reader->reason);
}

/*
 * Hands one line to inih. Leading blanks are taken off, since inih would append an indented line to
 * the value before; what it would silently split or cut is refused.
 */
static char *read_line(char *buffer, int size, void *stream) {
        struct reader *reader = stream;

        if (reader->result < 0 || reader->next == reader->end)
                return NULL;
        reader->line++;

        const char *line = reader->next;
        size_t left = (size_t)(reader->end - line);
        const char *newline = memchr(line, '\n', left);
        size_t length = newline ? (size_t)(newline - line) : left;

        reader->next = newline ? newline + 1 : reader->end;
        while (length > 0 && isblank((unsigned char)*line)) {
                line++;
                length--;
        }
        if (length + 2 > (size_t)size)
                reader->result = settings_reason(&reader->reason, "line is too long");
        else if (memchr(line, '\0', length))
                reader->result = settings_reason(&reader->reason, "a NUL byte in the line");
        else {
                memcpy(buffer, line, length);
                memcpy(buffer + length, "\n", 2);
                if (buffer[0] == '[')
                        reader->result = check_section(reader, buffer);
        }
        return reader->result < 0 ? NULL : buffer;
}

static int on_assignment(void *userdata, const char *section, const char *key, const char *value) {
        struct reader *reader = userdata;

        if (reader->result < 0)
                return 0;
        if (!utf8_is_line(key) || !utf8_is_line(value))
                reader->result = settings_reason(&reader->reason, "not a line of UTF-8 text");
        else
                reader->result = reader->handler(section, key, value, reader->line,
                                                 reader->userdata, &reader->reason);
        return reader->result >= 0;
}

int settings_read(const char *file, const char *data, size_t size, settings_handler handler,
                  void *userdata, char **ret_reason) {
        struct reader reader = {
                .next = data,
                .end = data + size,
                .handler = handler,
                .userdata = userdata,
        };

        int bad_line = ini_parse_stream(read_line, &reader, on_assignment, &reader);
        _cleanup_free_ char *reason = reader.reason;

        if (bad_line < 0 || reader.result == -ENOMEM)
                return -ENOMEM;
        if (bad_line > 0 && (reader.result >= 0 || (unsigned)bad_line < reader.line))
                return settings_reason(ret_reason, "%s:%d: neither [Section] nor Key=value", file,
                                       bad_line);
        if (reader.result < 0)
                return settings_reason(ret_reason, "%s:%u: %s", file, reader.line, reason);
        return 0;
}
