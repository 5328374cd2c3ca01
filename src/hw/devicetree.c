/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/devicetree.h"
#include "hw/devicetree_walk.h"
#include "util/bytes.h"
#include "util/cleanup.h"
#include "util/macro.h"
#include "util/target_name.h"

#define TARGETS_MAX 64

/* The flags of a GPIO specifier: Linux, include/dt-bindings/gpio/gpio.h */
#define GPIO_ACTIVE_LOW   0x01
#define GPIO_OPEN_DRAIN   0x06
#define GPIO_PULL_UP      0x10
#define GPIO_PULL_DOWN    0x20
#define GPIO_PULL_DISABLE 0x40
#define GPIO_PULL_MASK    0x70

static const char *const line_properties[] = {
        [LINE_RESET] = "reset-gpios",
        [LINE_BOOT0] = "boot0-gpios",
        [LINE_BOOT1] = "boot1-gpios",
};

/* One node on its way to a target: the phandles are not resolved yet. 0: there is none. */
struct draft {
        struct devicetree_target target;
        uint32_t uart;
        uint32_t controller[LINE_MAX_];
};

struct drafts {
        struct draft *items;
        size_t n_items;
};

/* The first fault found is the one that is told. */
static void set_error(struct draft *draft, int error, const char *property) {
        if (draft->target.error == 0) {
                draft->target.error = error;
                draft->target.property = property;
        }
}

static bool is_target(int node) {
        static const char wanted[] = "stmboot,target";
        char list[512];

        ssize_t n = devicetree_property(node, "compatible", list, sizeof(list));
        for (ssize_t i = 0; i < n; i += (ssize_t)strnlen(list + i, (size_t)(n - i)) + 1)
                if (n - i >= (ssize_t)sizeof(wanted) &&
                    memcmp(list + i, wanted, sizeof(wanted)) == 0)
                        return true;
        return false;
}

static bool is_enabled(int node) {
        char status[16];

        int r = devicetree_string(node, "status", status, sizeof(status));
        return r == -ENOENT ||
               (r == 0 && (strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0));
}

static void read_name(struct draft *draft, int node) {
        struct devicetree_target *target = &draft->target;

        int r = devicetree_string(node, "label", target->name, sizeof(target->name));
        if (r == -ENOENT) {
                const char *name = strrchr(target->node, '/') + 1;

                (void)snprintf(target->name, sizeof(target->name), "%.*s", (int)strcspn(name, "@"),
                               name);
                r = 0;
        }
        if (r < 0 || !target_name_is_valid(target->name)) {
                target->name[0] = '\0';
                set_error(draft, -EINVAL, "label");
        }
}

static void read_chip(struct draft *draft, int node) {
        int r = devicetree_string(node, "chip", draft->target.chip, sizeof(draft->target.chip));

        if (r < 0 && r != -ENOENT)
                set_error(draft, r, "chip");
}

static void read_uart(struct draft *draft, int node) {
        int r = devicetree_cell(node, "uart", &draft->uart);

        if (r < 0)
                set_error(draft, r, "uart");
}

/* Active low and open drain mean what Reset=6 means, active high what Reset=!6 does. */
static int decode_flags(enum line line, uint32_t flags, struct line_config *config) {
        bool active_low = flags & GPIO_ACTIVE_LOW;
        uint32_t drive = flags & GPIO_OPEN_DRAIN;

        if (flags & ~(uint32_t)(GPIO_ACTIVE_LOW | GPIO_OPEN_DRAIN | GPIO_PULL_MASK))
                return -EINVAL;
        if (drive != 0 && (drive != GPIO_OPEN_DRAIN || line != LINE_RESET || !active_low))
                return -EINVAL;
        config->inverted = line == LINE_RESET ? !active_low : active_low;

        switch (flags & GPIO_PULL_MASK) {
        case 0:
                return 0;
        case GPIO_PULL_UP:
                config->bias = LINE_BIAS_PULL_UP;
                return 0;
        case GPIO_PULL_DOWN:
                config->bias = LINE_BIAS_PULL_DOWN;
                return 0;
        case GPIO_PULL_DISABLE:
                config->bias = LINE_BIAS_NONE;
                return 0;
        default:
                return -EINVAL;
        }
}

