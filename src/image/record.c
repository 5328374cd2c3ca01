/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <string.h>

#include "image/reader.h"
#include "image/record.h"
#include "util/parse.h"

struct line {
        const uint8_t *text;
        size_t size;
        bool cut; /* the file ends without a line end */
};

static bool is_blank(uint8_t c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* First line from the next one on that is not blank; 0: there is none. */
static size_t find_text(const struct record_reader *reader) {
        size_t line = reader->line + 1;

        for (const uint8_t *p = reader->next; p < reader->end; p++) {
                if (!is_blank(*p))
                        return line;
                line += *p == '\n';
        }
        return 0;
}

static struct line next_line(struct record_reader *reader) {
        size_t left = (size_t)(reader->end - reader->next);
        const uint8_t *newline = memchr(reader->next, '\n', left);
        struct line line = {
                .text = reader->next,
                .size = newline ? (size_t)(newline - reader->next) : left,
                .cut = !newline,
        };

        reader->next = newline ? newline + 1 : reader->end;
        reader->line++;
        if (line.size > 0 && line.text[line.size - 1] == '\r')
                line.size--;
        return line;
}

static int refuse_character(const struct line *line, size_t column, size_t number,
                            const char *expected, struct image_error *error) {
        uint8_t c = line->text[column];

        if (isprint(c))
                return image_refuse(error, IMAGE_SYNTAX, number, 0, "column %zu: '%c' is not %s",
                                    column + 1, c, expected);
        return image_refuse(error, IMAGE_SYNTAX, number, 0, "column %zu: byte 0x%02x is not %s",
                            column + 1, c, expected);
}

/* Decodes the pairs of digits from `column` on, as far as the count goes. */
static int decode(const struct record_form *form, const struct line *line, size_t column,
                  struct record *record, struct image_error *error) {
        size_t expected = 1;

        record->size = 0;
        while (record->size < expected && column + 1 < line->size) {
                int high = parse_hex_digit((char)line->text[column]);
                int low = parse_hex_digit((char)line->text[column + 1]);

                if (high < 0 || low < 0)
                        return refuse_character(line, high < 0 ? column : column + 1, record->line,
                                                "a hexadecimal digit", error);
                record->bytes[record->size++] = (uint8_t)(high << 4 | low);
                expected = (size_t)record->bytes[0] + form->uncounted;
                column += 2;
        }
        if (record->size < expected && line->cut)
                return image_refuse(error, IMAGE_TRUNCATED, record->line, 0,
                                    "the file ends within a record");
        if (record->size < expected)
                return image_refuse(error, IMAGE_SYNTAX, record->line, 0,
                                    "the line is shorter than its byte count says");
        if (column < line->size)
                return image_refuse(error, IMAGE_SYNTAX, record->line, 0,
                                    "the line is longer than its byte count says");
        return 0;
}

static int check_sum(const struct record_form *form, const struct record *record,
                     struct image_error *error) {
        uint8_t found = record->bytes[record->size - 1], sum = 0;

        for (size_t i = 0; i < record->size; i++)
                sum = (uint8_t)(sum + record->bytes[i]);
        if (sum == form->sum)
                return 0;
        return image_refuse(error, IMAGE_CHECKSUM, record->line, 0,
                            "the checksum is 0x%02X, the record's bytes give 0x%02X", found,
                            (uint8_t)(found + form->sum - sum));
}

int record_next(struct record_reader *reader, struct record *ret, struct image_error *error) {
        const struct record_form *form = reader->form;
        size_t column = 1;

        if (find_text(reader) == 0)
                return image_refuse(error, IMAGE_TRUNCATED, reader->line, 0,
                                    "the file ends here, without an end record");

        struct line line = next_line(reader);
        ret->line = reader->line;
        if (line.size == 0)
                return image_refuse(error, IMAGE_SYNTAX, ret->line, 0,
                                    "a blank line between records");
        if (line.text[0] != form->mark) {
                char expected[] = { '\'', form->mark, '\'', '\0' };

                return refuse_character(&line, 0, ret->line, expected, error);
        }
        if (form->typed) {
                if (line.size > 1 && !isdigit(line.text[1]))
                        return refuse_character(&line, 1, ret->line, "a record type", error);
                ret->type = line.size > 1 ? (char)line.text[1] : '0';
                column = 2;
        }

        int r = decode(form, &line, column, ret, error);
        if (r != 0)
                return r;
        return check_sum(form, ret, error);
}

int record_finish(const struct record_reader *reader, struct image_error *error) {
        size_t line = find_text(reader);

        if (line == 0)
                return 0;
        return image_refuse(error, IMAGE_SYNTAX, line, 0, "something follows the end record");
}
