/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "daemon/config_board.h"
#include "daemon/settings.h"
#include "util/macro.h"
#include "util/parse.h"
#include "virtual/fault_name.h"

static int assign_flag(bool *flag, bool inverted, const char *value, char **ret_reason) {
        bool yes;

        if (parse_bool(value, &yes) < 0)
                return settings_reason(ret_reason, "neither yes nor no: \"%s\"", value);
        *flag = yes != inverted;
        return 0;
}

static int assign_boot0_wired(struct target_config *config, const char *value, char **ret_reason) {
        return assign_flag(&config->board.boot0_open, true, value, ret_reason);
}

static int assign_reset_wired(struct target_config *config, const char *value, char **ret_reason) {
        return assign_flag(&config->board.reset_open, true, value, ret_reason);
}

static int assign_boot1_high(struct target_config *config, const char *value, char **ret_reason) {
        return assign_flag(&config->board.boot1_high, false, value, ret_reason);
}

static int assign_uart_crossed(struct target_config *config, const char *value, char **ret_reason) {
        return assign_flag(&config->board.uart_crossed, false, value, ret_reason);
}

static int assign_echo(struct target_config *config, const char *value, char **ret_reason) {
        return assign_flag(&config->board.echo, false, value, ret_reason);
}

static int assign_jitter(struct target_config *config, const char *value, char **ret_reason) {
        return assign_flag(&config->board.autobaud_jitter, false, value, ret_reason);
}

static int assign_wire_time(struct target_config *config, const char *value, char **ret_reason) {
        return assign_flag(&config->board.no_wire_time, true, value, ret_reason);
}

/* "stall 12" or "nack 3 1": what, at which byte or command from 0 on, and its detail. */
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

        if (name)
                fault.type = virtual_fault_from_name(name, strlen(name));
        if (fault.type == VIRTUAL_FAULT_NONE || !at || parse_u64(at, &fault.at) < 0 ||
            (detail && parse_u32(detail, &fault.detail) < 0) || strtok_r(NULL, " ", &state))
                return settings_reason(ret_reason, "no fault: \"%s\"", value);
        config->faults[config->n_faults++] = fault;
        return 0;
}

static int assign_timing(struct target_config *config, const char *value, char **ret_reason) {
        if (strcmp(value, "typical") == 0)
                config->board.timing = CHIP_TYPICAL;
        else if (strcmp(value, "worst") == 0)
                config->board.timing = CHIP_WORST;
        else
                return settings_reason(ret_reason, "neither typical nor worst: \"%s\"", value);
        return 0;
}

static int assign_flash_size(struct target_config *config, const char *value, char **ret_reason) {
        uint64_t size;

        if (parse_size(value, &size) < 0 || size == 0 || size > UINT32_MAX)
                return settings_reason(ret_reason, "no flash size: \"%s\"", value);
        config->board.flash_size = (uint32_t)size;
        return 0;
}

static int assign_seed(struct target_config *config, const char *value, char **ret_reason) {
        if (parse_u64(value, &config->board.seed) < 0)
                return settings_reason(ret_reason, "no number: \"%s\"", value);
        return 0;
}

static const struct {
        const char *key;
        bool may_repeat;
        int (*assign)(struct target_config *config, const char *value, char **ret_reason);
} keys[] = {
        { "Boot0Wired", false, assign_boot0_wired },
        { "ResetWired", false, assign_reset_wired },
        { "Boot1High", false, assign_boot1_high },
        { "UartCrossed", false, assign_uart_crossed },
        { "Echo", false, assign_echo },
        { "AutobaudJitter", false, assign_jitter },
        { "WireTime", false, assign_wire_time },
        { "Timing", false, assign_timing },
        { "FlashSize", false, assign_flash_size },
        { "Seed", false, assign_seed },
        { "Fault", true, assign_fault },
};

int config_board_assign(struct target_config *config, unsigned *seen, const char *key,
                        const char *value, char **ret_reason) {
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                if (strcmp(key, keys[i].key) != 0)
                        continue;
                if (*seen & 1U << i && !keys[i].may_repeat)
                        return settings_reason(ret_reason, "%s= is given twice", key);
                *seen |= 1U << i;
                return value[0] ? keys[i].assign(config, value, ret_reason) : 0;
        }
        return settings_reason(ret_reason, "unknown key %s= in [Virtual]", key);
}

static bool same_faults(const struct target_config *a, const struct target_config *b) {
        if (a->n_faults != b->n_faults)
                return false;
        for (size_t i = 0; i < a->n_faults; i++)
                if (a->faults[i].type != b->faults[i].type || a->faults[i].at != b->faults[i].at ||
                    a->faults[i].detail != b->faults[i].detail)
                        return false;
        return true;
}

bool target_config_same_board(const struct target_config *a, const struct target_config *b) {
        const struct virtual_config *x = &a->board, *y = &b->board;

        return a->is_virtual && b->is_virtual && same_faults(a, b) && x->chip == y->chip &&
               x->flash_size == y->flash_size && x->seed == y->seed && x->timing == y->timing &&
               x->no_wire_time == y->no_wire_time && x->boot0_open == y->boot0_open &&
               x->reset_open == y->reset_open && x->boot1_high == y->boot1_high &&
               x->uart_crossed == y->uart_crossed && x->echo == y->echo &&
               x->autobaud_jitter == y->autobaud_jitter;
}
