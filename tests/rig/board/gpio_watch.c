/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gpio_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/macro.h"
#include "util/parse.h"

#define LINES_MAX  16
#define EVENTS_MAX 1024

enum event_type {
        EVENT_VALUE,
        EVENT_DIRECTION, /* value: driven */
        EVENT_RELEASED,
};

struct event {
        uint64_t usec;
        enum event_type type;
        size_t line;
        bool value;
};

struct line {
        unsigned offset;
        bool pull_up, driven, value, level;
};

struct gpio_watch {
        int chip;
        int trace;
        char instance[64]; /* of tracefs: buffers of our own */
        unsigned base;     /* global number of the chip's first line */
        bool persist;
        struct line lines[LINES_MAX];
        size_t n_lines;

        struct event events[EVENTS_MAX]; /* read and sorted, not yet taken */
        size_t n_events, next;
        uint64_t horizon;
        char text[8192]; /* of trace_pipe: an unfinished line */
        size_t n_text;
};

DEFINE_CLEANUP(struct gpio_watch, gpio_watch_close);

/* ---- finding chip and lines ---- */

static int read_number(const char *directory, const char *name, unsigned *ret) {
        char path[512];

        (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
        _cleanup_fclose_ FILE *file = fopen(path, "re");
        return file && fscanf(file, "%u", ret) == 1 ? 0 : -ENODEV;
}

/* Events carry global line numbers: /sys/class/gpio tells where the chip's begin. */
static int find_base(const char *label, unsigned *ret) {
        glob_t found = { 0 };
        int r = -ENODEV;

        if (glob("/sys/class/gpio/gpiochip*", 0, NULL, &found) == 0)
                for (size_t i = 0; r < 0 && i < found.gl_pathc; i++) {
                        char path[512], text[64] = "";
                        (void)snprintf(path, sizeof(path), "%s/label", found.gl_pathv[i]);
                        _cleanup_fclose_ FILE *file = fopen(path, "re");
                        if (file && fscanf(file, "%63[^\n]", text) == 1 && strcmp(text, label) == 0)
                                r = read_number(found.gl_pathv[i], "base", ret);
                }
        globfree(&found);
        return r;
}

static int open_chip(const char *label, struct gpiochip_info *ret_info) {
        glob_t found = { 0 };
        int chip = -ENODEV;

        if (glob("/dev/gpiochip*", 0, NULL, &found) == 0)
                for (size_t i = 0; chip < 0 && i < found.gl_pathc; i++) {
                        _cleanup_close_ int fd =
                                open(found.gl_pathv[i], O_RDWR | O_CLOEXEC | O_NONBLOCK);
                        if (fd >= 0 && ioctl(fd, GPIO_GET_CHIPINFO_IOCTL, ret_info) == 0 &&
                            strcmp(ret_info->label, label) == 0)
                                chip = TAKE_FD(fd);
                }
        globfree(&found);
        return chip;
}

static int find_line(int chip, unsigned n_lines, const char *name, unsigned *ret) {
        uint32_t number;

        if (parse_u32(name, &number) == 0) {
                *ret = number;
                return number < n_lines ? 0 : -ENOENT;
        }
        for (unsigned i = 0; i < n_lines; i++) {
                struct gpio_v2_line_info info = { .offset = i };
                if (ioctl(chip, GPIO_V2_GET_LINEINFO_IOCTL, &info) < 0)
                        return -errno;
                if (strcmp(info.name, name) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return -ENOENT;
}

static int watch_line(struct gpio_watch *watch, unsigned n_chip_lines,
                      const struct gpio_watch_line *line) {
        struct gpio_v2_line_info info = { 0 };
        struct line *added = &watch->lines[watch->n_lines];

        int r = find_line(watch->chip, n_chip_lines, line->name, &added->offset);
        if (r < 0)
                return r;
        info.offset = added->offset;
        if (ioctl(watch->chip, GPIO_V2_GET_LINEINFO_WATCH_IOCTL, &info) < 0)
                return -errno;
        added->pull_up = added->level = line->pull_up;
        watch->n_lines++;
        return 0;
}

/* ---- tracefs ---- */

static int write_trace_file(const struct gpio_watch *watch, const char *name, const char *text) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", watch->instance, name);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                return -errno;
        return 0;
}

static int open_trace(struct gpio_watch *watch) {
        char path[128];
        int r;

        (void)snprintf(watch->instance, sizeof(watch->instance),
                       "/sys/kernel/tracing/instances/rig-%d", getpid());
        if (mkdir(watch->instance, 0700) < 0)
                return -errno;
        /* The clock that line-info events use. Without "0" poll() sleeps until the buffer is half
         * full. */
        if ((r = write_trace_file(watch, "trace_clock", "mono")) < 0 ||
            (r = write_trace_file(watch, "buffer_percent", "0")) < 0 ||
            (r = write_trace_file(watch, "events/gpio/enable", "1")) < 0)
                return r;
        (void)snprintf(path, sizeof(path), "%s/trace_pipe", watch->instance);
        watch->trace = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        return watch->trace < 0 ? -errno : 0;
}

int gpio_watch_open(const char *label, const struct gpio_watch_line *lines, size_t n_lines,
                    bool persist, struct gpio_watch **ret) {
        struct gpiochip_info info = { 0 };
        int r;

        if (n_lines > LINES_MAX)
                return -E2BIG;
        _cleanup_(gpio_watch_closep) struct gpio_watch *watch = calloc(1, sizeof(*watch));
        if (!watch)
                return -ENOMEM;
        watch->trace = -1;
        watch->persist = persist;
        watch->chip = open_chip(label, &info);
        if (watch->chip < 0)
                return watch->chip;
        if ((r = find_base(label, &watch->base)) < 0 || (r = open_trace(watch)) < 0)
                return r;
        for (size_t i = 0; i < n_lines; i++)
                if ((r = watch_line(watch, info.lines, &lines[i])) < 0)
                        return r;
        *ret = TAKE_PTR(watch);
        return 0;
}

struct gpio_watch *gpio_watch_close(struct gpio_watch *watch) {
        if (!watch)
                return NULL;
        closep(&watch->trace);
        closep(&watch->chip);
        if (watch->instance[0])
                (void)rmdir(watch->instance);
        free(watch);
        return NULL;
}

void gpio_watch_fds(const struct gpio_watch *watch, struct pollfd fds[2]) {
        fds[0] = (struct pollfd){ .fd = watch->trace, .events = POLLIN };
        fds[1] = (struct pollfd){ .fd = watch->chip, .events = POLLIN };
}

/* ---- events ---- */

static void add_event(struct gpio_watch *watch, unsigned offset, const struct event *event) {
        for (size_t i = 0; i < watch->n_lines; i++)
                if (watch->lines[i].offset == offset && watch->n_events < EVENTS_MAX) {
                        watch->events[watch->n_events] = *event;
                        watch->events[watch->n_events++].line = i;
                }
}

/* "     stmbootd-123     [000] .....    12.345678: gpio_value: 512 set 1"
 * "     stmbootd-123     [000] .....    12.345679: gpio_direction: 512 out (0)" */
static void parse_trace_line(struct gpio_watch *watch, const char *text) {
        const char *colon = strstr(text, ": gpio_");
        struct event event = { 0 };
        unsigned long long seconds, usec;
        unsigned gpio, value;
        char word[8];

        if (!colon)
                return;
        const char *time = colon;
        while (time > text && time[-1] != ' ')
                time--;
        if (sscanf(time, "%llu.%llu", &seconds, &usec) != 2)
                return;
        event.usec = seconds * USEC_PER_SEC + usec;
        if (sscanf(colon, ": gpio_value: %u %7s %u", &gpio, word, &value) == 3) {
                if (strcmp(word, "set") != 0)
                        return;
                event.type = EVENT_VALUE;
                event.value = value != 0;
        } else if (sscanf(colon, ": gpio_direction: %u %7s", &gpio, word) == 2) {
                event.type = EVENT_DIRECTION;
                event.value = strcmp(word, "out") == 0;
        } else {
                return;
        }
        if (gpio >= watch->base)
                add_event(watch, gpio - watch->base, &event);
}

static void read_trace(struct gpio_watch *watch) {
        ssize_t n;

        while (watch->n_events < EVENTS_MAX / 2 &&
               (n = read(watch->trace, watch->text + watch->n_text,
                         sizeof(watch->text) - watch->n_text - 1)) > 0) {
                char *line = watch->text, *end;

                watch->text[watch->n_text + (size_t)n] = '\0';
                for (; (end = strchr(line, '\n')); line = end + 1) {
                        *end = '\0';
                        parse_trace_line(watch, line);
                }
                watch->n_text = strlen(line);
                memmove(watch->text, line, watch->n_text);
                if (watch->n_text == sizeof(watch->text) - 1)
                        watch->n_text = 0;
        }
}

static void read_releases(struct gpio_watch *watch) {
        struct gpio_v2_line_info_changed change;

        while (read(watch->chip, &change, sizeof(change)) == sizeof(change))
                if (change.event_type == GPIO_V2_LINE_CHANGED_RELEASED && !watch->persist)
                        add_event(watch, change.info.offset,
                                  &(struct event){ .usec = change.timestamp_ns / 1000,
                                                   .type = EVENT_RELEASED });
}

static void sort_events(struct gpio_watch *watch) {
        for (size_t i = 1; i < watch->n_events; i++) {
                struct event event = watch->events[i];
                size_t j = i;
                for (; j > 0 && watch->events[j - 1].usec > event.usec; j--)
                        watch->events[j] = watch->events[j - 1];
                watch->events[j] = event;
        }
}

static bool apply(struct line *line, const struct event *event) {
        switch (event->type) {
        case EVENT_VALUE:
                line->value = event->value;
                break;
        case EVENT_DIRECTION:
                line->driven = event->value;
                break;
        case EVENT_RELEASED:
                line->driven = false;
                break;
        }
        bool level = line->driven ? line->value : line->pull_up;
        bool changed = level != line->level;
        line->level = level;
        return changed;
}

/*
 * Reads what both sources have. What happened before `horizon` has all been read then, and can be
 * put in order; later events wait for the next round.
 */
static void fill(struct gpio_watch *watch) {
        struct timespec ts;

        watch->n_events -= watch->next;
        memmove(watch->events, watch->events + watch->next,
                watch->n_events * sizeof(watch->events[0]));
        watch->next = 0;
        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        watch->horizon = (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / 1000;
        read_trace(watch);
        read_releases(watch);
        sort_events(watch);
}

static const struct event *next_event(struct gpio_watch *watch) {
        do {
                if (watch->next < watch->n_events &&
                    watch->events[watch->next].usec <= watch->horizon)
                        return &watch->events[watch->next++];
                fill(watch);
        } while (watch->n_events > 0);
        return NULL;
}

bool gpio_watch_next(struct gpio_watch *watch, size_t *ret_line, bool *ret_level,
                     uint64_t *ret_usec) {
        const struct event *event;

        while ((event = next_event(watch)))
                if (apply(&watch->lines[event->line], event)) {
                        *ret_line = event->line;
                        *ret_level = watch->lines[event->line].level;
                        *ret_usec = event->usec;
                        return true;
                }
        return false;
}
