/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stmboot/dbus.h>
#include <string.h>

#include "daemon/board.h"
#include "daemon/bus.h"
#include "daemon/error.h"
#include "daemon/job.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/marker.h"
#include "daemon/settings.h"
#include "daemon/sync_record.h"
#include "daemon/target.h"

static const char *const state_names[] = {
        [TARGET_IDLE] = "idle",
        [TARGET_BUSY] = "busy",
        [TARGET_BOOTLOADER] = "bootloader",
        [TARGET_ABSENT] = "absent",
        [TARGET_INTERRUPTED] = "interrupted",
        [TARGET_BROKEN] = "broken",
};

struct target *target_new(struct manager *manager, const char *name) {
        _cleanup_(target_freep) struct target *target = calloc(1, sizeof(*target));

        if (!target)
                return NULL;
        target->manager = manager;
        target->last_result = "";
        target->name = strdup(name);
        target->trace = trace_new();
        if (asprintf(&target->path, STMBOOT_TARGET_PREFIX "/%s", name) < 0)
                target->path = NULL;
        if (!target->name || !target->trace || !target->path)
                return NULL;
        return TAKE_PTR(target);
}

void target_file_done(struct target_file *file) {
        target_config_free(file->config);
        free(file->broken_reason);
        free(file->origin);
        *file = (struct target_file){ 0 };
}

struct target *target_free(struct target *target) {
        if (!target)
                return NULL;
        job_free(target->job);
        job_free_list(target->jobs);
        if (target->connection.port)
                target_disconnect(target, false);
        if (target->manager->port_watch)
                port_watch_remove(target->manager->port_watch, target);
        board_free(target->board);
        target_config_free(target->config);
        target_file_done(&target->reloaded);
        known_chip_done(&target->known);
        trace_free(target->trace);
        free(target->broken_reason);
        free(target->origin);
        free(target->path);
        free(target->name);
        free(target);
        return NULL;
}

/* ---- configuration ---- */

static void log_port_status(const struct target *target) {
        switch (target->port_status) {
        case 0:
                break;
        case -ENODEV:
                log_write(LOG_INFO, target->name, NULL, "%s is not there", target->config->port);
                break;
        default:
                log_write(LOG_WARNING, target->name, NULL, "%s: %s", target->config->port,
                          strerror(-target->port_status));
        }
}

static void on_port_changed(int status, void *userdata) {
        struct target *target = userdata;

        target->port_status = status;
        if (status == 0)
                log_write(LOG_INFO, target->name, NULL, "%s is there", target->config->port);
        else
                log_port_status(target);
        if (status != 0 && target->staying) {
                target_disconnect(target, false);
                manager_target_released(target->manager);
        }
        bus_target_changed(target, "State", NULL);
}

static void watch_port(struct target *target) {
        struct port_watch *watch = target->manager->port_watch;

        if (watch)
                port_watch_remove(watch, target);
        target->port_status = 0;
        if (!watch || !target->config || target->config->is_virtual)
                return;

        int r = port_watch_add(watch, target->config->port, on_port_changed, target,
                               &target->port_status);
        if (r < 0)
                log_write(LOG_WARNING, target->name, NULL, "cannot follow %s: %s",
                          target->config->port, strerror(-r));
        log_port_status(target);
}

static const char *why_no_board(const struct target_config *config, int error) {
        if (config->board.chip->unusable)
                return config->board.chip->unusable;
        return error == -EINVAL && config->board.flash_size > 0
                       ? "FlashSize= is no size that it has"
                       : strerror(-error);
}

/* A board that cannot be had makes the target broken. */
static void replace_board(struct target *target, const struct target_config *old) {
        struct target_config *config = target->config;

        if (target->board && old && config && target_config_same_board(old, config))
                return;
        target->board = board_free(target->board);
        if (!config || !config->is_virtual)
                return;

        int r = board_new(target->name, config, &target->board);
        if (r == 0)
                return;
        if (r == -EOPNOTSUPP)
                (void)settings_reason(&target->broken_reason,
                                      "%s: %s: built without virtual targets", target->origin,
                                      config->port);
        else
                (void)settings_reason(&target->broken_reason, "%s: %s: no such virtual chip: %s",
                                      target->origin, config->port, why_no_board(config, r));
        target->config = target_config_free(config);
}

