/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "ctl/client.h"
#include "ctl/range.h"
#include "ctl/text.h"
#include "stmboot/dbus.h"
#include "util/parse.h"

int range_parse_address(const char *text, uint64_t *ret) {
        if (parse_u64(text, ret) >= 0)
                return STMBOOT_EXIT_DONE;
        complain("'%s' is not an address, as in 0x08000000.", text);
        return STMBOOT_EXIT_USAGE;
}

int range_parse(char **args, struct range *ret) {
        uint64_t address, length;

        int code = range_parse_address(args[0], &address);
        if (code != STMBOOT_EXIT_DONE)
                return code;
        if (parse_size(args[1], &length) < 0 || length == 0) {
                complain("'%s' is not a length, as in 0x400, 1024 or 16K.", args[1]);
                return STMBOOT_EXIT_USAGE;
        }
        *ret = (struct range){ address, length };
        return STMBOOT_EXIT_DONE;
}

int range_parse_sectors(const char *text, uint8_t **ret, size_t *ret_size) {
        int r = text_parse_sectors(text, ret, ret_size);

        if (r >= 0)
                return STMBOOT_EXIT_DONE;
        if (r == -ENOMEM)
                return client_report_errno(r, "Cannot go on");
        complain("'%s' is not a list of sectors, as in 0-3,5 (from 0 to 255).", text);
        return STMBOOT_EXIT_USAGE;
}
