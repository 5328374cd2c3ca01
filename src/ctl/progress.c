/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ctl/progress.h"
#include "ctl/text.h"
#include "stmboot/dbus.h"

struct row {
        char *name;
        struct progress_state state;
        /* Where this phase began; phases differ in what a per cent of theirs takes. */
        unsigned from;
        uint64_t since;
        uint64_t left, left_at; /* what was estimated last, and when; USEC_INFINITY: nothing */
        bool finished;
};

struct progress {
        FILE *file;
        enum progress_mode mode;
        struct row *rows;
        size_t n_rows;
        unsigned n_drawn; /* lines on the terminal; the cursor stands in the last */
};

struct progress *progress_new(FILE *file, enum progress_mode mode) {
        struct progress *progress = calloc(1, sizeof *progress);

        if (!progress)
                return NULL;
        progress->file = file;
        progress->mode = mode;
        return progress;
}

struct progress *progress_free(struct progress *progress) {
        if (!progress)
                return NULL;
        progress_clear(progress);
        for (size_t i = 0; i < progress->n_rows; i++)
                free(progress->rows[i].name);
        free(progress->rows);
        free(progress);
        return NULL;
}

int progress_add(struct progress *progress, const char *name, uint64_t now) {
        struct row *rows = reallocarray(progress->rows, progress->n_rows + 1, sizeof *rows);

        if (!rows)
                return -ENOMEM;
        progress->rows = rows;
        rows[progress->n_rows] =
                (struct row){ .name = strdup(name), .since = now, .left = USEC_INFINITY };
        if (!rows[progress->n_rows].name)
                return -ENOMEM;
        return (int)progress->n_rows++;
}

/* Where the bars begin, with nothing behind it. */
static void go_back(struct progress *progress, FILE *file) {
        if (progress->n_drawn == 0)
                return;
        (void)fputc('\r', file);
        if (progress->n_drawn > 1)
                (void)fprintf(file, "\033[%uA", progress->n_drawn - 1);
        (void)fputs("\033[J", file); /* erase to the end of the screen */
        progress->n_drawn = 0;
}

void progress_clear(struct progress *progress) {
        go_back(progress, progress->file);
        (void)fflush(progress->file);
}

static struct winsize terminal_size(FILE *file) {
        struct winsize size;

        if (ioctl(fileno(file), TIOCGWINSZ, &size) < 0)
                size = (struct winsize){ 0 };
        if (size.ws_col == 0)
                size.ws_col = 80;
        if (size.ws_row == 0)
                size.ws_row = 24;
        return size;
}

/* Between the changes of `percent` the estimate counts down. */
static uint64_t time_left(const struct row *row, uint64_t now) {
        uint64_t since = now - row->left_at;

        if (row->left == USEC_INFINITY)
                return row->left;
        return row->left > since ? row->left - since : 0;
}

static void estimate(struct row *row, uint64_t now) {
        uint64_t left = progress_left(row->from, row->state.percent, now - row->since);

        if (left == USEC_INFINITY)
                return; /* the last one is still the best */
        row->left = left;
        row->left_at = now;
}

static bool is_drawn(const struct row *row) {
        return !row->finished && row->state.phase[0];
}

static int widest_name(const struct progress *progress) {
        size_t widest = 0;

        for (size_t i = 0; i < progress->n_rows; i++)
                if (is_drawn(&progress->rows[i]))
                        widest = MAX(widest, strlen(progress->rows[i].name));
        return (int)widest;
}

static void draw_rows(struct progress *progress, uint64_t now, FILE *file) {
        struct winsize size = terminal_size(progress->file);
        int widest = widest_name(progress);

        for (size_t i = 0; i < progress->n_rows && progress->n_drawn + 1U < size.ws_row; i++) {
                const struct row *row = &progress->rows[i];
                char name[STMBOOT_TARGET_NAME_MAX + 1], line[512];

                if (!is_drawn(row))
                        continue;
                (void)snprintf(name, sizeof name, "%-*s", widest, row->name);
                progress_format(name, &row->state, time_left(row, now), size.ws_col, line,
                                sizeof line);
                (void)fprintf(file, "%s%s", progress->n_drawn > 0 ? "\n" : "", line);
                progress->n_drawn++;
        }
}

void progress_draw(struct progress *progress, uint64_t now) {
        _cleanup_free_ char *frame = NULL;
        size_t size;

        if (progress->mode != PROGRESS_BARS)
                return;
        /* In one piece, or it flickers. */
        FILE *file = open_memstream(&frame, &size);
        if (!file)
                return;
        go_back(progress, file);
        draw_rows(progress, now, file);
        if (fclose(file) != 0)
                return;
        (void)fputs(frame, progress->file);
        (void)fflush(progress->file);
}

static void print_phase(FILE *file, const char *name, const struct progress_state *state) {
        char amount[TEXT_NUMBER_MAX];

        if (state->total > 0 && strcmp(state->phase, "erase") == 0)
                (void)snprintf(amount, sizeof amount, "%llu page%s",
                               (unsigned long long)state->total, state->total == 1 ? "" : "s");
        else
                text_size(state->total, amount);
        text_print_line(file, name, "%s%s%s", progress_phase_text(state->phase),
                        state->total > 0 ? " " : "", state->total > 0 ? amount : "");
        (void)fflush(file);
}

void progress_update(struct progress *progress, size_t index, const struct progress_state *state,
                     uint64_t now) {
        struct row *row = &progress->rows[index];
        bool entered = strcmp(row->state.phase, state->phase) != 0;

        if (entered) {
                row->from = state->percent;
                row->since = now;
        }
        bool moved = row->state.percent != state->percent;
        row->state = *state;
        if (moved)
                estimate(row, now);
        if (progress->mode == PROGRESS_LINES && entered && strcmp(state->phase, "end") != 0)
                print_phase(progress->file, row->name, state);
        progress_draw(progress, now);
}

void progress_finish(struct progress *progress, size_t index, uint64_t now) {
        progress->rows[index].finished = true;
        progress_draw(progress, now);
}