static bool same_text(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Another port leads to another chip: how to enter the one that was seen there says nothing. */
static void follow_chip(struct target *target, const struct target_config *old) {
        const struct target_config *config = target->config;

        if (old && config && same_text(old->port, config->port) &&
            same_text(old->chip_name, config->chip_name))
                return;
        known_chip_load(target);
}

void target_configure(struct target *target, struct target_file *file) {
        _cleanup_(target_config_freep) struct target_config *old = target->config;
        struct sync_record record;

        free(target->broken_reason);
        free(target->origin);
        target->origin = TAKE_PTR(file->origin);
        target->config = TAKE_PTR(file->config);
        target->broken_reason = TAKE_PTR(file->broken_reason);

        replace_board(target, old);
        follow_chip(target, old);
        watch_port(target);
        sync_record_load(target->manager->paths.state_dir, target->name, &record);
        target->interrupted = record.status == SYNC_RECORD_UNFINISHED;
        if (!target->config)
                log_write(LOG_ERR, target->name, NULL, "%s", target->broken_reason);
}

/* ---- state ---- */

enum target_state target_state(const struct target *target) {
        if (!target->config)
                return TARGET_BROKEN;
        if (target->job)
                return TARGET_BUSY;
        if (target->port_status != 0)
                return TARGET_ABSENT;
        if (target->staying)
                return TARGET_BOOTLOADER;
        return target->interrupted ? TARGET_INTERRUPTED : TARGET_IDLE;
}

const char *target_state_to_string(enum target_state state) {
        return state_names[state];
}

const struct chip *target_chip(const struct target *target) {
        const char *name = target->config ? target->config->chip_name : NULL;
        const struct chip *chip = NULL;

        if (target->known.info.chip && !target->known.in_doubt &&
            (!name || chip_name_fits(name, target->known.info.chip)))
                return target->known.info.chip;
        for (size_t i = 0; name && i < chip_table_size; i++)
                if (chip_name_fits(name, &chip_table[i])) {
                        if (chip) /* "STM32F4": which one is for the chip to say */
                                return NULL;
                        chip = &chip_table[i];
                }
        return chip;
}

/* ---- port and lines ---- */

static int check_conflicts(struct target *target, sd_bus_error *ret_error) {
        for (struct target *other = target->manager->targets; other; other = other->next) {
                if (other == target || !other->connection.port ||
                    !connection_conflicts(target->config, other->config))
                        continue;
                return error_set(ret_error, ERROR_BUSY,
                                 "%s: its port or a line is in use by target %s", target->name,
                                 other->name);
        }
        return 0;
}

int target_connect(struct target *target, sd_bus_error *ret_error) {
        const char *runtime_dir = target->manager->paths.runtime_dir;

        if (target->connection.port) {
                target->staying = false;
                return 0;
        }
        int r = check_conflicts(target, ret_error);
        if (r < 0)
                return r;

        /* Before the lines are taken: from then on somebody may have to make them safe. */
        r = marker_write(runtime_dir, target->name, target->config);
        if (r < 0)
                log_write(LOG_WARNING, target->name, NULL, "cannot write a marker in %s: %s",
                          runtime_dir, strerror(-r));
        r = connection_open(&target->connection, target->name, target->config, target->board,
                            ret_error);
        if (r < 0)
                marker_remove(runtime_dir, target->name);
        return r;
}

void target_disconnect(struct target *target, bool stay) {
        target->staying = stay;
        if (stay)
                return;
        connection_close(&target->connection);
        marker_remove(target->manager->paths.runtime_dir, target->name);
}
