/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "util/macro.h"
#include "virtual/fault_name.h"

static const char *const fault_names[] = {
        [VIRTUAL_FAULT_LOSE_TO_CHIP] = "lose-to-chip",
        [VIRTUAL_FAULT_LOSE_TO_HOST] = "lose-to-host",
        [VIRTUAL_FAULT_FLIP_TO_CHIP] = "flip-to-chip",
        [VIRTUAL_FAULT_FLIP_TO_HOST] = "flip-to-host",
        [VIRTUAL_FAULT_INSERT_TO_HOST] = "insert-to-host",
        [VIRTUAL_FAULT_LATE_TO_HOST] = "late-to-host",
        [VIRTUAL_FAULT_NACK] = "nack",
        [VIRTUAL_FAULT_DOUBLE_NACK] = "double-nack",
        [VIRTUAL_FAULT_EXTRA_ACK] = "extra-ack",
        [VIRTUAL_FAULT_STALL] = "stall",
        [VIRTUAL_FAULT_RESET] = "reset",
        [VIRTUAL_FAULT_DEAD] = "dead",
        [VIRTUAL_FAULT_WRITE_LOST] = "write-lost",
        [VIRTUAL_FAULT_WRITE_TORN] = "write-torn",
        [VIRTUAL_FAULT_ERASE_WEAK] = "erase-weak",
        [VIRTUAL_FAULT_POWER] = "power",
};

const char *virtual_fault_name(enum virtual_fault_type type) {
        return type < ARRAY_SIZE(fault_names) ? fault_names[type] : NULL;
}

enum virtual_fault_type virtual_fault_from_name(const char *name, size_t size) {
        for (size_t i = VIRTUAL_FAULT_NONE + 1; i < ARRAY_SIZE(fault_names); i++)
                if (strlen(fault_names[i]) == size && memcmp(name, fault_names[i], size) == 0)
                        return (enum virtual_fault_type)i;
        return VIRTUAL_FAULT_NONE;
}