static int read_line(struct draft *draft, int node, enum line line) {
        struct line_config *config = &draft->target.lines.line[line];
        uint8_t cells[12];

        ssize_t n = devicetree_property(node, line_properties[line], cells, sizeof(cells));
        if (n == -ENOENT)
                return 0;
        if (n != sizeof(cells) || get_be32(cells) == 0)
                return -EINVAL;
        draft->controller[line] = get_be32(cells);
        config->wired = true;
        (void)snprintf(config->line, sizeof(config->line), "%u", get_be32(cells + 4));
        return decode_flags(line, get_be32(cells + 8), config);
}

/* First walk: the targets with what stands in their own nodes. */
static int visit_target(int node, const char *path, void *userdata) {
        struct drafts *drafts = userdata;

        if (!is_target(node) || !is_enabled(node))
                return 0;
        if (drafts->n_items == TARGETS_MAX)
                return -E2BIG;
        struct draft *items = reallocarray(drafts->items, drafts->n_items + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        drafts->items = items;

        struct draft *draft = &items[drafts->n_items++];
        *draft = (struct draft){ 0 };
        (void)snprintf(draft->target.node, sizeof(draft->target.node), "%s", path);
        read_name(draft, node);
        read_chip(draft, node);
        read_uart(draft, node);
        for (enum line line = 0; line < LINE_MAX_; line++) {
                int r = read_line(draft, node, line);
                if (r < 0)
                        set_error(draft, r, line_properties[line]);
        }
        return 0;
}

static void resolve_line(struct draft *draft, enum line line, int node, const char *path) {
        struct line_config *config = &draft->target.lines.line[line];
        uint32_t n_cells = 0;

        draft->controller[line] = 0;
        int n = snprintf(config->chip, sizeof(config->chip), "of:%s", path);
        if (devicetree_cell(node, "#gpio-cells", &n_cells) < 0 || n_cells != 2 || n < 0 ||
            (size_t)n >= sizeof(config->chip))
                set_error(draft, -EOPNOTSUPP, line_properties[line]);
}

/* Second walk: the nodes that they refer to. What has been found is taken off the drafts. */
static int visit_phandle(int node, const char *path, void *userdata) {
        struct drafts *drafts = userdata;
        uint32_t phandle;

        if (devicetree_cell(node, "phandle", &phandle) < 0 || phandle == 0)
                return 0;
        for (size_t i = 0; i < drafts->n_items; i++) {
                struct draft *draft = &drafts->items[i];

                if (draft->uart == phandle) {
                        draft->uart = 0;
                        (void)snprintf(draft->target.port, sizeof(draft->target.port), "of:%s",
                                       path);
                }
                for (enum line line = 0; line < LINE_MAX_; line++)
                        if (draft->controller[line] == phandle)
                                resolve_line(draft, line, node, path);
        }
        return 0;
}

static int compare_paths(const void *a, const void *b) {
        return strcmp(((const struct draft *)a)->target.node,
                      ((const struct draft *)b)->target.node);
}

static void check_drafts(struct drafts *drafts) {
        for (size_t i = 0; i < drafts->n_items; i++) {
                struct draft *draft = &drafts->items[i];

                if (draft->target.port[0] == '\0')
                        set_error(draft, -ENXIO, "uart");
                for (enum line line = 0; line < LINE_MAX_; line++)
                        if (draft->controller[line] != 0)
                                set_error(draft, -ENXIO, line_properties[line]);
                for (size_t j = 0; j < i; j++)
                        if (draft->target.name[0] &&
                            strcmp(draft->target.name, drafts->items[j].target.name) == 0)
                                set_error(draft, -EEXIST, "label");
        }
}

static int read_drafts(const char *root, struct drafts *drafts) {
        int r = devicetree_walk(root, visit_target, drafts);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (drafts->n_items == 0)
                return 0;
        r = devicetree_walk(root, visit_phandle, drafts);
        if (r < 0)
                return r;
        qsort(drafts->items, drafts->n_items, sizeof(*drafts->items), compare_paths);
        check_drafts(drafts);
        return 0;
}

int devicetree_read(const char *root, struct devicetree_target **ret_targets,
                    size_t *ret_n_targets) {
        struct drafts drafts = { 0 };
        _cleanup_free_ struct devicetree_target *targets = NULL;

        int r = read_drafts(root, &drafts);
        _cleanup_free_ struct draft *items = drafts.items;
        if (r < 0)
                return r;
        targets = calloc(drafts.n_items ?: 1, sizeof(*targets));
        if (!targets)
                return -ENOMEM;
        for (size_t i = 0; i < drafts.n_items; i++)
                targets[i] = items[i].target;
        *ret_targets = TAKE_PTR(targets);
        *ret_n_targets = drafts.n_items;
        return 0;
}
