/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/board.h"
#include "daemon/connection.h"
#include "daemon/error.h"
#include "hw/gpio.h"
#include "hw/port_name.h"
#include "util/cleanup.h"

static bool port_user(const char *port, char *ret, size_t size) {
        char command[64];
        pid_t pid;

        if (port_holder(port, &pid, command, sizeof(command)) < 0)
                return false;
        (void)snprintf(ret, size, "%s (process %d)", command[0] ? command : "somebody else",
                       (int)pid);
        return true;
}

static int port_error(const char *port, int r, sd_bus_error *ret_error) {
        char user[PORT_USER_MAX];

        switch (r) {
        case -EBUSY:
                return error_set(ret_error, ERROR_BUSY, "%s is in use by %s", port,
                                 port_user(port, user, sizeof(user)) ? user : "somebody else");
        case -ENODEV:
                return error_set(ret_error, ERROR_PORT,
                                 "%s is not there: is it plugged in, its overlay loaded, and Port= "
                                 "right?",
                                 port);
        case -ENOTTY:
        case -EISDIR:
                return error_set(ret_error, ERROR_PORT, "%s is not a serial port", port);
        case -EMEDIUMTYPE:
                return error_set(ret_error, ERROR_PORT,
                                 "%s is a pseudo-terminal, not a serial port; for rehearsals use "
                                 "Port=virtual:CHIP",
                                 port);
        case -EPERM:
        case -EACCES:
                return error_set(ret_error, ERROR_PORT,
                                 "%s: the service may not open it; see DEVICES in stmbootd(8)",
                                 port);
        case -ENOTUNIQ:
                return error_set(
                        ret_error, ERROR_PORT,
                        "%s stands for several ports; name it by its /dev/serial/by-id link", port);
        default:
                return error_set(ret_error, ERROR_PORT, "%s: %s", port, strerror(-r));
        }
}

static int lines_error(const struct line_config *line, enum line which, int r,
                       sd_bus_error *ret_error) {
        const char *reason;

        switch (r) {
        case -EBUSY:
                return error_set(ret_error, ERROR_BUSY, "%s=%s:%s is in use by somebody else",
                                 line_keys[which], line->chip, line->line);
        case -ENOENT:
                reason = "no such GPIO chip or line";
                break;
        case -ENOTUNIQ:
                reason = "several GPIO chips of that label";
                break;
        case -EACCES:
                reason = "not found among the GPIO chips that the service may open";
                break;
        default:
                reason = strerror(-r);
        }
        return error_set(ret_error, ERROR_LINES, "%s=%s:%s: %s", line_keys[which], line->chip,
                         line->line, reason);
}

static bool has_lines(const struct target_config *config) {
        for (size_t i = 0; i < LINE_MAX_; i++)
                if (config->lines.line[i].wired)
                        return true;
        return false;
}

static int open_real(struct connection *connection, const char *target,
                     const struct target_config *config, sd_bus_error *ret_error) {
        _cleanup_free_ char *consumer = NULL;
        enum line which = LINE_RESET;

        if (asprintf(&consumer, "stmbootd:%s", target) < 0) {
                consumer = NULL;
                return -ENOMEM;
        }
        int r = port_open_serial(config->port, &connection->port);
        if (r < 0)
                return port_error(config->port, r, ret_error);
        if (!has_lines(config))
                return 0;
        r = lines_open(&config->lines, connection->port, consumer, &connection->lines, &which);
        if (r < 0) {
                connection->port = port_close(connection->port);
                return lines_error(&config->lines.line[which], which, r, ret_error);
        }
        return 0;
}

int connection_open(struct connection *connection, const char *target,
                    const struct target_config *config, struct virtual_stm32 *board,
                    sd_bus_error *ret_error) {
        *connection = (struct connection){ 0 };
        if (!board)
                return open_real(connection, target, config, ret_error);
        int r = board_connect(board, &connection->port, &connection->lines);
        return r < 0 ? port_error(config->port, r, ret_error) : 0;
}

void connection_close(struct connection *connection) {
        connection->lines = lines_close(connection->lines);
        connection->port = port_close(connection->port);
}

bool connection_port_user(const struct target_config *config, char *ret, size_t size) {
        return !config->is_virtual && port_user(config->port, ret, size);
}

static bool same_port(const char *a, const char *b) {
        _cleanup_free_ char *path_a = NULL, *path_b = NULL;

        if (strcmp(a, b) == 0)
                return true;
        return port_resolve(&hw_roots, a, &path_a) == 0 &&
               port_resolve(&hw_roots, b, &path_b) == 0 && strcmp(path_a, path_b) == 0;
}

/* A label, a name and a path may mean one chip. A line's name beside its offset is left to the
 * kernel, which lets only one of them have it. */
static bool same_line(const struct line_config *a, const struct line_config *b) {
        _cleanup_free_ char *path_a = NULL, *path_b = NULL;

        if (!a->wired || !b->wired || line_is_serial(a) || strcmp(a->line, b->line) != 0)
                return false;
        if (strcmp(a->chip, b->chip) == 0)
                return true;
        return gpio_chip_find(&hw_roots, a->chip, &path_a) == 0 &&
               gpio_chip_find(&hw_roots, b->chip, &path_b) == 0 && strcmp(path_a, path_b) == 0;
}

bool connection_conflicts(const struct target_config *a, const struct target_config *b) {
        if (!a->is_virtual && !b->is_virtual && same_port(a->port, b->port))
                return true;
        for (size_t i = 0; i < LINE_MAX_; i++)
                for (size_t k = 0; k < LINE_MAX_; k++)
                        if (same_line(&a->lines.line[i], &b->lines.line[k]))
                                return true;
        return false;
}
