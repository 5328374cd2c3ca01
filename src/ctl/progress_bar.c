/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <string.h>

#include "ctl/progress.h"
#include "ctl/text.h"

const char *progress_phase_text(const char *phase) {
        static const struct {
                const char *phase, *text;
        } words[] = {
                { "enter", "entering" },       { "identify", "identifying" },
                { "compare", "comparing" },    { "preserve", "preserving" },
                { "boot-pin", "checking" },    { "erase", "erasing" },
                { "write", "writing" },        { "verify", "verifying" },
                { "head", "finishing" },       { "read", "reading" },
                { "options", "option bytes" }, { "protect", "protecting" },
                { "leave", "leaving" },        { "end", "done" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(words[i].phase, phase) == 0)
                        return words[i].text;
        return phase;
}

uint64_t progress_left(unsigned from, unsigned percent, uint64_t elapsed) {
        if (percent > 100 || percent < from + 3 || elapsed < USEC_PER_SEC)
                return USEC_INFINITY;
        return elapsed / (percent - from) * (100 - percent);
}

/* Columns that stay free: some terminals wrap at the last one, and Ctrl-C shows as "^C". */
#define MARGIN 3

/* What the fields take mostly, so that little jumps about. */
#define PHASE_WIDTH  9  /* "verifying" */
#define AMOUNT_WIDTH 13 /* "27.1/43.2 KiB" */
#define RATE_WIDTH   10 /* "78.1 KiB/s" */
#define BAR_MAX      40

struct layout {
        bool amount, rate, left, words; /* words: "0:05 left", padded, and wider gaps */
        int bar;                        /* the least that it is worth; 0: none */
};

static const struct layout layouts[] = {
        { true, true, true, true, 14 },    { false, true, true, true, 12 },
        { false, false, true, true, 12 },  { false, false, true, false, 10 },
        { false, false, false, false, 8 }, { false, false, false, false, 0 },
};

static void format_fields(const struct layout *layout, const struct progress_state *state,
                          uint64_t left, char *ret, size_t size) {
        const char *gap = layout->words ? "  " : " ";
        char amount[TEXT_NUMBER_MAX * 2] = "", rate[TEXT_NUMBER_MAX + 2] = "";
        char clock[TEXT_NUMBER_MAX] = "", number[TEXT_NUMBER_MAX];
        bool pages = strcmp(state->phase, "erase") == 0;
        int n = snprintf(ret, size, " %3u%%", MIN(state->percent, 100U));

        if (state->total > 0 && pages)
                (void)snprintf(amount, sizeof amount, "%" PRIu64 "/%" PRIu64 " pages", state->done,
                               state->total);
        else if (state->total > 0)
                text_size_of(state->done, state->total, amount);
        if (state->rate > 0 && !pages) {
                text_size(state->rate, number);
                (void)snprintf(rate, sizeof rate, "%s/s", number);
        }
        if (left != USEC_INFINITY)
                text_clock(left, clock);

        if (layout->amount)
                n += snprintf(ret + n, size - (size_t)n, "%s%*s", gap, AMOUNT_WIDTH, amount);
        if (layout->rate)
                n += snprintf(ret + n, size - (size_t)n, "%s%*s", gap, RATE_WIDTH, rate);
        if (layout->left)
                (void)snprintf(ret + n, size - (size_t)n, "%s%5s%s", gap, clock,
                               !layout->words ? ""
                               : *clock       ? " left"
                                              : "     ");
}

static void format_bar(unsigned percent, int width, char *ret) {
        int inner = width - 2, filled = (int)MIN(percent, 100U) * inner / 100;

        ret[0] = '[';
        memset(ret + 1, '#', (size_t)filled);
        memset(ret + 1 + filled, '.', (size_t)(inner - filled));
        strcpy(ret + 1 + inner, "]");
}

void progress_format(const char *name, const struct progress_state *state, uint64_t left,
                     unsigned width, char *ret, size_t size) {
        int columns = (int)MIN((size_t)width, size);
        int usable = MAX(columns - MARGIN, 0);
        char start[128], phase[32], bar[BAR_MAX + 1] = "", fields[160];

        (void)snprintf(phase, sizeof phase, "%s", progress_phase_text(state->phase));
        text_sanitise(phase, false);
        for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
                const struct layout *layout = &layouts[i];

                int n = snprintf(start, sizeof start, "%.64s%s%-*s", name,
                                 layout->words ? "  " : " ", layout->words ? PHASE_WIDTH : 0,
                                 phase);
                format_fields(layout, state, left, fields, sizeof fields);

                int room = usable - n - (int)strlen(fields) - 1;
                if (layout->bar > 0 && room >= layout->bar) {
                        format_bar(state->percent, MIN(room, BAR_MAX), bar);
                        break;
                }
        }
        (void)snprintf(ret, (size_t)usable + 1, "%s%s%s%s", start, *bar ? " " : "", bar, fields);
        for (size_t n = strlen(ret); n > 0 && ret[n - 1] == ' '; n--)
                ret[n - 1] = '\0';
}
