/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/message_json.h"
#include "ctl/output.h"
#include "ctl/text.h"
#include "stmboot/dbus.h"
#include "util/utf8.h"

/*
 * JSON escapes C0 itself; DEL and C1 could still drive a terminal, and a name from the command line
 * may be no UTF-8. They occur in strings only.
 */
static void print_escaped(const char *json) {
        while (*json) {
                const unsigned char *p = (const unsigned char *)json;
                size_t n = utf8_next(json);

                if (n == 0)
                        (void)putchar('?');
                else if (*p == 0x7f)
                        (void)fputs("\\u007f", stdout);
                else if (p[0] == 0xc2 && p[1] < 0xa0)
                        (void)printf("\\u%04x", p[1]);
                else
                        (void)fwrite(json, 1, n, stdout);
                json += MAX(n, 1U);
        }
        (void)putchar('\n');
}

static bool printed; /* some JSON */

static bool print_json(const struct options *options, struct json_object *object) {
        int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

        if (options->json == JSON_PRETTY)
                flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
        const char *text = object ? json_object_to_json_string_ext(object, flags) : NULL;
        if (!text)
                return false;
        printed = true;
        print_escaped(text);
        return true;
}

int output_json(const struct options *options, struct json_object *object) {
        if (print_json(options, object))
                return STMBOOT_EXIT_DONE;
        complain("Cannot write the output: %s.", strerror(ENOMEM));
        return STMBOOT_EXIT_OTHER;
}

void output_add_failure(struct json_object *object, int code) {
        json_add_text(object, "result", "failed");
        json_add(object, "exit_code", json_object_new_int(code));
        json_add_text(object, "error_message", complaint_last() ?: "");
}

void output_failure(const struct options *options, int code) {
        _cleanup_json_ struct json_object *object = NULL;

        if (options->json == JSON_OFF || printed)
                return;
        object = json_object_new_object();
        output_add_failure(object, code);
        (void)print_json(options, object);
}

struct table {
        size_t n_columns, n_cells;
        char **cells;
};

struct table *table_free(struct table *table) {
        if (!table)
                return NULL;
        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i]);
        free(table->cells);
        free(table);
        return NULL;
}

struct table *table_new(size_t n_columns, const char *const *titles) {
        _cleanup_(table_freep) struct table *table = calloc(1, sizeof *table);

        if (!table)
                return NULL;
        table->n_columns = n_columns;
        for (size_t i = 0; i < n_columns; i++)
                if (table_add(table, titles[i]) < 0)
                        return NULL;
        return TAKE_PTR(table);
}

int table_add(struct table *table, const char *text) {
        char **cells = reallocarray(table->cells, table->n_cells + 1, sizeof *cells);

        if (!cells)
                return -ENOMEM;
        table->cells = cells;
        cells[table->n_cells] = strdup(text && *text ? text : "-");
        if (!cells[table->n_cells])
                return -ENOMEM;
        text_sanitise(cells[table->n_cells++], false);
        return 0;
}

/* Characters, not bytes. */
static size_t text_width(const char *text) {
        size_t width = 0;

        for (; *text; text++)
                width += ((unsigned char)*text & 0xc0) != 0x80;
        return width;
}

void table_print(const struct table *table) {
        for (size_t i = 0; i < table->n_cells; i++) {
                size_t column = i % table->n_columns, widest = 0;

                if (column + 1 == table->n_columns) {
                        (void)puts(table->cells[i]);
                        continue;
                }
                for (size_t j = column; j < table->n_cells; j += table->n_columns)
                        widest = MAX(widest, text_width(table->cells[j]));
                (void)printf("%s%*s", table->cells[i],
                             (int)(widest - text_width(table->cells[i]) + 2), "");
        }
}

void output_field(const char *label, const char *text) {
        _cleanup_free_ char *safe = strdup(text);

        if (safe && *safe)
                (void)printf("%18s%s %s\n", label, *label ? ":" : " ", text_sanitise(safe, false));
}

void output_lines(const char *label, const char *text) {
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy;

        for (char *line; (line = strsep(&rest, "\n")); label = "")
                output_field(label, line);
}

/* "trace | head": whoever reads has seen enough. */
static bool reader_is_gone(void) {
        struct pollfd pollfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

        return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLERR | POLLHUP));
}

int output_finish(void) {
        if (fflush(stdout) == 0 && !ferror(stdout) && fclose(stdout) == 0)
                return STMBOOT_EXIT_DONE;
        if (errno == EPIPE || reader_is_gone())
                return STMBOOT_EXIT_DONE;
        complain("Cannot write the output: %s.", errno != 0 ? strerror(errno) : "unknown error");
        return STMBOOT_EXIT_OTHER;
}
