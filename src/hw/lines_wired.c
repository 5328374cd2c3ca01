/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hw/gpio.h"
#include "hw/lines_internal.h"
#include "util/cleanup.h"
#include "util/macro.h"

/* One of `gpio` and `port`, or none: not wired. */
struct wire {
        struct gpio_line *gpio;
        struct port *port;
        int (*set_modem_line)(struct port *port, bool asserted);
        bool low_is_true;
};

struct wired_lines {
        struct lines lines;
        struct wire wires[LINE_MAX_];
};

/*
 * Boot lines first and NRST last, opening and closing: if NRST was left low, the chip starts when
 * it is released, and it looks at BOOT0 then.
 */
static const enum line safe_order[] = { LINE_BOOT0, LINE_BOOT1, LINE_RESET };

static int wire_set(const struct wire *wire, bool value) {
        if (wire->gpio)
                return gpio_line_set(wire->gpio, value);
        if (wire->port) /* RS-232 calls low at a TTL pin asserted */
                return wire->set_modem_line(wire->port, value == wire->low_is_true);
        return -ENXIO;
}

static int wired_set(struct lines *lines, enum line line, bool value) {
        return wire_set(&((struct wired_lines *)lines)->wires[line], value);
}

static struct lines *wired_close(struct lines *lines) {
        struct wired_lines *wired = (struct wired_lines *)lines;

        for (size_t i = 0; i < ARRAY_SIZE(safe_order); i++)
                (void)wire_set(&wired->wires[safe_order[i]], false);
        for (size_t i = 0; i < ARRAY_SIZE(safe_order); i++)
                (void)gpio_line_close(wired->wires[safe_order[i]].gpio);
        free(wired);
        return NULL;
}

static const struct lines_ops wired_ops = {
        .set = wired_set,
        .close = wired_close,
};

static int open_gpio(const struct hw_roots *roots, const struct line_config *config,
                     const char *consumer, bool reset, struct wire *wire) {
        const struct gpio_settings settings = {
                .consumer = consumer,
                .active_low = wire->low_is_true,
                /* A high NRST would fight the chip's own resets, which pull the pin low. */
                .open_drain = reset && wire->low_is_true,
                .bias = config->bias,
        };
        _cleanup_free_ char *path = NULL;

        int r = gpio_chip_find(roots, config->chip, &path);
        if (r < 0)
                return r;
        return gpio_line_open(path, config->line, &settings, &wire->gpio);
}

static int open_serial(const struct line_config *config, struct port *port,
                       const struct wired_lines *wired, struct wire *wire) {
        int (*set_modem_line)(struct port *, bool) =
                strcmp(config->line, "rts") == 0 ? port_set_rts : port_set_dtr;

        if (!port)
                return -EINVAL;
        for (size_t i = 0; i < LINE_MAX_; i++)
                if (wired->wires[i].set_modem_line == set_modem_line)
                        return -EBUSY; /* as the kernel says it of a GPIO line */
        wire->port = port;
        wire->set_modem_line = set_modem_line;
        return wire_set(wire, false);
}

static int open_wire(const struct hw_roots *roots, const struct line_config *config,
                     struct port *port, const char *consumer, struct wired_lines *wired,
                     enum line line) {
        struct wire *wire = &wired->wires[line];
        bool reset = line == LINE_RESET;

        wire->low_is_true = reset ? !config->inverted : config->inverted;
        if (line_is_serial(config))
                return open_serial(config, port, wired, wire);
        return open_gpio(roots, config, consumer, reset, wire);
}

DEFINE_CLEANUP(struct lines, lines_close);

int lines_open_at(const struct hw_roots *roots, const struct lines_config *config,
                  struct port *port, const char *consumer, struct lines **ret,
                  enum line *ret_which) {
        struct wired_lines *wired = calloc(1, sizeof(*wired));
        _cleanup_(lines_closep) struct lines *lines = wired ? &wired->lines : NULL;

        if (!wired)
                return -ENOMEM;
        lines->ops = &wired_ops;
        for (size_t i = 0; i < ARRAY_SIZE(safe_order); i++) {
                enum line line = safe_order[i];

                if (!config->line[line].wired)
                        continue;
                int r = open_wire(roots, &config->line[line], port, consumer, wired, line);
                if (r < 0) {
                        *ret_which = line;
                        return r;
                }
        }
        *ret = TAKE_PTR(lines);
        return 0;
}

int lines_open(const struct lines_config *config, struct port *port, const char *consumer,
               struct lines **ret, enum line *ret_which) {
        return lines_open_at(&hw_roots, config, port, consumer, ret, ret_which);
}
