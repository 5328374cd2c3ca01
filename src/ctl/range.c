/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>

#include "ctl/client.h"
#include "ctl/range.h"
#include "ctl/text.h"
#include "stmboot/dbus.h"
#include "util/parse.h"

int range_parse_vectors(const char *text, uint64_t *ret) {
        if (parse_u64(text, ret) < 0)
                complain("'%s' is not an address, as in 0x08000000.", text);
        else if (*ret % 4 != 0)
                complain("No vector table lies at %s: its address is a multiple of 4. The start of "
                         "the image is meant, not its entry point.",
                         text);
        else
                return STMBOOT_EXIT_DONE;
        return STMBOOT_EXIT_USAGE;
}

int range_parse(struct client *client, enum verb_id verb, char **args, size_t n_args,
                struct range *ret) {
        const char *first = args[n_args - 2], *second = args[n_args - 1];
        uint64_t address, length;

        if (parse_u64(first, &address) < 0) {
                if (n_args == 2 && client_has_target(client, first))
                        complain("Missing LENGTH; usage: stmbootctl %s %s", verb_table[verb].name,
                                 verb_table[verb].args);
                else
                        complain("'%s' is not an address, as in 0x08000000; usage: stmbootctl %s "
                                 "%s",
                                 first, verb_table[verb].name, verb_table[verb].args);
                return STMBOOT_EXIT_USAGE;
        }
        if (parse_size(second, &length) < 0 || length == 0) {
                complain("'%s' is not a length, as in 0x400, 1024 or 16K.", second);
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
