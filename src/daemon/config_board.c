/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "daemon/config_board.h"
#include "daemon/settings.h"
#include "util/macro.h"
#include "util/parse.h"

static const struct {
        const char *key;
        size_t offset; /* of a bool in struct virtual_config */
        bool inverted;
} flags[] = {
        { "Boot0Wired", offsetof(struct virtual_config, boot0_open), true },
        { "ResetWired", offsetof(struct virtual_config, reset_open), true },
        { "Boot1High", offsetof(struct virtual_config, boot1_high), false },
        { "UartCrossed", offsetof(struct virtual_config, uart_crossed), false },
        { "Echo", offsetof(struct virtual_config, echo), false },
        { "AutobaudJitter", offsetof(struct virtual_config, autobaud_jitter), false },
        { "WireTime", offsetof(struct virtual_config, no_wire_time), true },
};

static const struct {
        const char *name;
        enum virtual_fault_type type;
} fault_names[] = {
        { "lose-to-chip", VIRTUAL_FAULT_LOSE_TO_CHIP },
        { "lose-to-host", VIRTUAL_FAULT_LOSE_TO_HOST },
        { "flip-to-chip", VIRTUAL_FAULT_FLIP_TO_CHIP },
        { "flip-to-host", VIRTUAL_FAULT_FLIP_TO_HOST },
        { "insert-to-host", VIRTUAL_FAULT_INSERT_TO_HOST },
        { "late-to-host", VIRTUAL_FAULT_LATE_TO_HOST },
        { "nack", VIRTUAL_FAULT_NACK },
        { "double-nack", VIRTUAL_FAULT_DOUBLE_NACK },
        { "extra-ack", VIRTUAL_FAULT_EXTRA_ACK },
        { "stall", VIRTUAL_FAULT_STALL },
        { "reset", VIRTUAL_FAULT_RESET },
        { "dead", VIRTUAL_FAULT_DEAD },
        { "write-lost", VIRTUAL_FAULT_WRITE_LOST },
        { "write-torn", VIRTUAL_FAULT_WRITE_TORN },
        { "erase-weak", VIRTUAL_FAULT_ERASE_WEAK },
        { "power", VIRTUAL_FAULT_POWER },
};

/* "stall 12" or "nack 3 1": what, at the how manieth byte or command, detail. */
static int assign_fault(struct target_config *config, const char *value, char **ret_reason) {
        _cleanup_free_ char *copy = strdup(value);
        struct virtual_fault fault = { .type = VIRTUAL_FAULT_NONE };
        char *state = NULL;

        if (!copy)
                return -ENOMEM;
        if (config->n_faults == TARGET_FAULTS_MAX)
                return settings_reason(ret_reason, "more than %d faults", TARGET_FAULTS_MAX);

        const char *name = strtok_r(copy, " ", &state);
        const char *at = strtok_r(NULL, " ", &state);
        const char *detail = strtok_r(NULL, " ", &state);

        for (size_t i = 0; name && i < ARRAY_SIZE(fault_names); i++)
                if (strcmp(name, fault_names[i].name) == 0)
                        fault.type = fault_names[i].type;
        if (fault.type == VIRTUAL_FAULT_NONE || !at || parse_u64(at, &fault.at) < 0 ||
            (detail && parse_u32(detail, &fault.detail) < 0) || strtok_r(NULL, " ", &state))
                return settings_reason(ret_reason, "no fault: \"%s\"", value);
        config->faults[config->n_faults++] = fault;
        return 0;
}

static int assign_timing(struct virtual_config *board, const char *value, char **ret_reason) {
        if (strcmp(value, "typical") == 0)
                board->timing = CHIP_TYPICAL;
        else if (strcmp(value, "worst") == 0)
                board->timing = CHIP_WORST;
        else
                return settings_reason(ret_reason, "neither typical nor worst: \"%s\"", value);
        return 0;
}

static int assign_flash_size(struct virtual_config *board, const char *value, char **ret_reason) {
        uint64_t size;

        if (parse_size(value, &size) < 0 || size == 0 || size > UINT32_MAX)
                return settings_reason(ret_reason, "no flash size: \"%s\"", value);
        board->flash_size = (uint32_t)size;
        return 0;
}

int board_assign(struct target_config *config, const char *key, const char *value,
                 char **ret_reason) {
        struct virtual_config *board = &config->board;

        for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
                bool yes;

                if (strcmp(key, flags[i].key) != 0)
                        continue;
                if (parse_bool(value, &yes) < 0)
                        return settings_reason(ret_reason, "neither yes nor no: \"%s\"", value);
                *(bool *)((char *)board + flags[i].offset) = yes != flags[i].inverted;
                return 0;
        }
        if (strcmp(key, "FlashSize") == 0)
                return assign_flash_size(board, value, ret_reason);
        if (strcmp(key, "Timing") == 0)
                return assign_timing(board, value, ret_reason);
        if (strcmp(key, "Fault") == 0)
                return assign_fault(config, value, ret_reason);
        if (strcmp(key, "Seed") == 0)
                return parse_u64(value, &board->seed) < 0
                               ? settings_reason(ret_reason, "no number: \"%s\"", value)
                               : 0;
        return settings_reason(ret_reason, "unknown key %s= in [Virtual]", key);
}

bool target_config_same_board(const struct target_config *a, const struct target_config *b) {
        const struct virtual_config *x = &a->board, *y = &b->board;

        if (!a->is_virtual || !b->is_virtual || a->n_faults != b->n_faults)
                return false;
        for (size_t i = 0; i < a->n_faults; i++)
                if (a->faults[i].type != b->faults[i].type || a->faults[i].at != b->faults[i].at ||
                    a->faults[i].detail != b->faults[i].detail)
                        return false;
        for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
                if (*((const bool *)x + flags[i].offset) != *((const bool *)y + flags[i].offset))
                        return false;
        return x->chip == y->chip && x->flash_size == y->flash_size && x->seed == y->seed &&
               x->timing == y->timing;
}
