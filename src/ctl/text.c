/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"
#include "util/cleanup.h"
#include "util/parse.h"

char *text_sanitise(char *text, bool lines) {
        for (unsigned char *p = (unsigned char *)text; *p; p++) {
                if (lines && (*p == '\n' || *p == '\t'))
                        continue;
                if (*p < 0x20 || *p == 0x7f)
                        *p = '?';
                else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
                        p[0] = p[1] = '?'; /* U+0080..U+009F: CSI and kin */
        }
        return text;
}

char *text_format(const char *format, ...) {
        va_list args;
        char *text;

        va_start(args, format);
        int r = vasprintf(&text, format, args);
        va_end(args);
        return r < 0 ? NULL : text;
}

static char *complaint;

void complain(const char *format, ...) {
        va_list args;

        free(complaint);
        va_start(args, format);
        if (vasprintf(&complaint, format, args) < 0)
                complaint = NULL;
        va_end(args);
        if (complaint)
                text_print_line(stderr, "stmbootctl", "%s", complaint);
        else
                (void)fputs("Out of memory.\n", stderr);
}

const char *complaint_last(void) {
        return complaint;
}

void text_print_line(FILE *file, const char *name, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *line = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&text, format, args) < 0)
                text = NULL;
        va_end(args);
        if (text)
                line = text_format("%s: %s\n", name, text);
        (void)fputs(line ? text_sanitise(line, true) : "Out of memory.\n", file);
}

#define WIDTH 79

void text_wrap(FILE *file, size_t column, const char *text) {
        size_t at = column;

        while (*text) {
                size_t n = strcspn(text, " ");

                if (at > column && at + 1 + n > WIDTH) {
                        (void)fprintf(file, "\n%*s", (int)column, "");
                        at = column;
                } else if (at > column) {
                        (void)fputc(' ', file);
                        at++;
                }
                (void)fprintf(file, "%.*s", (int)n, text);
                at += n;
                text += n;
                text += strspn(text, " ");
        }
        (void)fputc('\n', file);
}

static const struct {
        const char *name;
        uint64_t bytes;
} units[] = {
        { "MiB", 1U << 20 },
        { "KiB", 1U << 10 },
        { "B", 1 },
};

static size_t unit_for(uint64_t bytes) {
        size_t i = 0;

        while (units[i].bytes > 1 && bytes < units[i].bytes)
                i++;
        return i;
}

static void format_in_unit(uint64_t bytes, size_t unit, char ret[static TEXT_NUMBER_MAX]) {
        if (units[unit].bytes == 1)
                (void)snprintf(ret, TEXT_NUMBER_MAX, "%" PRIu64, bytes);
        else
                (void)snprintf(ret, TEXT_NUMBER_MAX, "%.1f",
                               (double)bytes / (double)units[unit].bytes);
}

void text_size(uint64_t bytes, char ret[static TEXT_NUMBER_MAX]) {
        size_t unit = unit_for(bytes);
        char number[TEXT_NUMBER_MAX];

        format_in_unit(bytes, unit, number);
        (void)snprintf(ret, TEXT_NUMBER_MAX, "%.24s %s", number, units[unit].name);
}

void text_size_of(uint64_t done, uint64_t total, char ret[static TEXT_NUMBER_MAX * 2]) {
        size_t unit = unit_for(total);
        char numbers[2][TEXT_NUMBER_MAX];

        format_in_unit(done, unit, numbers[0]);
        format_in_unit(total, unit, numbers[1]);
        (void)snprintf(ret, TEXT_NUMBER_MAX * 2, "%.24s/%.24s %s", numbers[0], numbers[1],
                       units[unit].name);
}

void text_clock(uint64_t usec, char ret[static TEXT_NUMBER_MAX]) {
        uint64_t seconds = usec / USEC_PER_SEC;
        unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

        if (seconds >= 3600)
                (void)snprintf(ret, TEXT_NUMBER_MAX, "%" PRIu64 ":%02u:%02u", seconds / 3600,
                               minutes, rest);
        else
                (void)snprintf(ret, TEXT_NUMBER_MAX, "%u:%02u", minutes, rest);
}

void text_duration(uint64_t usec, char ret[static TEXT_NUMBER_MAX]) {
        uint64_t seconds = usec / USEC_PER_SEC;

        if (seconds < 10)
                (void)snprintf(ret, TEXT_NUMBER_MAX, "%.1f s", (double)usec / USEC_PER_SEC);
        else if (seconds < 120)
                (void)snprintf(ret, TEXT_NUMBER_MAX, "%" PRIu64 " s", seconds);
        else
                (void)snprintf(ret, TEXT_NUMBER_MAX, "%" PRIu64 " min %" PRIu64 " s", seconds / 60,
                               seconds % 60);
}

int text_parse_hex(const char *text, uint8_t **ret, size_t *ret_size) {
        _cleanup_free_ uint8_t *bytes = malloc(strlen(text) / 2 + 1);
        size_t n = 0;

        if (!bytes)
                return -ENOMEM;
        while (*text) {
                int high = parse_hex_digit(text[0]), low = high < 0 ? -1 : parse_hex_digit(text[1]);

                if (low < 0)
                        return -EINVAL;
                bytes[n++] = (uint8_t)(high << 4 | low);
                text += 2;
                if (*text && strchr(": _", *text) && text[1])
                        text++;
        }
        if (n == 0)
                return -EINVAL;
        *ret = TAKE_PTR(bytes);
        *ret_size = n;
        return 0;
}

static int scan_sector(const char **text, unsigned *ret) {
        char *end;

        if (!isdigit((unsigned char)**text))
                return -EINVAL;
        errno = 0;
        unsigned long value = strtoul(*text, &end, 10);
        if (errno != 0 || value > UINT8_MAX)
                return -ERANGE;
        *text = end;
        *ret = (unsigned)value;
        return 0;
}

#define SECTORS_MAX 256

int text_parse_sectors(const char *text, uint8_t **ret, size_t *ret_size) {
        _cleanup_free_ uint8_t *sectors = malloc(SECTORS_MAX);
        size_t n = 0;

        if (!sectors)
                return -ENOMEM;
        for (;;) {
                unsigned first, last;

                int r = scan_sector(&text, &first);
                if (r < 0)
                        return r;
                last = first;
                if (*text == '-') {
                        text++;
                        r = scan_sector(&text, &last);
                        if (r < 0)
                                return r;
                }
                if (last < first || last - first >= SECTORS_MAX - n)
                        return -ERANGE;
                for (unsigned sector = first; sector <= last; sector++)
                        sectors[n++] = (uint8_t)sector;
                if (!*text)
                        break;
                if (*text++ != ',')
                        return -EINVAL;
        }
        *ret = TAKE_PTR(sectors);
        *ret_size = n;
        return 0;
}
