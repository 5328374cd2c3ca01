/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "util/macro.h"
#include "util/parse.h"
#include "virtual-pty/control.h"
#include "virtual/fault_name.h"

int fault_parse(const char *text, struct virtual_fault *ret) {
        const char *at = strchr(text, '@'), *colon = strchr(text, ':');
        struct virtual_fault fault = {};
        char number[32];
        int r;

        if (!at || (colon && colon < at))
                return -EINVAL;
        fault.type = virtual_fault_from_name(text, (size_t)(at - text));
        if (fault.type == VIRTUAL_FAULT_NONE)
                return -EINVAL;

        at++;
        if (!colon)
                colon = at + strlen(at);
        else {
                r = parse_u32(colon + 1, &fault.detail);
                if (r < 0)
                        return -EINVAL;
        }
        if ((size_t)(colon - at) >= sizeof(number))
                return -EINVAL;
        memcpy(number, at, (size_t)(colon - at));
        number[colon - at] = '\0';
        if (parse_u64(number, &fault.at) < 0)
                return -EINVAL;

        *ret = fault;
        return 0;
}

void board_apply(struct board *board, uint64_t now) {
        virtual_set_lines(board->chip, now, board->reset, board->boot0, board->boot1);
}

static int control_line(struct board *board, uint64_t now, bool *line, const char *value) {
        int r = parse_bool(value, line);

        if (r < 0)
                return r;
        board_apply(board, now);
        return 0;
}

static int control_power(struct board *board, uint64_t now, const char *value) {
        bool on;
        int r = parse_bool(value, &on);

        if (r < 0)
                return r;
        if (on)
                virtual_power_on(board->chip, now);
        else
                virtual_power_off(board->chip, now);
        return 0;
}

static int control_parity(struct board *board, uint64_t now, const char *value) {
        if (strcmp(value, "even") != 0 && strcmp(value, "none") != 0)
                return -EINVAL;
        board->parity = strcmp(value, "even") == 0;
        virtual_set_format(board->chip, now, board->baud, board->parity);
        return 0;
}

static int control_fault(struct board *board, const char *value) {
        struct virtual_fault fault;
        int r = fault_parse(value, &fault);

        return r < 0 ? r : virtual_add_fault(board->chip, &fault);
}

int board_control(struct board *board, uint64_t now, const char *line) {
        const char *value = strchr(line, '=');
        size_t length;

        if (!value)
                return -EINVAL;
        length = (size_t)(value++ - line);

        if (length == 5 && strncmp(line, "reset", length) == 0)
                return control_line(board, now, &board->reset, value);
        if (length == 5 && strncmp(line, "boot0", length) == 0)
                return control_line(board, now, &board->boot0, value);
        if (length == 5 && strncmp(line, "boot1", length) == 0)
                return control_line(board, now, &board->boot1, value);
        if (length == 5 && strncmp(line, "power", length) == 0)
                return control_power(board, now, value);
        if (length == 6 && strncmp(line, "parity", length) == 0)
                return control_parity(board, now, value);
        if (length == 5 && strncmp(line, "fault", length) == 0)
                return control_fault(board, value);
        return -EINVAL;
}
